"""A guard against measuring on what was trained on: overlapping, copied or turned slices across the split."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from sxt.errors import SettingsError
from sxt.segment.normalise import normalise_slices
from sxt.train.split import SliceRef, Split
from sxt.train.volumes import TrainingTomogram

FINGERPRINT_PX = 48
"""Side of the reduced slice that is compared."""

DUPLICATE_CORRELATION = 0.98
"""Reduced slices that agree better than this show the same pixels; neighbours 20 nm apart stay below 0.9."""

BACKGROUND_PX = 6.0
"""Shading coarser than this, in pixels of the reduced slice, is common to many slices and taken off."""


class LeakageError(SettingsError):
    """What is held out is also trained on; a measurement would say nothing."""


@dataclass(frozen=True)
class SlicePrint:
    """What a slice is recognised by.

    Parameters
    ----------
    sha256 : str
        Of its normalised grey values, which a change of brightness and contrast leaves alone.
    reduced : ndarray
        (FINGERPRINT_PX ** 2,) float32 of norm 1, or 0 where the slice is constant.
    turned : ndarray
        (8, FINGERPRINT_PX ** 2): the same in all orientations.
    """

    sha256: str
    reduced: np.ndarray
    turned: np.ndarray

    @classmethod
    def of_slice(cls, grey: np.ndarray) -> "SlicePrint":
        """Take the print of a slice (y, x) of any real dtype."""
        values = normalise_slices(grey[None], rule="zscore", absorbing_is="dark").values[0]
        digest = hashlib.sha256(str(values.shape).encode() + np.round(values, 3).tobytes()).hexdigest()
        zoom = [FINGERPRINT_PX / size for size in values.shape]
        smooth = ndimage.gaussian_filter(values, [max(0.0, 0.5 / z - 0.5) for z in zoom])
        reduced = ndimage.zoom(smooth, zoom, order=1, grid_mode=True, mode="nearest")
        detail = reduced - ndimage.gaussian_filter(reduced, BACKGROUND_PX)
        return cls(digest, _unit(detail), np.stack([_unit(each) for each in _orientations(detail)]))

    def is_duplicate_of(self, other: "SlicePrint") -> bool:
        """Return whether both show the same, perhaps turned, mirrored, or of other contrast."""
        if self.sha256 == other.sha256:
            return True
        return bool(np.abs(self.turned @ other.reduced).max() > DUPLICATE_CORRELATION)


def refuse_leakage(split: Split, tomograms: Mapping[str, TrainingTomogram]) -> None:
    """Raise `LeakageError` where a trained slice is, overlaps, or is a copy of a held-out one."""
    for trained in split.train:
        if split.is_near_hold_out(trained.tomogram, trained.z):
            raise LeakageError(
                f"Slice {trained.z} of {trained.tomogram} is trained on but lies within {split.gap_slices} slices of "
                "what is held out; hold out another part."
            )
    held_out = {each: _print(each, tomograms) for each in split.hold_out}
    for trained in split.train:
        mark = _print(trained, tomograms)
        for reference, other in held_out.items():
            if mark.is_duplicate_of(other):
                raise LeakageError(
                    f"Slice {trained.z} of {trained.tomogram}, to train on, shows the same as the held-out slice "
                    f"{reference.z} of {reference.tomogram}; take one of the two out."
                )


def find_copies_of_hold_out(
    references: Sequence[SliceRef], split: Split, tomograms: Mapping[str, TrainingTomogram]
) -> frozenset[SliceRef]:
    """Return those of the unlabelled slices that show what is held out; they must not be learned from."""
    held_out = [_print(each, tomograms) for each in split.hold_out]
    if not held_out:
        return frozenset()
    prints = {each: _print(each, tomograms) for each in references}
    return frozenset(
        each for each, mark in prints.items() if any(mark.is_duplicate_of(other) for other in held_out)
    )


def _print(reference: SliceRef, tomograms: Mapping[str, TrainingTomogram]) -> SlicePrint:
    return SlicePrint.of_slice(
        tomograms[reference.tomogram].tomogram.read_slices(reference.z, reference.z + 1)[0]
    )


def _orientations(values: np.ndarray) -> Iterator[np.ndarray]:
    for mirrored in (values, values[:, ::-1]):
        for turns in range(4):
            yield np.rot90(mirrored, turns)


def _unit(values: np.ndarray) -> np.ndarray:
    norm = float(np.linalg.norm(values))
    return (values / norm if norm > 0 else np.zeros_like(values)).astype(np.float32).reshape(-1)
