import numpy as np
import pytest

from sxt.ui.viewer.tiers import plan_tiers
from sxt.ui.viewer.volumes import Level
from sxt.workspace.pyramid import plan_levels


def levels_of(shape, voxel_size_nm=(10.0, 10.0, 10.0)):
    return [
        Level(np.broadcast_to(np.uint8(0), info.shape), info.factors)
        for info in plan_levels(shape, voxel_size_nm)
    ]


def test_a_small_slice_is_scrubbed_in_full_resolution():
    scrub, full = plan_tiers(levels_of((6, 473, 473)), "z")
    assert (scrub.name, scrub.height, scrub.width, scrub.step) == ("scrub", 473, 473, 1)
    assert (full.name, full.height, full.width, full.count) == ("full", 473, 473, 6)


def test_a_large_volume_has_a_preview_and_keeps_each_slice_along_z():
    preview, scrub, full = plan_tiers(levels_of((1000, 1024, 1024)), "z")
    assert (preview.width, preview.images_per_strip) == (128, 64)
    assert (scrub.width, scrub.step, scrub.count, scrub.pixel) == (512, 1, 1000, (2, 2))
    assert (full.width, full.step) == (1024, 1)


def test_along_y_a_lower_resolution_may_hold_two_slices_in_one():
    scrub = plan_tiers(levels_of((512, 1024, 1024)), "y")[1]
    assert (scrub.level, scrub.step, scrub.pixel, scrub.reduce) == (1, 2, (2, 2), (1, 1))
    assert (scrub.height, scrub.width, scrub.count) == (256, 512, 512)


@pytest.mark.parametrize("plane", ["z", "y", "x"])
@pytest.mark.parametrize(
    "shape", [(1, 1, 1), (3, 7, 2049), (61, 999, 1501), (700, 40, 33), (1201, 2048, 2047)]
)
def test_the_tiers_cover_every_voxel_and_fit_into_a_strip(shape, plane):
    through, down, across = {"z": (0, 1, 2), "y": (1, 0, 2), "x": (2, 1, 0)}[plane]
    tiers = plan_tiers(levels_of(shape, (40.0, 10.0, 10.0)), plane)
    assert tiers[-1].name == "full"
    for tier in tiers:
        assert tier.height * tier.pixel[0] >= shape[down] > (tier.height - 1) * tier.pixel[0]
        assert tier.width * tier.pixel[1] >= shape[across] > (tier.width - 1) * tier.pixel[1]
        assert tier.count * tier.step >= shape[through] > (tier.count - 1) * tier.step
        assert tier.images_per_strip * tier.height < 65_500
        assert tier.n_strips * tier.images_per_strip >= tier.count
    scrub = next(tier for tier in tiers if tier.name == "scrub")
    assert max(scrub.height, scrub.width) <= 800
