"""Confidence made honest: one temperature for a model's probabilities, fitted to what people labelled.

Notes
-----
Temperature scaling (Guo et al. 2017, arXiv 1706.04599), with one sigmoid a class: p' = sigmoid(logit(p) / T), where
T minimises the negative log-likelihood of the human labels. Probabilities are bytes, so that counts of the 256 levels
say all there is to know: they are gathered slice by slice, and the fit takes no time. A byte b stands for
(b + 0.5) / 256, which keeps 0 and 255 from being taken for certain.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import log_expit

from sxt.errors import SettingsError
from sxt.labels.values import UNLABELLED
from sxt.progress import CancelToken

MIN_SLICES = 2
"""With fewer labelled slices the temperature would be that of one place."""

MIN_VOXELS = 100
"""Of the classes, and as many of background; fewer say nothing."""

LOWEST_TEMPERATURE, HIGHEST_TEMPERATURE = 0.1, 10.0
N_LEVELS = 256

_LOGITS = np.log((np.arange(N_LEVELS) + 0.5) / (N_LEVELS - np.arange(N_LEVELS) - 0.5))


@dataclass(frozen=True)
class Calibration:
    """A fitted temperature.

    Parameters
    ----------
    temperature : float
        Above 1 where the model is too sure of itself; 1 leaves probabilities as they are.
    is_fitted : bool
    n_slices, n_voxels : int
        Human labels it rests on.
    nll_before, nll_after : float or None
        Mean negative log-likelihood with temperature 1 and with this one.
    note : str
        One sentence on it for the user.
    """

    temperature: float = 1.0
    is_fitted: bool = False
    n_slices: int = 0
    n_voxels: int = 0
    nll_before: float | None = None
    nll_after: float | None = None
    note: str = "Not calibrated: confidence is the model's own."


def apply_temperature(temperature: float) -> np.ndarray:
    """Return the calibrated probability (256,) float64 of each byte."""
    if not temperature > 0:
        raise SettingsError(f"The temperature is {temperature}; give a number above 0.")
    return np.exp(log_expit(_LOGITS / temperature))


def count_levels(probability: np.ndarray, labels: np.ndarray, class_values: Sequence[int]) -> np.ndarray:
    """Return how often each byte was given to voxels without and with the class, (2, 256) int64 over all classes.

    Parameters
    ----------
    probability : ndarray
        (c, rows, columns) uint8.
    labels : ndarray
        (rows, columns) uint8; unlabelled voxels are left out.
    class_values : sequence of int
        The class of each channel.
    """
    if probability.shape != (len(class_values), *labels.shape):
        raise SettingsError(
            f"The probability is {probability.shape}, but the labels {labels.shape} with {len(class_values)} classes."
        )
    is_labelled = labels != UNLABELLED
    counts = np.zeros((2, N_LEVELS), np.int64)
    for channel, value in zip(probability, class_values, strict=True):
        is_class = labels == value
        counts[1] += np.bincount(channel[is_class], minlength=N_LEVELS)
        counts[0] += np.bincount(channel[is_labelled & ~is_class], minlength=N_LEVELS)
    return counts


def fit_temperature(counts: np.ndarray, n_slices: int) -> Calibration:
    """Return the temperature that makes the counted labels most likely, or 1 and why where they are too few.

    Parameters
    ----------
    counts : ndarray
        (2, 256) of `count_levels`, summed over slices.
    n_slices : int
        How many slices were counted.
    """
    n_voxels = int(counts.sum())
    if n_slices < MIN_SLICES:
        labelled = "1 slice" if n_slices == 1 else f"{n_slices} slices"
        note = f"Not calibrated: {labelled} labelled by people, {MIN_SLICES} are needed."
        return Calibration(n_slices=n_slices, n_voxels=n_voxels, note=note)
    if counts.sum(axis=1).min() < MIN_VOXELS:
        note = (
            f"Not calibrated: people labelled fewer than {MIN_VOXELS} voxels of the classes or of background."
        )
        return Calibration(n_slices=n_slices, n_voxels=n_voxels, note=note)

    def nll(log_temperature: float) -> float:
        scaled = _LOGITS / np.exp(log_temperature)
        return float(-(counts[1] @ log_expit(scaled) + counts[0] @ log_expit(-scaled)) / n_voxels)

    bounds = (np.log(LOWEST_TEMPERATURE), np.log(HIGHEST_TEMPERATURE))
    best = minimize_scalar(nll, bounds=bounds, method="bounded")
    temperature = float(np.exp(best.x))
    return Calibration(
        temperature,
        True,
        n_slices,
        n_voxels,
        nll(0.0),
        float(best.fun),
        f"Calibrated on {n_slices} slices labelled by people: temperature {temperature:.2f}.",
    )


def calibrate(
    read_probability: Callable[[int], np.ndarray],
    read_labels: Callable[[int], np.ndarray],
    slices: Sequence[int],
    class_values: Sequence[int],
    *,
    cancel: CancelToken | None = None,
) -> Calibration:
    """Fit the temperature over some slices, one at a time.

    Parameters
    ----------
    read_probability : callable
        From z to (c, y, x) uint8.
    read_labels : callable
        From z to (y, x) uint8, human labels.
    slices : sequence of int
        Hold-out slices must not be among them.
    class_values : sequence of int
    """
    counts, n_slices = np.zeros((2, N_LEVELS), np.int64), 0
    for z in slices:
        if cancel is not None:
            cancel.raise_if_cancelled()
        labels = read_labels(z)
        if (labels != UNLABELLED).any():
            counts += count_levels(read_probability(z), labels, class_values)
            n_slices += 1
    return fit_temperature(counts, n_slices)
