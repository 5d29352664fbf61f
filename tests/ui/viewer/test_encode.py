import gzip
import io

import numpy as np
import pytest
from PIL import Image

from sxt.errors import SettingsError
from sxt.ui.viewer.encode import (
    HISTOGRAM_BINS,
    encode_bytes,
    encode_jpeg,
    measure_grey_scale,
    reduce_images,
    to_uint8,
)


def test_the_window_spans_0_to_255_and_what_lies_outside_is_clipped():
    values = np.array([-5.0, 0.0, 0.5, 1.0, 9.0, np.nan, np.inf, -np.inf], np.float32)
    assert to_uint8(values, (0.0, 1.0)).tolist() == [0, 0, 128, 255, 255, 0, 255, 0]


def test_bytes_in_their_own_window_stay_as_they_are():
    values = np.arange(256, dtype=np.uint8)
    assert to_uint8(values, (0.0, 255.0)) is values


def test_large_integers_keep_their_differences():
    values = np.array([10**9, 10**9 + 1, 10**9 + 2], np.int64)
    assert to_uint8(values, (1e9, 1e9 + 2)).tolist() == [0, 128, 255]


@pytest.mark.parametrize("window", [(1.0, 1.0), (2.0, 1.0), (float("nan"), 1.0), (0.0, float("inf"))])
def test_an_empty_window_is_refused(window):
    with pytest.raises(SettingsError, match="is empty; give two rising numbers"):
        to_uint8(np.zeros(3, np.float32), window)


def test_limits_are_the_1st_and_99th_percentile():
    scale = measure_grey_scale(np.arange(10_001, dtype=np.float32))
    assert scale.limits == pytest.approx((100, 9900))
    assert scale.window == pytest.approx((5, 9995))
    assert len(scale.counts) == HISTOGRAM_BINS
    assert sum(scale.counts) == 9991


def test_a_bead_far_outside_does_not_widen_the_window():
    values = np.random.default_rng(0).normal(0, 1, 100_000)
    values[:10] = 1e6
    assert measure_grey_scale(values).window[1] < 5


def test_bytes_have_the_whole_window():
    scale = measure_grey_scale(np.arange(50, 150, dtype=np.uint8))
    assert scale.window == (0.0, 255.0)
    assert scale.limits == pytest.approx((50.99, 148.01))


def test_values_that_are_not_finite_do_not_count():
    values = np.array([np.nan, np.inf, 1.0, 2.0, 3.0], np.float32)
    assert sum(measure_grey_scale(values).counts) <= 3
    assert measure_grey_scale(values).limits == pytest.approx((1.02, 2.98))


@pytest.mark.parametrize("sample", [np.full(9, 7.0), np.full(4, np.nan), np.empty(0)])
def test_a_sample_without_contrast_gives_a_window_of_width_one(sample):
    low, high = measure_grey_scale(sample).window
    assert high - low == 1


def test_reducing_averages_whole_and_last_groups():
    image = np.array([[0, 2, 10], [4, 6, 20], [1, 3, 30]], np.uint8)
    assert reduce_images(image, (2, 2), "mean").tolist() == [[3, 15], [2, 30]]


def test_reducing_a_mask_keeps_thin_lines():
    mask = np.zeros((6, 6), np.uint8)
    mask[3] = 2
    assert reduce_images(mask, (2, 3), "max").tolist() == [[0, 0], [2, 2], [0, 0]]


def test_reducing_keeps_floats_and_leading_axes():
    images = np.arange(2 * 4 * 6, dtype=np.float32).reshape(2, 1, 4, 6)
    reduced = reduce_images(images, (4, 1), "mean")
    assert reduced.dtype == np.float32
    np.testing.assert_allclose(reduced, images.mean(axis=2, keepdims=True))


def test_reducing_by_one_changes_nothing():
    image = np.arange(6, dtype=np.uint16).reshape(2, 3)
    np.testing.assert_array_equal(reduce_images(image, (1, 1), "mean"), image)


def test_a_jpeg_has_the_images_one_below_the_other():
    images = np.stack([np.full((16, 24), grey, np.uint8) for grey in (10, 120, 240)])
    picture = np.asarray(Image.open(io.BytesIO(encode_jpeg(images, quality=95))))
    assert picture.shape == (48, 24)
    assert [int(picture[row].mean().round()) for row in (8, 24, 40)] == pytest.approx([10, 120, 240], abs=1)


def test_a_jpeg_that_is_too_tall_is_refused():
    with pytest.raises(SettingsError, match="too large"):
        encode_jpeg(np.zeros((70, 1000, 1), np.uint8), quality=80)


def test_bytes_come_back_exactly():
    values = np.random.default_rng(1).integers(0, 255, (3, 5, 7), dtype=np.uint8)
    assert gzip.decompress(encode_bytes(values[:, ::-1])) == values[:, ::-1].tobytes()
