import pytest

from sxt.train.batches import _fit_crop


@pytest.mark.parametrize(
    ("crop_px", "largest_side_px", "size_multiple", "side_px"),
    [(256, 1000, 32, 256), (256, 100, 32, 128), (250, 1000, 32, 256), (32, 500, 32, 64), (256, 20, 32, 64)],
)
def test_crops_fit_the_slices_and_the_network(crop_px, largest_side_px, size_multiple, side_px):
    assert _fit_crop(crop_px, largest_side_px, size_multiple) == side_px
