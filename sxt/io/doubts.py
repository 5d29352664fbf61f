"""What about a tomogram may be wrong, judged by its size, its name and its grey values."""

import re

from sxt.io.statistics import VolumeStatistics
from sxt.io.units import describe_voxel_size
from sxt.tomogram import Tomogram, VoxelSize

USUAL_VOXEL_NM = (1.0, 500.0)
"""Cryo-SXT voxels are about 8 to 50 nm, a few times more when binned."""

ANISOTROPY_LIMIT = 3.0
SHORT_AXIS_FRACTION = 0.6
"""A tomogram is thinnest along z; another axis shorter than this part of both others is suspicious."""

LABEL_VALUES_LIMIT = 32
LABEL_VOXELS_LEAST = 1000
CLIPPED_FRACTION = 0.005
OUTLIER_DEVIATIONS = 10.0
WIDE_INTEGER_BYTES = 8
SHOWN_SLICES = 5
TILT_SERIES_NAME = re.compile(
    r"(^|[^a-z])(tilts?|tiltseries|proj|projections?|ali|preali)([^a-z]|$)", re.IGNORECASE
)
SWAPPED_AXES_NAME = re.compile(r"(^|[_.-])xzy([_.-]|$)", re.IGNORECASE)


def doubts_about(tomogram: Tomogram, statistics: VolumeStatistics) -> list[str]:
    """Return one sentence for each thing that may be wrong."""
    doubts = doubts_about_kind(tomogram, statistics)
    if tomogram.voxel_size_nm is not None:
        doubts += _voxel_doubts(tomogram.voxel_size_nm)
    return [
        *doubts,
        *_type_doubts(tomogram, statistics),
        *_value_doubts(statistics),
        *_slice_doubts(statistics),
    ]


def doubts_about_kind(tomogram: Tomogram, statistics: VolumeStatistics) -> list[str]:
    """Return those doubts which say that this may be no tomogram, or one whose axes are in another order."""
    return [*_name_doubts(tomogram.name), *_axis_doubts(tomogram.shape), *_label_doubts(statistics)]


def _name_doubts(name: str) -> list[str]:
    doubts = []
    if TILT_SERIES_NAME.search(name):
        doubts.append(f"The name {name} sounds like a tilt series rather than a reconstructed volume.")
    if SWAPPED_AXES_NAME.search(name):
        doubts.append(
            f"The name {name} says that the axes are stored as x, z, y; bring the file to (z, y, x)."
        )
    return doubts


def _axis_doubts(shape: tuple[int, int, int]) -> list[str]:
    z, y, x = shape
    for name, size, others in (("y", y, (z, x)), ("x", x, (z, y))):
        if size < SHORT_AXIS_FRACTION * min(others):
            return [
                f"The {name} axis is by far the shortest of {shape} (z, y, x), but a tomogram is thinnest along z; "
                "the slices may run along another axis."
            ]
    return []


def _label_doubts(statistics: VolumeStatistics) -> list[str]:
    if 1 < statistics.n_distinct <= LABEL_VALUES_LIMIT and statistics.n_voxels >= LABEL_VOXELS_LEAST:
        return [
            f"There are only {statistics.n_distinct} different values: this looks like labels, not a tomogram."
        ]
    return []


def _voxel_doubts(voxel_size_nm: VoxelSize) -> list[str]:
    doubts = []
    low, high = USUAL_VOXEL_NM
    if min(voxel_size_nm) < low or max(voxel_size_nm) > high:
        doubts.append(
            f"A voxel of {describe_voxel_size(voxel_size_nm)} is unusual for cryo-SXT; check its unit."
        )
    if max(voxel_size_nm) > ANISOTROPY_LIMIT * min(voxel_size_nm):
        doubts.append(
            f"A voxel of {describe_voxel_size(voxel_size_nm)} is far from a cube; check the slice spacing."
        )
    return doubts


def _type_doubts(tomogram: Tomogram, statistics: VolumeStatistics) -> list[str]:
    doubts = []
    is_integer = tomogram.dtype.kind in "uib"
    if is_integer and tomogram.dtype.itemsize == WIDE_INTEGER_BYTES:
        doubts.append(
            f"{tomogram.dtype} voxels cannot be opened by many programs; store labels as uint8 or uint16."
        )
    if tomogram.format_name == "MRC" and tomogram.dtype == "int8" and (statistics.minimum or 0) < 0:
        doubts.append(
            "Some bytes are negative; if bright structures look black, they were meant as unsigned."
        )
    return doubts


def _value_doubts(statistics: VolumeStatistics) -> list[str]:
    doubts = []
    if statistics.n_nan or statistics.n_infinite:
        doubts.append(
            f"Voxels that count as missing: {statistics.n_nan:,} NaN and {statistics.n_infinite:,} infinite."
        )
    if statistics.minimum is None or statistics.maximum is None or statistics.minimum == statistics.maximum:
        return [*doubts, "The whole volume has a single value or none; there is nothing to segment."]
    if statistics.n_distinct > LABEL_VALUES_LIMIT:
        doubts += _extreme_doubts(statistics)
    return doubts


def _extreme_doubts(statistics: VolumeStatistics) -> list[str]:
    doubts = []
    mean, std = statistics.mean or 0.0, statistics.std or 0.0
    extremes = (
        ("minimum", statistics.minimum or 0.0, statistics.n_at_minimum),
        ("maximum", statistics.maximum or 0.0, statistics.n_at_maximum),
    )
    for name, value, count in extremes:
        fraction = count / statistics.n_voxels
        if fraction > CLIPPED_FRACTION:
            doubts.append(f"{fraction:.1%} of the voxels are at the {name}, {value:g}: clipped, or padded.")
        elif std > 0 and abs(value - mean) > OUTLIER_DEVIATIONS * std:
            doubts.append(
                f"The {name}, {value:g}, is {abs(value - mean) / std:.0f} standard deviations from the mean: outliers "
                "such as beads or streaks, which squeeze the contrast when scaled by the range."
            )
    return doubts


def _slice_doubts(statistics: VolumeStatistics) -> list[str]:
    constant = statistics.constant_slices
    if not constant or statistics.minimum == statistics.maximum:
        return []
    shown = ", ".join(str(index) for index in constant[:SHOWN_SLICES])
    more = f" and {len(constant) - SHOWN_SLICES} more" if len(constant) > SHOWN_SLICES else ""
    return [f"Slices with a single value or none: {shown}{more}."]
