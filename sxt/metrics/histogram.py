"""Histograms of the stored probability by truth, from which curves over thresholds and calibration follow exactly."""

from dataclasses import dataclass

import numpy as np

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
