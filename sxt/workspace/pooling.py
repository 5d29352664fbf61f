"""Halving a volume: the mean or the largest of the voxels that become one."""

from typing import Literal

import numpy as np

Pooling = Literal["mean", "max"]
"""``mean`` for grey values and probabilities; ``max`` for masks, so that thin lines do not vanish."""

SMALL_INTEGER_BYTES = 2


def pool(volume: np.ndarray, *, halves_z: bool, pooling: Pooling) -> np.ndarray:
    """Halve a volume along y and x, and along z where asked; a last odd voxel stands for itself.

    Parameters
    ----------
    volume : ndarray
        (c, z, y, x).

    Returns
    -------
    ndarray
        (c, ceil(z / 2) or z, ceil(y / 2), ceil(x / 2)), same dtype. Means of integers are rounded; NaN counts as
        missing and stays only where all voxels of a group are NaN.
    """
    depth = 2 if halves_z else 1
    groups = [volume[:, start : start + depth] for start in range(0, volume.shape[1], depth)]
    pool_group = _largest if pooling == "max" else _mean
    return np.stack([pool_group(group) for group in groups], axis=1)  # (c, z', y', x')


def _largest(group: np.ndarray) -> np.ndarray:
    """(c, 1 or 2, y, x) -> (c, y', x')."""
    return _halve(_halve(group.max(axis=1), 1, np.maximum), 2, np.maximum)


def _mean(group: np.ndarray) -> np.ndarray:
    """(c, 1 or 2, y, x) -> (c, y', x')."""
    is_small = group.dtype.kind in "iu" and group.dtype.itemsize <= SMALL_INTEGER_BYTES
    working = np.float32 if is_small or group.dtype in (np.float16, np.float32) else np.float64
    values = group.astype(working)
    is_present = ~np.isnan(values)
    counts = _sum(is_present.astype(np.uint8)).astype(working)
    if not is_present.all():
        values[~is_present] = 0
    with np.errstate(
        divide="ignore", invalid="ignore", over="ignore"
    ):  # none present: 0 / 0 is NaN, as meant
        mean = _sum(values) / counts
    return (np.rint(mean) if group.dtype.kind in "iu" else mean).astype(group.dtype)


def _sum(values: np.ndarray) -> np.ndarray:
    return _halve(_halve(values.sum(axis=1, dtype=values.dtype), 1, np.add), 2, np.add)


def _halve(values: np.ndarray, axis: int, combine: np.ufunc) -> np.ndarray:
    """Combine neighbours 0 and 1, 2 and 3, … along an axis; a last odd one stays as it is."""
    moved = np.moveaxis(values, axis, 0)
    n_pairs = len(moved) // 2
    pairs = combine(moved[: 2 * n_pairs : 2], moved[1 : 2 * n_pairs : 2])
    halved = np.concatenate([pairs, moved[2 * n_pairs :]])
    return np.moveaxis(halved, 0, axis)
