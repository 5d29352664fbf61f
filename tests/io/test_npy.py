import io

import numpy as np
import pytest

from sxt.errors import InputError
from sxt.io import read_tomogram
from tests.io.samples import make_volume


@pytest.mark.parametrize("dtype", ["u1", "i1", "<u2", ">i2", "<f2", ">f4", "<f8", "<i8", "?"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_values_of_every_dtype_and_order(tmp_path, dtype, order):
    volume = make_volume() > 100 if dtype == "?" else make_volume(dtype=dtype)
    np.save(tmp_path / "a.npy", np.asarray(volume, order=order))
    tomogram = read_tomogram(tmp_path / "a.npy")
    assert tomogram.format_name == "NPY"
    assert tomogram.dtype == np.dtype(dtype).newbyteorder("=")
    np.testing.assert_array_equal(tomogram.data[1:4], volume[1:4])
    np.testing.assert_array_equal(tomogram.data[:], volume)


def test_no_voxel_size_is_a_doubt(tmp_path):
    np.save(tmp_path / "a.npy", make_volume())
    tomogram = read_tomogram(tmp_path / "a.npy")
    assert tomogram.voxel_size_nm is None
    assert "The voxel size is not known; set it with --voxel-nm Z,Y,X." in tomogram.doubts


def test_pickled_objects_are_refused(tmp_path):
    np.save(tmp_path / "a.npy", np.full((2, 2, 2), None, object), allow_pickle=True)
    with pytest.raises(InputError, match=r"holds object, not numbers"):
        read_tomogram(tmp_path / "a.npy")


@pytest.mark.parametrize(
    ("array", "sentence"),
    [
        (np.zeros((4, 5)), "single 2-D image"),
        (np.zeros((2, 3, 4, 5)), "has 4 axes"),
        (np.zeros((0, 4, 5)), "is empty"),
        (np.zeros((2, 3, 4), complex), "complex numbers"),
        (np.zeros((2, 3, 4), "U3"), "not numbers"),
    ],
)
def test_what_is_no_grey_volume_is_refused(tmp_path, array, sentence):
    np.save(tmp_path / "a.npy", array)
    with pytest.raises(InputError, match=sentence):
        read_tomogram(tmp_path / "a.npy")


def test_an_incomplete_file_is_refused(tmp_path):
    stream = io.BytesIO()
    np.save(stream, make_volume())
    (tmp_path / "a.npy").write_bytes(stream.getvalue()[:-1])
    with pytest.raises(InputError, match=r"claims \(5, 7, 9\) voxels .* it is incomplete"):
        read_tomogram(tmp_path / "a.npy")


def test_another_version_is_refused(tmp_path):
    (tmp_path / "a.npy").write_bytes(b"\x93NUMPY\x09\x00" + bytes(200))
    with pytest.raises(InputError, match=r"NPY version \(9, 0\)"):
        read_tomogram(tmp_path / "a.npy")
