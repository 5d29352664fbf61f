import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage
from scipy.spatial.distance import cdist

from sxt.metrics import boundary
from sxt.metrics import pair as pair_module
from sxt.metrics.boundary import find_surfaces, measure_distances
from sxt.metrics.pair import MaskPair
from sxt.metrics.surface_scores import score_surfaces
from tests.metrics.masks import ball, blobs, mask_pairs

SIZE = (20.0, 10.0, 8.0)


def measure(pair, size=SIZE, tolerance=12.0):
    points = find_surfaces(pair, 1)
    distances = measure_distances(points, pair.shape[1:], size)
    scores = score_surfaces(points, distances, n_slices=pair.shape[0], tolerance=tolerance, unit="nm")
    return points, distances, scores


def surface_by_erosion(mask):
    return np.argwhere(mask & ~ndimage.binary_erosion(mask, border_value=1))


@given(mask_pairs())
def test_distances_are_those_of_all_pairs(pair):
    prediction, truth = pair
    points, distances, scores = measure(MaskPair(prediction, truth))
    a, b = surface_by_erosion(truth == 1), surface_by_erosion(prediction == 1)
    assert points.truth.tolist() == a.tolist()
    assert points.prediction.tolist() == b.tolist()
    if not len(a) or not len(b):
        both_empty = not len(a) and not len(b)
        assert scores.surface_dice == float(both_empty)
        assert scores.mean_distance == 0 if both_empty else np.isnan(scores.mean_distance)
        return
    table = cdist(a * SIZE, b * SIZE)
    there, back = table.min(axis=1), table.min(axis=0)
    assert distances.from_truth == pytest.approx(there, rel=1e-5)
    assert distances.from_prediction == pytest.approx(back, rel=1e-5)
    assert scores.hausdorff_95 == pytest.approx(
        max(np.percentile(there, 95), np.percentile(back, 95)), rel=1e-5
    )
    assert scores.mean_distance == pytest.approx(np.mean([*there, *back]), rel=1e-5)
    near = np.sum(there <= 12) + np.sum(back <= 12)
    assert scores.surface_dice == pytest.approx(near / (len(a) + len(b)))
    assert scores.truth_voxels.sum() == scores.from_truth.sum() == len(a)
    assert scores.truth_found.tolist() == np.bincount(a[there <= 12, 0], minlength=len(truth)).tolist()


@given(st.integers(0, 30), st.integers(0, 3))
def test_windows_and_slabs_make_no_difference(seed, reach):
    truth = blobs((24, 8, 8), seed=seed, share=0.1)
    prediction = blobs((24, 8, 8), seed=seed + 99, share=0.02)
    whole = measure(MaskPair(prediction, truth))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(boundary, "WINDOW_BYTES", 4 * 64 * (2 * reach + 1))
        patch.setattr(pair_module, "SLAB_VOXELS", 64 * 2)
        parted = measure(MaskPair(prediction, truth))
    for one, other in zip(whole[:2], parted[:2], strict=True):
        for name in vars(one):
            assert np.array_equal(getattr(one, name), getattr(other, name)) or np.allclose(
                getattr(one, name), getattr(other, name), rtol=1e-5
            )


def test_a_shifted_ball_is_as_far_as_it_was_shifted():
    shape, size = (30, 40, 40), (20.0, 10.0, 10.0)
    truth = ball(shape, (15, 20, 20), 120, size)
    same, _, _ = measure(MaskPair(truth, truth), size)[2], 0, 0
    assert (same.hausdorff_95, same.mean_distance, same.surface_dice) == (0, 0, 1)
    shifted = measure(MaskPair(np.roll(truth, 1, axis=0), truth), size, tolerance=20)[2]
    assert shifted.hausdorff_95 == pytest.approx(20)
    assert shifted.surface_dice == 1
    assert measure(MaskPair(np.roll(truth, 2, axis=0), truth), size, tolerance=20)[2].surface_dice < 1


def test_the_cut_through_a_body_is_no_surface():
    truth = np.ones((4, 5, 5), np.uint8)
    assert len(find_surfaces(MaskPair(truth, truth), 1).truth) == 0


def test_the_rim_of_a_labelled_region_is_no_surface():
    truth = np.full((1, 3, 6), 255, np.uint8)
    truth[:, :, :3] = [0, 1, 1]
    prediction = np.zeros_like(truth)
    prediction[:, :, 1:] = 1
    points = find_surfaces(MaskPair(prediction, truth), 1)
    assert points.truth.tolist() == points.prediction.tolist() == [[0, y, 1] for y in range(3)]


def test_slices_labelled_alone_are_measured_within_themselves():
    truth = np.full((5, 9, 9), 255, np.uint8)
    truth[[1, 3]] = 0
    truth[1, 2:5, 2:5] = truth[3, 2:5, 2:5] = 1
    prediction = np.zeros_like(truth)
    prediction[1, 2:5, 2:5] = 1
    points, distances, scores = measure(MaskPair(prediction, truth))
    assert points.blocks == (range(1, 2), range(3, 4))
    assert len(points.truth) == 16
    assert distances.from_truth.tolist() == [0] * 8 + [np.inf] * 8
    assert scores.surface_dice == pytest.approx(16 / 24)
    assert scores.mean_distance == 0
