import dataclasses
import json

import numpy as np
import pytest

from sxt.errors import Cancelled, InputError
from sxt.io import inspect_file
from sxt.io.volume import DatasetInfo
from sxt.progress import CancelToken
from tests.io.samples import WRITERS, make_volume, write_hdf5, write_imagej, write_ome_zarr
from tests.io.test_tiff_folder import write_slices


def test_everything_about_a_file(tmp_path):
    volume = make_volume((10, 30, 30), "u2")
    write_hdf5(tmp_path / "a.h5", volume)
    info = inspect_file(tmp_path / "a.h5")
    assert (info.path, info.format_name) == (str(tmp_path / "a.h5"), "HDF5")
    assert (info.shape, info.dtype, info.dataset) == ((10, 30, 30), "uint16", "t0/channel0")
    assert info.voxel_size_nm == (20.0, 10.0, 5.0)
    assert info.datasets == (DatasetInfo("t0/channel0", (10, 30, 30), "uint16"),)
    assert (info.statistics.minimum, info.statistics.maximum) == (volume.min(), volume.max())
    assert info.doubts == (
        "A voxel of 20 × 10 × 5 nm (z, y, x) is far from a cube; check the slice spacing.",
    )


@pytest.mark.parametrize("name", WRITERS)
def test_the_result_is_ready_for_json(tmp_path, name):
    WRITERS[name](tmp_path / name, make_volume())
    content = json.loads(json.dumps(dataclasses.asdict(inspect_file(tmp_path / name)), allow_nan=False))
    assert content["shape"] == [5, 7, 9]
    assert content["statistics"]["n_voxels"] == 315


def test_nothing_finite_is_ready_for_json(tmp_path):
    np.save(tmp_path / "a.npy", np.full((2, 3, 4), np.nan))
    info = inspect_file(tmp_path / "a.npy")
    assert json.loads(json.dumps(dataclasses.asdict(info), allow_nan=False))["statistics"]["minimum"] is None
    assert any("24 NaN" in doubt for doubt in info.doubts)


def test_folders_globs_and_zarr(tmp_path):
    write_slices(tmp_path / "slices", make_volume())
    write_ome_zarr(tmp_path / "a.zarr", make_volume())
    assert inspect_file(tmp_path / "slices").shape == (5, 7, 9)
    assert inspect_file(f"{tmp_path}/slices/*_[0-2].tif").shape == (3, 7, 9)
    assert [each.name for each in inspect_file(tmp_path / "a.zarr").datasets] == ["0", "1"]


def test_the_voxel_size_of_the_user_is_told(tmp_path):
    write_imagej(tmp_path / "a.tif", make_volume())
    info = inspect_file(tmp_path / "a.tif", voxel_size_nm=(10.0, 10.0, 10.0))
    assert info.voxel_size_nm == (10.0, 10.0, 10.0)
    assert any("was set and is used" in doubt for doubt in info.doubts)


def test_an_unknown_dataset_is_refused_not_listed(tmp_path):
    write_hdf5(tmp_path / "a.h5", make_volume())
    with pytest.raises(InputError, match="no three-dimensional dataset 'x'"):
        inspect_file(tmp_path / "a.h5", dataset="x")


def test_it_can_be_cancelled(tmp_path):
    write_imagej(tmp_path / "a.tif", make_volume())
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(Cancelled):
        inspect_file(tmp_path / "a.tif", cancel=cancel)
