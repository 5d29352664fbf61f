"""Connected components of a mask, and what can be counted of them in voxels."""

from collections.abc import Iterator
from dataclasses import dataclass

import cc3d
import numpy as np

from sxt.errors import InputError
from sxt.progress import CancelToken
from sxt.surface.classes import ClassVolume, slab_depth
from sxt.surface.settings import Connectivity


@dataclass(frozen=True)
class Labels:
    """Which voxel belongs to which component.

    Parameters
    ----------
    volume : np.ndarray
        (z, y, x) unsigned integers: the component's label as found, before sorting and dropping; 0 background.
    id_of_label : np.ndarray
        (labels + 1,) int32: the id of each label, 0 for the background and for dropped components.
    """

    volume: np.ndarray
    id_of_label: np.ndarray

    @property
    def label_of_id(self) -> np.ndarray:
        """(k + 1,) int64: the label of each id; entry 0 stands for no id."""
        labels = np.zeros(self.id_of_label.max() + 1, np.int64)
        labels[self.id_of_label] = np.arange(len(self.id_of_label))
        return labels

    def ids_at(self, voxels: np.ndarray) -> np.ndarray:
        """(n,) int32: the component id at (n, 3) voxels, (z, y, x), inside the volume."""
        return self.id_of_label[self.volume[voxels[:, 0], voxels[:, 1], voxels[:, 2]]]


@dataclass(frozen=True)
class Components:
    """The components of a mask; component ``i`` (its id) has entry ``i - 1`` in the arrays below.

    Ids go by size: 1 is the largest component; equal sizes keep the order in which the volume is read.

    Parameters
    ----------
    class_of, voxels : np.ndarray
        (k,) int64.
    centroid_px : np.ndarray
        (k, 3) float64, (z, y, x) in voxels.
    first_px, last_px : np.ndarray
        (k, 3) int64, (z, y, x): the bounding box, both ends inclusive.
    touches_border : np.ndarray
        (k,) bool: whether a component has a voxel in the first or last slice, row or column.
    dropped, dropped_voxels : int
        Number of components below the smallest size, and their voxels.
    """

    class_of: np.ndarray
    voxels: np.ndarray
    centroid_px: np.ndarray
    first_px: np.ndarray
    last_px: np.ndarray
    touches_border: np.ndarray
    dropped: int
    dropped_voxels: int

    def __len__(self) -> int:
        return len(self.voxels)


@dataclass(frozen=True)
class Runs:
    """Runs of equal non-zero labels along x: ``label[i]`` fills (z, y, start..stop - 1); all (n,) int64."""

    label: np.ndarray
    z: np.ndarray
    y: np.ndarray
    start: np.ndarray
    stop: np.ndarray


def label_components(
    classes: ClassVolume, *, connectivity: Connectivity, min_voxels: float, cancel: CancelToken | None = None
) -> tuple[Labels, Components]:
    """Find the connected components of every class and drop the small ones.

    Parameters
    ----------
    classes : ClassVolume
        The mask; voxels of different classes never join.
    connectivity : {6, 26}
        Voxels that share a face, or at least a corner, are one component.
    min_voxels : float
        Components of fewer voxels are dropped.
    cancel : CancelToken, optional
        Checked once a slab.

    Raises
    ------
    InputError
        Where every component is below ``min_voxels``.
    """
    token = cancel or CancelToken()
    token.raise_if_cancelled()
    volume, n_labels = cc3d.connected_components(
        classes.data, connectivity=connectivity, return_N=True, binary_image=len(classes.values) == 1
    )
    tally = _Tally(n_labels)
    for runs in runs_along_x(classes.data, volume, cancel=token):
        tally.add(runs, classes.data)
    kept = _kept_labels(tally.voxels, min_voxels)
    id_of_label = np.zeros(n_labels + 1, np.int32)
    id_of_label[kept] = np.arange(1, len(kept) + 1)
    return Labels(volume, id_of_label), tally.components(kept, volume.shape)


