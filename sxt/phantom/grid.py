"""The voxel grid a specimen is drawn on, and boxes of voxels in it."""

from dataclasses import dataclass

import numpy as np

from sxt.tomogram import VoxelSize

Box = tuple[slice, slice, slice]
"""Voxels of the grid as slices along (z, y, x)."""


@dataclass(frozen=True)
class Grid:
    """Voxels of ``voxel_nm`` (z, y, x); voxel (0, 0, 0) has its centre half a voxel from the origin."""

    shape: tuple[int, int, int]
    voxel_nm: VoxelSize

    @property
    def extent_nm(self) -> np.ndarray:
        """Length of the grid along (z, y, x) in nm."""
        return np.multiply(self.shape, self.voxel_nm)

    @property
    def volume_um3(self) -> float:
        return float(np.prod(self.extent_nm / 1000.0))

    @property
    def mean_voxel_nm(self) -> float:
        return float(np.prod(self.voxel_nm) ** (1 / 3))

    @property
    def whole(self) -> Box:
        z, y, x = self.shape
        return (slice(0, z), slice(0, y), slice(0, x))

    def box_around(self, low_nm: np.ndarray, high_nm: np.ndarray) -> Box | None:
        """Return the voxels between two corners (z, y, x), or None where the grid has none."""
        start = np.maximum(np.floor(np.divide(low_nm, self.voxel_nm)), 0).astype(int)
        stop = np.minimum(np.ceil(np.divide(high_nm, self.voxel_nm)), self.shape).astype(int)
        if (stop <= start).any():
            return None
        return (slice(start[0], stop[0]), slice(start[1], stop[1]), slice(start[2], stop[2]))

    def coordinates(self, box: Box, centre_nm: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return voxel centres relative to ``centre_nm`` as three arrays that broadcast to the box, in nm."""
        axes = [
            ((np.arange(s.start, s.stop) + 0.5) * size - centre).astype(np.float32)
            for s, size, centre in zip(box, self.voxel_nm, centre_nm, strict=True)
        ]
        return axes[0][:, None, None], axes[1][None, :, None], axes[2][None, None, :]


def box_shape(box: Box) -> tuple[int, int, int]:
    """Return the number of voxels of a box along (z, y, x)."""
    return (box[0].stop - box[0].start, box[1].stop - box[1].start, box[2].stop - box[2].start)
