from pathlib import Path

import numpy as np
import pytest

from sxt.errors import InputError, SettingsError
from sxt.tomogram import Tomogram, check_voxel_size


class LazyVolume:
    """A volume that records which slices were read."""

    def __init__(self, shape):
        self.shape = shape
        self.dtype = np.dtype("uint8")
        self.reads = []

    def __getitem__(self, index):
        self.reads.append((index.start, index.stop))
        values = np.arange(index.start, index.stop, dtype=self.dtype)
        return np.broadcast_to(values[:, None, None], (len(values), *self.shape[1:]))


def test_shape_dtype_and_name_are_those_of_the_data():
    tomogram = Tomogram(np.zeros((2, 3, 4), np.int16), source=Path("/lab/cell.mrc"))
    assert tomogram.shape == (2, 3, 4)
    assert tomogram.dtype == np.int16
    assert tomogram.name == "cell.mrc"
    assert Tomogram(np.zeros((1, 1, 1))).name == "array"


def test_only_the_slices_asked_for_are_read():
    volume = LazyVolume((5, 2, 3))
    tomogram = Tomogram(volume)
    assert volume.reads == []
    slices = tomogram.read_slices(1, 3)
    assert volume.reads == [(1, 3)]
    assert slices.shape == (2, 2, 3)
    assert slices[:, 0, 0].tolist() == [1, 2]


def test_the_last_slice_can_be_read():
    assert Tomogram(LazyVolume((5, 1, 1))).read_slices(4, 5).item() == 4


@pytest.mark.parametrize(("start", "stop"), [(-1, 2), (0, 6), (3, 3), (4, 2), (5, 6)])
def test_slices_outside_the_tomogram_are_refused(start, stop):
    with pytest.raises(
        SettingsError, match=rf"Slices {start}:{stop} are outside this tomogram; it has slices 0:5\."
    ):
        Tomogram(LazyVolume((5, 1, 1))).read_slices(start, stop)


@pytest.mark.parametrize("shape", [(), (4,), (4, 4), (1, 2, 3, 4)])
def test_data_without_three_axes_is_refused(shape):
    with pytest.raises(InputError, match=r"three axes \(z, y, x\), but this data has shape"):
        Tomogram(np.zeros(shape))


@pytest.mark.parametrize("shape", [(0, 4, 4), (4, 0, 4), (4, 4, 0)])
def test_an_empty_axis_is_refused(shape):
    with pytest.raises(InputError, match="has an axis of length 0"):
        Tomogram(np.zeros(shape))


@pytest.mark.parametrize("dtype", [np.complex64, object, "U1", "datetime64[s]"])
def test_data_that_are_not_numbers_are_refused(dtype):
    with pytest.raises(InputError, match="integers or floating-point numbers"):
        Tomogram(np.zeros((1, 1, 1), dtype))


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int16, np.uint16, np.float16, np.float32, ">f4"])
def test_numbers_are_accepted(dtype):
    assert Tomogram(np.zeros((1, 1, 1), dtype)).dtype == np.dtype(dtype)


@pytest.mark.parametrize(
    "voxel_size_nm",
    [(0, 10, 10), (10, -1, 10), (10, 10, float("nan")), (float("inf"), 1, 1), (10, 10), (10, 10, 10, 10)],
)
def test_an_unusable_voxel_size_is_refused(voxel_size_nm):
    with pytest.raises(SettingsError, match="give three positive numbers in nm, in the order z, y, x"):
        check_voxel_size(voxel_size_nm)
    with pytest.raises(SettingsError, match="is not usable"):
        Tomogram(np.zeros((1, 1, 1)), voxel_size_nm=voxel_size_nm)


def test_an_unknown_voxel_size_is_none_and_a_known_one_is_kept():
    assert Tomogram(np.zeros((1, 1, 1))).voxel_size_nm is None
    assert Tomogram(np.zeros((1, 1, 1)), voxel_size_nm=(20.0, 10.0, 9.8)).voxel_size_nm == (20.0, 10.0, 9.8)