def runs_along_x(
    classes: np.ndarray, labels: np.ndarray, *, cancel: CancelToken | None = None
) -> Iterator[Runs]:
    """Yield the runs of equal non-zero labels along x, one slab of slices at a time.

    A run ends where the class changes: neighbours of one class always have the same label. ``classes`` and ``labels``
    are (z, y, x).
    """
    token = cancel or CancelToken()
    depth = slab_depth(labels.shape)
    n_columns = labels.shape[2]
    for first in range(0, labels.shape[0], depth):
        token.raise_if_cancelled()
        slab = classes[first : first + depth]
        is_edge = np.ones((*slab.shape[:2], n_columns + 1), np.bool_)
        np.not_equal(slab[:, :, 1:], slab[:, :, :-1], out=is_edge[:, :, 1:-1])
        edges = np.flatnonzero(
            is_edge
        )  # positions in rows of n_columns + 1; each row begins and ends with an edge
        row, start = np.divmod(edges[:-1], n_columns + 1)
        is_run = start < n_columns
        row, start, stop = row[is_run], start[is_run], edges[1:][is_run] % (n_columns + 1)
        z, y = np.divmod(row, slab.shape[1])
        label = labels[z + first, y, start].astype(np.int64)
        kept = label > 0
        yield Runs(label=label[kept], z=z[kept] + first, y=y[kept], start=start[kept], stop=stop[kept])


class _Tally:
    """Voxel count, sum of positions, bounding box and class of every label, gathered run by run."""

    def __init__(self, n_labels: int) -> None:
        self.voxels = np.zeros(n_labels + 1, np.int64)
        self.position_sum = np.zeros((n_labels + 1, 3), np.float64)
        self.first = np.full((n_labels + 1, 3), np.iinfo(np.int64).max)
        self.last = np.full((n_labels + 1, 3), -1)
        self.class_of = np.zeros(n_labels + 1, np.int64)

    def add(self, runs: Runs, classes: np.ndarray) -> None:
        length = runs.stop - runs.start
        x_sum = (runs.start + runs.stop - 1) * length / 2
        self.voxels += self._sum(runs.label, length).astype(np.int64)
        for axis, total in enumerate((runs.z * length, runs.y * length, x_sum)):
            self.position_sum[:, axis] += self._sum(runs.label, total)
        for axis, (low, high) in enumerate(((runs.z, runs.z), (runs.y, runs.y), (runs.start, runs.stop - 1))):
            np.minimum.at(self.first[:, axis], runs.label, low)
            np.maximum.at(self.last[:, axis], runs.label, high)
        self.class_of[runs.label] = classes[runs.z, runs.y, runs.start]

    def components(self, kept: np.ndarray, shape: tuple[int, ...]) -> Components:
        """Return the components of some labels, in the order given."""
        first, last, voxels = self.first[kept], self.last[kept], self.voxels[kept]
        return Components(
            class_of=self.class_of[kept],
            voxels=voxels,
            centroid_px=self.position_sum[kept] / voxels[:, None],
            first_px=first,
            last_px=last,
            touches_border=(first == 0).any(axis=1) | (last == np.array(shape) - 1).any(axis=1),
            dropped=len(self.voxels) - 1 - len(kept),
            dropped_voxels=int(self.voxels.sum() - voxels.sum()),
        )

    def _sum(self, label: np.ndarray, weight: np.ndarray) -> np.ndarray:
        return np.bincount(label, weights=weight, minlength=len(self.voxels))


def _kept_labels(voxels: np.ndarray, min_voxels: float) -> np.ndarray:
    by_size = np.argsort(-voxels[1:], kind="stable") + 1
    kept = by_size[voxels[by_size] >= min_voxels]
    if len(kept) == 0:
        raise InputError(
            f"The largest of the {len(by_size)} components has {voxels[1:].max()} voxels, fewer than the smallest size "
            f"of {min_voxels:.6g} voxels; lower the smallest volume (--min-volume-um3 0 keeps all)."
        )
    return kept
