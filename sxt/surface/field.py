"""The field whose level set is the surface: the mask, smoothed only as far as its topology stays."""

from dataclasses import dataclass

import numpy as np

from sxt.progress import CancelToken
from sxt.surface.classes import slab_depth
from sxt.tomogram import VoxelSize

FULL = 192
"""Field value deep inside a component; outside it is 0."""

LEVEL = FULL // 2
MARGIN = 3
"""Foreground voxels have at least LEVEL + MARGIN, background voxels at most LEVEL - MARGIN."""

MAX_STEPS = 3
"""Most smoothing steps along one axis; the finest axis of anisotropic voxels gets more than the coarsest."""

STEP_BITS = 2
"""A step convolves with [1, 2, 1], which multiplies the sum by 4."""


@dataclass(frozen=True)
class SmoothingSteps:
    """Number of [1, 2, 1] convolutions along (z, y, x); each adds a variance of half a squared voxel."""

    z: int = 1
    y: int = 1
    x: int = 1

    @property
    def total(self) -> int:
        return self.z + self.y + self.x


def smoothing_steps(voxel_size_nm: VoxelSize | None) -> SmoothingSteps:
    """Choose the smoothing so that it reaches about as far in nm along each axis: one step on the coarsest axis."""
    if voxel_size_nm is None:
        return SmoothingSteps()
    steps = (min(MAX_STEPS, max(1, round(max(voxel_size_nm) / size))) for size in voxel_size_nm)
    return SmoothingSteps(*steps)


def surface_field(
    labels: np.ndarray,
    is_member: np.ndarray | None,
    steps: SmoothingSteps,
    *,
    cancel: CancelToken | None = None,
) -> np.ndarray:
    """Compute the field of a group of components, slab by slab.

    Parameters
    ----------
    labels : np.ndarray
        (z, y, x) unsigned integers.
    is_member : np.ndarray or None
        (labels + 1,) bool: which labels are foreground; None for all but 0.
    steps : SmoothingSteps
        Strength of the smoothing.
    cancel : CancelToken, optional
        Checked once a slab.

    Returns
    -------
    np.ndarray
        (z + 2, y + 2, x + 2) uint8, 0..FULL: the volume with one voxel of background around it. A voxel is foreground
        exactly where the field is above LEVEL.

    Notes
    -----
    The mask is convolved with binomial kernels, then every voxel is held on its own side of LEVEL. Marching cubes
    thus finds the same cells, and the same topology, as in the binary mask: no component can vanish, be cut
    through or merge with its neighbour however thin it is, while vertices slide along the grid edges to where the
    smoothed boundary lies. This removes the staircase, which alone overestimates areas by about 9 %.
    """
    token = cancel or CancelToken()
    n_slices = labels.shape[0]
    out = np.empty(tuple(n + 2 for n in labels.shape), np.uint8)
    depth = max(2, slab_depth(labels.shape))
    for start in range(0, n_slices + 2, depth):
        token.raise_if_cancelled()
        stop = min(start + depth, n_slices + 2)
        padded = _padded_slab(labels, is_member, start, stop, steps)
        own = padded[
            steps.z : padded.shape[0] - steps.z,
            steps.y : padded.shape[1] - steps.y,
            steps.x : padded.shape[2] - steps.x,
        ]
        _hold_sides(_convolve(padded, steps), own, out[start:stop])
    return out


def _padded_slab(
    labels: np.ndarray, is_member: np.ndarray | None, start: int, stop: int, steps: SmoothingSteps
) -> np.ndarray:
    """Return slices start - 1 - steps.z to stop - 1 + steps.z of the foreground as 0 and 1, zeros beyond the volume."""
    n_slices, n_rows, n_columns = labels.shape
    first = start - 1 - steps.z
    low, high = max(first, 0), min(stop - 1 + steps.z, n_slices)
    shape = (stop - start + 2 * steps.z, n_rows + 2 + 2 * steps.y, n_columns + 2 + 2 * steps.x)
    padded = np.zeros(shape, np.uint8)
    if low < high:
        slab = labels[low:high]
        inside = (
            slice(low - first, high - first),
            slice(1 + steps.y, 1 + steps.y + n_rows),
            slice(1 + steps.x, 1 + steps.x + n_columns),
        )
        padded[inside] = slab != 0 if is_member is None else is_member[slab]
    return padded


def _convolve(padded: np.ndarray, steps: SmoothingSteps) -> np.ndarray:
    """Convolve with [1, 2, 1] as often as ``steps`` says and scale the sums to 0..FULL, as uint8."""
    is_small = STEP_BITS * steps.total <= 6  # sums up to 64, times 3, fit 8 bits
    sums = padded if is_small else padded.astype(np.uint16)
    for _ in range(2 * steps.z):
        sums = sums[1:] + sums[:-1]
    for _ in range(2 * steps.y):
        sums = sums[:, 1:] + sums[:, :-1]
    for _ in range(2 * steps.x):
        sums = sums[:, :, 1:] + sums[:, :, :-1]
    sums = sums * sums.dtype.type(3)
    return sums if is_small else (sums >> (STEP_BITS * steps.total - 6)).astype(np.uint8)


def _hold_sides(smoothed: np.ndarray, foreground: np.ndarray, out: np.ndarray) -> None:
    """Write ``smoothed`` to ``out``, at least LEVEL + MARGIN in the foreground and at most LEVEL - MARGIN outside."""
    lowest = foreground * np.uint8(LEVEL + MARGIN)
    highest = foreground * np.uint8(FULL - LEVEL + MARGIN) + np.uint8(LEVEL - MARGIN)
    np.maximum(smoothed, lowest, out=out)
    np.minimum(out, highest, out=out)
