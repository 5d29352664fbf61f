import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage

from sxt.metrics import pair as pair_module
from sxt.metrics.objects import match_one_to_one, score_objects
from sxt.metrics.pair import MaskPair
from tests.metrics.masks import blobs, mask_pairs


def iou_table(truth, prediction):
    a, n = ndimage.label(truth == 1, np.ones((3, 3, 3)))
    b, m = ndimage.label((prediction == 1) & (truth != 255), np.ones((3, 3, 3)))
    table = np.zeros((n, m))
    for i, j in itertools.product(range(n), range(m)):
        one, other = a == i + 1, b == j + 1
        table[i, j] = (one & other).sum() / (one | other).sum()
    return table


@given(mask_pairs(truth_values=(0, 0, 1, 255)))
def test_above_a_half_the_match_is_every_pair_that_overlaps_so_much(pair):
    prediction, truth = pair
    found = score_objects(MaskPair(prediction, truth), 1, min_voxels=0, iou_thresholds=(0.51, 0.75))
    table = iou_table(truth, prediction)
    for position, threshold in enumerate((0.51, 0.75)):
        matched = table[table >= threshold]
        n, m = table.shape
        assert (found.tp[position], found.fn[position], found.fp[position]) == (
            len(matched),
            n - len(matched),
            m - len(matched),
        )
        if n + m:
            quality = matched.sum() / (len(matched) + (n + m - 2 * len(matched)) / 2)
            assert found.panoptic_quality[position] == pytest.approx(quality)
            assert found.f1[position] == pytest.approx(2 * len(matched) / (n + m))
    assert found.truth.best_iou == pytest.approx(table.max(axis=1, initial=0), abs=1e-12) or not n


@given(st.integers(0, 200), st.floats(0.05, 0.6))
def test_below_a_half_as_many_as_possible_are_matched(seed, threshold):
    table = np.random.default_rng(seed).random((4, 4)) * (
        np.random.default_rng(seed + 1).random((4, 4)) < 0.5
    )
    row, column = np.nonzero(table)
    chosen = match_one_to_one(row, column, table[row, column], threshold)
    assert len(set(row[chosen])) == len(set(column[chosen])) == len(chosen)
    best = max(
        (sum(table[i, p] >= threshold for i, p in enumerate(order)), sum(t for t in kept if t >= threshold))
        for order in itertools.permutations(range(4))
        if (kept := [table[i, p] for i, p in enumerate(order)])
    )
    assert (len(chosen), table[row, column][chosen].sum()) == pytest.approx(best)


def test_splits_and_merges_worked_by_hand():
    truth, prediction = np.zeros((2, 1, 1, 20), np.uint8)
    truth[..., 0:9] = truth[..., 10:13] = truth[..., 14:18] = 1
    prediction[..., 0:4] = prediction[..., 5:9] = prediction[..., 10:18] = 1
    found = score_objects(MaskPair(prediction, truth), 1, min_voxels=0, iou_thresholds=(0.4, 0.5))
    assert (found.n_split, found.n_merged) == (1, 1)
    assert found.tp.tolist() == [2, 1]
    assert found.truth.partner.tolist() == [0, 0, 3]
    assert found.prediction.partner.tolist() == [0, 0, 3]
    assert found.truth.best_iou.tolist() == pytest.approx([4 / 9, 3 / 8, 4 / 8])


def test_small_objects_are_left_out_and_counted():
    truth, prediction = np.zeros((2, 1, 1, 9), np.uint8)
    truth[..., 0:4] = prediction[..., 0:4] = prediction[..., 6] = 1
    found = score_objects(MaskPair(prediction, truth), 1, min_voxels=3)
    assert (found.n_dropped_truth, found.n_dropped_prediction) == (0, 1)
    assert found.panoptic_quality.tolist() == [1] * 5
    assert found.prediction.centre_px.tolist() == [[0, 0, 1.5]]


@pytest.mark.parametrize(("truth", "prediction", "expected"), [(0, 0, 1), (1, 0, 0), (0, 1, 0)])
def test_empty_masks_have_their_stated_values(truth, prediction, expected):
    pair = MaskPair(np.full((2, 2, 2), prediction, np.uint8), np.full((2, 2, 2), truth, np.uint8))
    found = score_objects(pair, 1, min_voxels=0)
    for values in (found.precision, found.recall, found.f1, found.panoptic_quality):
        assert values.tolist() == [expected] * 5


def test_slabs_make_no_difference(monkeypatch):
    masks = blobs((10, 24, 24), seed=0), blobs((10, 24, 24), seed=0, smooth=1.2)
    whole = score_objects(MaskPair(*masks), 1, min_voxels=4)
    monkeypatch.setattr(pair_module, "SLAB_VOXELS", 24 * 24 * 3)
    streamed = score_objects(MaskPair(*masks), 1, min_voxels=4)
    assert streamed.tp.tolist() == whole.tp.tolist()
    assert sorted(streamed.truth.voxels) == sorted(whole.truth.voxels)
    assert streamed.panoptic_quality == pytest.approx(whole.panoptic_quality)
