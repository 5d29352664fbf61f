import threading

import numpy as np
import pytest

from sxt.errors import InputError, SettingsError
from sxt.ui.viewer.blocks import BlockCache
from sxt.ui.viewer.slices import SliceReader
from sxt.ui.viewer.volumes import open_ome_zarr, volume_of_array
from sxt.workspace.pyramid import plan_levels
from tests.ui.viewer.conftest import SHAPE, VOXEL_NM, ramp, write_volume

WINDOW = (0.0, 25.5)


@pytest.fixture
def volume(tmp_path):
    write_volume(tmp_path / "volume.zarr", ramp())
    return open_ome_zarr(tmp_path / "volume.zarr")


@pytest.fixture
def reader(volume):
    return SliceReader(volume, BlockCache(1 << 24))


def expected(plane, index, window=WINDOW):
    """The slice as bytes, straight from the voxels."""
    axis = "zyx".index(plane)
    image = np.take(ramp().astype(np.float64), index, axis=axis)
    image = image.T if plane == "x" else image
    return np.clip((image - window[0]) / (window[1] - window[0]) * 255, 0, 255)


def test_a_volume_has_its_resolutions_and_voxel_size(volume):
    assert volume.shape == SHAPE
    assert volume.voxel_size_nm == VOXEL_NM
    assert [level.factors for level in volume.levels] == [
        info.factors for info in plan_levels(SHAPE, VOXEL_NM)
    ]


def test_a_volume_without_units_has_no_voxel_size(tmp_path):
    write_volume(tmp_path / "volume.zarr", ramp(), voxel_size_nm=None)
    assert open_ome_zarr(tmp_path / "volume.zarr").voxel_size_nm is None


def test_what_is_no_image_is_refused(tmp_path):
    (tmp_path / "volume.zarr").mkdir()
    (tmp_path / "volume.zarr/zarr.json").write_text('{"attributes": {}}')
    with pytest.raises(InputError, match=r"volume\.zarr cannot be shown"):
        open_ome_zarr(tmp_path / "volume.zarr")


@pytest.mark.parametrize(("plane", "index"), [("z", 7), ("y", 299), ("x", 123)])
def test_a_tile_is_the_slice_in_full_resolution(reader, plane, index):
    window = (0.0, 1.0) if plane == "z" else WINDOW
    tile = reader.read_tile(plane, index, 0, 0, window)
    assert tile.shape == (1, *expected(plane, index).shape)
    np.testing.assert_allclose(tile[0], expected(plane, index, window), atol=0.51)


def test_strips_hold_all_slices_in_order(reader):
    tier = reader.tiers("z")[0]
    strips = [reader.read_strip("z", "scrub", number, (-0.5, 19.5)) for number in range(tier.n_strips)]
    images = np.concatenate(strips)
    assert images.shape == (20, 1, 300, 400)
    assert (np.diff(images[:, 0, 0, 0].astype(int)) > 10).all()


def test_strips_along_y_come_from_a_block_that_is_read_once(volume):
    reads = []
    first = volume.levels[0]

    class Counting:
        shape, dtype = first.array.shape, first.array.dtype

        def __getitem__(self, index):
            reads.append(index)
            return first.array[index]

    reader = SliceReader(volume_of_array("counted", Counting()), BlockCache(1 << 24))
    for number in range(4):
        strip = reader.read_strip("y", "scrub", number, WINDOW)
        assert strip.shape == (16, 1, 20, 400)
        for offset in (0, 15):
            np.testing.assert_allclose(strip[offset, 0], expected("y", 16 * number + offset), atol=0.51)
    assert len(reads) == 1


def test_large_slices_are_reduced_to_means():
    values = np.zeros((2, 4, 2000), np.float32)
    values[:, :, 1::2] = 2
    reader = SliceReader(volume_of_array("wide", values), BlockCache(0))
    strip = reader.read_strip("z", "scrub", 0, (0.0, 2.0))
    assert strip.shape == (2, 1, 4, 500)
    assert (strip == 128).all()


def test_slabs_along_z_are_reduced_as_if_read_at_once():
    values = np.random.default_rng(0).integers(0, 255, (2000, 3, 5), dtype=np.uint8)
    reader = SliceReader(volume_of_array("deep", values), BlockCache(1 << 24))
    strip = reader.read_strip("y", "scrub", 0, (0.0, 255.0))
    assert strip.shape == (3, 1, 500, 5)
    np.testing.assert_array_equal(
        strip[:, 0], np.rint(values.reshape(500, 4, 3, 5).mean(axis=1)).transpose(1, 0, 2)
    )


def test_bytes_need_no_window_and_floats_do(reader):
    mask = SliceReader(volume_of_array("mask", np.full((3, 4, 5), 7, np.uint8)), BlockCache(0), "max")
    assert (mask.read_tile("x", 2, 0, 0) == 7).all()
    with pytest.raises(SettingsError, match="float32 need a contrast window"):
        reader.read_tile("z", 0, 0, 0)


def test_channels_come_one_after_the_other():
    values = np.arange(2 * 3 * 4 * 5, dtype=np.uint8).reshape(2, 3, 4, 5)
    reader = SliceReader(volume_of_array("channels", values), BlockCache(0))
    np.testing.assert_array_equal(reader.read_strip("z", "scrub", 0), values.swapaxes(0, 1))
    assert reader.read_values(1, 2, 3) == (33.0, 93.0)


@pytest.mark.parametrize(
    "ask",
    [
        lambda r: r.read_strip("z", "scrub", 2, WINDOW),
        lambda r: r.read_strip("z", "scrub", -1, WINDOW),
        lambda r: r.read_strip("z", "preview", 0, WINDOW),
        lambda r: r.read_tile("z", 20, 0, 0, WINDOW),
        lambda r: r.read_tile("z", 0, 1, 0, WINDOW),
        lambda r: r.read_tile("z", 0, 0, -1, WINDOW),
        lambda r: r.read_values(0, 300, 0),
    ],
)
def test_what_is_outside_the_volume_is_refused(reader, ask):
    with pytest.raises(SettingsError, match=r"There is no|has no preview|outside the volume"):
        ask(reader)


def test_values_are_those_stored(reader):
    assert reader.read_values(7, 299, 123) == pytest.approx((7.299123,), abs=1e-6)


def test_the_contrast_comes_from_all_depths(reader):
    scale = reader.measure_grey_scale()
    assert scale.limits[0] < 1
    assert scale.limits[1] > 19


def test_a_block_asked_for_by_several_threads_is_read_once():
    cache, n_reads = BlockCache(1 << 20), []
    begun = threading.Barrier(4)

    def read():
        n_reads.append(1)
        return np.zeros(10, np.uint8)

    def ask():
        begun.wait()
        cache.get("key", read)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(n_reads) == 1


def test_the_cache_lets_go_of_what_was_used_longest_ago():
    cache, n_reads = BlockCache(25), []

    def get(key, size=10):
        return cache.get(key, lambda: n_reads.append(key) or np.zeros(size, np.uint8))

    for key in ("a", "b", "a", "c", "a", "b"):
        get(key)
    assert n_reads == ["a", "b", "c", "b"]
    assert get("large", 30).shape == (30,)
    assert cache.n_bytes <= 25


def test_a_read_that_fails_is_tried_again():
    cache = BlockCache(100)
    with pytest.raises(OSError, match="gone"):
        cache.get("key", lambda: (_ for _ in ()).throw(OSError("gone")))
    assert cache.get("key", lambda: np.ones(3)).sum() == 3
