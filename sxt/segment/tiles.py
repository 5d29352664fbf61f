"""Cutting slices into tiles and putting the results together without seams."""

import math
from dataclasses import dataclass

import numpy as np

from sxt.errors import SettingsError
from sxt.segment.settings import Blending, TileSettings

WHOLE_SLICE_FACTOR = 1.25
"""A slice this much longer than the largest tile is taken whole; two overlapping tiles would cost more."""


@dataclass(frozen=True)
class AxisPlan:
    """Tiles along one axis: all ``tile_px`` long, the first at 0, the last ending at ``padded_px``.

    Parameters
    ----------
    length_px, padded_px : int
        The slice's own length, and that after padding it to what the network takes.
    tile_px : int
        Length of every tile.
    starts : tuple of int
        First pixel of each tile, rising; multiples of the network's size multiple.
    """

    length_px: int
    padded_px: int
    tile_px: int
    starts: tuple[int, ...]

    def ramp(self, index: int, blending: Blending) -> np.ndarray:
        """Return the weights (tile_px,) of tile ``index`` along this axis, 1 in its middle.

        With ``smooth`` a third of the overlap at each inner edge has weight 0 and the rest rises linearly, so that
        the weights of two neighbours sum to 1.
        """
        weights = np.ones(self.tile_px, dtype=np.float32)
        if blending == "smooth":
            if index > 0:
                overlap = self.starts[index - 1] + self.tile_px - self.starts[index]
                weights[:overlap] = _rise(overlap)
            if index < len(self.starts) - 1:
                overlap = self.starts[index] + self.tile_px - self.starts[index + 1]
                weights[self.tile_px - overlap :] = _rise(overlap)[::-1]
        return weights


@dataclass(frozen=True)
class TilePlan:
    """Tiles of a slice along y and x, and how their results are blended."""

    y: AxisPlan
    x: AxisPlan
    blending: Blending

    @property
    def corners(self) -> list[tuple[int, int]]:
        """First (y, x) of each tile, row by row."""
        return [(y, x) for y in self.y.starts for x in self.x.starts]

    def pad(self, slices: np.ndarray) -> np.ndarray:
        """Mirror slices (k, y, x) at the far edges up to the padded size."""
        padding = ((0, 0), (0, self.y.padded_px - self.y.length_px), (0, self.x.padded_px - self.x.length_px))
        return np.pad(slices, padding, mode="symmetric")

    def cut(self, padded: np.ndarray, index: int) -> np.ndarray:
        """Return tile ``index`` of `corners`, (..., tile y, tile x), of padded slices (..., y, x)."""
        y, x = self.corners[index]
        return padded[..., y : y + self.y.tile_px, x : x + self.x.tile_px]


class TileBlender:
    """A running weighted mean of the tiles of one slice.

    A value on which all tiles agree comes out unchanged to the last bit, since each tile adds only its weighted
    difference from what is already there.
    """

    def __init__(self, plan: TilePlan, *, n_channels: int) -> None:
        self._plan = plan
        shape = (plan.y.padded_px, plan.x.padded_px)
        self._mean = np.zeros((n_channels, *shape), dtype=np.float32)
        self._weight = np.zeros(shape, dtype=np.float32)

    def add(self, index: int, tile: np.ndarray) -> None:
        """Blend in tile ``index`` of `TilePlan.corners`, (c, tile y, tile x) float32."""
        plan = self._plan
        row, column = divmod(index, len(plan.x.starts))
        y, x = plan.corners[index]
        weight = np.outer(plan.y.ramp(row, plan.blending), plan.x.ramp(column, plan.blending))
        region = (slice(y, y + plan.y.tile_px), slice(x, x + plan.x.tile_px))
        total = self._weight[region]
        total += weight
        share = np.divide(weight, total, out=np.zeros_like(weight), where=weight > 0)
        mean = self._mean[:, *region]
        mean += share * (tile - mean)

    def result(self) -> np.ndarray:
        """Return the blended slice (c, y, x), cut to the slice's own size."""
        return self._mean[:, : self._plan.y.length_px, : self._plan.x.length_px]


def plan_tiles(
    shape: tuple[int, int], *, settings: TileSettings, size_multiple: int, largest_tile_px: int
) -> TilePlan:
    """Cover a slice of any size with equal tiles at even spacing.

    Parameters
    ----------
    shape : tuple of int
        (y, x) of the slice, in pixels.
    settings : TileSettings
        The wanted tile and overlap; a tile is never longer than the padded slice.
    size_multiple : int
        Tile sides and positions are multiples of this.
    largest_tile_px : int
        The tile where the settings leave it open.
    """
    tile_px = settings.tile_px or largest_tile_px
    if tile_px < size_multiple:
        raise SettingsError(
            f"The tile {tile_px} px is smaller than the network takes; use {size_multiple} or more."
        )
    may_shrink = settings.tile_px is None
    axes = [
        _plan_axis(length, tile_px, settings.overlap_px, size_multiple, may_shrink=may_shrink)
        for length in shape
    ]
    return TilePlan(axes[0], axes[1], settings.blending)


def _plan_axis(length_px: int, tile_px: int, overlap_px: int, multiple: int, *, may_shrink: bool) -> AxisPlan:
    padded_px = _round_up(length_px, multiple)
    tile_px = tile_px // multiple * multiple
    largest_px = int(tile_px * WHOLE_SLICE_FACTOR) if may_shrink else tile_px
    if padded_px <= largest_px:
        return AxisPlan(length_px, padded_px, padded_px, (0,))
    overlap_px = min(_round_up(overlap_px, multiple), tile_px - multiple)
    n_tiles = math.ceil((padded_px - overlap_px) / (tile_px - overlap_px))
    if may_shrink:
        tile_px = _round_up(math.ceil((padded_px + (n_tiles - 1) * overlap_px) / n_tiles), multiple)
    span = (padded_px - tile_px) // multiple
    starts = tuple(index * span // (n_tiles - 1) * multiple for index in range(n_tiles))
    return AxisPlan(length_px, padded_px, tile_px, starts)


def _rise(overlap_px: int) -> np.ndarray:
    """Weights over an overlap: 0 in its first third, 1 in its last, and rising in between."""
    margin = overlap_px // 3
    ramp_px = overlap_px - 2 * margin
    ramp = (np.arange(ramp_px, dtype=np.float32) + 1) / (ramp_px + 1)
    return np.concatenate([np.zeros(margin, np.float32), ramp, np.ones(margin, np.float32)])


def _round_up(value: int, multiple: int) -> int:
    return -(-value // multiple) * multiple
