"""The surface voxels of two masks, gathered slab by slab, and the distances between them."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from sxt.metrics.pair import MaskPair, read_slabs
from sxt.progress import CancelToken, Progress, ProgressCallback, ignore_progress
from sxt.tomogram import VoxelSize

STAGE = "find surfaces"
DISTANCE_STAGE = "measure distances"
BOX_VOXELS = 1 << 26
"""Voxels of a box in which distances are computed at a time: 256 MiB of float32."""

MARGIN_SLICES = 6
"""Slices by which boxes overlap; points with a partner farther away are looked up one by one."""


@dataclass(frozen=True)
class SurfacePoints:
    """The surface voxels of truth and prediction, both (n, 3) int32, (z, y, x), z rising.

    ``blocks`` are runs of slices that have labels; what lies in different ones knows nothing of each other.
    """

    truth: np.ndarray
    prediction: np.ndarray
    blocks: tuple[range, ...]


@dataclass(frozen=True)
class SurfaceDistances:
    """Distance of each surface voxel to the other surface; float32 (n,), inf where that has none in the block."""

    from_truth: np.ndarray
    from_prediction: np.ndarray


def find_surfaces(
    pair: MaskPair,
    value: int,
    *,
    progress: ProgressCallback = ignore_progress,
    cancel: CancelToken | None = None,
) -> SurfacePoints:
    """Gather the surface voxels of one class.

    Notes
    -----
    A surface voxel has a face neighbour that is labelled and not of the class. Neighbours beyond the volume and
    unlabelled ones say nothing, so that neither the cut through a structure nor the rim of a labelled region counts as
    a surface. In a slice labelled alone the surface is the outline within it.
    """
    found: list[tuple[np.ndarray, np.ndarray]] = []
    has_labels = np.zeros(pair.shape[0], np.bool_)
    for slab in read_slabs(pair, stage=STAGE, margin=1, progress=progress, cancel=cancel):
        is_known = slab.is_known
        has_labels[slab.start : slab.stop] = is_known.any(axis=(1, 2))
        masks = (slab.truth == value, (slab.prediction == value) & is_known)
        found.append(tuple(_surface_voxels(mask, is_known, slab.own, slab.start) for mask in masks))  # type: ignore[arg-type]
    truth, prediction = (np.concatenate(each) for each in zip(*found, strict=True))
    return SurfacePoints(truth, prediction, tuple(_runs(has_labels)))


def measure_distances(
    points: SurfacePoints,
    slice_shape: tuple[int, int],
    voxel_size: VoxelSize,
    *,
    progress: ProgressCallback = ignore_progress,
    cancel: CancelToken | None = None,
) -> SurfaceDistances:
    """Measure the exact Euclidean distances between the two surfaces, in the unit of ``voxel_size``, (z, y, x).

    Notes
    -----
    Distance transforms (the edt package) of boxes a few slices thick, so that memory stays bounded; a value
    counts where it is not larger than the way to an open end of its box, and a k-d tree finds the rest.
    """
    token = cancel or CancelToken()
    truth = np.full(len(points.truth), np.inf, np.float32)
    prediction = np.full(len(points.prediction), np.inf, np.float32)
    for number, block in enumerate(points.blocks):
        progress(Progress(DISTANCE_STAGE, number, len(points.blocks)))
        t, p = _within(points.truth, block), _within(points.prediction, block)
        if t.start == t.stop or p.start == p.stop:
            continue
        a, b = points.truth[t], points.prediction[p]
        truth[t] = _distances_to(a, b, block, slice_shape, voxel_size, token)
        prediction[p] = _distances_to(b, a, block, slice_shape, voxel_size, token)
    progress(Progress(DISTANCE_STAGE, len(points.blocks), len(points.blocks)))
    return SurfaceDistances(truth, prediction)


def _distances_to(
    points: np.ndarray,
    surface: np.ndarray,
    block: range,
    slice_shape: tuple[int, int],
    voxel_size: VoxelSize,
    cancel: CancelToken,
) -> np.ndarray:
    """Return the distance (n,) float32 of each point (n, 3) to the nearest of the surface's (m, 3)."""
    distance = np.full(len(points), np.inf, np.float32)
    for own, box in _boxes(block, slice_shape):
        cancel.raise_if_cancelled()
        here, there = _within(points, own), _within(surface, box)
        if here.start == here.stop or there.start == there.stop:
            continue
        field = _distance_field(surface[there], box, slice_shape, voxel_size)
        z, y, x = points[here].T
        found = field[z - box.start, y, x]
        below = (z - box.start + 1) if box.start > block.start else np.inf
        above = (box.stop - z) if box.stop < block.stop else np.inf
        is_sure = found <= np.minimum(below, above) * voxel_size[0]
        distance[here] = np.where(is_sure, found, np.inf)
    left = np.flatnonzero(np.isinf(distance))
    if len(left):
        size = np.array(voxel_size)
        tree = cKDTree(surface * size, balanced_tree=False, compact_nodes=False)
        distance[left] = tree.query(points[left] * size)[0]
    return distance


