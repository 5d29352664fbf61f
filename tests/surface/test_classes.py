import numpy as np
import pytest

from sxt.errors import Cancelled, InputError
from sxt.progress import CancelToken
from sxt.surface import SurfaceSettings
from sxt.surface.classes import read_classes

SHAPE = (4, 5, 6)


def mask_with(*values: int, dtype: str = "uint8") -> np.ndarray:
    mask = np.zeros(SHAPE, dtype)
    mask.ravel()[1 : 1 + len(values)] = values
    return mask


def read(mask, **settings):
    return read_classes(mask, SurfaceSettings(**settings))


def test_a_uint8_mask_of_classes_is_used_as_it_is():
    mask = mask_with(1, 3)
    classes = read(mask)
    assert classes.values == (1, 3)
    assert classes.data is mask
    assert classes.notes == ()


@pytest.mark.parametrize("dtype", ["bool", "int8", "uint16", "int64", "float32", ">i2"])
def test_other_types_become_small_unsigned_integers(dtype):
    classes = read(mask_with(1, 1, dtype=dtype))
    assert classes.data.dtype == np.uint8
    np.testing.assert_array_equal(classes.data, mask_with(1, 1))


def test_unlabelled_voxels_are_background():
    classes = read(mask_with(1, 2, 255))
    assert classes.values == (1, 2)
    np.testing.assert_array_equal(classes.data, mask_with(1, 2, 0))
    assert "unlabelled" in classes.notes[0]


def test_a_mask_of_0_and_255_is_a_binary_mask():
    classes = read(mask_with(255, 255))
    assert classes.values == (1,)
    np.testing.assert_array_equal(classes.data, mask_with(1, 1))
    assert "255" in classes.notes[0]


def test_binary_takes_every_value_but_0():
    np.testing.assert_array_equal(read(mask_with(7, 255, 1), reading="binary").data, mask_with(1, 1, 1))


def test_instances_keep_their_ids():
    mask = mask_with(255, 700, 3, dtype="uint16")
    classes = read(mask, reading="instances")
    assert classes.values == (3, 255, 700)
    np.testing.assert_array_equal(classes.data, mask)


def test_one_class_is_taken_out():
    classes = read(mask_with(1, 2, 3), only_class=2)
    assert classes.values == (2,)
    np.testing.assert_array_equal(classes.data, mask_with(0, 2, 0))


def test_a_class_that_is_not_there_is_named_with_those_that_are():
    with pytest.raises(InputError, match=r"no class 4; it has 1, 2\."):
        read(mask_with(1, 2), only_class=4)


@pytest.mark.parametrize(
    ("mask", "sentence"),
    [
        (mask_with(), "no foreground, every voxel is 0; lower the threshold"),
        (np.full(SHAPE, np.nan), "no foreground"),
        (np.full(SHAPE, 0.37), "fractions such as 0.37.*threshold it first"),
        (mask_with(-2, dtype="int16"), "negative values down to -2"),
        (mask_with(*range(1, 22)), "21 different values, more than 20 classes.*--instances.*--binary"),
        (mask_with(1, 300, dtype="uint16"), "value 300, but classes are 1 to 254.*--instances.*--binary"),
        (np.zeros((5, 6)), r"three axes .* shape \(5, 6\)"),
        (np.zeros((0, 5, 6)), "at least one voxel"),
        (np.zeros(SHAPE, "complex64"), "complex64; save it as 8-bit integers"),
        (mask_with(2**63, dtype="uint64"), "9223372036854775808, which is too large"),
    ],
)
def test_a_mask_that_cannot_be_used_says_why(mask, sentence):
    with pytest.raises(InputError, match=sentence):
        read(mask)


def test_an_object_id_beyond_32_bits_is_refused():
    with pytest.raises(InputError, match="4294967296 is larger than 4294967295"):
        read(mask_with(2**32, dtype="int64"), reading="instances")


def test_a_mask_is_read_slab_by_slab(monkeypatch):
    monkeypatch.setattr("sxt.surface.classes.SLAB_VOXELS", 2 * 5 * 6)

    class Source:
        shape, dtype, longest = SHAPE, np.dtype("uint16"), 0

        def __getitem__(self, place: slice) -> np.ndarray:
            self.longest = max(self.longest, place.stop - place.start)
            return mask_with(1, 2, dtype="uint16")[place]

    source = Source()
    np.testing.assert_array_equal(read(source).data, mask_with(1, 2))
    assert source.longest == 2


def test_cancelling_stops_the_reading():
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(Cancelled):
        read_classes(mask_with(1), SurfaceSettings(), cancel=cancel)
