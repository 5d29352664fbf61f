import json

import numpy as np
import pytest
import zarr

from sxt.errors import SettingsError
from sxt.io import read_tomogram
from sxt.workspace.pooling import pool
from sxt.workspace.pyramid import PyramidWriter, count_stored_bytes, plan_levels


def factors(shape, voxel_size_nm):
    return [level.factors for level in plan_levels(shape, voxel_size_nm)]


def test_cubic_voxels_are_halved_along_all_axes():
    assert factors((100, 1000, 900), (10.0, 10.0, 10.0)) == [(1, 1, 1), (2, 2, 2), (4, 4, 4)]
    assert factors((100, 1000, 900), None) == factors((100, 1000, 900), (10.0, 10.0, 10.0))


def test_thick_slices_are_kept_until_the_voxel_is_a_cube():
    assert factors((100, 2048, 2048), (40.0, 10.0, 10.0)) == [(1, 1, 1), (1, 2, 2), (1, 4, 4), (2, 8, 8)]


def test_a_small_volume_has_one_level_and_a_single_slice_stays_one():
    assert factors((300, 256, 256), None) == [(1, 1, 1)]
    assert [level.shape for level in plan_levels((1, 700, 300), None)] == [
        (1, 700, 300),
        (1, 350, 150),
        (1, 175, 75),
    ]


def test_stored_bytes_are_those_of_all_levels():
    levels = plan_levels((10, 512, 512), None)
    assert count_stored_bytes(levels, 2, n_channels=3) == 6 * (10 * 512 * 512 + 5 * 256 * 256)


@pytest.fixture
def levels():
    return plan_levels((21, 520, 259), (10.0, 10.0, 10.0))


def test_levels_are_the_pooled_volume_however_it_is_cut(tmp_path, levels):
    values = np.random.default_rng(0).integers(0, 2**16, (21, 520, 259)).astype(np.uint16)
    folder = tmp_path / "v.zarr"
    writer = PyramidWriter(folder, levels, values.dtype, pooling="mean", voxel_size_nm=(10.0, 10.0, 10.0))
    for start, stop in ((0, 1), (1, 12), (12, 21)):
        writer.append(values[start:stop])
    writer.finish()
    assert np.array_equal(zarr.open_array(folder / "0", mode="r")[:], values)
    once = pool(values[None], halves_z=True, pooling="mean")
    assert np.array_equal(zarr.open_array(folder / "1", mode="r")[:], once[0])
    twice = pool(once, halves_z=True, pooling="mean")
    assert np.array_equal(zarr.open_array(folder / "2", mode="r")[:], twice[0])
    assert len(levels) == 3


def test_every_level_states_its_voxel_size_and_place(tmp_path):
    levels = plan_levels((2, 300, 8), (40.0, 10.0, 5.0))
    folder = tmp_path / "v.zarr"
    writer = PyramidWriter(
        folder,
        levels,
        np.dtype("u1"),
        pooling="mean",
        voxel_size_nm=(40.0, 10.0, 5.0),
        origin_nm=(1.0, 2.0, 3.0),
    )
    writer.append(np.zeros((2, 300, 8), np.uint8))
    writer.finish()
    whole, half = read_tomogram(folder), read_tomogram(folder, dataset="1")
    assert (whole.voxel_size_nm, whole.origin_nm) == ((40.0, 10.0, 5.0), (1.0, 2.0, 3.0))
    assert (half.voxel_size_nm, half.origin_nm) == ((40.0, 20.0, 10.0), (1.0, 7.0, 5.5))
    assert whole.doubts == half.doubts == ()


def test_channels_come_first_and_an_unknown_size_has_no_unit(tmp_path):
    levels = plan_levels((3, 4, 5), None)
    folder = tmp_path / "v.zarr"
    values = np.arange(2 * 3 * 4 * 5, dtype=np.uint8).reshape(2, 3, 4, 5)
    writer = PyramidWriter(folder, levels, values.dtype, pooling="mean", voxel_size_nm=None, n_channels=2)
    writer.append(values)
    writer.finish()
    array = zarr.open_array(folder / "0", mode="r")
    assert np.array_equal(array[:], values)
    image = json.loads((folder / "zarr.json").read_text())["attributes"]["ome"]["multiscales"][0]
    assert [axis["name"] for axis in image["axes"]] == ["c", "z", "y", "x"]
    assert not any("unit" in axis for axis in image["axes"])
    assert image["datasets"][0]["coordinateTransformations"] == [{"type": "scale", "scale": [1.0] * 4}]


def test_missing_slices_are_told(tmp_path, levels):
    writer = PyramidWriter(tmp_path / "v.zarr", levels, np.dtype("u1"), pooling="mean", voxel_size_nm=None)
    writer.append(np.zeros((20, 520, 259), np.uint8))
    with pytest.raises(SettingsError, match="20 of the 21 slices"):
        writer.finish()
