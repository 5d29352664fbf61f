"""The published training's own scores, called ``paper``: ambiguous pixels count as wrong, means over patches."""

from dataclasses import dataclass

import numpy as np

from sxt.errors import SettingsError
from sxt.metrics.histogram import N_LEVELS, ProbabilityHistogram
from sxt.metrics.pair import UNLABELLED
from sxt.metrics.scores import BinaryCounts, score

PATCH_PX = 256
"""Side of a patch in the published training."""

CERTAIN = 0.9
"""A network output in [-1, 1] is positive above this and negative below its opposite."""

_NEGATIVE, _AMBIGUOUS, _POSITIVE = 0, 1, 2
_OTHER, _CLASS, _UNLABELLED = 0, 1, 2
N_GROUPS = 3


@dataclass(frozen=True)
class PaperScores:
    """Means over patches of the published definitions.

    Parameters
    ----------
    accuracy : float
        True positives and true negatives among all pixels: ambiguous ones count as wrong.
    precision, recall, f1 : float
        Without the ambiguous pixels.
    ambiguous_share : float
        Pixels that are neither, among all.
    n_patches : int
        Patches with a labelled pixel.
    """

    accuracy: float
    precision: float
    recall: float
    f1: float
    ambiguous_share: float
    n_patches: int


class PaperCounter:
    """Counts the probabilities of one class in patches of slices, slab by slab: for the scores, and as a histogram.

    Notes
    -----
    Definitions of Dyhr et al. 2023 (10.1073/pnas.2209938120). Departures: the patches tile each slice instead of
    being drawn at random, those at its end are smaller; the output is read off the stored probability, as 2 p - 1;
    unlabelled pixels are left out; where a patch has nothing to find, the rules of `sxt.metrics.score` hold.
    """

    def __init__(self, value: int, *, patch_px: int = PATCH_PX) -> None:
        if patch_px < 1:
            raise SettingsError(f"A patch of {patch_px} px is not possible; use 1 or more.")
        self._patch_px = patch_px
        self._group_of_value = np.full(256, _OTHER, np.uint8)
        self._group_of_value[value] = _CLASS
        self._group_of_value[UNLABELLED] = _UNLABELLED
        self._levels = np.zeros((N_GROUPS, N_LEVELS), np.int64)
        self._counts: list[np.ndarray] = []

    def add(self, probability: np.ndarray, truth: np.ndarray) -> None:
        """Count the next slices, both (k, y, x) uint8."""
        from sxt.metrics import loops

        states = np.searchsorted(_state_of_level(), [_NEGATIVE, _AMBIGUOUS, _POSITIVE])
        for each in zip(probability, truth, strict=True):
            counts = loops.count_levels(*each, self._group_of_value, N_GROUPS, self._patch_px)
            self._levels += counts.sum(axis=0)
            self._counts.append(np.add.reduceat(counts[:, :_UNLABELLED], states, axis=2))

    def histogram(self) -> ProbabilityHistogram:
        """Return how often each probability occurs in labelled pixels, over all patches so far."""
        return ProbabilityHistogram(self._levels[_OTHER], self._levels[_CLASS])

    def scores(self) -> PaperScores:
        """Return the means over all patches so far; NaN where none has a labelled pixel."""
        counts = np.concatenate([*self._counts, np.zeros((0, 2, 3), np.int64)])  # patch, truth, state
        counts = counts[counts.sum(axis=(1, 2)) > 0]
        if not len(counts):
            return PaperScores(*(float("nan"),) * 5, n_patches=0)
        total = counts.sum(axis=(1, 2))
        right = counts[:, 1, _POSITIVE] + counts[:, 0, _NEGATIVE]
        certain = BinaryCounts(
            tp=counts[:, 1, _POSITIVE],
            fp=counts[:, 0, _POSITIVE],
            fn=counts[:, 1, _NEGATIVE],
            tn=counts[:, 0, _NEGATIVE],
        )
        return PaperScores(
            accuracy=float(np.mean(right / total)),
            precision=_mean(score(certain, "precision")),
            recall=_mean(score(certain, "recall")),
            f1=_mean(score(certain, "dice")),
            ambiguous_share=float(counts[:, :, _AMBIGUOUS].sum() / total.sum()),
            n_patches=len(counts),
        )


def _state_of_level() -> np.ndarray:
    """Return (256,) uint8: the state of each stored probability, which rises."""
    output = 2 * np.arange(256) / 255 - 1
    return np.select([output > CERTAIN, output < -CERTAIN], [_POSITIVE, _NEGATIVE], _AMBIGUOUS).astype(
        np.uint8
    )


def _mean(values: np.ndarray) -> float:
    """Mean without NaN (patches whose pixels are all ambiguous); NaN where nothing is left."""
    return float(np.nanmean(values)) if not np.isnan(values).all() else float("nan")
