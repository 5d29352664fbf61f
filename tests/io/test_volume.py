import pickle
from pathlib import Path

import numpy as np
import pytest

from sxt.errors import InputError, ResourceError
from sxt.io.volume import (
    DatasetChoiceError,
    DatasetInfo,
    RawSource,
    check_axes,
    check_file_holds,
    choose_dataset,
    reading,
)
from tests.io.samples import make_volume

INFOS = (DatasetInfo("raw", (4, 5, 6), "uint8"), DatasetInfo("label", (4, 5, 6), "uint8"))


def write_raw(path: Path, volume: np.ndarray, offset=0) -> Path:
    path.write_bytes(b"x" * offset + volume.tobytes())
    return path


def test_a_slab_is_read_from_its_place(tmp_path):
    volume = make_volume((6, 5, 4), "<i2")
    source = RawSource(write_raw(tmp_path / "a", volume, 7), (6, 5, 4), volume.dtype, "raw", offset=7)
    np.testing.assert_array_equal(source[2:4], volume[2:4])
    np.testing.assert_array_equal(source[-2:], volume[-2:])
    np.testing.assert_array_equal(np.asarray(source), volume)
    assert len(source) == 6
    assert source[4:2].shape == (0, 5, 4)


@pytest.mark.parametrize("order", [(0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0)])
def test_stored_axes_are_brought_to_zyx(tmp_path, order):
    stored = make_volume((3, 4, 5), "u2")
    source = RawSource(
        write_raw(tmp_path / "a", stored), (3, 4, 5), stored.dtype, "raw", offset=0, order=order
    )
    expected = stored.transpose(order)
    assert source.shape == expected.shape
    np.testing.assert_array_equal(source[1:3], expected[1:3])
    assert source[1:3].flags.c_contiguous


def test_slabs_come_in_the_machines_byte_order(tmp_path):
    volume = make_volume((2, 3, 4), ">f4")
    source = RawSource(write_raw(tmp_path / "a", volume), (2, 3, 4), volume.dtype, "raw", offset=0)
    assert source.dtype.isnative
    assert source[:].dtype.isnative
    np.testing.assert_array_equal(source[:], volume)


def test_a_source_survives_pickling_for_a_worker(tmp_path):
    volume = make_volume((2, 3, 4))
    source = RawSource(write_raw(tmp_path / "a", volume), (2, 3, 4), volume.dtype, "raw", offset=0)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(source))[:], volume)


@pytest.mark.parametrize("index", [1, slice(0, 2, 2), (slice(0, 1), 0)])
def test_only_slabs_along_z_are_handed_out(tmp_path, index):
    source = RawSource(tmp_path / "a", (2, 3, 4), np.dtype("u1"), "raw", offset=0)
    with pytest.raises(TypeError, match=r"indexed by \[start:stop\]"):
        source[index]


def test_a_file_that_shrinks_after_opening_is_named(tmp_path):
    path = write_raw(tmp_path / "a.raw", make_volume((4, 3, 4)))
    source = RawSource(path, (4, 3, 4), np.dtype("u1"), "raw", offset=0)
    path.write_bytes(b"12345")
    with pytest.raises(InputError, match=r"a\.raw cannot be read as raw.*damaged or incomplete"):
        source[2:4]


def test_a_file_that_vanishes_after_opening_is_named(tmp_path):
    with pytest.raises(InputError, match=r"gone\.raw does not exist"):
        RawSource(tmp_path / "gone.raw", (4, 3, 4), np.dtype("u1"), "raw", offset=0)[:]


def test_lack_of_memory_is_not_called_damage(tmp_path):
    with pytest.raises(ResourceError, match="Not enough memory"), reading(tmp_path / "a", "raw"):
        raise MemoryError


def test_a_programming_fault_is_not_hidden(tmp_path):
    with pytest.raises(NameError), reading(tmp_path / "a", "raw"):
        raise NameError


def test_a_header_that_claims_too_much_is_refused_without_reading(tmp_path):
    path = write_raw(tmp_path / "a.raw", make_volume((2, 3, 4)))
    assert check_file_holds(path, 4, (2, 2, 5), np.dtype("u1")) == 0
    assert check_file_holds(path, 0, (2, 2, 5), np.dtype("u1")) == 4
    huge = (1 << 31, 1 << 31, 1 << 31)
    with pytest.raises(
        InputError, match=r"claims .* 79,228,162,514,264,337,593,543,950,336 bytes, but the file has 24"
    ):
        check_file_holds(path, 0, huge, np.dtype("f8"))


@pytest.mark.parametrize(
    ("shape", "sentence"),
    [
        ((5, 6), "is a single 2-D image"),
        ((5,), "is a single 1-D image"),
        ((1, 2, 5, 6), "has 4 axes"),
        ((0, 5, 6), "is empty: an axis has length 0"),
    ],
)
def test_only_three_axes_make_a_volume(tmp_path, shape, sentence):
    with pytest.raises(InputError, match=sentence):
        check_axes(tmp_path / "a.raw", shape)


def test_the_only_dataset_is_taken(tmp_path):
    assert choose_dataset(tmp_path, "HDF5", INFOS[:1], None) == "raw"


def test_one_of_several_datasets_must_be_named(tmp_path):
    with pytest.raises(DatasetChoiceError, match=r"holds 2 volumes .*raw.*label.*--dataset") as caught:
        choose_dataset(tmp_path / "a.h5", "HDF5", INFOS, None)
    assert caught.value.datasets == INFOS
    assert choose_dataset(tmp_path, "HDF5", INFOS, "/label") == "label"


def test_a_preferred_dataset_is_taken_before_asking(tmp_path):
    assert choose_dataset(tmp_path, "HDF5", INFOS, None, ("data", "label")) == "label"


def test_an_unknown_dataset_names_those_there_are(tmp_path):
    with pytest.raises(
        InputError, match=r"no three-dimensional dataset 'x'; it holds raw \(4, 5, 6\) uint8, label"
    ):
        choose_dataset(tmp_path / "a.h5", "HDF5", INFOS, "x")
