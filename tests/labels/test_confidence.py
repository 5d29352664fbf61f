import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from sxt.errors import SettingsError
from sxt.labels import ConfidenceThresholds, label_where_sure
from sxt.labels.calibration import apply_temperature, calibrate, count_levels, fit_temperature
from sxt.labels.confidence import BACKGROUND_CONFIDENCE, FOREGROUND_CONFIDENCE


def test_labels_are_given_where_the_model_is_sure_on_either_side():
    probability = np.array([[[250, 200, 5, 5]], [[10, 10, 5, 245]]], np.uint8)  # (2, 1, 4)
    found = label_where_sure(
        probability, [1, 4], thresholds=ConfidenceThresholds(foreground=0.9, background=0.95)
    )
    assert found.labels.tolist() == [[1, 255, 0, 4]]
    expected = [250.5 / 256, 200.5 / 256, 1 - 5.5 / 256, 245.5 / 256]
    assert found.confidence[0] == pytest.approx(255 * np.array(expected), abs=0.51)


def test_each_class_may_have_its_own_thresholds():
    probability = np.array([[[220, 0, 20]], [[0, 220, 0]]], np.uint8)
    thresholds = ConfidenceThresholds(
        foreground=0.8, background=0.9, foreground_by_class={2: 0.95}, background_by_class={1: 0.99}
    )
    assert label_where_sure(probability, [1, 2], thresholds=thresholds).labels.tolist() == [[1, 255, 255]]


def test_a_higher_temperature_leaves_more_uncertain():
    probability = np.arange(256, dtype=np.uint8).reshape(1, 1, 256)
    cool, warm = (label_where_sure(probability, [1], temperature=t).labels for t in (1.0, 2.0))
    assert (warm == 255).sum() > (cool == 255).sum()
    assert (cool[warm != 255] == warm[warm != 255]).all()


@settings(max_examples=40, deadline=None)
@given(probability=hnp.arrays(np.uint8, (2, 3, 4)), temperature=st.floats(0.2, 5))
def test_uncertain_voxels_stay_unlabelled(probability, temperature):
    found = label_where_sure(probability, [1, 2], temperature=temperature)
    calibrated = apply_temperature(temperature)[probability]
    best = calibrated.max(axis=0)
    np.testing.assert_array_equal(np.isin(found.labels, [1, 2]), best >= FOREGROUND_CONFIDENCE)
    np.testing.assert_array_equal(found.labels == 0, 1 - best >= BACKGROUND_CONFIDENCE)
    assert (np.isin(found.labels, [0, 1, 2, 255])).all()


def test_what_makes_no_sense_is_told():
    with pytest.raises(SettingsError, match=r"from 0\.5 up to 1"):
        ConfidenceThresholds(foreground=0.4)
    with pytest.raises(SettingsError, match="0 is no class"):
        ConfidenceThresholds(foreground_by_class={0: 0.9})
    with pytest.raises(SettingsError, match="for 1 classes"):
        label_where_sure(np.zeros((2, 3, 3), np.uint8), [1])
    with pytest.raises(SettingsError, match="above 0"):
        apply_temperature(0.0)


def simulate(temperature, seed=0, n=120):
    """Labels drawn with the true probability, and what a model says that is too sure by a factor."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 1.5, (1, n, n))
    labels = (rng.random((n, n)) < 1 / (1 + np.exp(-logits[0]))).astype(np.uint8)
    said = 1 / (1 + np.exp(-logits * temperature))
    return np.clip(np.floor(said * 256), 0, 255).astype(np.uint8), labels


@pytest.mark.parametrize("temperature", [0.6, 1.0, 2.0])
def test_the_temperature_that_a_model_is_off_by_is_found(temperature):
    slices = [simulate(temperature, seed) for seed in range(3)]
    found = calibrate(lambda z: slices[z][0], lambda z: slices[z][1], range(3), [1])
    assert found.is_fitted
    assert found.temperature == pytest.approx(temperature, rel=0.06)
    assert found.nll_after <= found.nll_before
    assert (found.n_slices, found.n_voxels) == (3, 3 * 120 * 120)
    assert f"temperature {found.temperature:.2f}" in found.note


def test_unlabelled_voxels_are_not_counted():
    probability, labels = simulate(1.0)
    labels[:60] = 255
    counts = count_levels(probability, labels, [1])
    assert counts.sum() == 60 * 120
    assert counts[1].sum() == (labels == 1).sum()
    with pytest.raises(SettingsError, match="with 2 classes"):
        count_levels(probability, labels, [1, 2])


def test_too_few_labels_leave_the_temperature_at_one_and_say_so():
    probability, labels = simulate(2.0)
    one = calibrate(
        lambda z: probability, lambda z: labels if z == 0 else np.full_like(labels, 255), [0, 1], [1]
    )
    assert (one.temperature, one.is_fitted) == (1.0, False)
    assert "1 slice labelled by people, 2 are needed" in one.note
    background = fit_temperature(count_levels(probability, np.zeros_like(labels), [1]), 2)
    assert (background.temperature, background.is_fitted) == (1.0, False)
    assert "fewer than 100 voxels" in background.note
