import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from sxt.errors import SettingsError
from sxt.metrics.difference import (
    BROKEN,
    FIXED,
    RIGHT,
    STILL_WRONG,
    UNKNOWN,
    compare_objects,
    count_changes,
    map_difference,
)
from sxt.metrics.objects import score_objects
from sxt.metrics.pair import MaskPair
from tests.metrics.masks import blobs


@st.composite
def triples(draw):
    shape = (draw(st.integers(1, 4)), 4, 5)
    baseline, candidate = (
        draw(arrays.arrays(np.uint8, shape, elements=st.sampled_from([0, 1, 2]))) for _ in range(2)
    )
    truth = draw(arrays.arrays(np.uint8, shape, elements=st.sampled_from([0, 1, 2, 255])))
    return baseline, candidate, truth


@given(triples(), st.sampled_from([None, 1]))
def test_the_four_counts_sum_to_the_labelled_voxels_and_are_the_map(masks, value):
    baseline, candidate, truth = masks
    found = count_changes(MaskPair(baseline, truth), MaskPair(candidate, truth), value)
    codes = map_difference(baseline, candidate, truth, value)
    assert found.total == np.sum(truth != 255) == np.sum(codes != UNKNOWN)
    for name, code in (("right", RIGHT), ("fixed", FIXED), ("broken", BROKEN), ("still_wrong", STILL_WRONG)):
        assert getattr(found, name).tolist() == (codes == code).sum(axis=(1, 2)).tolist()


@given(triples())
def test_fixed_minus_broken_is_the_gain_in_right_voxels(masks):
    baseline, candidate, truth = masks
    found = count_changes(MaskPair(baseline, truth), MaskPair(candidate, truth))
    kept = truth != 255
    gain = int(np.sum((candidate == truth)[kept])) - int(np.sum((baseline == truth)[kept]))
    assert found.fixed.sum() - found.broken.sum() == gain


def test_codes_worked_by_hand():
    baseline, candidate, truth = np.array(
        [[[1, 0, 1, 0, 2, 1]], [[1, 1, 0, 0, 1, 1]], [[1, 1, 1, 1, 2, 255]]], np.uint8
    )
    assert map_difference(baseline, candidate, truth).tolist() == [
        [RIGHT, FIXED, BROKEN, STILL_WRONG, BROKEN, UNKNOWN]
    ]
    assert map_difference(baseline, candidate, truth, 1).tolist() == [
        [RIGHT, FIXED, BROKEN, STILL_WRONG, BROKEN, UNKNOWN]
    ]


@given(st.integers(0, 60))
def test_objects_sum_to_those_of_truth_and_of_both_versions(seed):
    truth = blobs((8, 16, 16), seed=seed, smooth=1.2)
    rng = np.random.default_rng(seed)
    masks = [np.where(rng.random(truth.shape) < 0.03, 1 - np.roll(truth, i, axis=2), truth) for i in (0, 1)]
    pairs = [MaskPair(each.astype(np.uint8), truth) for each in masks]
    scores = tuple(score_objects(each, 1, min_voxels=2) for each in pairs)
    found = compare_objects(*pairs, 1, scores, min_voxels=2)
    assert found.fixed + found.broken + found.still_wrong + found.right == len(scores[0].truth)
    assert found.broken + found.right == np.sum(scores[0].truth.partner > 0)
    assert found.fixed + found.right == np.sum(scores[1].truth.partner > 0)
    assert found.removed + found.kept == np.sum(scores[0].prediction.partner == 0)
    assert found.added + found.kept == np.sum(scores[1].prediction.partner == 0)


def test_objects_worked_by_hand():
    truth, baseline, candidate = np.zeros((3, 1, 1, 24), np.uint8)
    truth[..., 0:3] = truth[..., 4:7] = truth[..., 8:11] = 1
    baseline[..., 0:3] = baseline[..., 4:7] = baseline[..., 12:14] = baseline[..., 16:18] = 1
    candidate[..., 0:3] = candidate[..., 8:11] = candidate[..., 12:14] = candidate[..., 20:22] = 1
    pairs = MaskPair(baseline, truth), MaskPair(candidate, truth)
    scores = tuple(score_objects(each, 1, min_voxels=0) for each in pairs)
    found = compare_objects(*pairs, 1, scores)
    assert (found.fixed, found.broken, found.still_wrong, found.right) == (1, 1, 0, 1)
    assert (found.removed, found.added, found.kept) == (1, 1, 1)


def test_versions_of_different_slices_are_refused():
    truth = np.ones((4, 3, 3), np.uint8)
    with pytest.raises(SettingsError, match="segment the same slices with both"):
        count_changes(MaskPair(truth[:2], truth), MaskPair(truth[:2], truth, first_slice=1))
