"""Smooth a mask along z, where limited-angle tomography makes neighbouring slices disagree."""

import numpy as np
from scipy.ndimage import gaussian_filter1d

from sxt.progress import CancelToken, Progress, ProgressCallback, ignore_progress

LEVEL = 0.5
"""A voxel is foreground where the Gaussian mean of its column is at least this: a plane stays where it is."""

TRUNCATE = 4.0
BAND_VOXELS = 1 << 22


def smooth_along_z(
    classes: np.ndarray,
    values: tuple[int, ...],
    sigma: float,
    *,
    progress: ProgressCallback = ignore_progress,
    cancel: CancelToken | None = None,
) -> np.ndarray:
    """Smooth every class along z with a Gaussian and threshold it at one half.

    Parameters
    ----------
    classes : np.ndarray
        (z, y, x) unsigned integers, 0 background; not changed.
    values : tuple of int
        The classes in it.
    sigma : float
        Standard deviation in slices; 0 gives ``classes`` back.
    progress, cancel
        Reported and checked once a band of rows.

    Returns
    -------
    np.ndarray
        (z, y, x) in the same dtype. Where two classes reach one half, the lower one stays.

    Notes
    -----
    The first and last slice are continued outwards, so that objects cut by the tomogram do not shrink there.
    """
    if sigma == 0:
        return classes
    token = cancel or CancelToken()
    n_slices, n_rows, n_columns = classes.shape
    smoothed = np.zeros_like(classes)
    band_rows = max(1, BAND_VOXELS // (n_slices * n_columns))
    for start in range(0, n_rows, band_rows):
        token.raise_if_cancelled()
        band = slice(start, min(start + band_rows, n_rows))
        smoothed[:, band] = _smooth_band(classes[:, band], values, sigma)
        progress(Progress("smooth along z", band.stop, n_rows))
    return smoothed


def _smooth_band(band: np.ndarray, values: tuple[int, ...], sigma: float) -> np.ndarray:
    out = np.zeros_like(band)
    present = [v for v in values if (band == v).any()]
    for value in reversed(present):
        weight = gaussian_filter1d(
            (band == value).astype(np.float32), sigma, axis=0, mode="nearest", truncate=TRUNCATE
        )
        out[weight >= LEVEL] = value
    return out
