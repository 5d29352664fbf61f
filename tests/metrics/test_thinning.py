import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage
from skimage import morphology

from sxt.metrics.thinning import thin


@given(st.integers(0, 10_000), st.integers(1, 24), st.integers(1, 24), st.sampled_from([0, 0.7, 1.5]))
def test_lines_are_those_of_scikit_image_slice_by_slice(seed, height, width, smooth):
    noise = np.random.default_rng(seed).normal(size=(3, height, width))
    mask = ndimage.gaussian_filter(noise, (0, smooth, smooth)) > 0
    assert np.array_equal(thin(mask), np.stack([morphology.thin(each) for each in mask]))


@pytest.mark.parametrize("fill", [False, True])
def test_slices_without_an_edge(fill):
    mask = np.full((1, 9, 9), fill)
    before = mask.copy()
    assert thin(mask).sum() == (1 if fill else 0)
    assert np.array_equal(mask, before)


def test_a_ring_stays_a_ring():
    y, x = np.mgrid[-20:21, -20:21]
    ring = np.abs(np.hypot(y, x) - 14) < 3
    lines = thin(ring[None])[0]
    assert ndimage.label(lines, np.ones((3, 3)))[1] == 1
    assert ndimage.label(~lines)[1] == 2
    assert lines.sum() == pytest.approx(2 * np.pi * 14, rel=0.15)
