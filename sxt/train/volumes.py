"""What is trained on: tomograms, some with labelled slices."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from sxt.errors import SettingsError
from sxt.tomogram import Tomogram

UNLABELLED = 255
"""In a label slice: nothing is known of this pixel; it counts in no loss and no metric."""


class LabelledSlices(Protocol):
    """Which slices of a tomogram are labelled, and with what."""

    @property
    def slices(self) -> tuple[int, ...]:
        """Labelled slices along z, rising."""

    def read(self, z: int) -> np.ndarray:
        """Return a slice (y, x) uint8: 0 background, 1 to 254 classes, 255 unlabelled."""

    def whose(self, z: int) -> str:
        """Return where a slice's labels come from, for example ``human``."""


@dataclass(frozen=True)
class ArrayLabels:
    """Labels in memory: slices (y, x) uint8 by their number along z.

    Parameters
    ----------
    by_slice : mapping of int to ndarray
    source : str
        Where they come from.
    """

    by_slice: Mapping[int, np.ndarray]
    source: str = "human"

    @classmethod
    def of_volume(cls, volume: np.ndarray, *, source: str = "human") -> "ArrayLabels":
        """Take the slices of a label volume (z, y, x) uint8 in which anything is labelled."""
        found = {z: labels for z, labels in enumerate(volume) if (labels != UNLABELLED).any()}
        return cls(found, source)

    @property
    def slices(self) -> tuple[int, ...]:
        return tuple(sorted(self.by_slice))

    def read(self, z: int) -> np.ndarray:
        return self.by_slice[z]

    def whose(self, z: int) -> str:
        return self.source


@dataclass(frozen=True)
class TrainingTomogram:
    """A tomogram to train on.

    Parameters
    ----------
    id : str
        Of its own among those of a training.
    tomogram : Tomogram
    labels : LabelledSlices or None
        None where it is unlabelled.
    marked : tuple of int
        Labelled slices that people keep for measuring.
    sha256 : str
        Hash of its content, for the record.
    """

    id: str
    tomogram: Tomogram
    labels: LabelledSlices | None = None
    marked: tuple[int, ...] = ()
    sha256: str = ""
    _read_labels: dict[int, np.ndarray] = field(default_factory=dict, repr=False, compare=False)

    @property
    def labelled(self) -> tuple[int, ...]:
        """Labelled slices, those kept for measuring among them."""
        return self.labels.slices if self.labels is not None else ()

    def read_labels(self, z: int) -> np.ndarray:
        """Return a labelled slice (y, x) uint8, read once.

        Raises
        ------
        SettingsError
            Where the labels do not fit the tomogram.
        """
        if z not in self._read_labels:
            assert self.labels is not None
            labels = np.asarray(self.labels.read(z))
            if labels.dtype != np.uint8 or labels.shape != self.tomogram.shape[1:]:
                raise SettingsError(
                    f"The labels of slice {z} of {self.id} are {labels.shape} {labels.dtype}, but its slices are "
                    f"{self.tomogram.shape[1:]}; give uint8 labels of the tomogram's shape."
                )
            self._read_labels[z] = labels
        return self._read_labels[z]

    def hash_labels(self) -> str:
        """Return the SHA-256 over the labelled slices and their numbers; empty where there are none."""
        if not self.labelled:
            return ""
        digest = hashlib.sha256()
        for z in self.labelled:
            digest.update(str(z).encode())
            digest.update(np.ascontiguousarray(self.read_labels(z)).tobytes())
        return digest.hexdigest()


def check_tomograms(tomograms: tuple[TrainingTomogram, ...]) -> None:
    """Raise `SettingsError` unless the ids differ, something is labelled, and every labelled slice exists."""
    ids = [each.id for each in tomograms]
    if len(set(ids)) != len(ids):
        repeated = next(each for each in ids if ids.count(each) > 1)
        raise SettingsError(f"The tomogram {repeated!r} is given twice; give each once.")
    if not any(each.labelled for each in tomograms):
        raise SettingsError("No slice is labelled; label at least one slice before training.")
    for each in tomograms:
        beyond = [z for z in each.labelled if not 0 <= z < each.tomogram.shape[0]]
        if beyond:
            raise SettingsError(
                f"Slice {beyond[0]} of {each.id} is labelled, but it has slices 0 to {each.tomogram.shape[0] - 1}; "
                "give the labels that belong to it."
            )


def class_values(tomograms: tuple[TrainingTomogram, ...]) -> tuple[int, ...]:
    """Return the classes that occur in any labelled slice, rising."""
    seen = np.zeros(256, bool)
    for each in tomograms:
        for z in each.labelled:
            seen |= np.bincount(each.read_labels(z).reshape(-1), minlength=256) > 0
    return tuple(int(value) for value in np.flatnonzero(seen[1:UNLABELLED]) + 1)
