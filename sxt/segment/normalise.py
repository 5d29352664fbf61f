"""Slices brought to zero mean and unit variance before the network sees them."""

from dataclasses import dataclass

import numpy as np

from sxt.segment.settings import Normalisation
from sxt.tomogram import Absorbing

CLIP_QUANTILES = (0.005, 0.995)
"""Grey values beyond these quantiles belong to beads and streaks; robust statistics ignore how far they lie."""

MAX_ROBUST_DEVIATIONS = 6.0
"""Normalised values are limited to this many deviations by the robust rule."""

MAX_QUANTILE_SAMPLES = 1 << 18
"""Quantiles are estimated from at most about this many pixels of a slice, taken at a regular step."""


@dataclass(frozen=True)
class NormalisedSlices:
    """Slices ready for the network.

    Parameters
    ----------
    values : ndarray
        (k, y, x) float32, absorbing structures dark, missing pixels 0.
    is_missing : ndarray
        (k, y, x) bool: pixels that were NaN or infinite.
    is_constant : ndarray
        (k,) bool: slices without any contrast.
    """

    values: np.ndarray
    is_missing: np.ndarray
    is_constant: np.ndarray


def normalise_slices(slices: np.ndarray, *, rule: Normalisation, absorbing_is: Absorbing) -> NormalisedSlices:
    """Normalise each slice by itself.

    Parameters
    ----------
    slices : ndarray
        (k, y, x), any real dtype; NaN and infinite values are left out of the statistics.
    rule : {"zscore", "robust"}
        ``zscore``: zero mean and unit variance, as Dyhr et al. 2023. ``robust``: mean and deviation of the values
        clipped to `CLIP_QUANTILES`, so that a bead does not flatten the rest of its slice.
    absorbing_is : {"dark", "bright"}
        Bright slices are inverted, so that the network always sees absorbing structures dark.
    """
    values = slices.astype(np.float32)
    is_missing = ~np.isfinite(values)
    is_constant = np.zeros(len(values), dtype=bool)
    for index, values_of_slice in enumerate(values):
        is_constant[index] = _normalise_in_place(values_of_slice, is_missing[index], rule)
    if absorbing_is == "bright":
        np.negative(values, out=values)
    return NormalisedSlices(values, is_missing, is_constant)


def _normalise_in_place(values: np.ndarray, is_missing: np.ndarray, rule: Normalisation) -> bool:
    """Normalise one float32 slice (y, x) and return whether it was constant."""
    present = values[~is_missing] if is_missing.any() else values.reshape(-1)
    if present.size == 0:
        values[...] = 0
        return True
    if rule == "robust":
        present = np.clip(present, *_quantiles(present))
    mean, deviation = float(present.mean(dtype=np.float64)), float(present.std(dtype=np.float64))
    largest = max(abs(float(present.min())), abs(float(present.max())))
    is_constant = bool(deviation <= largest * np.finfo(np.float32).eps)
    np.subtract(values, mean, out=values)
    if is_constant:
        values[...] = 0
    else:
        values /= deviation
    if rule == "robust":
        np.clip(values, -MAX_ROBUST_DEVIATIONS, MAX_ROBUST_DEVIATIONS, out=values)
    values[is_missing] = 0
    return is_constant


def _quantiles(values: np.ndarray) -> tuple[float, float]:
    step = max(1, values.size // MAX_QUANTILE_SAMPLES)
    low, high = np.quantile(values[::step], CLIP_QUANTILES)
    return float(low), float(high)