def _distance_field(
    surface: np.ndarray, box: range, slice_shape: tuple[int, int], voxel_size: VoxelSize
) -> np.ndarray:
    """Return the distance (k, y, x) float32 of every voxel of a box to the surface voxels in it."""
    import edt

    is_away = np.ones((len(box), *slice_shape), np.bool_)
    is_away[surface[:, 0] - box.start, surface[:, 1], surface[:, 2]] = False
    if len(box) == 1:
        field: np.ndarray = edt.edt(is_away[0], anisotropy=voxel_size[1:])[None]
    else:
        field = edt.edt(is_away, anisotropy=voxel_size)
    return field


def _boxes(block: range, slice_shape: tuple[int, int]) -> Iterator[tuple[range, range]]:
    """Yield the slices a box answers for, and those it covers."""
    thickest = max(1, BOX_VOXELS // (slice_shape[0] * slice_shape[1]))
    if len(block) <= thickest:
        yield block, block
        return
    step = max(MARGIN_SLICES, thickest - 2 * MARGIN_SLICES)
    for start in range(block.start, block.stop, step):
        own = range(start, min(block.stop, start + step))
        yield (
            own,
            range(max(block.start, own.start - MARGIN_SLICES), min(block.stop, own.stop + MARGIN_SLICES)),
        )


def _surface_voxels(mask: np.ndarray, is_known: np.ndarray, own: range, first_slice: int) -> np.ndarray:
    """Return the surface voxels (n, 3) int32 in the slices ``own``, numbered in the whole volume."""
    is_other = is_known & ~mask
    is_surface = np.zeros_like(mask)
    for axis in range(3):
        ahead = tuple(slice(1, None) if each == axis else slice(None) for each in range(3))
        behind = tuple(slice(None, -1) if each == axis else slice(None) for each in range(3))
        is_surface[behind] |= mask[behind] & is_other[ahead]
        is_surface[ahead] |= mask[ahead] & is_other[behind]
    kept = is_surface[own.start - first_slice : own.stop - first_slice]
    found = np.stack(np.nonzero(kept), axis=1).astype(np.int32)
    found[:, 0] += own.start
    return found


def _runs(has_labels: np.ndarray) -> Iterator[range]:
    edges = np.flatnonzero(np.diff(np.concatenate([[0], has_labels.astype(np.int8), [0]])))
    for start, stop in zip(edges[::2], edges[1::2], strict=True):
        yield range(int(start), int(stop))


def _within(points: np.ndarray, slices: range) -> slice:
    """Which of the points, sorted by z, lie in some slices."""
    start, stop = np.searchsorted(points[:, 0], [slices.start, slices.stop])
    return slice(int(start), int(stop))
