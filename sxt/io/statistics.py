"""Statistics of a volume that is read once, slab by slab."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from sxt.progress import CancelToken, Progress, ProgressCallback
from sxt.tomogram import VolumeSource

SLAB_BYTES = 1 << 26
SAMPLE_VOXELS = 1 << 22
"""Percentiles and the number of different values come from at most about so many evenly spaced voxels."""

LOW_PERCENT = 1.0
HIGH_PERCENT = 99.0
STAGE = "Reading"


@dataclass(frozen=True)
class VolumeStatistics:
    """Statistics over the finite voxels; None where there is none.

    Parameters
    ----------
    minimum, maximum, mean, std : float or None
        Over all finite voxels; None also where a sum exceeds the range of floats.
    percentile_1, percentile_99 : float or None
        Over at most about four million evenly spaced finite voxels.
    n_distinct : int
        Different values among those voxels.
    n_voxels, n_nan, n_infinite, n_at_minimum, n_at_maximum : int
        Counts of voxels.
    constant_slices : tuple of int
        Slices with a single value, or with no finite one.
    """

    minimum: float | None
    maximum: float | None
    mean: float | None
    std: float | None
    percentile_1: float | None
    percentile_99: float | None
    n_distinct: int
    n_voxels: int
    n_nan: int
    n_infinite: int
    n_at_minimum: int
    n_at_maximum: int
    constant_slices: tuple[int, ...]


class _Accumulator:
    """Running sums; means and deviations are merged slice by slice, so that large offsets lose no digits."""

    def __init__(self) -> None:
        self.minimum, self.maximum = math.inf, -math.inf
        self.n_at_minimum = self.n_at_maximum = 0
        self.n_finite = self.n_nan = self.n_infinite = 0
        self.mean = self.squares = 0.0
        self.constant_slices: list[int] = []
        self.samples: list[np.ndarray] = []

    def add(self, index: int, image: np.ndarray, step: int) -> None:
        values = image.ravel()  # (y * x,)
        if values.dtype.kind == "f":
            is_finite = np.isfinite(values)
            if not is_finite.all():
                n_nan = int(np.isnan(values).sum())
                self.n_nan += n_nan
                self.n_infinite += int((~is_finite).sum()) - n_nan
                values = values[is_finite]
        if not values.size:
            self.constant_slices.append(index)
            return
        low, high = float(values.min()), float(values.max())
        if low == high:
            self.constant_slices.append(index)
        self._add_extremes(values, low, high)
        self._add_moments(values)
        self.samples.append(values[index % step :: step].copy())  # a view would keep the whole slab

    def _add_extremes(self, values: np.ndarray, low: float, high: float) -> None:
        if low < self.minimum:
            self.minimum, self.n_at_minimum = low, 0
        if high > self.maximum:
            self.maximum, self.n_at_maximum = high, 0
        if low == self.minimum:
            self.n_at_minimum += int(np.count_nonzero(values == values.min()))
        if high == self.maximum:
            self.n_at_maximum += int(np.count_nonzero(values == values.max()))

    def _add_moments(self, values: np.ndarray) -> None:
        """Merge mean and sum of squared deviations (Chan, Golub and LeVeque 1983, doi 10.2307/2683386)."""
        mean = float(values.mean(dtype=float))
        squares = float(np.square(np.subtract(values, mean, dtype=float)).sum())
        n_total = self.n_finite + values.size
        shift = mean - self.mean
        self.squares += squares + shift * shift * self.n_finite * values.size / n_total
        self.mean += shift * values.size / n_total
        self.n_finite = n_total

    def result(self, n_voxels: int) -> VolumeStatistics:
        has_values = self.n_finite > 0
        sample = np.concatenate(self.samples) if self.samples else np.empty(0)
        low, high = (
            np.percentile(sample.astype(float), [LOW_PERCENT, HIGH_PERCENT]) if sample.size else (None, None)
        )
        return VolumeStatistics(
            minimum=self.minimum if has_values else None,
            maximum=self.maximum if has_values else None,
            mean=self.mean if has_values and math.isfinite(self.mean) else None,
            std=math.sqrt(self.squares / self.n_finite)
            if has_values and math.isfinite(self.squares)
            else None,
            percentile_1=None if low is None else float(low),
            percentile_99=None if high is None else float(high),
            n_distinct=int(np.unique(sample).size),
            n_voxels=n_voxels,
            n_nan=self.n_nan,
            n_infinite=self.n_infinite,
            n_at_minimum=self.n_at_minimum,
            n_at_maximum=self.n_at_maximum,
            constant_slices=tuple(self.constant_slices),
        )


def measure_volume(
    data: VolumeSource, *, progress: ProgressCallback, cancel: CancelToken | None = None
) -> VolumeStatistics:
    """Read a volume once, at most 64 MiB at a time, and return its statistics.

    Parameters
    ----------
    data : VolumeSource
        (z, y, x).
    progress : callable
        Told the slices read so far.
    cancel : CancelToken, optional
        Checked once a slab.
    """
    n_slices = int(data.shape[0])
    step = _sample_step(data.shape)
    accumulator = _Accumulator()
    for start, slab in _slabs(data):
        if cancel is not None:
            cancel.raise_if_cancelled()
        with np.errstate(over="ignore", invalid="ignore"):  # sums beyond the range of floats come out as None
            for row, image in enumerate(slab):
                accumulator.add(start + row, image, step)
        progress(Progress(STAGE, start + len(slab), n_slices))
    return accumulator.result(math.prod(data.shape))


def _slabs(data: VolumeSource) -> Iterator[tuple[int, np.ndarray]]:
    n_slices, y, x = data.shape
    depth = max(1, SLAB_BYTES // max(1, y * x * np.dtype(data.dtype).itemsize))
    for start in range(0, n_slices, depth):
        yield start, np.asarray(data[start : start + depth])


def _sample_step(shape: tuple[int, ...]) -> int:
    """Return a step through the voxels of a slice that does not follow its columns."""
    step = max(1, math.ceil(math.prod(shape) / SAMPLE_VOXELS))
    while math.gcd(step, shape[2]) != 1:
        step += 1
    return step
