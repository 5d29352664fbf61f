"""Loops over voxels that numpy would take many passes for, compiled by numba; import it where it is needed.

All of them let other threads run meanwhile. What is compiled is kept beside the code, or else in the user's cache.
"""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np
from numba import njit

Loop = TypeVar("Loop", bound=Callable[..., Any])


def compiled(function: Loop) -> Loop:
    """Return a function that is compiled when it is first called, kept for the next process where a folder allows."""
    try:
        return cast(Loop, njit(nogil=True, cache=True)(function))
    except RuntimeError:  # no folder to keep it in can be written to
        return cast(Loop, njit(nogil=True)(function))


@compiled
def count_joint(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return (256, 256) int64: how often each pair of values occurs in two slices (y, x) uint8."""
    counts = np.zeros((256, 256), np.int64)
    for y in range(first.shape[0]):
        for x in range(first.shape[1]):
            counts[first[y, x], second[y, x]] += 1
    return counts


@compiled
def count_levels(
    probability: np.ndarray, truth: np.ndarray, group_of_value: np.ndarray, n_groups: int, patch_px: int
) -> np.ndarray:
    """Return (patches, groups, 256) int64: how often each probability occurs, by patch and by the truth's group.

    Parameters
    ----------
    probability, truth : ndarray
        (y, x) uint8.
    group_of_value : ndarray
        (256,) uint8: the group of each value of the truth.
    """
    n_rows, n_columns = -(-truth.shape[0] // patch_px), -(-truth.shape[1] // patch_px)
    counts = np.zeros((n_rows * n_columns, n_groups, 256), np.int64)
    for y in range(truth.shape[0]):
        row = y // patch_px * n_columns
        for column in range(n_columns):
            for x in range(column * patch_px, min(truth.shape[1], (column + 1) * patch_px)):
                counts[row + column, group_of_value[truth[y, x]], probability[y, x]] += 1
    return counts


@compiled
def find_surface(mask: np.ndarray, is_known: np.ndarray, first: int, last: int) -> np.ndarray:
    """Return (n, 3) int32, (z, y, x): voxels of a mask in some of its slices with a known face neighbour outside.

    Parameters
    ----------
    mask, is_known : ndarray
        (k, y, x) bool.
    first, last : int
        The slices looked at, ``last`` not among them; those beyond serve as neighbours.
    """
    n_z, n_y, n_x = mask.shape
    n = 0
    for z in range(first, last):
        for y in range(n_y):
            for x in range(n_x):
                n += mask[z, y, x]
    found = np.empty((n, 3), np.int32)
    n = 0
    for z in range(first, last):
        for y in range(n_y):
            for x in range(n_x):
                if mask[z, y, x] and (
                    (x > 0 and is_known[z, y, x - 1] and not mask[z, y, x - 1])
                    or (x + 1 < n_x and is_known[z, y, x + 1] and not mask[z, y, x + 1])
                    or (y > 0 and is_known[z, y - 1, x] and not mask[z, y - 1, x])
                    or (y + 1 < n_y and is_known[z, y + 1, x] and not mask[z, y + 1, x])
                    or (z > 0 and is_known[z - 1, y, x] and not mask[z - 1, y, x])
                    or (z + 1 < n_z and is_known[z + 1, y, x] and not mask[z + 1, y, x])
                ):
                    found[n, 0], found[n, 1], found[n, 2] = z, y, x
                    n += 1
    return found[:n].copy()


@compiled
def fill_plane(points: np.ndarray, size_y: float, size_x: float, plane: np.ndarray) -> None:
    """Set a plane (y, x) float32 to the squared distance to the nearest of some points in it; inf where there is none.

    Parameters
    ----------
    points : ndarray
        (n, 3) whole numbers, (z, y, x), of which z is not looked at.
    size_y, size_x : float
        Of a pixel.

    Notes
    -----
    Exact: distances along y first, then along x the lower envelope of parabolas (Felzenszwalb and Huttenlocher 2012,
    10.4086/toc.2012.v008a019).
    """
    plane[:] = np.inf
    if not len(points):
        return
    n_y, n_x = plane.shape
    for i in range(len(points)):
        plane[points[i, 1], points[i, 2]] = 0
    one, weight = np.float32(1), size_x * size_x
    for y in range(1, n_y):
        for x in range(n_x):
            plane[y, x] = min(plane[y, x], plane[y - 1, x] + one)  # pixels, so that nothing is rounded
    along = np.full(n_x, np.float32(np.inf))
    height, place, starts = np.empty(n_x), np.empty(n_x, np.int64), np.empty(n_x + 1)
    shares = np.zeros(n_x)  # of how far apart two parabolas are
    for x in range(1, n_x):
        shares[x] = 0.5 / (weight * x)
    for y in range(n_y - 1, -1, -1):
        for x in range(n_x):
            along[x] = min(plane[y, x], along[x] + one)
        n = 0
        for x in range(n_x):
            if along[x] == np.inf:
                continue
            new, start = (size_y * along[x]) ** 2, -np.inf
            while n > 0:
                before = place[n - 1]
                start = (new - height[n - 1]) * shares[x - before] + 0.5 * (x + before)
                if start > starts[n - 1]:
                    break
                n -= 1
            if n == 0:
                start = -np.inf
            height[n], place[n], starts[n] = new, x, start
            n += 1
        starts[n] = n_x
        first = 0
        for i in range(n):
            last = min(n_x, int(np.ceil(starts[i + 1])))
            for x in range(first, last):
                off = np.float64(x - place[i])
                plane[y, x] = height[i] + weight * (off * off)
            first = max(first, last)


@compiled
def search_along_z(
    points: np.ndarray, planes: np.ndarray, first: int, last: int, size_z: float, reach: int
) -> np.ndarray:
    """Return (n,) float32: the smallest squared distance of points to what lies within some slices of them.

    Parameters
    ----------
    points : ndarray
        (n, 3) whole numbers, (z, y, x).
    planes : ndarray
        (r, y, x) float32 of `fill_plane`; that of slice z is number ``z % r``.
    first, last : int
        The slices there are, ``last`` not among them.
    reach : int
        How many slices up and down are looked at.
    """
    square = np.empty(len(points), np.float32)
    n_planes = len(planes)
    for i in range(len(points)):
        z, y, x = points[i, 0], points[i, 1], points[i, 2]
        best = planes[z % n_planes, y, x]
        for away in range(1, reach + 1):
            added = np.float32((away * size_z) ** 2)
            if added >= best:
                break
            if z - away >= first:
                best = min(best, planes[(z - away) % n_planes, y, x] + added)
            if z + away < last:
                best = min(best, planes[(z + away) % n_planes, y, x] + added)
        square[i] = best
    return square


@compiled
def search_in_plane(
    points: np.ndarray, plane: np.ndarray, z: int, size_z: float, reach: int, square: np.ndarray
) -> None:
    """Lower the squared distances (n,) of points (n, 3) where something in slice z, beyond the reach, is nearer."""
    for i in range(len(points)):
        away = abs(points[i, 0] - z)
        added = np.float32((away * size_z) ** 2)
        if away > reach and added < square[i]:
            square[i] = min(square[i], plane[points[i, 1], points[i, 2]] + added)


@compiled
def measure_parts(labels: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return the voxels (n,), sums of coordinates, and first and last coordinates (n, 3) of labels 1..n, int64.

    ``labels`` is (k, y, x); each label occurs.
    """
    voxels, sums = np.zeros(n, np.int64), np.zeros((n, 3), np.int64)
    first, last = np.full((n, 3), np.iinfo(np.int64).max), np.full((n, 3), -1)
    for z in range(labels.shape[0]):
        for y in range(labels.shape[1]):
            for x in range(labels.shape[2]):
                if labels[z, y, x]:
                    i = labels[z, y, x] - 1
                    voxels[i] += 1
                    for axis, place in ((0, z), (1, y), (2, x)):
                        sums[i, axis] += place
                        first[i, axis] = min(first[i, axis], place)
                        last[i, axis] = max(last[i, axis], place)
    return voxels, sums, first, last


@compiled
def pair_runs(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return (3, n) int64: pairs of labels above 0 in two arrays (k, y, x), one a run along x, and the run's length."""
    found = np.empty((3, 1024), np.int64)
    n = 0
    for z in range(first.shape[0]):
        for y in range(first.shape[1]):
            is_new = True
            for x in range(first.shape[2]):
                a, b = first[z, y, x], second[z, y, x]
                if a == 0 or b == 0:
                    is_new = True
                elif not is_new and found[0, n - 1] == a and found[1, n - 1] == b:
                    found[2, n - 1] += 1
                else:
                    if n == found.shape[1]:
                        larger = np.empty((3, 2 * n), np.int64)
                        larger[:, :n] = found
                        found = larger
                    found[0, n], found[1, n], found[2, n] = a, b, 1
                    n += 1
                    is_new = False
    return found[:, :n].copy()


@compiled
def thin_slices(mask: np.ndarray, allowed: np.ndarray, steps: np.ndarray) -> np.ndarray:
    """Thin slices (k, y, x) bool to lines; see `sxt.metrics.thinning.thin`.

    Parameters
    ----------
    allowed : ndarray
        (256,) uint8: in which of two passes, as bits, a pixel with these neighbours may go.
    steps : ndarray
        (8, 2) whole numbers, (y, x): where the neighbour of each bit lies.
    """
    n_y, n_x = mask.shape[1] + 2, mask.shape[2] + 2
    lines = np.zeros(mask.shape, np.bool_)
    around, stamp = np.zeros(n_y * n_x, np.uint8), np.zeros(n_y * n_x, np.int32)
    waiting, coming = np.empty(n_y * n_x, np.int64), np.empty(n_y * n_x, np.int64)
    gone = np.empty(n_y * n_x, np.int64)
    jumps = steps[:, 0] * n_x + steps[:, 1]
    turns = 0
    for k in range(mask.shape[0]):
        n_waiting = 0
        for y in range(n_y - 2):
            for x in range(n_x - 2):
                if not mask[k, y, x]:
                    continue
                lines[k, y, x] = True
                bits = 0
                for bit in range(8):
                    other_y, other_x = y + steps[bit, 0], x + steps[bit, 1]
                    if 0 <= other_y < n_y - 2 and 0 <= other_x < n_x - 2 and mask[k, other_y, other_x]:
                        bits |= 1 << bit
                place = (y + 1) * n_x + x + 1
                around[place] = bits
                if allowed[bits]:
                    waiting[n_waiting] = place
                    n_waiting += 1
        turn = 1
        while n_waiting:
            turns += 1
            n_gone = n_coming = 0
            for i in range(n_waiting):
                if allowed[around[waiting[i]]] & turn:
                    gone[n_gone] = waiting[i]
                    n_gone += 1
                else:
                    coming[n_coming] = waiting[i]
                    n_coming += 1
            for i in range(n_gone):
                around[gone[i]] = 0
                lines[k, gone[i] // n_x - 1, gone[i] % n_x - 1] = False
                for bit in range(8):
                    around[gone[i] - jumps[bit]] &= 255 - (1 << bit)
            n_waiting = 0
            for i in range(n_coming):
                if allowed[around[coming[i]]] and stamp[coming[i]] != turns:
                    stamp[coming[i]] = turns
                    waiting[n_waiting] = coming[i]
                    n_waiting += 1
            for i in range(n_gone):
                for bit in range(8):
                    place = gone[i] - jumps[bit]
                    if allowed[around[place]] and stamp[place] != turns:
                        stamp[place] = turns
                        waiting[n_waiting] = place
                        n_waiting += 1
            turn = 3 - turn
        around[:] = 0
    return lines
