"""Is a difference more than chance? Paired resampling of tomograms, or of blocks of slices."""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.special import ndtr, stdtrit

from sxt.errors import SettingsError

Verdict = Literal["better", "worse", "no difference", "too little data to tell"]

MAX_EXACT_UNITS = 14
"""Up to here all sign flips are tried: 2^14 = 16,384."""

FEWEST_UNITS = 4
"""For an interval: resamples of three or fewer are hardly more than the units themselves."""

BATCH_VALUES = 1 << 22
"""Numbers of a resampling that are held at a time."""


@dataclass(frozen=True)
class StatisticsSettings:
    """How sure one wants to be.

    Parameters
    ----------
    confidence : float
        Of the intervals; what is left is the error that the test allows, over all versions compared.
    margin : float
        Differences smaller than this do not matter. An interval that includes 0 says "no difference" where it lies
        within the margin, and "too little data to tell" where it reaches beyond.
    min_units : int
        Fewer tomograms or blocks are too few in any case. With n of them the smallest possible p is 2^(1 - n): six are
        the fewest that can reach 0.05.
    n_resamples : int
        Bootstrap samples, and random sign flips where there are too many to try all.
    seed : int
    """

    confidence: float = 0.95
    margin: float = 0.01
    min_units: int = 6
    n_resamples: int = 10_000
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0.5 <= self.confidence < 1:
            raise SettingsError(
                f"A confidence of {self.confidence} is not usable; give one from 0.5 up to 1."
            )
        if not (np.isfinite(self.margin) and self.margin >= 0):
            raise SettingsError(f"The margin {self.margin} is not usable; give a difference of 0 or more.")
        if self.min_units < 2 or self.n_resamples < 100:
            raise SettingsError(
                f"{self.min_units} units and {self.n_resamples} resamples are too few; give at least 2 and 100."
            )


@dataclass(frozen=True)
class Interval:
    """A value with its confidence interval; NaN bounds where fewer than `FEWEST_UNITS` differ."""

    value: float
    low: float
    high: float

    @property
    def includes_zero(self) -> bool:
        """Whether 0 cannot be excluded, as where there is no interval."""
        return not (self.low > 0 or self.high < 0)


Metric = Callable[[np.ndarray], np.ndarray]
"""A score of tallies: (..., k) counts to (...) values."""


