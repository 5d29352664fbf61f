"""The surface voxels of masks, gathered slab by slab, and the distances between two surfaces."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from sxt.metrics.pair import MaskPair, read_slabs
from sxt.progress import CancelToken, Progress, ProgressCallback, ignore_progress
from sxt.tomogram import VoxelSize

STAGE = "find surfaces"
DISTANCE_STAGE = "measure distances"
WINDOW_BYTES = 1 << 28
"""Of the slices' distances that are kept while those near them are measured."""


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
    """Finds how far points are from a surface.

    Parameters
    ----------
    surface : Surface
    slice_shape : tuple of int
        (y, x) of the volume.
    voxel_size : tuple of float
        (z, y, x); distances have its unit.

    Notes
    -----
    Exact to the precision of float32. Within each slice, the distance to the surface is worked out for all voxels; a
    point then looks up and down from its slice until what is farther cannot be nearer. Slices within a window around
    the point are at hand; the few points that must look beyond it do so in a second round.
    """

    def __init__(self, surface: Surface, slice_shape: tuple[int, int], voxel_size: VoxelSize) -> None:
        self.surface = surface
        self._slice_shape = slice_shape
        self._size = voxel_size

    def distances_of(self, *points: np.ndarray, cancel: CancelToken | None = None) -> list[np.ndarray]:
        """Return the distances of sets of points, each (n,) float32; inf where the points' block has no surface.

        Points are (n, 3), (z, y, x), z rising.
        """
        token = cancel or CancelToken()
        squares = [np.full(len(each), np.inf, np.float32) for each in points]
        for block in self.surface.blocks:
            there = _within(self.surface.points, block)
            parts = [_within(each, block) for each in points]
            if there.start < there.stop and any(part.start < part.stop for part in parts):
                self._search(
                    block,
                    [each[part] for each, part in zip(points, parts, strict=True)],
                    [each[part] for each, part in zip(squares, parts, strict=True)],
                    token,
                )
        return [np.sqrt(each, out=each) for each in squares]

    def _search(
        self, block: range, points: list[np.ndarray], squares: list[np.ndarray], cancel: CancelToken
    ) -> None:
        """Set the squared distances of points of a block."""
        from sxt.metrics import loops

        size_z, starts = self._size[0], [_starts(each, block) for each in (self.surface.points, *points)]
        plane_bytes = 4 * self._slice_shape[0] * self._slice_shape[1]
        reach = min(max(1, (WINDOW_BYTES // plane_bytes - 1) // 2), len(block))
        planes = np.empty((2 * reach + 1, *self._slice_shape), np.float32)
        filled = block.start
        for z in block:
            cancel.raise_if_cancelled()
            while filled < min(block.stop, z + reach + 1):
                self._fill(planes[filled % len(planes)], starts[0], filled - block.start)
                filled += 1
            for each, square, start in zip(points, squares, starts[1:], strict=True):
                here = slice(start[z - block.start], start[z - block.start + 1])
                square[here] = loops.search_along_z(
                    each[here], planes, block.start, block.stop, size_z, reach
                )
        for each, square in zip(points, squares, strict=True):
            self._search_beyond(block, starts[0], each, square, reach, cancel)

    def _search_beyond(
        self,
        block: range,
        starts: np.ndarray,
        points: np.ndarray,
        square: np.ndarray,
        reach: int,
        cancel: CancelToken,
    ) -> None:
        """Lower the squared distances of those points that something beyond the reach may be nearer to."""
        from sxt.metrics import loops

        left = np.flatnonzero(square > (reach * self._size[0]) ** 2)
        far, found = points[left], square[left]
        plane = np.empty(self._slice_shape, np.float32)
        for z in block if len(left) else ():
            cancel.raise_if_cancelled()
            away = np.abs(far[:, 0] - z)
            if np.any((away > reach) & ((away * self._size[0]) ** 2 < found)):
                self._fill(plane, starts, z - block.start)
                loops.search_in_plane(far, plane, z, self._size[0], reach, found)
        square[left] = found

    def _fill(self, plane: np.ndarray, starts: np.ndarray, number: int) -> None:
        """Set a plane to the squared distances to the surface within a slice of the block, numbered from its first."""
        from sxt.metrics import loops

        of_slice = self.surface.points[starts[number] : starts[number + 1]]
        loops.fill_plane(of_slice, *self._size[1:], plane)


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
    (from_prediction,) = truth.distances_of(points.prediction, cancel=cancel)
    progress(Progress(DISTANCE_STAGE, 1, 2))
    prediction = NearestSurface(Surface(points.prediction, points.blocks), slice_shape, voxel_size)
    (from_truth,) = prediction.distances_of(points.truth, cancel=cancel)
    progress(Progress(DISTANCE_STAGE, 2, 2))
    return SurfaceDistances(from_truth, from_prediction)


def labelled_runs(has_labels: np.ndarray) -> tuple[range, ...]:
    """Return the runs of slices that have labels, of (z,) bool."""
    return tuple(_runs(has_labels))


def _surface_voxels(mask: np.ndarray, is_known: np.ndarray, own: range, first_slice: int) -> np.ndarray:
    """Return the surface voxels (n, 3) int32 in the slices ``own``, numbered in the whole volume."""
    from sxt.metrics import loops

    found = loops.find_surface(mask, is_known, own.start - first_slice, own.stop - first_slice)
    found[:, 0] += first_slice
    return found


def _runs(has_labels: np.ndarray) -> Iterator[range]:
    edges = np.flatnonzero(np.diff(np.concatenate([[0], has_labels.astype(np.int8), [0]])))
    for start, stop in zip(edges[::2], edges[1::2], strict=True):
        yield range(int(start), int(stop))


def _within(points: np.ndarray, slices: range) -> slice:
    """Which of the points, sorted by z, lie in some slices."""
    starts = _starts(points, slices)
    return slice(int(starts[0]), int(starts[-1]))


def _starts(points: np.ndarray, slices: range) -> np.ndarray:
    """Return where each slice's points begin among points sorted by z, and where the last one's end, (slices + 1,)."""
    return np.searchsorted(np.ascontiguousarray(points[:, 0]), np.arange(slices.start, slices.stop + 1))
