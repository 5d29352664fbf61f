"""Precision-recall, ROC and Dice against the threshold, and calibration, from histograms of the probability."""

from dataclasses import dataclass

import numpy as np

from sxt.errors import SettingsError
from sxt.metrics.histogram import N_LEVELS, ProbabilityHistogram
from sxt.metrics.scores import BinaryCounts, score

CALIBRATION_BINS = 15
"""Number of equal bins of the expected calibration error in Guo et al. 2017 (arXiv 1706.04599)."""

DEFAULT_THRESHOLD = 0.5


@dataclass(frozen=True)
class ThresholdCurves:
    """Scores at every threshold that makes a difference; all arrays (255,), the threshold rising.

    Parameters
    ----------
    threshold : ndarray
        A voxel is foreground where its stored probability is above ``255 * threshold``; each one lies in the middle
        between two stored values.
    precision, recall, false_positive_rate, dice : ndarray
        By the rules for empty cases of `sxt.metrics.score`. NaN where nothing is labelled.
    average_precision : float
        Sum of precision times the step in recall, without interpolation; NaN without a positive voxel.
    roc_auc : float
        Area under the ROC curve by trapezoids, exact with ties; NaN unless both kinds of voxels are there.
    best_threshold, best_dice : float
        Where Dice is largest; of equal ones that nearest to 0.5.
    """

    threshold: np.ndarray
    precision: np.ndarray
    recall: np.ndarray
    false_positive_rate: np.ndarray
    dice: np.ndarray
    average_precision: float
    roc_auc: float
    best_threshold: float
    best_dice: float

    def at(self, threshold: float) -> int:
        """Return the position of the entry that holds for a threshold in [0, 1)."""
        first_foreground = int(np.floor(255 * threshold)) + 1
        return min(max(first_foreground - 1, 0), len(self.threshold) - 1)


@dataclass(frozen=True)
class Calibration:
    """How often the class is there where the model says with which probability; arrays (bins,).

    Parameters
    ----------
    edges : ndarray
        (bins + 1,), equal steps from 0 to 1; a probability on an edge belongs to the bin below.
    confidence, frequency : ndarray
        Mean probability and share of voxels of the class in each bin; NaN in an empty one.
    n_voxels : ndarray
        int64.
    expected_error : float
        ECE: mean over the voxels of the distance between the two.
    largest_error : float
        MCE: the largest distance of a bin.
    brier : float
        Mean squared distance of probability and truth.
    """

    edges: np.ndarray
    confidence: np.ndarray
    frequency: np.ndarray
    n_voxels: np.ndarray
    expected_error: float
    largest_error: float
    brier: float


def threshold_curves(histogram: ProbabilityHistogram) -> ThresholdCurves:
    """Return the curves of a class, exact for stored probabilities."""
    tp, fp = (_from_above(each)[1:] for each in (histogram.positive, histogram.negative))
    counts = BinaryCounts(tp, fp, histogram.n_positive - tp, histogram.n_negative - fp)
    threshold = (np.arange(1, N_LEVELS) - 0.5) / 255
    dice = score(counts, "dice")
    best = _best(threshold, dice)
    return ThresholdCurves(
        threshold=threshold,
        precision=score(counts, "precision"),
        recall=score(counts, "recall"),
        false_positive_rate=1 - score(counts, "specificity"),
        dice=dice,
        average_precision=_average_precision(histogram),
        roc_auc=_roc_auc(histogram),
        best_threshold=float(threshold[best]),
        best_dice=float(dice[best]),
    )


def calibrate(histogram: ProbabilityHistogram, *, n_bins: int = CALIBRATION_BINS) -> Calibration:
    """Return the reliability diagram of a class and its errors; all NaN where nothing is labelled."""
    if not 2 <= n_bins <= N_LEVELS:
        raise SettingsError(f"A reliability diagram of {n_bins} bins is not possible; use 2 to {N_LEVELS}.")
    probability = np.arange(N_LEVELS) / 255
    edges = np.linspace(0, 1, n_bins + 1)
    bin_of = np.searchsorted(edges[1:-1], probability, side="left")
    both = histogram.positive + histogram.negative
    n_voxels = np.bincount(bin_of, both, n_bins).astype(np.int64)
    total = int(n_voxels.sum())
    filled = np.where(n_voxels == 0, np.nan, n_voxels)
    confidence = np.bincount(bin_of, both * probability, n_bins) / filled
    frequency = np.bincount(bin_of, histogram.positive, n_bins) / filled
    gap = np.abs(frequency - confidence)
    squares = histogram.positive * (1 - probability) ** 2 + histogram.negative * probability**2
    return Calibration(
        edges=edges,
        confidence=confidence,
        frequency=frequency,
        n_voxels=n_voxels,
        expected_error=float(np.nansum(gap * n_voxels) / total) if total else np.nan,
        largest_error=float(np.nanmax(gap)) if total else np.nan,
        brier=float(squares.sum() / total) if total else np.nan,
    )


def _from_above(counts: np.ndarray) -> np.ndarray:
    """Return (256,): how many have at least each level."""
    return np.cumsum(counts[::-1])[::-1]


def _best(threshold: np.ndarray, dice: np.ndarray) -> int:
    if np.isnan(dice).all():
        return int(np.argmin(np.abs(threshold - DEFAULT_THRESHOLD)))
    ties = np.flatnonzero(dice == np.nanmax(dice))
    return int(ties[np.argmin(np.abs(threshold[ties] - DEFAULT_THRESHOLD))])


def _average_precision(histogram: ProbabilityHistogram) -> float:
    if not histogram.n_positive:
        return float("nan")
    tp, fp = _from_above(histogram.positive), _from_above(histogram.negative)
    predicted = np.maximum(tp + fp, 1)
    return float(np.sum(histogram.positive / histogram.n_positive * (tp / predicted)))


def _roc_auc(histogram: ProbabilityHistogram) -> float:
    if not histogram.n_positive or not histogram.n_negative:
        return float("nan")
    true_rate = np.append(_from_above(histogram.positive) / histogram.n_positive, 0.0)
    false_rate = np.append(_from_above(histogram.negative) / histogram.n_negative, 0.0)
    return float(-np.trapezoid(true_rate, false_rate))
