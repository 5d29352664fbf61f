import numpy as np

from sxt.models import ModelClass
from sxt.segment.overview import GAP_PX, OVERLAY_OPACITY, PANEL_PX, draw_overview

MEMBRANE = ModelClass(1, "membrane", "#E69F00")


def overview(slices, masks, **changes):
    known = {"classes": [MEMBRANE], "voxel_size_nm": None, **changes}
    return np.asarray(draw_overview(slices, masks, range(len(slices)), **known))


def test_mask_is_drawn_in_the_colour_of_its_class_below_the_plain_slice():
    grey = np.full((200, 300), 50, dtype=np.uint16)
    grey[:, ::2] = 150
    mask = np.zeros((200, 300), dtype=np.uint8)
    mask[100:, 150:] = 1
    picture = overview([grey], [mask])
    assert picture.shape == (400 + GAP_PX, 300, 3)
    plain, coloured = picture[:200], picture[200 + GAP_PX :]
    assert np.array_equal(plain[50:100, 100:], coloured[50:100, 100:])
    expected = (1 - OVERLAY_OPACITY) * 255 + OVERLAY_OPACITY * np.array([0xE6, 0x9F, 0x00])
    assert np.abs(coloured[150, 200].astype(float) - expected).max() <= 1


def test_large_slices_are_shrunk_and_lie_side_by_side():
    grey = np.random.default_rng(0).normal(size=(1040, 2080)).astype(np.float32)
    picture = overview([grey] * 3, [np.zeros(grey.shape, np.uint8)] * 3)
    assert picture.shape == (2 * PANEL_PX // 2 + GAP_PX, 3 * PANEL_PX + 2 * GAP_PX, 3)


def test_scale_bar_has_the_length_it_names():
    black = np.zeros((200, 300), dtype=np.uint8)
    with_bar = overview([black], [black], voxel_size_nm=(10, 10, 10))
    bar = with_bar[200 + GAP_PX :][200 - 14, :, 0] == 255
    assert bar.sum() == 101  # 1000 nm are 100 px, both ends included
    assert not (overview([black], [black])[200 + GAP_PX :][200 - 14, :, 0] == 255).any()


def test_missing_values_and_slices_without_contrast_are_drawn_black():
    missing = np.full((100, 100), np.nan, dtype=np.float32)
    picture = overview([missing], [np.zeros((100, 100), np.uint8)])
    assert picture[50:90, 50:90].max() == 0
