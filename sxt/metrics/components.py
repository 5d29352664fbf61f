"""Connected components of a volume that is read slab by slab, and how those of two volumes overlap."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

Connectivity = Literal[6, 26]
"""Voxels of one object share at least a face (6) or a corner (26)."""

LABEL_BITS = 32
LABEL_MASK = (1 << LABEL_BITS) - 1
"""Two labels are packed into one int64, so that pairs sort as numbers."""


@dataclass(frozen=True)
class Objects:
    """The components of a mask, numbered from 1 in the order in which they begin; arrays have one entry each.

    Parameters
    ----------
    voxels : ndarray
        (n,) int64.
    centre_px : ndarray
        (n, 3) float64, (z, y, x) in voxels.
    first_px, last_px : ndarray
        (n, 3) int64, the bounding box, both ends inclusive.
    """

    voxels: np.ndarray
    centre_px: np.ndarray
    first_px: np.ndarray
    last_px: np.ndarray

    def __len__(self) -> int:
        return len(self.voxels)


class ComponentStream:
    """Finds components slab by slab: memory grows with their number, not with the volume.

    Labels handed out while streaming are provisional; `finish` joins those that turned out to be one.
    """

    def __init__(self, *, connectivity: Connectivity = 26) -> None:
        self._connectivity = connectivity
        self._n_labels = 0
        self._z = 0
        self._last: np.ndarray | None = None
        self._joins: list[np.ndarray] = []
        self._parts: list[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]] = []

    def add(self, mask: np.ndarray) -> np.ndarray:
        """Take the next slices (k, y, x) bool; returns their provisional labels (k, y, x) int64, 0 background."""
        import cc3d

        # As numbers, not as a binary image: cc3d 4.1 fails on binary images of a single row of odd length.
        local, n_found = cc3d.connected_components(
            np.ascontiguousarray(mask).view(np.uint8), connectivity=self._connectivity, return_N=True
        )
        labels = np.where(local > 0, local.astype(np.int64) + self._n_labels, 0)
        if n_found:
            self._note_parts(local, n_found)
        if self._last is not None:
            self._joins.append(_touching(self._last, labels[0], self._connectivity))
        self._last = labels[-1]
        self._n_labels += n_found
        self._z += len(mask)
        return labels

    def finish(self) -> tuple[Objects, np.ndarray]:
        """Return the components, and the component's number of each provisional label; entry 0 is 0."""
        if not self._n_labels:
            empty = np.zeros((0, 3))
            whole = empty.astype(np.int64)
            return Objects(np.zeros(0, np.int64), empty, whole, whole), np.zeros(1, np.int64)
        joins = np.concatenate([*self._joins, np.zeros((0, 2), np.int64)]) - 1
        graph = coo_array(
            (np.ones(len(joins), np.int8), (joins[:, 0], joins[:, 1])), shape=(self._n_labels,) * 2
        )
        n_found, group = connected_components(graph, directed=False)
        _, first_label = np.unique(group, return_index=True)
        number = np.empty(n_found, np.int64)
        number[np.argsort(first_label)] = np.arange(1, n_found + 1)
        number_of_label = np.append(0, number[group])
        return self._objects(number_of_label[1:] - 1, n_found), number_of_label

    def _note_parts(self, local: np.ndarray, n_found: int) -> None:
        import cc3d

        found = cc3d.statistics(local, no_slice_conversion=True)
        boxes = np.asarray(found["bounding_boxes"], np.int64)[1:].reshape(
            n_found, 3, 2
        )  # label, axis, (first, last)
        boxes[:, 0] += self._z
        voxels = np.asarray(found["voxel_counts"], np.int64)[1:]
        centre = np.asarray(found["centroids"], np.float64)[1:] + np.array([self._z, 0, 0])
        self._parts.append((voxels, centre * voxels[:, None], boxes[:, :, 0], boxes[:, :, 1]))

    def _objects(self, index: np.ndarray, n_found: int) -> Objects:
        voxels, sums, first, last = (np.concatenate(each) for each in zip(*self._parts, strict=True))
        total = np.zeros(n_found, np.int64)
        np.add.at(total, index, voxels)
        centre = np.zeros((n_found, 3))
        np.add.at(centre, index, sums)
        lowest = np.full((n_found, 3), np.iinfo(np.int64).max)
        np.minimum.at(lowest, index, first)
        highest = np.full((n_found, 3), -1)
        np.maximum.at(highest, index, last)
        return Objects(total, centre / total[:, None], lowest, highest)


@dataclass(frozen=True)
class Overlaps:
    """Pairs of objects that share voxels; arrays (n,) int64: their numbers, from 1, and the shared voxels."""

    first: np.ndarray
    second: np.ndarray
    voxels: np.ndarray


class OverlapStream:
    """Finds the components of two masks on one grid, and their overlaps, slab by slab."""

    def __init__(self, *, connectivity: Connectivity = 26) -> None:
        self._first = ComponentStream(connectivity=connectivity)
        self._second = ComponentStream(connectivity=connectivity)
        self._pairs: list[np.ndarray] = []

    def add(self, first: np.ndarray, second: np.ndarray) -> None:
        """Take the next slices of both, (k, y, x) bool."""
        a, b = self._first.add(first), self._second.add(second)
        shared = first & second
        codes, counts = np.unique((a[shared] << LABEL_BITS) | b[shared], return_counts=True)
        self._pairs.append(np.stack([codes >> LABEL_BITS, codes & LABEL_MASK, counts]))

    def finish(self) -> tuple[Objects, Objects, Overlaps]:
        """Return the objects of both and their overlaps."""
        first, first_number = self._first.finish()
        second, second_number = self._second.finish()
        pairs = np.concatenate([*self._pairs, np.zeros((3, 0), np.int64)], axis=1)
        shape = (len(first) + 1, len(second) + 1)
        table = coo_array((pairs[2], (first_number[pairs[0]], second_number[pairs[1]])), shape=shape)
        table.sum_duplicates()
        row, column = table.coords
        return (
            first,
            second,
            Overlaps(row.astype(np.int64), column.astype(np.int64), table.data.astype(np.int64)),
        )


def _touching(upper: np.ndarray, lower: np.ndarray, connectivity: Connectivity) -> np.ndarray:
    """Return the pairs (n, 2) of labels of two neighbouring slices (y, x) that touch."""
    reach = 0 if connectivity == 6 else 1
    found = []
    for dy in range(-reach, reach + 1):
        for dx in range(-reach, reach + 1):
            a, b = upper[_shifted(dy), _shifted(dx)], lower[_shifted(-dy), _shifted(-dx)]
            both = (a > 0) & (b > 0)
            found.append(np.unique((a[both] << LABEL_BITS) | b[both]))
    codes = np.unique(np.concatenate(found))
    return np.stack([codes >> LABEL_BITS, codes & LABEL_MASK], axis=1)


def _shifted(step: int) -> slice:
    """The part of an axis that has a neighbour ``step`` further on."""
    return slice(max(0, -step), None if step <= 0 else -step) if step else slice(None)
