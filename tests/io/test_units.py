import math

import pytest

from sxt.io.units import describe_voxel_size, known_voxel_size, unit_in_nm


@pytest.mark.parametrize(
    ("name", "length_nm"),
    [
        ("nm", 1.0),
        ("nanometer", 1.0),
        ("µm", 1000.0),
        ("μm", 1000.0),
        ("\\u00B5m", 1000.0),
        ("micron", 1000.0),
        ("microns", 1000.0),
        ("um", 1000.0),
        ("Å", 0.1),
        ("angstrom", 0.1),
        ("Ångström", 0.1),
        ("mm", 1e6),
        ("m", 1e9),
        ("inch", 2.54e7),
        ("pixel", None),
        ("", None),
        ("parsec", None),
    ],
)
def test_units_of_length(name, length_nm):
    assert unit_in_nm(name) == length_nm


@pytest.mark.parametrize(
    "sizes",
    [(0.0, 0.0, 0.0), (20.0, 0.0, 10.0), (math.nan, 1.0, 1.0), (1.0, math.inf, 1.0), (-1.0, 1.0, 1.0)],
)
def test_a_size_that_is_zero_negative_or_not_finite_is_unknown(sizes):
    assert known_voxel_size(sizes) is None


def test_one_angstrom_in_all_axes_is_unknown_but_not_in_one():
    assert known_voxel_size((0.1, 0.1, 0.1)) is None
    assert known_voxel_size((0.1, 0.1, 0.2)) == (0.1, 0.1, 0.2)


def test_an_absent_size_is_unknown():
    assert known_voxel_size(()) is None


def test_the_noise_of_32_bit_floats_is_rounded_away():
    assert known_voxel_size((9.800000190734863, 20.0, 13.369999885559082)) == (9.8, 20.0, 13.37)
    assert known_voxel_size((1000.1875, 98.76543, 1 / 3)) == (1000.1875, 98.76543, 0.3333333)


def test_a_size_as_text():
    assert describe_voxel_size((20.0, 9.8, 9.8)) == "20 × 9.8 × 9.8 nm (z, y, x)"
