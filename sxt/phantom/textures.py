"""Smooth random fields."""

import numpy as np
from scipy.ndimage import gaussian_filter


def draw_field(
    rng: np.random.Generator, shape: tuple[int, int, int], correlation_px: tuple[float, float, float]
) -> np.ndarray:
    """Draw a random field of mean 0 and deviation 1, float32.

    Parameters
    ----------
    shape : tuple of int
        (z, y, x).
    correlation_px : tuple of float
        Deviation of the Gaussian kernel that white noise is smoothed with, (z, y, x) in voxels.

    Notes
    -----
    A field smoother than 4 voxels is drawn on a coarser grid and interpolated linearly.
    """
    step = [max(int(c // 2), 1) for c in correlation_px]
    coarse_shape = tuple(-(-n // s) + 1 if s > 1 else n for n, s in zip(shape, step, strict=True))
    coarse = rng.standard_normal(coarse_shape, dtype=np.float32)
    coarse = gaussian_filter(coarse, [c / s for c, s in zip(correlation_px, step, strict=True)], mode="wrap")
    coarse -= coarse.mean()
    coarse /= coarse.std() + 1e-6
    for axis, (length, factor) in enumerate(zip(shape, step, strict=True)):
        coarse = stretch(coarse, axis, length, factor)
    return coarse


def stretch(values: np.ndarray, axis: int, length: int, factor: int) -> np.ndarray:
    """Interpolate linearly to ``length`` voxels along one axis, ``factor`` to a voxel of ``values``."""
    if factor == 1:
        return values
    position = (np.arange(length) + 0.5) / factor - 0.5
    low = np.clip(np.floor(position).astype(int), 0, values.shape[axis] - 2)  # the ends are extrapolated
    share = (position - low).astype(np.float32).reshape([-1 if a == axis else 1 for a in range(values.ndim)])
    first, second = np.take(values, low, axis), np.take(values, low + 1, axis)
    first += share * (second - first)
    return first
