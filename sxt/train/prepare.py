"""Slices brought to what the network sees, with the share of each class in each pixel; held in memory."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from sxt.errors import SettingsError
from sxt.models import ModelClass, Normalisation
from sxt.network import NetworkConfig
from sxt.progress import CancelToken, Progress, ProgressCallback, ignore_progress
from sxt.segment.normalise import normalise_slices
from sxt.segment.orient import recognise_absorbing
from sxt.segment.rescale import Rescaling, plan_rescaling
from sxt.tomogram import Absorbing
from sxt.train.leakage import find_copies_of_hold_out
from sxt.train.split import SliceRef, Split
from sxt.train.volumes import UNLABELLED, TrainingTomogram

STAGE = "prepare the slices"
MAX_PLACES = 4096
"""Pixels of a class that are remembered for a slice, to cut crops around."""

KNOWN_SHARE = 0.99
"""A pixel of the network's grid counts where at least this share of what it covers is labelled."""


@dataclass(frozen=True)
class InputForm:
    """What slices must look like for a network.

    Parameters
    ----------
    network : NetworkConfig
    classes : tuple of ModelClass
        In the order of the channels.
    pixel_size_nm : float or None
    normalisation : {"zscore", "robust"}
    """

    network: NetworkConfig
    classes: tuple[ModelClass, ...]
    pixel_size_nm: float | None
    normalisation: Normalisation


@dataclass(frozen=True)
class PreparedSlice:
    """A slice as the network sees it.

    Parameters
    ----------
    reference : SliceRef
    values : ndarray
        (in_channels, y, x) float16, normalised, absorbing structures dark.
    target : ndarray or None
        (c, y, x) uint8, the share of each class, 0..255 for 0..1; None where the slice is unlabelled.
    known : ndarray or None
        (y, x) bool.
    places : tuple of ndarray
        For each class that occurs, pixels (n, 2) of it; then, last, labelled pixels.
    """

    reference: SliceRef
    values: np.ndarray
    target: np.ndarray | None = None
    known: np.ndarray | None = None
    places: tuple[np.ndarray, ...] = ()

    @property
    def shape(self) -> tuple[int, int]:
        return (int(self.values.shape[1]), int(self.values.shape[2]))

    def with_labels(self, target: np.ndarray, known: np.ndarray) -> "PreparedSlice":
        """Return the same slice with these labels; pixels that are not known have a target of 0."""
        target = np.where(known, target, np.uint8(0))
        return PreparedSlice(self.reference, self.values, target, known, _find_places(target, known))


@dataclass(frozen=True)
class HoldOutSlice:
    """A held-out slice: as the network sees it, its labels (y, x) in its own grid, and how to get back there."""

    prepared: PreparedSlice
    labels: np.ndarray
    grey: np.ndarray
    rescaling: Rescaling


@dataclass(frozen=True)
class TrainingData:
    """Everything a training draws from, tomogram by tomogram, so that each is drawn from as often as the others."""

    labelled: tuple[tuple[PreparedSlice, ...], ...]
    unlabelled: tuple[tuple[PreparedSlice, ...], ...]
    hold_out: tuple[HoldOutSlice, ...]
    notes: tuple[str, ...] = ()

    @property
    def largest_side_px(self) -> int:
        return max(max(each.shape) for slices in (*self.labelled, *self.unlabelled) for each in slices)


