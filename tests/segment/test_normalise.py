import numpy as np
import pytest

from sxt.segment.normalise import MAX_ROBUST_DEVIATIONS, normalise_slices


def noise(dtype: str = "float32") -> np.ndarray:
    return np.random.default_rng(0).normal(1000, 50, (3, 64, 80)).astype(dtype)


@pytest.mark.parametrize("dtype", ["uint16", "int16", "float32", "float64"])
def test_zscore_gives_each_slice_zero_mean_and_unit_variance(dtype):
    slices = noise(dtype)
    slices[1] *= 2
    values = normalise_slices(slices, rule="zscore", absorbing_is="dark").values
    assert values.dtype == np.float32
    assert np.allclose(values.mean(axis=(1, 2)), 0, atol=1e-4)
    assert np.allclose(values.std(axis=(1, 2)), 1, atol=1e-4)
    expected = (slices[1].astype(float) - slices[1].mean()) / slices[1].std()
    assert np.allclose(values[1], expected, atol=1e-3)


def test_a_bead_flattens_the_rest_under_zscore_but_not_under_the_robust_rule():
    slices = noise()
    slices[0, 10:13, 10:13] = -100_000
    robust = normalise_slices(slices, rule="robust", absorbing_is="dark").values
    zscore = normalise_slices(slices, rule="zscore", absorbing_is="dark").values
    assert zscore[0, 30:].std() < 0.05
    assert robust[0, 30:].std() == pytest.approx(1, abs=0.05)
    assert robust.min() == -MAX_ROBUST_DEVIATIONS


def test_bright_absorbing_slices_are_inverted():
    slices = noise()
    dark = normalise_slices(slices, rule="robust", absorbing_is="dark").values
    bright = normalise_slices(2000 - slices, rule="robust", absorbing_is="bright").values
    assert np.allclose(dark, bright, atol=1e-3)


def test_missing_values_are_left_out_and_become_zero():
    slices = noise()
    slices[2, :5] = np.nan
    slices[2, 5, 0] = np.inf
    result = normalise_slices(slices, rule="zscore", absorbing_is="dark")
    assert np.isfinite(result.values).all()
    assert np.all(result.values[2, :5] == 0)
    assert result.is_missing.sum() == 5 * 80 + 1
    assert result.values[2, 6:].std() == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize("value", [0.0, 3.3e4, -1e-9])
def test_constant_and_empty_slices_become_zero_and_are_marked(value):
    slices = noise()
    slices[0] = value
    slices[1] = np.nan
    result = normalise_slices(slices, rule="robust", absorbing_is="dark")
    assert result.is_constant.tolist() == [True, True, False]
    assert np.all(result.values[:2] == 0)


def test_input_is_not_changed():
    slices = noise()
    before = slices.copy()
    normalise_slices(slices, rule="robust", absorbing_is="bright")
    assert np.array_equal(slices, before)
