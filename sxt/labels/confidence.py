"""Pseudo-labels from probabilities: a class or background where the model is sure, unlabelled elsewhere."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from sxt.errors import SettingsError
from sxt.labels.calibration import apply_temperature
from sxt.labels.values import BACKGROUND, UNLABELLED, check_class

FOREGROUND_CONFIDENCE = 0.75
"""Thin outlines are rarely surer: from 0.9 on, dots are left of them."""
BACKGROUND_CONFIDENCE = 0.95
"""Higher than for classes, which are rarer: a false background would teach the model to miss them."""


@dataclass(frozen=True)
class ConfidenceThresholds:
    """How sure a model must be, on both sides.

    Parameters
    ----------
    foreground, background : float
        Smallest probability of a class to be labelled, and of its absence from a voxel of background; from 0.5 up to 1.
    foreground_by_class, background_by_class : dict
        Class value to its own threshold, where it differs.
    """

    foreground: float = FOREGROUND_CONFIDENCE
    background: float = BACKGROUND_CONFIDENCE
    foreground_by_class: Mapping[int, float] = field(default_factory=dict)
    background_by_class: Mapping[int, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for own in (self.foreground_by_class, self.background_by_class):
            for value in own:
                check_class(value)
        all_of_them = (
            self.foreground,
            self.background,
            *self.foreground_by_class.values(),
            *self.background_by_class.values(),
        )
        for each in all_of_them:
            if not 0.5 <= each < 1.0:
                raise SettingsError(f"A confidence threshold is {each}; use a probability from 0.5 up to 1.")

    def of_foreground(self, value: int) -> float:
        return self.foreground_by_class.get(value, self.foreground)

    def of_background(self, value: int) -> float:
        return self.background_by_class.get(value, self.background)


@dataclass(frozen=True)
class SureLabels:
    """Labels where a model is sure.

    Parameters
    ----------
    labels : ndarray
        (..., rows, columns) uint8: classes, 0 for background, 255 for uncertain.
    confidence : ndarray
        The same shape, uint8, 0..255 for 0..1: probability of the class, or of no class; where uncertain, the larger of
        the two.
    """

    labels: np.ndarray
    confidence: np.ndarray


def label_where_sure(
    probability: np.ndarray,
    class_values: Sequence[int],
    *,
    thresholds: ConfidenceThresholds | None = None,
    temperature: float = 1.0,
) -> SureLabels:
    """Return labels where calibrated probabilities pass the thresholds.

    Parameters
    ----------
    probability : ndarray
        (c, ..., rows, columns) uint8, 0..255 for 0..1.
    class_values : sequence of int
        The class of each channel.
    thresholds : ConfidenceThresholds, optional
    temperature : float
        Of `sxt.labels.calibration`; one for all classes, so that the likeliest stays the likeliest.
    """
    if probability.dtype != np.uint8 or len(probability) != len(class_values) or not class_values:
        raise SettingsError(
            f"The probability is {probability.shape} {probability.dtype} for {len(class_values)} classes; "
            "give (c, rows, columns) uint8."
        )
    chosen = thresholds or ConfidenceThresholds()
    calibrated = apply_temperature(temperature)  # (256,)
    values = np.array([check_class(value) for value in class_values], np.uint8)
    is_class = np.stack([calibrated >= chosen.of_foreground(int(v)) for v in values])  # (c, 256)
    is_none = np.stack([1.0 - calibrated >= chosen.of_background(int(v)) for v in values])  # (c, 256)
    likeliest, level = probability.argmax(axis=0), probability.max(axis=0)
    labels = np.full(level.shape, UNLABELLED, np.uint8)
    is_background = np.ones(level.shape, bool)
    for channel, table in zip(probability, is_none, strict=True):
        is_background &= table[channel]
    labels[is_background] = BACKGROUND
    is_sure = is_class[likeliest, level]
    labels[is_sure] = values[likeliest[is_sure]]
    table = np.rint(255 * np.maximum(calibrated, 1.0 - calibrated)).astype(np.uint8)
    return SureLabels(labels, table[level])
