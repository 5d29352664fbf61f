"""The surface voxels of masks, gathered slab by slab, and the distances between two surfaces."""

import itertools
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sxt.metrics.pair import MaskPair, read_slabs
from sxt.progress import CancelToken, Progress, ProgressCallback, ignore_progress
from sxt.tomogram import VoxelSize

if TYPE_CHECKING:
    from pykdtree.kdtree import KDTree

STAGE = "find surfaces"
DISTANCE_STAGE = "measure distances"
BOX_VOXELS = 1 << 24
"""Voxels in which near surfaces are looked for at a time."""

NEAR_VOXELS = 3
"""Distance up to which all voxels around one are looked at, in units of the shortest side of a voxel."""


LEAF_POINTS = 16
"""Points that a k-d tree does not part any further."""


@dataclass(frozen=True)
class Surface:
    """The surface voxels of a mask, (n, 3) int32, (z, y, x), z rising.

    ``blocks`` are runs of slices that have labels; what lies in different ones knows nothing of each other.
    """

    points: np.ndarray
    blocks: tuple[range, ...]

    def __len__(self) -> int:
        return len(self.points)


@dataclass(frozen=True)
class SurfacePoints:
    """The surface voxels of truth and prediction, both (n, 3) int32, (z, y, x), z rising; blocks as of `Surface`."""

    truth: np.ndarray
    prediction: np.ndarray
    blocks: tuple[range, ...]


@dataclass(frozen=True)
class SurfaceDistances:
    """Distance of each surface voxel to the other surface; float32 (n,), inf where that has none in the block."""

    from_truth: np.ndarray
    from_prediction: np.ndarray


class SurfaceStream:
    """Gathers the surface voxels of one mask.

    Notes
    -----
    A surface voxel has a face neighbour that is labelled and not of the class. Neighbours beyond the volume and
    unlabelled ones say nothing, so that neither the cut through a structure nor the rim of a labelled region counts as
    a surface. In a slice labelled alone the surface is the outline within it.
    """

    def __init__(self) -> None:
        self._found: list[np.ndarray] = []

    def add(self, mask: np.ndarray, is_known: np.ndarray, own: range, first_slice: int) -> None:
        """Take the slices ``own``; mask and labelled voxels, (k, y, x) bool from ``first_slice`` on, have one more."""
        self._found.append(_surface_voxels(mask, is_known, own, first_slice))

    def finish(self, blocks: tuple[range, ...]) -> Surface:
        """Return all of them."""
        return Surface(np.concatenate([*self._found, np.zeros((0, 3), np.int32)]), blocks)