class SlicePreparer:
    """Prepares slices of one tomogram."""

    def __init__(self, source: TrainingTomogram, form: InputForm) -> None:
        tomogram = source.tomogram
        self.source = source
        self.absorbing_is: Absorbing = tomogram.absorbing_is or recognise_absorbing(tomogram)
        self.rescaling = plan_rescaling(
            tomogram.shape[1:], voxel_size_nm=tomogram.voxel_size_nm, model_pixel_nm=form.pixel_size_nm
        )
        self._form = form

    def read(self, z: int) -> PreparedSlice:
        """Return a slice, with its neighbours where the network takes them, without labels."""
        reach = self._form.network.in_channels // 2
        n_slices = self.source.tomogram.shape[0]
        start, stop = max(0, z - reach), min(n_slices - 1, z + reach) + 1
        slices = self.source.tomogram.read_slices(start, stop)
        normalised = normalise_slices(
            slices, rule=self._form.normalisation, absorbing_is=self.absorbing_is
        ).values
        index = np.arange(z - reach, z + reach + 1).clip(0, n_slices - 1) - start
        values = self.rescaling.to_network(normalised[index][None])[0]  # (in_channels, y, x)
        limit = float(np.finfo(np.float16).max)
        return PreparedSlice(SliceRef(self.source.id, z), np.clip(values, -limit, limit).astype(np.float16))

    def read_labelled(self, z: int) -> PreparedSlice:
        """Return a slice with the share of each class in each pixel of the network's grid."""
        labels = self.source.read_labels(z)
        is_known = labels != UNLABELLED
        shares = np.stack([labels == each.value for each in self._form.classes])
        if not self.rescaling.is_needed:
            return self.read(z).with_labels(shares.astype(np.uint8) * np.uint8(255), is_known)
        planes = np.concatenate([is_known[None], shares]).astype(np.float32)
        known_share, *class_shares = self.rescaling.to_network(planes[None])[0]
        target = np.stack(class_shares) / np.maximum(known_share, KNOWN_SHARE)
        return self.read(z).with_labels(
            np.rint(255 * target.clip(0, 1)).astype(np.uint8), known_share >= KNOWN_SHARE
        )

    def read_hold_out(self, z: int) -> HoldOutSlice:
        """Return a slice to measure on."""
        grey = self.source.tomogram.read_slices(z, z + 1)[0]
        return HoldOutSlice(self.read(z), self.source.read_labels(z), grey, self.rescaling)


def prepare_data(
    tomograms: Mapping[str, TrainingTomogram],
    split: Split,
    form: InputForm,
    *,
    unlabelled_slices: int,
    progress: ProgressCallback = ignore_progress,
    cancel: CancelToken | None = None,
) -> TrainingData:
    """Read and prepare every slice that is trained on or measured on.

    Parameters
    ----------
    tomograms : mapping
        By id.
    split : Split
    form : InputForm
    unlabelled_slices : int
        Of each tomogram, evenly spaced; none near or like what is held out.

    Raises
    ------
    SettingsError
        Where no pixel of the slices to train on is labelled.
    """
    cancel = cancel or CancelToken()
    labelled, unlabelled, held_out = [], [], []
    for number, (name, source) in enumerate(tomograms.items()):
        cancel.raise_if_cancelled()
        progress(Progress(STAGE, number, len(tomograms)))
        preparer = SlicePreparer(source, form)
        trained = [each.z for each in split.train if each.tomogram == name]
        labelled.append(tuple(preparer.read_labelled(z) for z in trained))
        held_out += [preparer.read_hold_out(each.z) for each in split.hold_out if each.tomogram == name]
        free = _free_slices(source, split, tomograms, trained, unlabelled_slices)
        unlabelled.append(tuple(preparer.read(z) for z in free))
    progress(Progress(STAGE, len(tomograms), len(tomograms)))
    notes = []
    usable = tuple(filter(None, (tuple(s for s in slices if s.places) for slices in labelled)))
    if not usable:
        raise SettingsError("No pixel of the slices to train on is labelled; label some or hold out fewer.")
    free_slices = tuple(filter(None, unlabelled))
    if not free_slices:
        free_slices = usable
        notes.append("There are no unlabelled slices; those with labels are used without them as well.")
    return TrainingData(usable, free_slices, tuple(held_out), tuple(notes))


def _free_slices(
    source: TrainingTomogram,
    split: Split,
    tomograms: Mapping[str, TrainingTomogram],
    trained: list[int],
    n_wanted: int,
) -> list[int]:
    """Return unlabelled slices, evenly spaced, that do not show what is held out."""
    free = [
        z
        for z in range(source.tomogram.shape[0])
        if z not in set(trained) and not split.is_near_hold_out(source.id, z)
    ]
    if len(free) > n_wanted:
        free = [free[index] for index in np.linspace(0, len(free) - 1, n_wanted).round().astype(int)]
    copies = find_copies_of_hold_out([SliceRef(source.id, z) for z in free], split, tomograms)
    return [z for z in free if SliceRef(source.id, z) not in copies]


def _find_places(target: np.ndarray, known: np.ndarray) -> tuple[np.ndarray, ...]:
    """Return pixels of each class that occurs, then labelled pixels; nothing where no pixel is labelled."""
    labelled = np.argwhere(known)
    if not len(labelled):
        return ()
    classes = [np.argwhere((share > 127) & known) for share in target]
    return tuple(_thin(each) for each in (*(c for c in classes if len(c)), labelled))


def _thin(places: np.ndarray) -> np.ndarray:
    step = -(-len(places) // MAX_PLACES)
    return places[::step].astype(np.int32)
