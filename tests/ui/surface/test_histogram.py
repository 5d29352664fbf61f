import numpy as np
import pytest

from sxt.ui.surface.histogram import bin_edges, histogram, is_spread


def test_bins_cover_all_values_and_grow_where_they_spread():
    even = bin_edges(np.linspace(1.0, 2.0, 50))
    np.testing.assert_allclose(np.diff(even), np.diff(even)[0])
    spread = bin_edges(np.geomspace(1e-4, 10.0, 50))
    np.testing.assert_allclose(spread[1:] / spread[:-1], spread[1] / spread[0])
    assert (spread[0], spread[-1]) == (1e-4, 10.0)


@pytest.mark.parametrize("value", [0.0, -3.0, 5.0])
def test_equal_values_have_one_bin_around_them(value):
    low, high = bin_edges(np.full(7, value))
    assert low < value < high


def test_nothing_at_or_below_zero_is_logarithmic():
    assert is_spread(0.01, 2.0)
    assert not is_spread(0.0, 2.0)
    assert not is_spread(1.0, 100.0)


def test_what_passed_stands_before_all():
    values = np.array([1.0, 1.0, 2.0, 3.0])
    figure = histogram(values, np.array([True, False, False, True]), "volume, µm³")
    every, passed = figure.data
    assert sum(every.y) == 4
    assert sum(passed.y) == 2
    assert passed.marker.color == "#56B4E9"
    assert figure.layout.xaxis.title.text == "volume, µm³"
    assert figure.layout.yaxis.title.text == "components"
    assert every.hovertext[0].endswith("1 of 2 components")


def test_powers_of_ten_are_marked_where_values_spread():
    figure = histogram(np.array([0.002, 0.5, 40.0]), np.ones(3, bool), "volume, µm³")
    assert list(figure.layout.xaxis.tickvals) == [-2, -1, 0, 1]
    assert list(figure.layout.xaxis.ticktext) == ["0.0100", "0.100", "1.00", "10.0"]
