"""Grey values of a tomogram inside each component."""

from dataclasses import dataclass

import numpy as np

from sxt.errors import InputError
from sxt.progress import CancelToken, Progress, ProgressCallback, ignore_progress
from sxt.surface.classes import slab_depth
from sxt.surface.components import Labels
from sxt.tomogram import Tomogram


@dataclass(frozen=True)
class GreyValues:
    """Mean and standard deviation of the grey value inside each component, (k,) float64; NaN where it has none."""

    mean: np.ndarray
    std: np.ndarray


def measure_grey(
    labels: Labels,
    tomogram: Tomogram,
    *,
    progress: ProgressCallback = ignore_progress,
    cancel: CancelToken | None = None,
) -> GreyValues:
    """Measure a tomogram's grey values inside each component, reading it slab by slab.

    Voxels that are NaN or infinite are left out.

    Raises
    ------
    InputError
        Where the tomogram and the mask differ in shape.
    """
    shape = labels.volume.shape
    if tomogram.shape != shape:
        raise InputError(
            f"The tomogram {tomogram.name} has shape {tomogram.shape}, but the mask has {shape}; give the tomogram "
            "that the mask was made from."
        )
    token = cancel or CancelToken()
    n_components = int(labels.id_of_label.max())
    sums = np.zeros((3, n_components + 1))  # count, sum, sum of squares of each component's values
    middle = float("nan")
    depth = slab_depth(shape)
    for start in range(0, shape[0], depth):
        token.raise_if_cancelled()
        stop = min(start + depth, shape[0])
        place = np.flatnonzero(labels.volume[start:stop])
        values = tomogram.read_slices(start, stop).ravel()[place].astype(np.float64)
        ids = labels.id_of_label[labels.volume[start:stop].ravel()[place]]
        is_number = np.isfinite(values)
        values, ids = values[is_number], ids[is_number]
        middle = float(values.mean()) if np.isnan(middle) and len(values) else middle
        values -= middle  # squares of small numbers keep their digits
        for row, weight in enumerate((None, values, values * values)):
            sums[row] += np.bincount(ids, weights=weight, minlength=n_components + 1)
        progress(Progress("grey values", stop, shape[0]))
    return _summarise(sums[:, 1:], middle)


def _summarise(sums: np.ndarray, middle: float) -> GreyValues:
    count = np.where(sums[0] > 0, sums[0], np.nan)
    mean = sums[1] / count
    return GreyValues(mean=mean + middle, std=np.sqrt(np.maximum(sums[2] / count - mean * mean, 0)))
