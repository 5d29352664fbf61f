import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sxt.errors import Cancelled
from sxt.io import statistics as module
from sxt.io.statistics import measure_volume
from sxt.progress import CancelToken, Progress, ignore_progress
from tests.io.samples import make_volume


def measure(volume, **options):
    return measure_volume(volume, progress=ignore_progress, **options)


@pytest.mark.parametrize("dtype", ["u1", "i2", "u4", "i8", "f2", "f4", "f8"])
def test_statistics_of_every_dtype(dtype):
    volume = make_volume((5, 17, 23), dtype)
    found, values = measure(volume), volume.astype(float)
    assert (found.minimum, found.maximum) == (values.min(), values.max())
    assert found.mean == pytest.approx(values.mean())
    assert found.std == pytest.approx(values.std())
    low, high = np.percentile(values, [1, 99])
    assert (found.percentile_1, found.percentile_99) == pytest.approx((low, high))
    assert found.n_distinct == len(np.unique(volume))
    assert (found.n_voxels, found.n_nan, found.n_infinite, found.constant_slices) == (1955, 0, 0, ())


@settings(max_examples=50, deadline=None)
@given(
    arrays(
        np.float32,
        st.tuples(*(st.integers(1, 5),) * 3),
        elements=st.floats(-1e6, 1e6, width=32) | st.just(np.nan),
    )
)
def test_what_is_not_finite_does_not_count(volume):
    found, finite = measure(volume), volume[np.isfinite(volume)].astype(float)
    assert found.n_nan == np.isnan(volume).sum()
    if finite.size == 0:
        assert (found.minimum, found.mean, found.percentile_1, found.n_distinct) == (None, None, None, 0)
        return
    assert (found.minimum, found.maximum) == (finite.min(), finite.max())
    assert found.mean == pytest.approx(finite.mean(), abs=1e-3)
    assert found.std == pytest.approx(finite.std(), abs=1e-2)
    assert found.n_at_minimum == (finite == finite.min()).sum()
    assert found.n_at_maximum == (finite == finite.max()).sum()


def test_infinite_voxels_are_counted_apart():
    volume = np.ones((2, 3, 4))
    volume[0, 0, :3] = np.inf, -np.inf, np.nan
    found = measure(volume)
    assert (found.n_nan, found.n_infinite, found.maximum) == (1, 2, 1.0)


def test_a_large_offset_loses_no_digits():
    volume = make_volume((4, 50, 50), "f8") + 1e9
    assert measure(volume).std == pytest.approx(volume.std(), rel=1e-6)


def test_sums_beyond_the_range_of_floats_are_none():
    found = measure(np.full((2, 30, 30), 1e308))
    assert (found.maximum, found.mean) == (1e308, None)


def test_constant_and_empty_slices_are_listed():
    volume = make_volume((5, 7, 9), "f4")
    volume[1], volume[3] = 4.0, np.nan
    assert measure(volume).constant_slices == (1, 3)


def test_the_extremes_are_counted_over_all_slices():
    volume = np.full((4, 5, 6), 100, "u1")
    volume[0, 0, :3], volume[2, 0, :4], volume[3, 1, 1] = 0, 255, 0
    found = measure(volume)
    assert (found.n_at_minimum, found.n_at_maximum) == (4, 4)


def test_a_sample_stands_for_a_large_volume(monkeypatch):
    monkeypatch.setattr(module, "SAMPLE_VOXELS", 20_000)
    volume = make_volume((20, 100, 100), "f4")
    found = measure(volume)
    low, high = np.percentile(volume, [1, 99])
    assert (found.percentile_1, found.percentile_99) == pytest.approx((low, high), abs=0.3)
    assert found.n_distinct < 20_001


def test_slabs_are_small_and_progress_is_told(monkeypatch):
    monkeypatch.setattr(module, "SLAB_BYTES", 3 * 7 * 9)
    reports: list[Progress] = []
    measure_volume(make_volume((7, 7, 9)), progress=reports.append)
    assert [(each.done, each.total) for each in reports] == [(3, 7), (6, 7), (7, 7)]


def test_cancelling_stops_it():
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(Cancelled):
        measure(make_volume(), cancel=cancel)
