from datetime import UTC, datetime, timedelta

import pytest

from sxt.ui import format as fmt

THIN = "\u2009"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.4819, "0.482"),
        (12.34, "12.3"),
        (0.9996, "1.00"),
        (999.6, f"1{THIN}000"),
        (48_211, f"48{THIN}200"),
        (1.0, "1.00"),
        (0, "0"),
        (-0.4819, "−0.482"),
        (0.0482e-3, "4.82·10⁻⁵"),
        (None, "–"),
        (float("nan"), "–"),
        (float("inf"), "–"),
    ],
)
def test_a_measured_value_has_three_significant_digits(value, text):
    assert fmt.number(value) == text


def test_a_quantity_carries_its_unit_and_a_missing_one_does_not():
    assert fmt.quantity(0.4821, "µm³") == "0.482 µm³"
    assert fmt.quantity(None, "µm³") == "–"


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ((0.8714, 0.8583, 0.8829), "0.871 [0.858, 0.883]"),
        ((12.345, 9.876, 14.2), "12.3 [9.9, 14.2]"),
        ((-0.0123, -0.05, 0.0251), "−0.0123 [−0.0500, 0.0251]"),
        ((0.0, 0.0, 0.0), "0.00 [0.00, 0.00]"),
        ((0.5, None, 0.6), "0.500"),
        ((None, 0.1, 0.2), "–"),
    ],
)
def test_an_interval_has_the_same_decimals_throughout(values, text):
    assert fmt.interval(*values) == text


def test_a_value_that_rounds_to_zero_has_no_sign():
    assert fmt.interval(5.0, -0.001, 10.0) == "5.0 [0.0, 10.0]"


def test_counts_are_exact_and_agree_with_their_noun():
    assert fmt.count(1_234_567) == f"1{THIN}234{THIN}567"
    assert fmt.count(1, "slice") == "1 slice"
    assert fmt.count(3, "slice") == "3 slices"
    assert fmt.count(2, "mitochondrion", "mitochondria") == "2 mitochondria"
    assert fmt.count(-1200) == f"−1{THIN}200"


@pytest.mark.parametrize(
    ("share", "text"), [(0.414, "41 %"), (0.9999, "99 %"), (1.0, "100 %"), (0, "0 %"), (None, "–")]
)
def test_a_hundred_percent_is_shown_only_when_all_is_done(share, text):
    assert fmt.percent(share) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.42, "0.4 s"),
        (9.94, "9.9 s"),
        (45.4, "45 s"),
        (59.7, "1 min"),
        (130, "2 min 10 s"),
        (3599.6, "1 h"),
        (3900, "1 h 5 min"),
        (86_399, "1 d"),
        (3 * 86_400 + 4 * 3600 + 100, "3 d 4 h"),
        (None, "–"),
        (-1, "–"),
    ],
)
def test_a_duration_has_its_two_largest_units(seconds, text):
    assert fmt.duration(seconds) == text


@pytest.mark.parametrize(
    ("passed", "text"),
    [
        (timedelta(seconds=-3), "just now"),
        (timedelta(seconds=50), "1 min ago"),
        (timedelta(minutes=12), "12 min ago"),
        (timedelta(hours=3, minutes=59), "3 h ago"),
        (timedelta(days=5), "5 d ago"),
        (timedelta(days=40), "2026-01-20"),
    ],
)
def test_what_was_long_ago_is_a_date(passed, text):
    now = datetime(2026, 3, 1, 12, tzinfo=UTC)
    assert fmt.ago(now - passed, now) == text


@pytest.mark.parametrize(
    ("n_bytes", "text"),
    [
        (812, "812 bytes"),
        (1000, "1.00 kB"),
        (48_213_000, "48.2 MB"),
        (999_999, "1.00 MB"),
        (2.5e12, "2.50 TB"),
        (None, "–"),
    ],
)
def test_a_file_size_is_in_decimal_units(n_bytes, text):
    assert fmt.file_size(n_bytes) == text


def test_a_slow_rate_is_given_a_minute():
    assert fmt.rate(12.345, "slices") == "12.3 slices/s"
    assert fmt.rate(0.07, "slices") == "4.20 slices/min"
    assert fmt.rate(0, "slices") == "–"


def test_a_length_changes_to_micrometres_at_a_thousand():
    assert fmt.length(850) == "850 nm"
    assert fmt.length(999.9) == "1.00 µm"
    assert fmt.length(1234) == "1.23 µm"
    assert fmt.length(None) == "–"


def test_a_voxel_size_names_its_axes_only_where_they_differ():
    assert fmt.voxel_size((10.0, 10.0, 10.0)) == "10 nm"
    assert fmt.voxel_size((20.0, 9.8, 9.8)) == "20 × 9.8 × 9.8 nm (z, y, x)"
    assert fmt.voxel_size(None) == "unknown voxel size"


def test_a_shape_is_joined_by_crosses():
    assert fmt.shape((613, 473, 473)) == "613 × 473 × 473"