class NearestSurface:
    """Finds how far points are from a surface; what that takes is made once, for however many it is asked of.

    Parameters
    ----------
    surface : Surface
    slice_shape : tuple of int
        (y, x) of the volume.
    voxel_size : tuple of float
        (z, y, x); distances have its unit.

    Notes
    -----
    Exact to the precision of float32; several threads may ask. Nearly all points have the other surface within a few
    voxels: these are found by looking at the voxels around them, the nearest first. A k-d tree of the surface finds
    the rest.
    """

    def __init__(self, surface: Surface, slice_shape: tuple[int, int], voxel_size: VoxelSize) -> None:
        self.surface = surface
        self._slice_shape = slice_shape
        self._size = voxel_size
        self._trees: dict[range, KDTree] = {}
        self._lock = threading.Lock()

    def distances_of(self, points: np.ndarray, *, cancel: CancelToken | None = None) -> np.ndarray:
        """Return the distance (n,) float32 of points (n, 3), z rising; inf where their block has no surface."""
        token = cancel or CancelToken()
        distance = np.full(len(points), np.inf, np.float32)
        for block in self.surface.blocks:
            here, there = _within(points, block), _within(self.surface.points, block)
            if here.start == here.stop or there.start == there.stop:
                continue
            self._look_around(points, distance, block, token)
            left = here.start + np.flatnonzero(np.isinf(distance[here]))
            if len(left):
                token.raise_if_cancelled()
                distance[left] = self._tree(block).query(self._scale(points[left]))[0]
        return distance

    def _look_around(
        self, points: np.ndarray, distance: np.ndarray, block: range, cancel: CancelToken
    ) -> None:
        """Set the distances of those points of a block that have the surface close by."""
        offsets = near_offsets(self._size)
        reach = [int(each) for each in np.abs(offsets).max(axis=0)]
        lengths = np.sqrt(((offsets * np.array(self._size)) ** 2).sum(axis=1)).astype(np.float32)
        thickness = max(1, BOX_VOXELS // (self._slice_shape[0] * self._slice_shape[1]))
        for start in range(block.start, block.stop, thickness):
            cancel.raise_if_cancelled()
            own = _within(points, range(start, min(block.stop, start + thickness)))
            if own.start == own.stop:
                continue
            box = _Box(range(start, min(block.stop, start + thickness)), block, self._slice_shape, reach)
            box.mark(self.surface.points)
            left, places = np.arange(own.start, own.stop), box.places(points[own])
            for step, length in zip(box.steps(offsets), lengths, strict=True):
                is_found = box.is_marked(places + step)
                distance[left[is_found]] = length
                left, places = left[~is_found], places[~is_found]
                if not len(left):
                    break

    def _scale(self, points: np.ndarray) -> np.ndarray:
        """Return where points lie, float32: half the memory, and exact to a ten-millionth of the volume's side."""
        return points.astype(np.float32) * np.array(self._size, np.float32)

    def _tree(self, block: range) -> "KDTree":
        from pykdtree.kdtree import KDTree

        with self._lock:
            if block not in self._trees:
                points = self.surface.points[_within(self.surface.points, block)]
                self._trees[block] = KDTree(self._scale(points), leafsize=LEAF_POINTS)
            return self._trees[block]


class _Box:
    """The slices ``own`` of a block with a rim around them, in which surface voxels are marked."""

    def __init__(self, own: range, block: range, slice_shape: tuple[int, int], reach: list[int]) -> None:
        self._covered = range(max(block.start, own.start - reach[0]), min(block.stop, own.stop + reach[0]))
        self._shift = np.array([reach[0] - own.start, reach[1], reach[2]])
        shape = [size + 2 * r for size, r in zip((len(own), *slice_shape), reach, strict=True)]
        self._strides = np.array([shape[1] * shape[2], shape[2], 1])
        self._marked = np.zeros(shape[0] * shape[1] * shape[2], np.bool_)

    def mark(self, points: np.ndarray) -> None:
        self._marked[self.places(points[_within(points, self._covered)])] = True

    def places(self, points: np.ndarray) -> np.ndarray:
        """Return (n,) int64: where points (n, 3) of the volume lie in the box."""
        places: np.ndarray = (points + self._shift) @ self._strides
        return places

    def steps(self, offsets: np.ndarray) -> list[int]:
        return [int(each) for each in offsets @ self._strides]

    def is_marked(self, places: np.ndarray) -> np.ndarray:
        found: np.ndarray = self._marked.take(places)
        return found


def find_surfaces(
    pair: MaskPair,
    value: int,
    *,
    progress: ProgressCallback = ignore_progress,
    cancel: CancelToken | None = None,
) -> SurfacePoints:
    """Gather the surface voxels of one class in truth and prediction; see `SurfaceStream`."""
    truth, prediction = SurfaceStream(), SurfaceStream()
    has_labels = np.zeros(pair.shape[0], np.bool_)
    for slab in read_slabs(pair, stage=STAGE, margin=1, progress=progress, cancel=cancel):
        is_known = slab.is_known
        has_labels[slab.start : slab.stop] = is_known.any(axis=(1, 2))
        truth.add(slab.truth == value, is_known, slab.own, slab.start)
        prediction.add((slab.prediction == value) & is_known, is_known, slab.own, slab.start)
    blocks = labelled_runs(has_labels)
    return SurfacePoints(truth.finish(blocks).points, prediction.finish(blocks).points, blocks)


def measure_distances(
    points: SurfacePoints,
    slice_shape: tuple[int, int],
    voxel_size: VoxelSize,
    *,
    progress: ProgressCallback = ignore_progress,
    cancel: CancelToken | None = None,
) -> SurfaceDistances:
    """Measure the exact Euclidean distances between the two surfaces, in the unit of ``voxel_size``, (z, y, x)."""
    progress(Progress(DISTANCE_STAGE, 0, 2))
    truth = NearestSurface(Surface(points.truth, points.blocks), slice_shape, voxel_size)
    from_prediction = truth.distances_of(points.prediction, cancel=cancel)
    progress(Progress(DISTANCE_STAGE, 1, 2))
    prediction = NearestSurface(Surface(points.prediction, points.blocks), slice_shape, voxel_size)
    from_truth = prediction.distances_of(points.truth, cancel=cancel)
    progress(Progress(DISTANCE_STAGE, 2, 2))
    return SurfaceDistances(from_truth, from_prediction)


def near_offsets(voxel_size: VoxelSize) -> np.ndarray:
    """Return the steps (n, 3) to all voxels near one, itself among them, the nearest first."""
    farthest = NEAR_VOXELS * min(voxel_size)
    spans = [range(-int(farthest / each), int(farthest / each) + 1) for each in voxel_size]
    steps = np.array(list(itertools.product(*spans)))
    lengths = ((steps * np.array(voxel_size)) ** 2).sum(axis=1)
    order = np.argsort(lengths, kind="stable")
    near: np.ndarray = steps[order][lengths[order] <= farthest**2]
    return near


def labelled_runs(has_labels: np.ndarray) -> tuple[range, ...]:
    """Return the runs of slices that have labels, of (z,) bool."""
    return tuple(_runs(has_labels))


def _surface_voxels(mask: np.ndarray, is_known: np.ndarray, own: range, first_slice: int) -> np.ndarray:
    """Return the surface voxels (n, 3) int32 in the slices ``own``, numbered in the whole volume."""
    is_other = is_known & ~mask
    is_near = np.zeros_like(mask)
    for axis in range(3):
        ahead = tuple(slice(1, None) if each == axis else slice(None) for each in range(3))
        behind = tuple(slice(None, -1) if each == axis else slice(None) for each in range(3))
        is_near[behind] |= is_other[ahead]
        is_near[ahead] |= is_other[behind]
    kept = slice(own.start - first_slice, own.stop - first_slice)
    places = np.flatnonzero(is_near[kept] & mask[kept])
    found = np.empty((len(places), 3), np.int32)
    rows, found[:, 2] = np.divmod(places, mask.shape[2])
    found[:, 0], found[:, 1] = np.divmod(rows, mask.shape[1])
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
