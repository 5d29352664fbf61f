import numpy as np
from scipy.ndimage import gaussian_filter1d

from sxt.surface.smooth import smooth_along_z


def column(*values: int) -> np.ndarray:
    return np.array(values, np.uint8)[:, None, None]  # (z, 1, 1)


def smooth(mask: np.ndarray, sigma: float = 1.0, values=(1,)) -> list[int]:
    return smooth_along_z(mask, values, sigma)[:, 0, 0].tolist()


def test_no_smoothing_gives_the_mask_itself():
    mask = column(0, 1, 0)
    assert smooth_along_z(mask, (1,), 0.0) is mask


def test_a_flat_surface_stays_where_it_is():
    assert smooth(column(0, 0, 0, 0, 1, 1, 1, 1)) == [0, 0, 0, 0, 1, 1, 1, 1]


def test_the_object_is_not_dilated():
    assert smooth(column(0, 0, 0, 1, 1, 1, 0, 0, 0)) == [0, 0, 0, 1, 1, 1, 0, 0, 0]


def test_a_gap_of_one_slice_closes_and_a_single_slice_goes():
    assert smooth(column(1, 1, 1, 0, 1, 1, 1)) == [1] * 7
    assert smooth(column(0, 0, 0, 1, 0, 0, 0)) == [0] * 7


def test_objects_cut_by_the_first_or_last_slice_stay_cut_there():
    assert smooth(column(1, 1, 0, 0, 0, 1, 1)) == [1, 1, 0, 0, 0, 1, 1]


def test_it_is_the_gaussian_mean_thresholded_at_one_half():
    mask = (np.random.default_rng(0).random((20, 7, 9)) < 0.5).astype(np.uint8)
    expected = gaussian_filter1d(mask.astype(float), 1.3, axis=0, mode="nearest") >= 0.5
    np.testing.assert_array_equal(smooth_along_z(mask, (1,), 1.3).astype(bool), expected)


def test_classes_are_smoothed_each_for_itself(monkeypatch):
    monkeypatch.setattr("sxt.surface.smooth.BAND_VOXELS", 1)
    mask = np.concatenate([column(2, 2, 2, 0, 2, 2, 2, 2), column(3, 3, 0, 3, 3, 3, 3, 3)], axis=1)
    smoothed = smooth_along_z(mask, (2, 3), 1.0)
    assert smoothed[:, 0, 0].tolist() == [2] * 8
    assert smoothed[:, 1, 0].tolist() == [3] * 8
