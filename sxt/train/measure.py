"""Segment the held-out slices as a user would and compare with their labels."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from torch import nn

from sxt.metrics.scores import BinaryCounts, score
from sxt.progress import CancelToken
from sxt.segment.device import Device
from sxt.segment.predict import Predictor
from sxt.segment.settings import TileSettings
from sxt.segment.threshold import mask_from_probability
from sxt.train.prepare import HoldOutSlice, InputForm, PreparedSlice
from sxt.train.volumes import UNLABELLED

Announce = Callable[[str], None]


@dataclass(frozen=True)
class HoldOutScores:
    """Scores over held-out slices, their pixels pooled, unlabelled ones left out.

    Parameters
    ----------
    dice, precision, recall : float
        Means over the classes that occur in the labels.
    by_class : dict
        Dice of each class by its name.
    masks : tuple of ndarray
        (y, x) uint8 of each slice, in its own grid.
    """

    dice: float
    precision: float
    recall: float
    by_class: dict[str, float]
    masks: tuple[np.ndarray, ...]


class Measurer:
    """Runs a network over held-out and unlabelled slices."""

    def __init__(
        self,
        network: nn.Module,
        form: InputForm,
        *,
        device: Device,
        threshold: float,
        cancel: CancelToken,
        announce: Announce,
    ) -> None:
        self._form = form
        self._threshold = threshold
        self._cancel = cancel
        self._predictor = Predictor(
            network,
            device=device,
            size_multiple=form.network.size_multiple,
            n_classes=len(form.classes),
            tiles=TileSettings(),
            tta="none",
            announce=announce,
        )

    def probability(self, prepared: PreparedSlice) -> np.ndarray:
        """Return probabilities (c, y, x) float32 in the network's grid."""
        return self._predictor.predict(prepared.values[None].astype(np.float32), cancel=self._cancel)[0]

    def mask(self, held_out: HoldOutSlice) -> np.ndarray:
        """Return the classes (y, x) uint8 in the slice's own grid."""
        probability = held_out.rescaling.to_own(self.probability(held_out.prepared)[None])[0]
        values = np.array([each.value for each in self._form.classes], np.uint8)
        return mask_from_probability(
            np.rint(255 * probability).astype(np.uint8), threshold=self._threshold, class_values=values
        )

    def scores(self, hold_out: Sequence[HoldOutSlice]) -> HoldOutScores:
        """Return the scores over some held-out slices, at least one."""
        masks = tuple(self.mask(each) for each in hold_out)
        counts = np.zeros((len(self._form.classes), 4), np.int64)
        for mask, each in zip(masks, hold_out, strict=True):
            counts += count_pixels(mask, each.labels, [c.value for c in self._form.classes])
        return _scores(counts, [each.name for each in self._form.classes], masks)


def count_pixels(mask: np.ndarray, labels: np.ndarray, values: Sequence[int]) -> np.ndarray:
    """Return (c, 4) int64: true and false positives, false and true negatives of each class among labelled pixels."""
    is_labelled = labels != UNLABELLED
    rows = []
    for value in values:
        found, truth = (mask == value) & is_labelled, (labels == value) & is_labelled
        tp, fp, fn = (int(np.sum(each)) for each in (found & truth, found & ~truth, truth & ~found))
        rows.append((tp, fp, fn, int(is_labelled.sum()) - tp - fp - fn))
    return np.array(rows, np.int64)


def _scores(counts: np.ndarray, names: Sequence[str], masks: tuple[np.ndarray, ...]) -> HoldOutScores:
    pooled = BinaryCounts(*counts.T)
    occurs = counts[:, 0] + counts[:, 2] > 0
    counted = occurs if occurs.any() else np.ones_like(occurs)
    dice = score(pooled, "dice")
    return HoldOutScores(
        dice=float(dice[counted].mean()),
        precision=float(score(pooled, "precision")[counted].mean()),
        recall=float(score(pooled, "recall")[counted].mean()),
        by_class={name: float(value) for name, value, c in zip(names, dice, counted, strict=True) if c},
        masks=masks,
    )
