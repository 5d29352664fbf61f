"""Lengths in files: their units in nm, and when a stated voxel size counts as known."""

import math
from collections.abc import Sequence

from sxt.tomogram import VoxelSize

UNKNOWN_VOXEL_NM = 0.1
"""1 Å, which many programs write where they do not know the voxel size."""

FLOAT32_NOISE = 1.2e-7
"""Relative error of a size that went through a 32-bit float, as in most headers."""

DOUBLE_DIGITS = 17

LENGTHS_NM = {
    "m": 1e9,
    "meter": 1e9,
    "metre": 1e9,
    "inch": 2.54e7,
    "cm": 1e7,
    "centimeter": 1e7,
    "mm": 1e6,
    "millimeter": 1e6,
    "um": 1e3,
    "micron": 1e3,
    "micrometer": 1e3,
    "micrometre": 1e3,
    "nm": 1.0,
    "nanometer": 1.0,
    "nanometre": 1.0,
    "a": 0.1,
    "angstrom": 0.1,
    "pm": 1e-3,
    "picometer": 1e-3,
}
"""Length of one unit in nm, by the names that ImageJ, OME, OME-NGFF, Amira and Zeiss files use."""


def unit_in_nm(name: str) -> float | None:
    """Return the length of the unit ``name`` in nm, or None where it is no length (for example ``pixel``)."""
    plain = name.strip().strip('"').lower().replace("\\u00b5", "u")
    for letter, replacement in (("µ", "u"), ("μ", "u"), ("å", "a"), ("ö", "o")):
        plain = plain.replace(letter, replacement)
    return LENGTHS_NM.get(plain, LENGTHS_NM.get(plain.removesuffix("s")))


def known_voxel_size(sizes_nm: Sequence[float]) -> VoxelSize | None:
    """Return the voxel size without the noise of 32-bit floats, or None where the stated one means "not known".

    Parameters
    ----------
    sizes_nm : sequence of float
        (z, y, x) in nm as stated by a file.

    Returns
    -------
    tuple of float or None
        None where a size is absent, zero, negative or not finite, and where all three are 1 Å.
    """
    if len(sizes_nm) != 3 or not all(math.isfinite(size) and size > 0 for size in sizes_nm):
        return None
    z, y, x = (shortest_length(float(size)) for size in sizes_nm)
    if z == y == x == UNKNOWN_VOXEL_NM:
        return None
    return (z, y, x)


def shortest_length(length: float) -> float:
    """Return the decimal number with the fewest digits that a 32-bit float could not tell from ``length``."""
    rounded = (float(f"{length:.{digits}g}") for digits in range(1, DOUBLE_DIGITS))
    return next((each for each in rounded if abs(each - length) <= FLOAT32_NOISE * abs(length)), length)


def describe_voxel_size(voxel_size_nm: VoxelSize) -> str:
    """Return the size as text, for example ``10 × 20 × 20 nm (z, y, x)``."""
    return " × ".join(f"{size:g}" for size in voxel_size_nm) + " nm (z, y, x)"
