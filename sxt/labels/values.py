"""What the numbers of a label volume mean, the planes it is labelled in, and the places within it."""

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from sxt.errors import SettingsError

BACKGROUND = 0
FIRST_CLASS, LAST_CLASS = 1, 254
UNLABELLED = 255

Plane = Literal["z", "y", "x"]
"""The axis that a slice is cut across: a slice of plane z is (y, x), of y (z, x), of x (z, y)."""

PLANES: tuple[Plane, ...] = get_args(Plane)
Shape = tuple[int, int, int]


@dataclass(frozen=True)
class SliceKey:
    """One slice of a volume: its plane and its number along that axis."""

    plane: Plane
    index: int

    def __post_init__(self) -> None:
        if self.plane not in PLANES:
            raise SettingsError(f"There is no plane {self.plane!r}; the planes are {', '.join(PLANES)}.")
        if self.index < 0:
            raise SettingsError(f"There is no slice {self.index}; slices count from 0.")

    @property
    def axis(self) -> int:
        return PLANES.index(self.plane)

    def __str__(self) -> str:
        return f"{self.plane} {self.index}"


@dataclass(frozen=True)
class Box:
    """A box of voxels: from ``start`` up to but not including ``stop``, both (z, y, x)."""

    start: Shape
    stop: Shape

    def __post_init__(self) -> None:
        if any(not 0 <= first < last for first, last in zip(self.start, self.stop, strict=True)):
            raise SettingsError(f"The box {self.start} to {self.stop} is empty or begins below 0.")

    @property
    def shape(self) -> Shape:
        z, y, x = (last - first for first, last in zip(self.start, self.stop, strict=True))
        return (z, y, x)

    def covers_slice(self, key: SliceKey) -> bool:
        """Return whether the box has voxels in a slice."""
        return self.start[key.axis] <= key.index < self.stop[key.axis]


def slice_shape(shape: Shape, key: SliceKey) -> tuple[int, int]:
    """Return the (rows, columns) of a slice; raise `SettingsError` where the volume has no such slice."""
    if key.index >= shape[key.axis]:
        raise SettingsError(
            f"There is no slice {key}; along {key.plane} the volume has slices 0 to {shape[key.axis] - 1}."
        )
    rows, columns = (size for axis, size in enumerate(shape) if axis != key.axis)
    return (rows, columns)


def slice_box(shape: Shape, key: SliceKey) -> Box:
    """Return the whole slice as a box one voxel thick."""
    rows, columns = slice_shape(shape, key)
    return box_in_slice(key, (0, 0), (rows, columns))


def box_in_slice(key: SliceKey, start: tuple[int, int], stop: tuple[int, int]) -> Box:
    """Return a rectangle of a slice, (row, column) from ``start`` up to ``stop``, as a box of the volume."""
    first, last = list(start), list(stop)
    first.insert(key.axis, key.index)
    last.insert(key.axis, key.index + 1)
    return Box((first[0], first[1], first[2]), (last[0], last[1], last[2]))


def check_value(value: int) -> int:
    """Return ``value`` where it can stand in a label volume; raise `SettingsError` otherwise."""
    if isinstance(value, bool) or not BACKGROUND <= value <= UNLABELLED:
        raise SettingsError(
            f"{value} is no label; use 0 for background, 1 to 254 for classes, 255 for unlabelled."
        )
    return int(value)


def check_class(value: int) -> int:
    """Return ``value`` where it can be a class; raise `SettingsError` otherwise."""
    if isinstance(value, bool) or not FIRST_CLASS <= value <= LAST_CLASS:
        raise SettingsError(f"{value} is no class; classes are {FIRST_CLASS} to {LAST_CLASS}.")
    return int(value)


def check_label_slice(labels: np.ndarray, shape: tuple[int, int] | None = None) -> np.ndarray:
    """Return ``labels`` where it is a slice of labels, of ``shape`` if given; raise `SettingsError` otherwise."""
    if labels.ndim != 2 or labels.dtype != np.uint8:
        raise SettingsError(
            f"A slice of labels is (rows, columns) uint8, but this is {labels.shape} {labels.dtype}."
        )
    if shape is not None and labels.shape != shape:
        raise SettingsError(f"The slice has shape {labels.shape}, but the volume's slices there are {shape}.")
    return labels
