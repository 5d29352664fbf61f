"""Centreline Dice: whether thin outlines are covered along their whole length, whatever their width."""

from dataclasses import dataclass

import numpy as np

from sxt.metrics.pair import MaskPair, read_slabs
from sxt.metrics.thinning import thin
from sxt.progress import CancelToken, ProgressCallback, ignore_progress

STAGE = "trace centrelines"


@dataclass(frozen=True)
class CentrelineScores:
    """Centreline Dice of a class.

    Parameters
    ----------
    dice : float
        Harmonic mean of the two below; 1 where both masks are empty, 0 where one is.
    precision, recall : float
        Share of the prediction's centreline inside the truth, and of the truth's inside the prediction.
    truth_px, truth_found_px, prediction_px, prediction_right_px : ndarray
        (z,) int64: pixels of the centrelines in each slice, and those of them inside the other mask.
    """

    dice: float
    precision: float
    recall: float
    truth_px: np.ndarray
    truth_found_px: np.ndarray
    prediction_px: np.ndarray
    prediction_right_px: np.ndarray


class CentrelineTally:
    """Counts the pixels of centrelines slice by slice."""

    def __init__(self) -> None:
        self._tallies: list[tuple[np.integer, ...]] = []

    def add(
        self, truth: np.ndarray, truth_lines: np.ndarray, prediction: np.ndarray, prediction_lines: np.ndarray
    ) -> None:
        """Count the next slices, all (k, y, x) bool: both masks, each with its centrelines."""
        for each in zip(truth, truth_lines, prediction, prediction_lines, strict=True):
            self._tallies.append(_tally(*each))

    def scores(self) -> CentrelineScores:
        """Return the scores of all slices so far."""
        per_slice = np.array(self._tallies, np.int64).reshape(-1, 4)
        total = per_slice.sum(axis=0)
        precision, recall = _share(total[3], total[2], total[0]), _share(total[1], total[0], total[2])
        return CentrelineScores(
            dice=float(centreline_dice(total)), precision=precision, recall=recall, **_named(per_slice)
        )


def score_centrelines(
    pair: MaskPair,
    value: int,
    *,
    progress: ProgressCallback = ignore_progress,
    cancel: CancelToken | None = None,
) -> CentrelineScores:
    """Score the centrelines of one class, slice by slice.

    Notes
    -----
    Shit et al. 2021 (arXiv 2003.07311), with the lines of `sxt.metrics.thinning.thin` within slices: membranes are
    labelled as outlines in slices, and thinning in 3D would turn closed envelopes into lines.
    """
    tally = CentrelineTally()
    for slab in read_slabs(pair, stage=STAGE, progress=progress, cancel=cancel):
        truth, prediction = slab.truth == value, (slab.prediction == value) & slab.is_known
        tally.add(truth, thin(truth), prediction, thin(prediction))
    return tally.scores()


def _tally(
    truth: np.ndarray, truth_lines: np.ndarray, prediction: np.ndarray, prediction_lines: np.ndarray
) -> tuple[np.integer, ...]:
    """Return the pixels of both centrelines of a slice, each followed by those of them inside the other mask."""
    return (
        np.count_nonzero(truth_lines),
        np.count_nonzero(truth_lines & prediction),
        np.count_nonzero(prediction_lines),
        np.count_nonzero(prediction_lines & truth),
    )


def centreline_dice(tallies: np.ndarray) -> np.ndarray:
    """Return the centreline Dice of tallies (..., 4): truth, truth found, prediction, prediction right."""
    truth, found, prediction, right = np.moveaxis(np.asarray(tallies, np.float64), -1, 0)
    recall, precision = found / np.maximum(truth, 1), right / np.maximum(prediction, 1)
    both = recall + precision
    dice = np.where(both > 0, 2 * recall * precision / np.where(both > 0, both, 1), 0.0)
    return np.where((truth == 0) & (prediction == 0), 1.0, dice)


def _share(part: int, whole: int, other: int) -> float:
    return float(part / whole) if whole else float(other == 0)


def _named(per_slice: np.ndarray) -> dict[str, np.ndarray]:
    names = ("truth_px", "truth_found_px", "prediction_px", "prediction_right_px")
    return dict(zip(names, per_slice.T, strict=True))