@dataclass(frozen=True)
class Aggregate:
    """How a score of units becomes one number.

    Parameters
    ----------
    metric : callable
        Score of tallies (..., k).
    is_pooled : bool
        The tallies of all units are added and scored once (blocks of one tomogram), or each unit is scored and the
        scores are averaged (tomograms, so that each has the same say).
    """

    metric: Metric
    is_pooled: bool

    def of(self, tallies: np.ndarray) -> float:
        """Return the score of units (n, k)."""
        return float(self.weighted(tallies, np.ones((1, len(tallies))))[0])

    def weighted(self, tallies: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """Return the scores (r,) of resamples, in which each unit occurs ``weights`` (r, n) times.

        Units without a score (nothing labelled) are left out of a mean.
        """
        if self.is_pooled:
            return self.metric(weights @ tallies)
        scores = self.metric(tallies)
        has_score = ~np.isnan(scores)
        total = weights @ has_score
        found: np.ndarray = (weights @ np.where(has_score, scores, 0.0)) / np.where(total == 0, np.nan, total)
        return found


def bootstrap_interval(tallies: np.ndarray, aggregate: Aggregate, settings: StatisticsSettings) -> Interval:
    """Return the score of units (n, k) with its interval."""
    return _interval(aggregate.of(tallies), lambda w: aggregate.weighted(tallies, w), len(tallies), settings)


def bootstrap_difference(
    baseline: np.ndarray, candidate: np.ndarray, aggregate: Aggregate, settings: StatisticsSettings
) -> Interval:
    """Return by how much the candidate scores higher on the same units, both (n, k), with its interval.

    Where both are the same on every unit, all three are exactly 0.
    """
    if np.array_equal(baseline, candidate):
        return Interval(0.0, 0.0, 0.0)
    return _interval(
        aggregate.of(candidate) - aggregate.of(baseline),
        lambda w: aggregate.weighted(candidate, w) - aggregate.weighted(baseline, w),
        len(baseline),
        settings,
    )


def sign_flip_test(
    baseline: np.ndarray, candidate: np.ndarray, aggregate: Aggregate, settings: StatisticsSettings
) -> float:
    """Return the two-sided p that the two are exchangeable on every unit.

    Notes
    -----
    The names of the versions are exchanged in any set of units, which flips the sign of the units' differences; p is
    the share of such exchanges, the one observed among them, that differ by at least as much (Phipson and Smyth 2010,
    10.2202/1544-6115.1585). Up to 14 units all of them are tried.
    """
    n = len(baseline)
    observed = abs(aggregate.of(candidate) - aggregate.of(baseline))
    slack = 1e-12 + 1e-9 * observed
    n_extreme, n_tried = 0, 0
    for is_swapped in _swaps(n, baseline.size, settings):
        n_tried += len(is_swapped)
        differences = _swapped_differences(baseline, candidate, is_swapped, aggregate)
        n_extreme += int(np.sum(np.abs(differences) >= observed - slack))
    if n <= MAX_EXACT_UNITS:
        return n_extreme / n_tried
    return (n_extreme + 1) / (n_tried + 1)


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """Return p-values adjusted for being several (Holm 1979, 10.2307/4615733), in the order given."""
    p = np.asarray(p_values, np.float64)
    order = np.argsort(p, kind="stable")
    raised = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    adjusted = np.empty(len(p))
    adjusted[order] = np.minimum(raised, 1.0)
    return tuple(adjusted.tolist())


def judge(
    difference: Interval, p_adjusted: float, *, n_units: int, is_identical: bool, settings: StatisticsSettings
) -> Verdict:
    """Return what may be said of a difference.

    Notes
    -----
    Equal counts on every unit are "no difference", however few there are. Else too few units are too little data.
    "better" and "worse" need both an interval without 0 and an adjusted p of at most ``1 - confidence``. What is
    left is "no difference" where the interval lies within the margin, and otherwise too little data to tell.
    """
    if is_identical:
        return "no difference"
    if n_units < settings.min_units:
        return "too little data to tell"
    if not difference.includes_zero and p_adjusted <= 1 - settings.confidence + 1e-12:
        return "better" if difference.value > 0 else "worse"
    if -settings.margin <= difference.low and difference.high <= settings.margin:
        return "no difference"
    return "too little data to tell"


MIN_BLOCK_SLICES = 4
DEFAULT_BLOCK_SLICES = 8
"""Where there are too few slices to see how they depend on each other."""

MIN_SERIES = 24
LENGTHS_PER_BLOCK = 8
"""Block length in units of the lag at which the autocorrelation has fallen to 1/e."""

LEAST_CORRELATION = 0.05
"""A correlation of neighbours below this is taken for none."""


def choose_block_length(series: np.ndarray) -> int:
    """Return how many slices make a block that is nearly independent of its neighbours.

    Parameters
    ----------
    series : ndarray
        (n,) a score, or the difference of two, in consecutive labelled slices; NaN is left out.

    Notes
    -----
    Eight times the lag at which the autocorrelation has fallen to 1/e, at least 4: neighbouring blocks of a process
    whose correlation falls exponentially are then correlated by 0.07, so that a test that should err in 5 % of cases
    errs in 7 %; three times that lag would make it 10 %. Eight where there are fewer than 24 slices or none of them
    differ.
    """
    values = series[np.isfinite(series)]
    centred = values - values.mean() if len(values) else values
    if len(values) < MIN_SERIES or not np.any(np.abs(centred) > 1e-12):
        return DEFAULT_BLOCK_SLICES
    power = np.abs(np.fft.rfft(centred, 2 * len(centred))) ** 2
    correlation = np.fft.irfft(power)[: len(centred)]
    lag = float(np.flatnonzero(correlation < correlation[0] / np.e)[0])
    if lag == 1:
        lag = -1 / np.log(max(correlation[1] / correlation[0], LEAST_CORRELATION))
    return max(MIN_BLOCK_SLICES, int(np.ceil(LENGTHS_PER_BLOCK * lag)))


def cut_into_blocks(n_slices: int, block_slices: int) -> list[range]:
    """Return blocks of nearly equal length, none shorter than asked for unless there is but one."""
    n_blocks = max(1, n_slices // block_slices)
    edges = np.linspace(0, n_slices, n_blocks + 1).round().astype(int)
    return [range(int(a), int(b)) for a, b in itertools.pairwise(edges)]


def _interval(
    value: float, resample: Callable[[np.ndarray], np.ndarray], n: int, settings: StatisticsSettings
) -> Interval:
    """Percentile interval, widened for few units.

    Percentiles of the bootstrap are too narrow for small n by what a normal interval is to Student's; Hesterberg 2015
    (10.1080/00031305.2015.1089789) widens them accordingly.
    """
    if n < FEWEST_UNITS:
        return Interval(value, float("nan"), float("nan"))
    rng = np.random.default_rng(settings.seed)
    batch = max(1, BATCH_VALUES // n)
    sizes = [min(batch, settings.n_resamples - done) for done in range(0, settings.n_resamples, batch)]
    chances = np.full(n, 1 / n)
    drawn = np.concatenate([resample(rng.multinomial(n, chances, size).astype(np.float64)) for size in sizes])
    drawn = drawn[np.isfinite(drawn)]
    if not len(drawn):
        return Interval(value, float("nan"), float("nan"))
    tail = (1 - settings.confidence) / 2
    wider = float(ndtr(np.sqrt(n / (n - 1)) * stdtrit(n - 1, tail)))
    low, high = np.quantile(drawn, [wider, 1 - wider])
    return Interval(value, float(low), float(high))


def _swaps(n: int, size: int, settings: StatisticsSettings) -> list[np.ndarray]:
    """Return sets of units to exchange, (r, n) bool, in batches."""
    if n <= MAX_EXACT_UNITS:
        return [(np.arange(1 << n)[:, None] >> np.arange(n) & 1).astype(np.bool_)]
    rng = np.random.default_rng(settings.seed + 1)
    batch = max(1, BATCH_VALUES // size)
    sizes = [min(batch, settings.n_resamples - done) for done in range(0, settings.n_resamples, batch)]
    return [rng.random((each, n)) < 0.5 for each in sizes]


def _swapped_differences(
    baseline: np.ndarray, candidate: np.ndarray, is_swapped: np.ndarray, aggregate: Aggregate
) -> np.ndarray:
    """Return the difference (r,) after exchanging the versions on some units, (r, n)."""
    swapped, kept = is_swapped.astype(np.float64), (~is_swapped).astype(np.float64)
    if aggregate.is_pooled:
        first = kept @ baseline + swapped @ candidate
        second = kept @ candidate + swapped @ baseline
        return aggregate.metric(second) - aggregate.metric(first)
    differences = aggregate.metric(candidate) - aggregate.metric(baseline)
    differences = np.where(np.isnan(differences), 0.0, differences)
    found: np.ndarray = (kept - swapped) @ differences / max(1, np.count_nonzero(~np.isnan(differences)))
    return found
