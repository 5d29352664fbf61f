import math
import warnings

import mrcfile
import numpy as np
import pytest

from sxt.io import open_volume_writer, read_tomogram
from tests.io.samples import make_volume


def write(path, volume, voxel_size_nm=(20.0, 10.0, 5.0), **options):
    with open_volume_writer(
        path, shape=volume.shape, dtype=volume.dtype, voxel_size_nm=voxel_size_nm, **options
    ) as writer:
        writer.write(volume[:2])
        writer.write(volume[2:])


@pytest.mark.parametrize(
    ("dtype", "mode"), [("u1", 6), ("i1", 0), ("i2", 1), ("u2", 6), ("f2", 12), ("f4", 2), ("?", 6)]
)
def test_mrcfile_reads_the_same_values_and_finds_no_fault(tmp_path, dtype, mode):
    volume = make_volume() > 100 if dtype == "?" else make_volume(dtype=dtype)
    write(tmp_path / "a.mrc", volume, origin_nm=(3.0, 2.0, 1.0))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert mrcfile.validate(tmp_path / "a.mrc")
    with mrcfile.open(tmp_path / "a.mrc") as mrc:
        assert int(mrc.header.mode) == mode
        np.testing.assert_array_equal(mrc.data, volume)
        assert mrc.voxel_size.tolist() == (50.0, 100.0, 200.0)
        assert mrc.header.origin.tolist() == (10.0, 20.0, 30.0)
        assert mrc.is_volume()


def test_the_header_tells_the_range_of_the_finite_voxels(tmp_path):
    volume = np.arange(315, dtype="f4").reshape(5, 7, 9)
    volume[0, 0, 0], volume[4, 6, 8] = np.nan, np.inf
    write(tmp_path / "a.mrc", volume)
    values = volume[np.isfinite(volume)].astype(float)
    with mrcfile.open(tmp_path / "a.mrc") as mrc:
        assert (float(mrc.header.dmin), float(mrc.header.dmax)) == (1.0, 313.0)
        assert float(mrc.header.dmean) == pytest.approx(values.mean())
        assert float(mrc.header.rms) == pytest.approx(values.std())


def test_a_volume_without_a_finite_voxel_has_no_range(tmp_path):
    write(tmp_path / "a.mrc", np.full((5, 7, 9), np.nan, "f4"))
    with mrcfile.open(tmp_path / "a.mrc", permissive=True) as mrc:
        assert float(mrc.header.dmax) < float(mrc.header.dmin)
        assert math.isfinite(float(mrc.header.dmean))


def test_an_unknown_voxel_size_is_zero_not_one_angstrom(tmp_path):
    write(tmp_path / "a.mrc", make_volume(), None)
    with mrcfile.open(tmp_path / "a.mrc") as mrc:
        assert mrc.voxel_size.tolist() == (0.0, 0.0, 0.0)


def test_signed_bytes_come_back_signed_without_a_doubt(tmp_path):
    volume = make_volume(dtype="i1")
    write(tmp_path / "a.mrc", volume)
    tomogram = read_tomogram(tmp_path / "a.mrc")
    assert (tomogram.dtype, tomogram.doubts) == (np.int8, ())
    np.testing.assert_array_equal(tomogram.data[:], volume)
