import numpy as np
import pytest
from hypothesis import given
from skimage import morphology

from sxt.metrics.centreline import score_centrelines
from sxt.metrics.pair import MaskPair
from tests.metrics.masks import mask_pairs


@given(mask_pairs(truth_values=(0, 1, 255)))
def test_it_is_the_harmonic_mean_of_what_the_skeletons_cover(pair):
    prediction, truth = pair
    found = score_centrelines(MaskPair(prediction, truth), 1)
    p, t = (prediction == 1) & (truth != 255), truth == 1
    skeletons = [np.stack([morphology.thin(each) for each in mask]) for mask in (p, t)]
    if not p.any() or not t.any():
        assert found.dice == float(not p.any() and not t.any())
        return
    precision = (skeletons[0] & t).sum() / skeletons[0].sum()
    recall = (skeletons[1] & p).sum() / skeletons[1].sum()
    assert (found.precision, found.recall) == pytest.approx((precision, recall))
    mean = 2 * precision * recall / (precision + recall) if precision + recall else 0
    assert found.dice == pytest.approx(mean)


def test_a_thinner_line_is_nearly_whole_and_a_broken_one_is_not():
    truth, thin, broken = np.zeros((3, 1, 11, 30), np.uint8)
    truth[:, 3:8, 2:28] = 1
    thin[:, 5, 2:28] = 1
    broken[:] = truth
    broken[:, :, 10:20] = 0
    found = score_centrelines(MaskPair(thin, truth), 1)
    assert found.precision == 1
    assert found.dice > 0.95
    assert score_centrelines(MaskPair(broken, truth), 1).recall < 0.7
