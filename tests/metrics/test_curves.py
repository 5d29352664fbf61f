import numpy as np
import pytest
from hypothesis import given, settings
from sklearn import metrics as reference
from sklearn.calibration import calibration_curve

from sxt.errors import SettingsError
from sxt.metrics.curves import calibrate, threshold_curves
from sxt.metrics.histogram import ProbabilityHistogram
from sxt.metrics.paper import PaperCounter
from tests.metrics.masks import probabilities


def count_probability(probability, truth, value):
    counter = PaperCounter(value, patch_px=3)
    counter.add(probability, truth)
    return counter.histogram()


def known(probability, truth):
    kept = truth != 255
    return probability[kept].astype(int), (truth[kept] == 1).astype(int)


@settings(max_examples=40)
@given(probabilities())
def test_every_point_of_the_curves_is_that_threshold_applied(pair):
    probability, truth = pair
    curves = threshold_curves(count_probability(probability, truth, 1))
    p, t = known(probability, truth)
    for position in (0, 127, 254):
        predicted = p > 255 * curves.threshold[position]
        assert curves.at(curves.threshold[position]) == position
        if not len(t):
            assert np.isnan(curves.dice[position])
            continue
        empty = float(not t.any() and not predicted.any())
        assert curves.dice[position] == pytest.approx(reference.f1_score(t, predicted, zero_division=empty))
        if predicted.any():
            assert curves.precision[position] == pytest.approx(reference.precision_score(t, predicted))
        if t.any():
            assert curves.recall[position] == pytest.approx(reference.recall_score(t, predicted))


@given(probabilities())
def test_areas_are_those_of_scikit_learn(pair):
    p, t = known(*pair)
    curves = threshold_curves(count_probability(*pair, 1))
    if t.any():
        assert curves.average_precision == pytest.approx(reference.average_precision_score(t, p))
    else:
        assert np.isnan(curves.average_precision)
    if t.any() and not t.all():
        assert curves.roc_auc == pytest.approx(reference.roc_auc_score(t, p))
        false_rate, true_rate, thresholds = reference.roc_curve(t, p, drop_intermediate=False)
        for f, r, level in zip(false_rate[1:], true_rate[1:], thresholds[1:], strict=True):
            if level > 0:
                position = int(level) - 1
                assert (curves.false_positive_rate[position], curves.recall[position]) == pytest.approx(
                    (f, r)
                )
    else:
        assert np.isnan(curves.roc_auc)


@given(probabilities())
def test_the_best_threshold_has_the_largest_dice(pair):
    curves = threshold_curves(count_probability(*pair, 1))
    if not np.isnan(curves.dice).all():
        assert curves.best_dice == curves.dice.max()
        assert curves.dice[curves.at(curves.best_threshold)] == curves.best_dice


def test_of_equally_good_thresholds_the_one_nearest_to_a_half_is_best():
    probability = np.array([[[10, 20, 200, 250]]], np.uint8)
    curves = threshold_curves(count_probability(probability, np.array([[[0, 0, 1, 1]]], np.uint8), 1))
    assert curves.best_dice == 1
    assert curves.best_threshold == pytest.approx(0.5)


@given(probabilities())
def test_calibration_is_that_of_scikit_learn(pair):
    p, t = known(*pair)
    found = calibrate(count_probability(*pair, 1), n_bins=10)
    if not len(t):
        assert np.isnan([found.expected_error, found.largest_error, found.brier]).all()
        return
    frequency, confidence = calibration_curve(t, p / 255, n_bins=10)
    filled = found.n_voxels > 0
    assert found.frequency[filled] == pytest.approx(frequency)
    assert found.confidence[filled] == pytest.approx(confidence)
    gaps = np.abs(frequency - confidence)
    assert found.expected_error == pytest.approx(np.average(gaps, weights=found.n_voxels[filled]))
    assert found.largest_error == pytest.approx(gaps.max())
    assert found.brier == pytest.approx(np.mean((p / 255 - t) ** 2))


def test_perfect_confidence_has_no_calibration_error():
    truth = np.array([[[0, 1, 1, 255]]], np.uint8)
    found = calibrate(count_probability(np.where(truth == 1, 255, 0).astype(np.uint8), truth, 1))
    assert (found.expected_error, found.brier, found.n_voxels.sum()) == (0, 0, 3)


def test_histograms_add_up():
    rng = np.random.default_rng(1)
    truth, probability = rng.integers(0, 2, (4, 5, 6), np.uint8), rng.integers(0, 256, (4, 5, 6), np.uint8)
    whole = count_probability(probability, truth, 1)
    parts = [count_probability(probability[part], truth[part], 1) for part in (slice(0, 1), slice(1, 4))]
    assert (parts[0] + parts[1]).positive.tolist() == whole.positive.tolist()
    assert (parts[0] + parts[1]).negative.tolist() == whole.negative.tolist()


def test_a_histogram_grows_slab_by_slab():
    rng = np.random.default_rng(0)
    truth, probability = rng.integers(0, 2, (4, 5, 6), np.uint8), rng.integers(0, 256, (4, 5, 6), np.uint8)
    whole = count_probability(probability, truth, 1)
    counter = PaperCounter(1, patch_px=3)
    for part in (slice(0, 1), slice(1, 4)):  # as slabs come
        counter.add(probability[part], truth[part])
    parts = counter.histogram()
    assert whole.positive.tolist() == parts.positive.tolist()
    assert (whole.n_positive, whole.n_negative) == (truth.sum(), (truth == 0).sum())


def test_a_single_bin_is_refused():
    with pytest.raises(SettingsError, match="diagram of 1 bins"):
        calibrate(ProbabilityHistogram(np.zeros(256, int), np.zeros(256, int)), n_bins=1)
