"""How far two sets of labels agree: two people, or a person and a model."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from sxt.errors import SettingsError
from sxt.labels.values import UNLABELLED, check_label_slice
from sxt.progress import CancelToken


@dataclass(frozen=True)
class ClassAgreement:
    """Agreement on one class.

    Parameters
    ----------
    value : int
    n_first, n_second, n_both : int
        Voxels that one, the other, or both gave the class, among those that both labelled.
    """

    value: int
    n_first: int
    n_second: int
    n_both: int

    @property
    def dice(self) -> float | None:
        """2 n_both / (n_first + n_second); None where neither has the class."""
        total = self.n_first + self.n_second
        return 2 * self.n_both / total if total else None


@dataclass(frozen=True)
class Agreement:
    """Agreement on a slice or several.

    Parameters
    ----------
    classes : tuple of ClassAgreement
        In the order asked for.
    n_compared : int
        Voxels that both labelled.
    n_different : int
        Those of them with different labels.
    """

    classes: tuple[ClassAgreement, ...]
    n_compared: int
    n_different: int

    @property
    def mean_dice(self) -> float | None:
        """Mean over the classes that either has; None where there is none."""
        known = [each.dice for each in self.classes if each.dice is not None]
        return float(np.mean(known)) if known else None


def find_differences(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return where two slices (rows, columns) uint8 are both labelled and differ, bool."""
    check_label_slice(first)
    check_label_slice(second, (first.shape[0], first.shape[1]))
    return (first != second) & (first != UNLABELLED) & (second != UNLABELLED)


def compare_slices(first: np.ndarray, second: np.ndarray, classes: Sequence[int]) -> Agreement:
    """Return how far two slices agree on each class, where both are labelled."""
    find_differences(first, second)
    is_compared = (first != UNLABELLED) & (second != UNLABELLED)
    a, b = first[is_compared], second[is_compared]
    pairs = np.bincount(a.astype(np.intp) * 256 + b, minlength=256 * 256).reshape(256, 256)  # (first, second)
    return Agreement(
        tuple(
            ClassAgreement(v, int(pairs[v].sum()), int(pairs[:, v].sum()), int(pairs[v, v])) for v in classes
        ),
        n_compared=int(pairs.sum()),
        n_different=int(pairs.sum() - np.trace(pairs)),
    )


def compare_range(
    read_first: Callable[[int], np.ndarray],
    read_second: Callable[[int], np.ndarray],
    slices: Sequence[int],
    classes: Sequence[int],
    *,
    cancel: CancelToken | None = None,
) -> Agreement:
    """Return how far two volumes agree over some slices, read one at a time; voxels are counted, not slices."""
    if not slices:
        raise SettingsError("There is no slice to compare; give at least one.")
    total = compare_slices(np.empty((0, 0), np.uint8), np.empty((0, 0), np.uint8), classes)
    for z in slices:
        if cancel is not None:
            cancel.raise_if_cancelled()
        total = _add(total, compare_slices(read_first(z), read_second(z), classes))
    return total


def _add(a: Agreement, b: Agreement) -> Agreement:
    classes = tuple(
        ClassAgreement(p.value, p.n_first + q.n_first, p.n_second + q.n_second, p.n_both + q.n_both)
        for p, q in zip(a.classes, b.classes, strict=True)
    )
    return Agreement(classes, a.n_compared + b.n_compared, a.n_different + b.n_different)
