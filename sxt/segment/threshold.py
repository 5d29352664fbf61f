"""From stored probabilities to classes."""

import numpy as np

from sxt.errors import SettingsError


def mask_from_probability(
    probability: np.ndarray, *, threshold: float, class_values: np.ndarray
) -> np.ndarray:
    """Return the class of each voxel: the likeliest of those above the threshold, else background.

    Parameters
    ----------
    probability : ndarray
        (c, ...) uint8, 0..255 for 0..1.
    threshold : float
        In [0, 1); a voxel is foreground where its stored probability is above ``255 * threshold``.
    class_values : ndarray
        (c,) uint8, the value of each channel's class.
    """
    if len(probability) != len(class_values):
        raise SettingsError(f"There are {len(probability)} channels but {len(class_values)} class values.")
    is_foreground = probability.max(axis=0) > 255 * threshold
    return np.where(is_foreground, class_values[probability.argmax(axis=0)], np.uint8(0)).astype(np.uint8)
