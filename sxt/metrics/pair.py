"""A prediction with its truth, read slab by slab on the grid of the prediction."""

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from sxt.errors import InputError, SettingsError
from sxt.progress import CancelToken, Progress, ProgressCallback, ignore_progress
from sxt.tomogram import VolumeSource, VoxelSize, check_voxel_size

UNLABELLED = 255
"""Value of voxels in a label volume about which nothing is known; no metric counts them."""

SLAB_VOXELS = 1 << 24
"""Voxels of one volume that are read at a time."""

Reading = Literal["classes", "binary"]
"""How mask values are read: each as a class, or all but 0 as one foreground."""


@dataclass(frozen=True)
class ClassName:
    """A foreground class: its value in a mask (1..254), its name, and its colour as ``#RRGGBB``."""

    value: int
    name: str
    colour: str = "#E69F00"


@dataclass(frozen=True)
class MaskPair:
    """A predicted mask with the labels it is measured against.

    Parameters
    ----------
    prediction : VolumeSource
        (z, y, x) whole numbers, 0 background, 1..254 classes.
    truth : VolumeSource
        (z', y, x) whole numbers, the same classes, 255 unlabelled.
    first_slice : int
        The slice of the truth that belongs to the first one of the prediction.
    only_slices : frozenset of int or None
        Slices, counted as in the truth, that are measured; all others are taken as unlabelled. None: all of them.
    reading : {"classes", "binary"}
        ``"binary"`` takes every value but 0 as one foreground, 1.
    is_truth_255 : bool
        Whether 255 is the truth's foreground when read as binary, and not unlabelled.
    voxel_size_nm : tuple of float or None
        (z, y, x) in nm.
    probabilities : tuple of VolumeSource
        (z, y, x) uint8 on the prediction's grid, 0..255 for 0..1, one for each class in the order of the classes.

    Raises
    ------
    InputError
        Where the two do not cover the same grid, or hold no whole numbers.
    """

    prediction: VolumeSource
    truth: VolumeSource
    first_slice: int = 0
    only_slices: frozenset[int] | None = None
    reading: Reading = "classes"
    is_truth_255: bool = False
    voxel_size_nm: VoxelSize | None = None
    probabilities: tuple[VolumeSource, ...] = ()

    def __post_init__(self) -> None:
        for what, volume in (("prediction", self.prediction), ("truth", self.truth)):
            if len(volume.shape) != 3 or np.dtype(volume.dtype).kind not in "uib":
                raise InputError(
                    f"The {what} is {volume.dtype} of shape {tuple(volume.shape)}; "
                    "give a mask, whole numbers over (z, y, x)."
                )
        same_slice = tuple(self.prediction.shape[1:]) == tuple(self.truth.shape[1:])
        if not same_slice or not 0 <= self.first_slice <= self.truth.shape[0] - self.prediction.shape[0]:
            raise InputError(
                f"The prediction {tuple(self.prediction.shape)} from slice {self.first_slice} on does not lie within "
                f"the truth {tuple(self.truth.shape)}; give two masks of the same tomogram."
            )
        if any(tuple(each.shape) != tuple(self.prediction.shape) for each in self.probabilities):
            raise InputError("The probability does not have the prediction's shape; give those of one run.")
        if self.voxel_size_nm is not None:
            check_voxel_size(self.voxel_size_nm)

    @property
    def shape(self) -> tuple[int, int, int]:
        """(z, y, x) of the prediction, on whose grid everything is counted."""
        z, y, x = self.prediction.shape
        return (int(z), int(y), int(x))

    @property
    def slices(self) -> np.ndarray:
        """(z,) int64: the truth's number of each slice."""
        return np.arange(self.shape[0]) + self.first_slice

    @property
    def slab_slices(self) -> int:
        """Slices that are read at a time."""
        return max(1, SLAB_VOXELS // (self.shape[1] * self.shape[2]))

    def read_prediction(self, start: int, stop: int) -> np.ndarray:
        """Read predicted classes of slices ``start`` to ``stop``, (k, y, x) uint8."""
        values = np.asarray(self.prediction[start:stop])
        if self.reading == "binary":
            return (values != 0).astype(np.uint8)
        return _as_classes(values, "prediction")

    def read_truth(self, start: int, stop: int) -> np.ndarray:
        """Read true classes of slices ``start`` to ``stop`` of the prediction, (k, y, x) uint8, 255 unlabelled."""
        values = np.asarray(self.truth[self.first_slice + start : self.first_slice + stop])
        if self.reading == "binary":
            classes = (values != 0).astype(np.uint8)
            if not self.is_truth_255:
                classes[values == UNLABELLED] = UNLABELLED
        else:
            classes = _as_classes(values, "truth")
        if self.only_slices is None:
            return classes
        left_out = [
            z not in self.only_slices for z in range(self.first_slice + start, self.first_slice + stop)
        ]
        if any(left_out):
            classes = classes.copy()
            classes[left_out] = UNLABELLED
        return classes

    def read_probability(self, channel: int, start: int, stop: int) -> np.ndarray:
        """Read one class's probability of slices ``start`` to ``stop``, (k, y, x) uint8."""
        values = np.asarray(self.probabilities[channel][start:stop])
        if values.dtype == np.uint8:
            return values
        if values.dtype.kind in "ui" and (values.size == 0 or values.max() <= UNLABELLED):
            return values.astype(np.uint8)  # MRC holds uint8 as uint16
        raise InputError(
            f"The probability is {values.dtype}; give the uint8 volume (0..255 for 0..1) of a run."
        )


@dataclass(frozen=True)
class SlabPair:
    """Some slices of a pair, counted from its first; arrays (k, y, x) uint8; ``own`` are those without the margin."""

    start: int
    own: range
    prediction: np.ndarray
    truth: np.ndarray

    @property
    def stop(self) -> int:
        return self.start + len(self.prediction)

    @functools.cached_property
    def is_known(self) -> np.ndarray:
        """(k, y, x) bool: voxels that are labelled."""
        return self.truth != UNLABELLED

    @property
    def inner(self) -> slice:
        """Which of the slices are its own."""
        return slice(self.own.start - self.start, self.own.stop - self.start)

    @property
    def own_truth(self) -> np.ndarray:
        """Truth of the slices that are its own."""
        return self.truth[self.inner]


def read_slabs(
    pair: MaskPair,
    *,
    stage: str,
    margin: int = 0,
    progress: ProgressCallback = ignore_progress,
    cancel: CancelToken | None = None,
) -> Iterator[SlabPair]:
    """Yield the pair slab by slab.

    Parameters
    ----------
    stage : str
        What progress is reported as.
    margin : int
        Slices that a slab has beyond its own at both ends, as far as there are any; those who ask for it know.
    """
    token = cancel or CancelToken()
    n_slices = pair.shape[0]
    progress(Progress(stage, 0, n_slices))
    for own in range(0, n_slices, pair.slab_slices):
        token.raise_if_cancelled()
        start, stop = max(0, own - margin), min(n_slices, own + pair.slab_slices + margin)
        end = min(n_slices, own + pair.slab_slices)
        yield SlabPair(
            start, range(own, end), pair.read_prediction(start, stop), pair.read_truth(start, stop)
        )
        progress(Progress(stage, end, n_slices))


def is_foreground_255(volume: VolumeSource) -> bool:
    """Return whether a mask holds 0 and 255 alone, as binary masks of ImageJ do: 255 is its foreground then."""
    step = max(1, SLAB_VOXELS // max(1, volume.shape[1] * volume.shape[2]))
    has_255 = False
    for start in range(0, volume.shape[0], step):
        slab = np.asarray(volume[start : start + step])
        is_255 = slab == UNLABELLED
        if np.any((slab != 0) & ~is_255):
            return False
        has_255 |= bool(is_255.any())
    return has_255


class ChannelSource:
    """One channel of probabilities stored as (c, z, y, x), as a volume (z, y, x)."""

    def __init__(self, data: Any, channel: int) -> None:
        if not 0 <= channel < data.shape[0]:
            raise SettingsError(f"There is no channel {channel}; this probability has {data.shape[0]}.")
        self._data = data
        self._channel = channel
        self.shape = tuple(data.shape[1:])
        self.dtype = np.dtype(data.dtype)

    def __getitem__(self, index: slice) -> np.ndarray:
        return np.asarray(self._data[self._channel, index])


def _as_classes(values: np.ndarray, what: str) -> np.ndarray:
    if values.dtype == np.uint8:
        return values
    if values.dtype == np.bool_:
        return values.view(np.uint8)
    if values.size and (values.min() < 0 or values.max() > UNLABELLED):
        raise InputError(
            f"The {what} holds values from {values.min()} to {values.max()}; classes are 0 to 254 and 255 is "
            "unlabelled. Use --binary where every value but 0 is foreground."
        )
    return values.astype(np.uint8)
