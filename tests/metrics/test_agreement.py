import numpy as np
import pytest
from hypothesis import given
from sklearn.metrics import f1_score

from sxt.metrics.agreement import measure_agreement
from sxt.metrics.pair import MaskPair
from tests.metrics.masks import mask_pairs


@given(mask_pairs(values=(0, 1, 2)))
def test_agreement_is_the_dice_of_one_version_with_the_other(pair):
    candidate, baseline = pair
    found = measure_agreement(MaskPair(candidate, baseline, voxel_size_nm=(20, 10, 10)), 1, min_voxels=0)
    a, b = baseline.ravel() == 1, candidate.ravel() == 1
    assert found.dice == pytest.approx(f1_score(a, b, zero_division=1))
    assert found.disagreement_voxels == np.sum(a != b)
    assert found.disagreement_um3 == pytest.approx(np.sum(a != b) * 2000e-9)
    assert (found.baseline_um3, found.candidate_um3) == pytest.approx((a.sum() * 2e-6, b.sum() * 2e-6))
    assert (found.both + found.only_baseline + found.only_candidate + found.neither).sum() == a.size
    assert len(found.dice_per_slice) == len(baseline)


def test_components_are_counted_and_unknown_sizes_stay_unknown():
    baseline, candidate = np.zeros((2, 1, 1, 12), np.uint8)
    baseline[..., 0:9] = 1
    candidate[..., 0:4] = candidate[..., 5:9] = candidate[..., 11] = 1
    found = measure_agreement(MaskPair(candidate, baseline), 1, min_voxels=2)
    assert (found.baseline_objects, found.candidate_objects) == (1, 2)
    assert np.isnan(found.disagreement_um3)
