import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from sxt.errors import SettingsError
from sxt.metrics.statistics import (
    Aggregate,
    Interval,
    StatisticsSettings,
    bootstrap_difference,
    bootstrap_interval,
    choose_block_length,
    cut_into_blocks,
    holm,
    judge,
    sign_flip_test,
)

MEAN = Aggregate(lambda tallies: tallies[..., 0], is_pooled=False)
RATIO = Aggregate(lambda tallies: tallies[..., 0] / tallies[..., 1], is_pooled=True)
QUICK = StatisticsSettings(n_resamples=999)


def column(values):
    return np.asarray(values, float)[:, None]


def smooth_series(rng, n, length):
    """A series whose neighbours are correlated, of deviation 1."""
    values = np.empty(n)
    values[0] = rng.normal()
    keep = np.exp(-1 / length)
    for i in range(1, n):
        values[i] = keep * values[i - 1] + np.sqrt(1 - keep**2) * rng.normal()
    return values


@given(st.lists(st.floats(-1, 1), min_size=2, max_size=9))
def test_few_units_are_tested_by_every_sign_flip(differences):
    d = np.array(differences)
    flips = [abs(np.dot(s, d)) for s in itertools.product([1, -1], repeat=len(d))]
    expected = np.mean(np.array(flips) >= abs(d.sum()) * (1 - 1e-9) - 1e-12 * len(d))
    assert sign_flip_test(column(0 * d), column(d), MEAN, QUICK) == pytest.approx(expected)


def test_the_test_is_that_of_scipy():
    rng = np.random.default_rng(3)
    a, b = rng.normal(0, 1, 12), rng.normal(0.4, 1, 12)
    expected = stats.permutation_test(
        (b - a,), np.mean, permutation_type="samples", n_resamples=np.inf, alternative="two-sided"
    )
    assert sign_flip_test(column(a), column(b), MEAN, QUICK) == pytest.approx(expected.pvalue)


def test_pooled_scores_are_exchanged_unit_by_unit():
    a, b = np.array([[1.0, 4], [2, 4], [3, 9]]), np.array([[2.0, 5], [3, 4], [1, 2]])
    differences = []
    for swap in itertools.product([False, True], repeat=3):
        first, second = np.where(np.array(swap)[:, None], b, a), np.where(np.array(swap)[:, None], a, b)
        differences.append(abs(second.sum(0)[0] / second.sum(0)[1] - first.sum(0)[0] / first.sum(0)[1]))
    expected = np.mean(np.array(differences) >= differences[0] - 1e-12)
    assert sign_flip_test(a, b, RATIO, QUICK) == pytest.approx(expected)


@pytest.mark.parametrize("n", [8, 20])
def test_without_a_difference_the_test_errs_in_about_one_of_twenty_cases(n):
    rng = np.random.default_rng(n)
    settings = StatisticsSettings(n_resamples=499)
    trials = 1000
    p = [sign_flip_test(column(a), column(b), MEAN, settings) for a, b in rng.normal(size=(trials, 2, n))]
    assert 0.033 < np.mean(np.array(p) <= 0.05) < 0.068


def test_blocks_of_dependent_slices_err_in_about_one_of_twenty_cases():
    rng = np.random.default_rng(5)
    settings = StatisticsSettings(n_resamples=499)
    rejected = []
    for _ in range(400):
        series = smooth_series(rng, 600, 4)
        blocks = cut_into_blocks(600, choose_block_length(series))
        means = column([series[block].mean() for block in blocks])
        rejected.append(sign_flip_test(0 * means, means, MEAN, settings) <= 0.05)
    assert 0.03 < np.mean(rejected) < 0.09


def test_single_slices_taken_for_independent_would_err_far_more_often():
    rng = np.random.default_rng(6)
    settings = StatisticsSettings(n_resamples=299)
    p = [
        sign_flip_test(np.zeros((200, 1)), column(smooth_series(rng, 200, 5)), MEAN, settings)
        for _ in range(100)
    ]
    assert np.mean(np.array(p) <= 0.05) > 0.3


def test_an_injected_difference_is_found():
    rng = np.random.default_rng(1)
    found = []
    for _ in range(100):
        a = rng.normal(0.8, 0.05, 10)
        b = a + rng.normal(0.03, 0.02, 10)
        found.append(sign_flip_test(column(a), column(b), MEAN, QUICK) <= 0.05)
    assert np.mean(found) > 0.9


