"""Which class is predicted where which is true: counted slice by slice in one pass over any number of classes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from sxt.errors import InputError
from sxt.metrics.pair import UNLABELLED, MaskPair, read_slabs
from sxt.metrics.scores import SCORE_NAMES, BinaryCounts, score, score_all
from sxt.progress import CancelToken, ProgressCallback, ignore_progress

STAGE = "count voxels"
N_VALUES = 256
MOST_CLASSES = 64
"""A mask with more values than this is taken for grey values."""


@dataclass(frozen=True)
class Confusion:
    """Confusion matrices of slices.

    Parameters
    ----------
    classes : tuple of int
        Values of the foreground classes; whatever is none of them is background.
    matrix : ndarray
        (z, k + 1, k + 1) int64: voxels by true class (rows) and predicted class (columns), background first.
    n_unlabelled : ndarray
        (z,) int64: voxels that were left out.
    """

    classes: tuple[int, ...]
    matrix: np.ndarray
    n_unlabelled: np.ndarray

    def of_class(self, value: int) -> BinaryCounts:
        """Return the counts (z,) of one class against all else."""
        position = self.classes.index(value) + 1
        tp = self.matrix[:, position, position]
        fp = self.matrix[:, :, position].sum(axis=1) - tp
        fn = self.matrix[:, position].sum(axis=1) - tp
        return BinaryCounts(tp, fp, fn, self.matrix.sum(axis=(1, 2)) - tp - fp - fn)

    @property
    def accuracy(self) -> float:
        """Share of all counted voxels whose class is right; NaN where none is counted."""
        total = self.matrix.sum()
        return float(np.trace(self.matrix.sum(axis=0)) / total) if total else float("nan")

    def macro(self) -> dict[str, float]:
        """Return every score as the mean over the classes of their pooled scores."""
        pooled = [score_all(self.of_class(value)) for value in self.classes]
        return {name: float(np.mean([each[name] for each in pooled])) for name in SCORE_NAMES}

    def pooled(self) -> dict[str, float]:
        """Return every score of the counts of all classes added up."""
        counts = [self.of_class(value) for value in self.classes]
        added = np.sum([each.as_array() for each in counts], axis=0)  # (z, 4)
        return score_all(BinaryCounts(*added.T))

    def of_class_pooled(self, value: int) -> dict[str, float]:
        """Return every score of one class over all slices together."""
        return score_all(self.of_class(value))

    def per_slice(self, value: int) -> dict[str, np.ndarray]:
        """Return every score (z,) of one class, NaN in slices without a label."""
        counts = self.of_class(value)
        return {name: score(counts, name) for name in SCORE_NAMES}


class JointCounter:
    """Counts how often each pair of true and predicted value occurs in a slice, whatever the values are."""

    def __init__(self) -> None:
        self._slices: list[tuple[np.ndarray, np.ndarray]] = []

    def add(self, truth: np.ndarray, prediction: np.ndarray) -> None:
        """Count the next slices, both (k, y, x) uint8."""
        from sxt.metrics import loops

        for each in zip(truth, prediction, strict=True):
            counts = loops.count_joint(*each).reshape(-1)
            found = np.flatnonzero(counts)
            self._slices.append((found, counts[found]))

    def values(self) -> "FoundValues":
        """Return which values occur."""
        codes = np.unique(np.concatenate([found for found, _ in self._slices]))
        known = codes[codes >> 8 != UNLABELLED]
        return FoundValues(
            truth=tuple(np.unique(codes >> 8).tolist()),
            prediction=tuple(np.unique(codes & 255).tolist()),
            n_known=len(known),
        )

    def confusion(self, classes: Sequence[int]) -> Confusion:
        """Return the confusion matrices of some classes."""
        k = len(classes) + 1
        position = np.zeros(N_VALUES, np.int64)
        position[list(classes)] = np.arange(1, k)
        matrix = np.zeros((len(self._slices), k, k), np.int64)
        n_unlabelled = np.zeros(len(self._slices), np.int64)
        for z, (codes, counts) in enumerate(self._slices):
            truth, prediction = codes >> 8, codes & 255
            is_known = truth != UNLABELLED
            n_unlabelled[z] = counts[~is_known].sum()
            np.add.at(
                matrix[z], (position[truth[is_known]], position[prediction[is_known]]), counts[is_known]
            )
        return Confusion(tuple(classes), matrix, n_unlabelled)


@dataclass(frozen=True)
class FoundValues:
    """The values that occur in truth and prediction, and how many pairs of them are labelled."""

    truth: tuple[int, ...]
    prediction: tuple[int, ...]
    n_known: int


def count_confusion(
    pair: MaskPair,
    classes: Iterable[int] | None = None,
    *,
    progress: ProgressCallback = ignore_progress,
    cancel: CancelToken | None = None,
) -> Confusion:
    """Count the confusion matrices of a pair, slab by slab.

    Parameters
    ----------
    classes : iterable of int, optional
        Values of the foreground classes; by default those found in truth or prediction.

    Raises
    ------
    InputError
        As `choose_classes`.
    """
    counter = JointCounter()
    for slab in read_slabs(pair, stage=STAGE, progress=progress, cancel=cancel):
        counter.add(slab.truth, slab.prediction)
    return counter.confusion(choose_classes(counter.values(), classes))


def choose_classes(found: FoundValues, classes: Iterable[int] | None) -> tuple[int, ...]:
    """Return the classes asked for, else those found.

    Raises
    ------
    InputError
        Where the prediction holds 255, one of the two looks like grey values, nothing is labelled, or there is no class
        at all.
    """
    if UNLABELLED in found.prediction:
        raise InputError(
            "The prediction holds 255, which stands for unlabelled; use --binary where 255 is its foreground."
        )
    for what, held in (("truth", found.truth), ("prediction", found.prediction)):
        if len(set(held) - {0, UNLABELLED}) > MOST_CLASSES:
            raise InputError(
                f"The {what} holds {len(held)} values, which look like grey values; give a mask of classes, or use "
                "--binary where every value but 0 is foreground."
            )
    if not found.n_known:
        raise InputError("No voxel that is to be measured is labelled (the truth is 255 there); give labels.")
    if classes is not None:
        return tuple(dict.fromkeys(int(value) for value in classes))
    values = sorted({*found.truth, *found.prediction} - {0, UNLABELLED})
    if not values:
        raise InputError(
            "Neither truth nor prediction holds a foreground class; use --binary where 255 is the truth's foreground."
        )
    return tuple(values)
