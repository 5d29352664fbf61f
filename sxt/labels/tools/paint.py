"""What painting a region does to a slice, and which voxels it must leave alone."""

from dataclasses import dataclass

import numpy as np

from sxt.errors import SettingsError
from sxt.labels.values import BACKGROUND, UNLABELLED, check_class, check_label_slice, check_value


@dataclass(frozen=True)
class Paint:
    """What is painted with.

    Parameters
    ----------
    value : int
        A class, 0 for background, or 255 to make unlabelled.
    protects_others : bool
        Whether voxels of classes other than ``value`` and ``active_class`` stay as they are. Background and unlabelled
        voxels can always be painted.
    active_class : int, optional
        The class that an eraser may erase: with ``value`` 0 or 255 and protection, no other class is touched.
    """

    value: int
    protects_others: bool = True
    active_class: int | None = None

    def __post_init__(self) -> None:
        check_value(self.value)
        if self.active_class is not None:
            check_class(self.active_class)

    def may_change(self, labels: np.ndarray) -> np.ndarray:
        """Return where a slice may be painted, in its shape, bool."""
        if not self.protects_others:
            return np.ones(labels.shape, bool)
        table = np.zeros(256, bool)
        table[[BACKGROUND, UNLABELLED, self.value]] = True
        if self.active_class is not None:
            table[self.active_class] = True
        return table[labels]

    def apply(self, labels: np.ndarray, region: np.ndarray) -> np.ndarray:
        """Return the slice with a region painted.

        Parameters
        ----------
        labels : ndarray
            (rows, columns) uint8; it stays as it is.
        region : ndarray
            (rows, columns) bool.
        """
        check_region(check_label_slice(labels), region)
        painted = labels.copy()
        painted[region & self.may_change(labels)] = self.value
        return painted


def paste(labels: np.ndarray, values: np.ndarray, *, protects_others: bool = True) -> np.ndarray:
    """Return a slice with the labels of another laid over it; unlabelled voxels of that one change nothing.

    Parameters
    ----------
    labels, values : ndarray
        (rows, columns) uint8.
    protects_others : bool
        Whether voxels that have a class keep it.
    """
    check_label_slice(labels)
    check_label_slice(values, labels.shape)
    is_free = (labels == BACKGROUND) | (labels == UNLABELLED)
    is_pasted = (values != UNLABELLED) & (is_free | (not protects_others))
    return np.where(is_pasted, values, labels)


def check_region(labels: np.ndarray, region: np.ndarray) -> None:
    """Raise `SettingsError` unless a region is bool and of the slice's shape."""
    if region.shape != labels.shape or region.dtype != bool:
        raise SettingsError(
            f"The region is {region.shape} {region.dtype}, but the slice is {labels.shape}; give bool of that shape."
        )


def check_grey(labels: np.ndarray, grey: np.ndarray) -> None:
    """Raise `SettingsError` unless grey values are of the slice's shape."""
    if grey.shape != labels.shape:
        raise SettingsError(
            f"The grey values are {grey.shape}, but the slice is {labels.shape}; give that slice."
        )


def check_point(labels: np.ndarray, point: tuple[int, int]) -> tuple[int, int]:
    """Return a (row, column) inside the slice; raise `SettingsError` where it is outside."""
    row, column = point
    if not (0 <= row < labels.shape[0] and 0 <= column < labels.shape[1]):
        raise SettingsError(f"The point {point} lies outside the slice, which is {labels.shape}.")
    return int(row), int(column)