@pytest.mark.parametrize("n", [6, 12, 40])
def test_intervals_hold_the_truth_as_often_as_they_say(n):
    rng = np.random.default_rng(n)
    settings = StatisticsSettings(n_resamples=800)
    covered = 0
    for _ in range(400):
        a, b = rng.normal(0, 1, n), rng.normal(0.3, 1, n)
        interval = bootstrap_difference(column(a), column(b), MEAN, settings)
        covered += interval.low <= 0.3 <= interval.high
    assert 0.91 < covered / 400 < 0.985


def test_identical_units_differ_by_exactly_nothing():
    a = np.random.default_rng(0).random((9, 2)) + 1
    for aggregate in (MEAN, RATIO):
        found = bootstrap_difference(a, a.copy(), aggregate, QUICK)
        assert (found.value, found.low, found.high) == (0, 0, 0)
        assert sign_flip_test(a, a.copy(), aggregate, QUICK) == 1


def test_the_interval_of_a_mean_is_that_of_scipy_but_for_its_widening():
    values = np.random.default_rng(2).normal(size=400)
    found = bootstrap_interval(column(values), MEAN, StatisticsSettings())
    expected = stats.bootstrap((values,), np.mean, method="percentile", rng=0).confidence_interval
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=0.01)
    assert found.value == pytest.approx(values.mean())


def test_one_unit_has_no_interval():
    found = bootstrap_interval(column([0.5]), MEAN, QUICK)
    assert found.value == 0.5
    assert np.isnan([found.low, found.high]).all()


def test_units_without_a_score_are_left_out_of_the_mean():
    tallies = column([0.2, np.nan, 0.4])
    assert bootstrap_interval(tallies, MEAN, QUICK).value == pytest.approx(0.3)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=6))
def test_holm_multiplies_step_by_step(p):
    adjusted = holm(p)
    for i, each in enumerate(p):
        smaller = [q for j, q in enumerate(p) if (q, j) <= (each, i)]
        ranked = sorted(smaller)
        expected = min(1, max(q * (len(p) - k) for k, q in enumerate(ranked)))
        assert adjusted[i] == pytest.approx(expected)


def test_holm_worked_by_hand():
    assert holm([0.01, 0.04, 0.03]) == pytest.approx((0.03, 0.06, 0.06))


@pytest.mark.parametrize(
    ("interval", "p", "n", "expected"),
    [
        ((0.02, 0.01, 0.03), 0.01, 8, "better"),
        ((-0.02, -0.03, -0.01), 0.01, 8, "worse"),
        ((0.02, 0.01, 0.03), 0.2, 8, "too little data to tell"),
        ((0.02, -0.001, 0.03), 0.06, 8, "too little data to tell"),
        ((0.001, -0.004, 0.006), 0.6, 8, "no difference"),
        ((0.02, 0.01, 0.03), 0.01, 5, "too little data to tell"),
        ((0.001, -0.004, 0.006), 0.6, 5, "too little data to tell"),
        ((0.02, float("nan"), float("nan")), 1.0, 8, "too little data to tell"),
    ],
)
def test_verdicts(interval, p, n, expected):
    assert judge(Interval(*interval), p, n_units=n, is_identical=False, settings=QUICK) == expected


def test_identical_results_are_no_difference_however_few():
    assert judge(Interval(0, 0, 0), 1, n_units=1, is_identical=True, settings=QUICK) == "no difference"


def test_without_an_interval_nothing_is_better():
    unknown = Interval(0.3, float("nan"), float("nan"))
    settings = replace(QUICK, min_units=3, confidence=0.75)
    verdict = judge(unknown, 0.25, n_units=3, is_identical=False, settings=settings)
    assert verdict == "too little data to tell"


def test_blocks_grow_with_the_reach_of_the_correlation():
    rng = np.random.default_rng(0)
    lengths = [choose_block_length(smooth_series(rng, 2000, length)) for length in (0.2, 5, 20)]
    assert lengths[0] == 4
    assert 30 <= lengths[1] <= 60
    assert 100 <= lengths[2] <= 220
    assert choose_block_length(np.zeros(100)) == choose_block_length(np.arange(10.0)) == 8


@pytest.mark.parametrize(("n", "length", "expected"), [(20, 8, [10, 10]), (7, 8, [7]), (25, 8, [8, 9, 8])])
def test_blocks_cover_all_slices(n, length, expected):
    blocks = cut_into_blocks(n, length)
    assert [z for block in blocks for z in block] == list(range(n))
    assert sorted(map(len, blocks)) == sorted(expected)


@pytest.mark.parametrize(
    ("changes", "message"),
    [({"confidence": 1}, "confidence of 1"), ({"margin": -1}, "margin -1"), ({"n_resamples": 5}, "too few")],
)
def test_unusable_settings_are_named(changes, message):
    with pytest.raises(SettingsError, match=message):
        StatisticsSettings(**changes)
