import pytest

from sxt.errors import SettingsError
from sxt.segment import SegmentSettings, TileSettings


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"threshold": 1.0}, "probability from 0 up to 1"),
        ({"slab_slices": 0}, "1 or more"),
        ({"tta": "flip"}, "choose one of none, rot4, d4"),
        ({"precision": "int8"}, "choose one of auto, fp32, bf16, fp16"),
        ({"absorbing_is": "grey"}, "choose one of dark, bright"),
        ({"normalisation": "minmax"}, "choose one of zscore, robust"),
    ],
)
def test_unusable_settings_are_refused(values, message):
    with pytest.raises(SettingsError, match=message):
        SegmentSettings(**values)


def test_overlap_of_more_than_half_a_tile_is_refused():
    with pytest.raises(SettingsError, match="exceeds half of the 100 px tile; use 50 or less"):
        TileSettings(tile_px=100, overlap_px=51)


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [(None, None, range(0, 10)), (2, 5, range(2, 5)), (-3, None, range(7, 10)), (None, -8, range(0, 2))],
)
def test_slice_range_counts_as_python_does(first, last, expected):
    assert SegmentSettings(first_slice=first, last_slice=last).slice_range(10) == expected


@pytest.mark.parametrize(("first", "last"), [(5, 5), (8, 3), (0, 11), (10, None), (-11, None)])
def test_slices_that_do_not_exist_are_named(first, last):
    with pytest.raises(SettingsError, match=r"no slices .*; this tomogram has slices 0:10"):
        SegmentSettings(first_slice=first, last_slice=last).slice_range(10)


def test_paper_preset_is_the_published_rule():
    settings = SegmentSettings.paper()
    assert (settings.tiles.tile_px, settings.tiles.tile_px - settings.tiles.overlap_px) == (592, 400)
    assert (settings.tiles.blending, settings.threshold, settings.tta) == ("mean", 0.5, "none")
    assert (settings.normalisation, settings.rescale) == ("zscore", False)
