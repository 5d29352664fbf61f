import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sxt.errors import SettingsError
from sxt.segment.settings import TileSettings
from sxt.segment.tiles import TileBlender, TilePlan, plan_tiles

sides = st.integers(1, 700)
tile_settings = st.one_of(
    st.just(TileSettings()),
    st.just(TileSettings(tile_px=592, overlap_px=192, blending="mean")),
    st.builds(
        lambda tile, share, blending: TileSettings(tile, int(tile * share), blending),
        st.integers(64, 400),
        st.floats(0, 0.5),
        st.sampled_from(["smooth", "mean"]),
    ),
)


def plan(shape: tuple[int, int], settings: TileSettings, *, largest_tile_px: int = 256) -> TilePlan:
    return plan_tiles(shape, settings=settings, size_multiple=16, largest_tile_px=largest_tile_px)


def blend(made: TilePlan, values: np.ndarray) -> np.ndarray:
    blender = TileBlender(made, n_channels=len(values))
    padded = made.pad(values)
    for index in range(len(made.corners)):
        blender.add(index, made.cut(padded, index))
    return blender.result()


@given(shape=st.tuples(sides, sides), settings=tile_settings)
def test_identical_tiles_give_back_the_slice_to_the_last_bit(shape, settings):
    values = np.random.default_rng(0).normal(size=(2, *shape)).astype(np.float32)
    assert np.array_equal(blend(plan(shape, settings), values), values)


@given(shape=st.tuples(sides, sides), settings=tile_settings)
def test_tiles_lie_on_the_pooling_grid_and_reach_both_ends(shape, settings):
    made = plan(shape, settings)
    for axis in (made.y, made.x):
        assert axis.starts[0] == 0
        assert axis.starts[-1] + axis.tile_px == axis.padded_px >= axis.length_px
        assert axis.tile_px % 16 == 0
        assert all(start % 16 == 0 for start in axis.starts)
        assert all(b - a <= axis.tile_px for a, b in zip(axis.starts, axis.starts[1:], strict=False))


def test_edges_of_inner_tiles_are_discarded_where_blending_is_smooth():
    made = plan((64, 1056), TileSettings(tile_px=256, overlap_px=96))
    ramp = made.x.ramp(1, "smooth")
    assert np.all(ramp[:32] == 0)
    assert np.all(ramp[-32:] == 0)
    assert np.all(np.diff(ramp[32:64]) > 0)
    assert np.all(ramp[96:-96] == 1)
    assert np.all(made.x.ramp(0, "smooth")[:160] == 1)  # the slice's own edge is kept


def test_a_tile_border_that_is_wrong_leaves_no_trace_where_blending_is_smooth():
    made = plan((256, 1024), TileSettings(tile_px=256, overlap_px=96))
    blender = TileBlender(made, n_channels=1)
    for index, (_, x) in enumerate(made.corners):
        tile = np.ones((1, 256, 256), dtype=np.float32)
        if x > 0:
            tile[..., :30] = -100
        blender.add(index, tile)
    assert np.all(blender.result() == 1)


@pytest.mark.parametrize("side", [600, 1001, 1023, 1500, 2048])
def test_number_of_tiles_stays_small_at_sizes_where_the_reference_needs_thousands(side):
    settings = TileSettings(tile_px=592, overlap_px=192, blending="mean")
    assert len(plan((side, side), settings).corners) <= 25


def test_tile_left_open_shrinks_to_even_parts():
    made = plan((600, 600), TileSettings(), largest_tile_px=512)
    assert made.y.tile_px == 608  # a quarter more than the largest tile is still taken whole
    made = plan((900, 900), TileSettings(), largest_tile_px=512)
    assert (made.y.tile_px, made.y.starts) == (512, (0, 400))


def test_slice_smaller_than_a_tile_is_padded_by_mirroring():
    made = plan((5, 30), TileSettings(tile_px=64, overlap_px=0))
    padded = made.pad(np.arange(150.0).reshape(1, 5, 30))
    assert padded.shape == (1, 16, 32)
    assert padded[0, 5].tolist() == padded[0, 4].tolist()
    assert padded[0, 0, 30] == padded[0, 0, 29]


def test_tile_below_what_the_network_takes_is_refused():
    with pytest.raises(SettingsError, match="use 64 or more"):
        plan_tiles((100, 100), settings=TileSettings(32, 0), size_multiple=64, largest_tile_px=512)
