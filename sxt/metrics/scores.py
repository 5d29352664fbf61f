"""Voxel scores of counts: Dice, IoU, precision, recall, specificity, accuracy and MCC, with defined empty cases."""

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from sxt.errors import SettingsError

ScoreName = Literal["dice", "iou", "precision", "recall", "specificity", "accuracy", "mcc"]
SCORE_NAMES: tuple[ScoreName, ...] = get_args(ScoreName)


@dataclass(frozen=True)
class BinaryCounts:
    """Voxels by what is predicted and what is true; four int64 arrays of one shape, for example (slices,)."""

    tp: np.ndarray
    fp: np.ndarray
    fn: np.ndarray
    tn: np.ndarray

    @property
    def total(self) -> np.ndarray:
        """All counted voxels."""
        return self.tp + self.fp + self.fn + self.tn

    def pooled(self) -> "BinaryCounts":
        """Return the counts of everything together, four arrays of shape ()."""
        return BinaryCounts(*(np.asarray(np.sum(each)) for each in (self.tp, self.fp, self.fn, self.tn)))

    def as_array(self) -> np.ndarray:
        """Return (..., 4) int64: tp, fp, fn, tn."""
        return np.stack([self.tp, self.fp, self.fn, self.tn], axis=-1)


def score(counts: BinaryCounts, name: ScoreName) -> np.ndarray:
    """Return one score of counts, float64 of their shape.

    Notes
    -----
    F1 is Dice. Where a denominator is 0:

    * no voxel counted: NaN for every score;
    * Dice, IoU, precision and recall are 1 where class and prediction are both empty (nothing to find, nothing
      wrongly found), and 0 where one of them is empty and the score would be 0/0;
    * specificity is the recall of the background, with the same rule;
    * MCC follows Chicco and Jurman 2020 (10.1186/s12864-019-6413-7): 1 or -1 where all voxels are of one kind, right
      or wrong, and 0 where else a sum is 0.
    """
    if name not in SCORE_NAMES:
        raise SettingsError(f"There is no score {name!r}; use one of {', '.join(SCORE_NAMES)}.")
    tp, fp, fn, tn = (np.asarray(each, np.float64) for each in (counts.tp, counts.fp, counts.fn, counts.tn))
    if name == "mcc":
        value = _matthews(tp, fp, fn, tn)
    elif name == "specificity":
        value = _ratio(tn, tn + fp, is_perfect=fn == 0)
    else:
        parts = {
            "dice": (2 * tp, 2 * tp + fp + fn, fp + fn),
            "iou": (tp, tp + fp + fn, fp + fn),
            "precision": (tp, tp + fp, fn),
            "recall": (tp, tp + fn, fp),
            "accuracy": (tp + tn, tp + fp + fn + tn, fp + fn),
        }
        numerator, denominator, wrong = parts[name]
        value = _ratio(numerator, denominator, is_perfect=wrong == 0)
    return np.where(tp + fp + fn + tn == 0, np.nan, value)


def score_all(counts: BinaryCounts) -> dict[str, float]:
    """Return every score of all the counts together."""
    pooled = counts.pooled()
    return {name: float(score(pooled, name)) for name in SCORE_NAMES}


def _ratio(numerator: np.ndarray, denominator: np.ndarray, *, is_perfect: np.ndarray) -> np.ndarray:
    """Divide; 0/0 is 1 where nothing is wrong, else 0."""
    empty = denominator == 0
    quotient = numerator / np.where(empty, 1.0, denominator)
    return np.where(empty, is_perfect.astype(np.float64), quotient)


def _matthews(tp: np.ndarray, fp: np.ndarray, fn: np.ndarray, tn: np.ndarray) -> np.ndarray:
    # The root of each sum by itself: their product overflows what float64 holds exactly.
    norm = np.sqrt(tp + fp) * np.sqrt(tp + fn) * np.sqrt(tn + fp) * np.sqrt(tn + fn)
    value = (tp * tn - fp * fn) / np.where(norm == 0, 1.0, norm)
    right, wrong = tp + tn, fp + fn
    n_kinds = sum((each > 0).astype(int) for each in (tp, fp, fn, tn))
    only_one = np.where(wrong == 0, 1.0, np.where(right == 0, -1.0, 0.0))
    return np.where(norm > 0, value, np.where(n_kinds == 1, only_one, 0.0))
