"""Strips and tiles of 8-bit slices out of a stored volume, along any axis.

Notes
-----
A stored piece holds 8 × 256 × 256 voxels: slices along z are read straight from it. A slice along y or x touches
pieces through the whole depth, so a block of neighbouring slices is read at once, made 8 bit, and kept.
"""

from dataclasses import dataclass
from functools import partial

import numpy as np

from sxt.errors import SettingsError
from sxt.ui.viewer.blocks import BlockCache
from sxt.ui.viewer.encode import GreyScale, Pooling, measure_grey_scale, reduce_images, to_uint8
from sxt.ui.viewer.tiers import PLANE_AXES, TILE_PX, Plane, Tier, TierName, plan_tiers
from sxt.ui.viewer.volumes import SliceVolume

SLAB_SLICES = 64
BLOCK_BYTES = 48 << 20
MAX_BLOCK_SLICES = 128
SAMPLE_SLICES = 8
SAMPLE_VOXELS = 1 << 20

Window = tuple[float, float]


@dataclass(frozen=True)
class SliceReader:
    """Reads 8-bit images of a volume.

    Parameters
    ----------
    volume : SliceVolume
    cache : BlockCache
        May be shared by readers.
    pooling : {"mean", "max"}
        How voxels become one in smaller images: ``max`` keeps thin lines of masks.
    """

    volume: SliceVolume
    cache: BlockCache
    pooling: Pooling = "mean"

    def tiers(self, plane: Plane) -> tuple[Tier, ...]:
        """The tiers of a plane, coarsest first."""
        return plan_tiers(self.volume.levels, plane)

    def read_strip(
        self, plane: Plane, tier_name: TierName, number: int, window: Window | None = None
    ) -> np.ndarray:
        """Return the images of one strip, (n, c, height, width) uint8; a window is needed unless data are uint8.

        Raises
        ------
        SettingsError
            Where there is no such strip.
        """
        tier = self._tier(plane, tier_name)
        if not 0 <= number < tier.n_strips:
            raise SettingsError(f"There is no strip {number}; this stack has {tier.n_strips}.")
        start = number * tier.images_per_strip
        return self._read(plane, tier, start, min(start + tier.images_per_strip, tier.count), window)

    def read_tile(
        self, plane: Plane, index: int, row: int, column: int, window: Window | None = None
    ) -> np.ndarray:
        """Return a tile of a slice in full resolution, (c, height, width) uint8, at most 1024 px a side.

        Raises
        ------
        SettingsError
            Where there is no such slice or tile.
        """
        tier = self._tier(plane, "full")
        y, x = row * TILE_PX, column * TILE_PX
        if not (0 <= index < tier.count and 0 <= y < tier.height and 0 <= x < tier.width):
            raise SettingsError(f"There is no tile {row}, {column} of slice {index} along {plane}.")
        if plane != "z":
            image = self._read(plane, tier, index, index + 1, window)[0]
            return image[:, y : y + TILE_PX, x : x + TILE_PX]
        region = (slice(index, index + 1), slice(y, y + TILE_PX), slice(x, x + TILE_PX))
        return _convert(self.volume.levels[0].read(region)[:, 0], window)

    def read_values(self, z: int, y: int, x: int) -> tuple[float, ...]:
        """Return the stored value of a voxel in each channel; raises `SettingsError` outside the volume."""
        if not all(0 <= at < size for at, size in zip((z, y, x), self.volume.shape, strict=True)):
            raise SettingsError(f"The voxel {z}, {y}, {x} is outside the volume of {self.volume.shape}.")
        region = (slice(z, z + 1), slice(y, y + 1), slice(x, x + 1))
        return tuple(float(each) for each in self.volume.levels[0].read(region)[:, 0, 0, 0])

    def measure_grey_scale(self) -> GreyScale:
        """Choose contrast from evenly spaced slices of full resolution."""
        level = self.volume.levels[0]
        z, y, x = level.shape
        at = np.unique(np.linspace(0, z - 1, min(z, SAMPLE_SLICES)).round().astype(int))
        step = max(1, int(np.ceil(np.sqrt(len(at) * y * x / SAMPLE_VOXELS))))
        whole = (slice(0, y), slice(0, x))
        return measure_grey_scale(
            np.stack([level.read((slice(k, k + 1), *whole))[0, 0, ::step, ::step] for k in at.tolist()])
        )

    def _tier(self, plane: Plane, name: TierName) -> Tier:
        for tier in self.tiers(plane):
            if tier.name == name:
                return tier
        raise SettingsError(f"This volume has no {name} images along {plane}.")

    def _read(self, plane: Plane, tier: Tier, start: int, stop: int, window: Window | None) -> np.ndarray:
        """Return images ``start`` to ``stop``, (n, c, height, width) uint8."""
        if plane == "z":
            return self._read_block(plane, tier, start, stop, window)
        n_block = _block_slices(tier, self.volume)
        parts = []
        for number in range(start // n_block, (stop - 1) // n_block + 1):
            first = number * n_block
            last = min(first + n_block, tier.count)
            key = (self.volume.name, plane, tier.name, number, window)
            block = self.cache.get(key, partial(self._read_block, plane, tier, first, last, window))
            parts.append(block[max(start - first, 0) : stop - first])
        return np.concatenate(parts)

    def _read_block(
        self, plane: Plane, tier: Tier, start: int, stop: int, window: Window | None
    ) -> np.ndarray:
        """Return images (n, c, height, width) uint8, read a few slices along z at a time."""
        level = self.volume.levels[tier.level]
        axes = PLANE_AXES[plane]
        down_z, across_z = (tier.reduce[i] if axes[i + 1] == 0 else 1 for i in (0, 1))
        depth = SLAB_SLICES * down_z * across_z  # whole groups, so that slabs are reduced on their own
        z_start, z_stop = (start, stop) if plane == "z" else (0, level.shape[0])
        images = []
        for z in range(z_start, z_stop, depth):
            region = [slice(0, size) for size in level.shape]
            region[axes[0]] = slice(start, stop)
            region[0] = slice(z, min(z + depth, z_stop))
            values = level.read((region[0], region[1], region[2]))  # (c, z, y, x)
            stack = np.moveaxis(values, [axes[0] + 1, axes[1] + 1, axes[2] + 1], [0, 2, 3])  # (n, c, h, w)
            images.append(_convert(reduce_images(stack, tier.reduce, self.pooling), window))
        slab_axis = {"z": 0, "y": 2, "x": 3}[plane]
        return np.concatenate(images, axis=slab_axis)


def _convert(values: np.ndarray, window: Window | None) -> np.ndarray:
    if window is not None:
        return to_uint8(values, window)
    if values.dtype not in (np.uint8, np.bool_):
        raise SettingsError(f"Values of type {values.dtype} need a contrast window to be shown in 8 bit.")
    return values.view(np.uint8)


def _block_slices(tier: Tier, volume: SliceVolume) -> int:
    """Return how many slices of a tier are read and kept together."""
    n_slices = MAX_BLOCK_SLICES
    while n_slices > 1 and n_slices * tier.height * tier.width * volume.n_channels > BLOCK_BYTES:
        n_slices //= 2
    return n_slices
