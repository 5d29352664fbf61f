"""Which resolution of a volume the browser gets: small images while it scrubs, all pixels when it rests."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from sxt.ui.viewer.volumes import Level, Shape

Plane = Literal["z", "y", "x"]
"""The axis that a stack of slices runs along."""

TierName = Literal["preview", "scrub", "full"]

PLANE_AXES: dict[Plane, Shape] = {"z": (0, 1, 2), "y": (1, 0, 2), "x": (2, 1, 0)}
"""Axis that the stack runs along, axis down the image, axis across it."""

SCRUB_PX = 800
"""Longest side of the images that are scrubbed: a 1024 px slice is halved, and a slice costs some 40 KB."""

PREVIEW_PX = 160
PREVIEW_MIN_SLICES = 48
SCRUB_IMAGES = 16
PREVIEW_IMAGES = 64
MAX_STRIP_PIXELS = 6 << 20
TILE_PX = 1024


@dataclass(frozen=True)
class Tier:
    """One way of looking at a volume along one plane.

    Parameters
    ----------
    name : {"preview", "scrub", "full"}
    level : int
        Index of the resolution it is made from.
    reduce : tuple of int
        Pixels of that resolution, (down, across), that are averaged into one.
    step : int
        Slices of full resolution that one image stands for.
    pixel : tuple of int
        Voxels of full resolution, (down, across), that one pixel stands for.
    height, width : int
        Of an image.
    count : int
        Images of the stack.
    images_per_strip : int
        Images that are sent together, one below the other.
    """

    name: TierName
    level: int
    reduce: tuple[int, int]
    step: int
    pixel: tuple[int, int]
    height: int
    width: int
    count: int
    images_per_strip: int

    @property
    def n_strips(self) -> int:
        return math.ceil(self.count / self.images_per_strip)


def plan_tiers(levels: Sequence[Level], plane: Plane) -> tuple[Tier, ...]:
    """Return the tiers of a plane, coarsest first; the last one is full resolution.

    Along z every slice is an image of its own when scrubbed; along y and x an image may stand for the few slices that
    one voxel of a lower resolution holds.
    """
    through, down, across = PLANE_AXES[plane]
    shape = levels[0].shape
    full = _make_tier("full", levels, 0, plane, (1, 1), 1)
    if 0 in shape:
        return (full,)
    wanted = (_factor(shape[down], SCRUB_PX), _factor(shape[across], SCRUB_PX))
    level = _choose_level(levels, plane, max(wanted), max_step=1 if plane == "z" else max(wanted))
    tiers = [_make_tier("scrub", levels, level, plane, wanted, SCRUB_IMAGES), full]
    small = (_factor(shape[down], PREVIEW_PX), _factor(shape[across], PREVIEW_PX))
    coarse = _choose_level(levels, plane, max(small), max_step=max(small))
    if shape[through] >= PREVIEW_MIN_SLICES and max(small) >= 2 * max(wanted) and coarse > 0:
        tiers.insert(0, _make_tier("preview", levels, coarse, plane, small, PREVIEW_IMAGES))
    return tuple(tiers)


def _make_tier(
    name: TierName, levels: Sequence[Level], level: int, plane: Plane, wanted: tuple[int, int], n_images: int
) -> Tier:
    through, down, across = PLANE_AXES[plane]
    stored = levels[level]
    pixel = (max(wanted[0], stored.factors[down]), max(wanted[1], stored.factors[across]))
    reduce = (pixel[0] // stored.factors[down], pixel[1] // stored.factors[across])
    height = math.ceil(stored.shape[down] / reduce[0])
    width = math.ceil(stored.shape[across] / reduce[1])
    while n_images > 1 and n_images * height * width > MAX_STRIP_PIXELS:
        n_images //= 2
    return Tier(
        name=name,
        level=level,
        reduce=reduce,
        step=stored.factors[through],
        pixel=pixel,
        height=height,
        width=width,
        count=stored.shape[through],
        images_per_strip=n_images,
    )


def _factor(n_pixels: int, limit_px: int) -> int:
    """Return the smallest power of two that brings a length down to the limit."""
    return 1 << max(0, math.ceil(math.log2(n_pixels / limit_px)))


def _choose_level(levels: Sequence[Level], plane: Plane, max_pixel: int, *, max_step: int) -> int:
    """Return the coarsest resolution whose pixels are no larger than asked for."""
    through, down, across = PLANE_AXES[plane]
    fitting = [
        index
        for index, level in enumerate(levels)
        if level.factors[through] <= max_step and max(level.factors[down], level.factors[across]) <= max_pixel
    ]
    return max(fitting, default=0)
