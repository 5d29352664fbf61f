import numpy as np
import pytest

from sxt.workspace.pooling import pool


def test_means_are_those_of_two_by_two_voxels_and_odd_ends_stand_for_themselves():
    image = np.array([[[[1, 3, 10], [5, 7, 20], [100, 200, 7]]]], dtype=np.uint8)  # (1, 1, 3, 3)
    assert pool(image, halves_z=False, pooling="mean").tolist() == [[[[4, 15], [150, 7]]]]


def test_z_is_halved_where_asked():
    volume = np.arange(3 * 2 * 2, dtype=np.float64).reshape(1, 3, 2, 2)
    assert pool(volume, halves_z=True, pooling="mean").ravel().tolist() == [3.5, 9.5]
    assert pool(volume, halves_z=False, pooling="mean").ravel().tolist() == [1.5, 5.5, 9.5]


def test_missing_voxels_do_not_count():
    volume = np.array([[[[1, np.nan], [3, np.nan]], [[np.nan, np.nan], [np.nan, 8]]]], dtype=np.float32)
    volume = np.concatenate([volume, np.full((1, 1, 2, 2), np.nan, np.float32)], axis=1)
    pooled = pool(volume, halves_z=True, pooling="mean")
    assert pooled[0, 0].tolist() == [[4.0]]
    assert np.isnan(pooled[0, 1]).all()


@pytest.mark.parametrize(
    "dtype", ["uint8", "int16", "uint16", "int32", "uint32", "float16", "float32", "float64"]
)
def test_the_mean_of_a_constant_is_that_constant_in_its_own_type(dtype):
    limit = np.finfo(dtype).max / 32 if np.dtype(dtype).kind == "f" else np.iinfo(dtype).max
    volume = np.full((2, 3, 5, 4), limit, dtype=dtype)
    pooled = pool(volume, halves_z=True, pooling="mean")
    assert pooled.dtype == dtype
    assert pooled.shape == (2, 2, 3, 2)
    assert (pooled == volume[0, 0, 0, 0]).all()


def test_the_largest_class_survives():
    mask = np.zeros((1, 2, 4, 5), dtype=np.uint8)
    mask[0, 1, 2, 4] = 3
    mask[0, 0, 0, 0] = 1
    assert pool(mask, halves_z=True, pooling="max").tolist() == [[[[1, 0, 0], [0, 0, 3]]]]
