"""Histograms of the stored probability by truth, from which curves over thresholds and calibration follow exactly."""

from dataclasses import dataclass

import numpy as np

from sxt.metrics.pair import UNLABELLED

N_LEVELS = 256
"""Stored probabilities are uint8, 0..255 for 0..1, so that 256 counts hold all there is to know."""


@dataclass(frozen=True)
class ProbabilityHistogram:
    """How often each stored probability occurs where a class is not, and where it is; two (256,) int64."""

    negative: np.ndarray
    positive: np.ndarray

    @property
    def n_negative(self) -> int:
        return int(self.negative.sum())

    @property
    def n_positive(self) -> int:
        return int(self.positive.sum())

    def __add__(self, other: "ProbabilityHistogram") -> "ProbabilityHistogram":
        return ProbabilityHistogram(self.negative + other.negative, self.positive + other.positive)


def count_probability(probability: np.ndarray, truth: np.ndarray, value: int) -> ProbabilityHistogram:
    """Count one class's probabilities.

    Parameters
    ----------
    probability : ndarray
        (k, y, x) uint8, 0..255 for 0..1.
    truth : ndarray
        (k, y, x) uint8 classes, 255 unlabelled.
    value : int
        The class.
    """
    group = np.zeros(N_LEVELS, np.uint16)
    group[value] = N_LEVELS
    group[UNLABELLED] = 2 * N_LEVELS
    counts = np.zeros(3 * N_LEVELS, np.int64)
    for true_slice, slice_ in zip(truth, probability, strict=True):
        counts += np.bincount((group[true_slice] + slice_).reshape(-1), minlength=3 * N_LEVELS)
    return ProbabilityHistogram(counts[:N_LEVELS], counts[N_LEVELS : 2 * N_LEVELS])
