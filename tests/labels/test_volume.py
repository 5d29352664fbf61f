import json

import numpy as np
import pytest
import zarr
from hypothesis import given, settings
from hypothesis import strategies as st

from sxt.errors import InputError, SettingsError
from sxt.labels.files import ScratchFolder
from sxt.labels.values import Box, SliceKey, box_in_slice
from sxt.labels.volume import PIECE_SIZE_PX, ByteVolume


def make(folder, shape, fill_value=255):
    return ByteVolume.create(
        folder / "a.zarr", shape, fill_value=fill_value, scratch=ScratchFolder(folder / "s")
    )


def count_pieces(folder):
    return sum(1 for each in (folder / "a.zarr" / "c").rglob("*") if each.is_file())


def test_a_new_volume_is_unlabelled_and_takes_no_space(tmp_path):
    volume = make(tmp_path, (1000, 2000, 2000))
    assert volume.shape == (1000, 2000, 2000)
    assert (volume.read_slice(SliceKey("z", 999)) == 255).all()
    assert volume.list_slices() == []
    assert [each.name for each in (tmp_path / "a.zarr").iterdir()] == ["zarr.json"]


def test_other_zarr_readers_see_the_same(tmp_path):
    volume = make(tmp_path, (3, 700, 900))
    values = np.random.default_rng(0).integers(0, 256, (1, 700, 900)).astype(np.uint8)
    volume.write_box(Box((1, 0, 0), (2, 700, 900)), values)
    array = zarr.open_array(tmp_path / "a.zarr", mode="r")
    np.testing.assert_array_equal(array[1], values[0])
    assert (array[0] == 255).all()
    assert array.chunks == (1, PIECE_SIZE_PX, PIECE_SIZE_PX)
    assert count_pieces(tmp_path) == 4


def test_what_zarr_wrote_is_read(tmp_path):
    make(tmp_path, (2, 30, 40))
    array = zarr.open_array(tmp_path / "a.zarr", mode="r+")
    array[1, 5:9, 7] = 3
    volume = ByteVolume(tmp_path / "a.zarr", scratch=ScratchFolder(tmp_path / "s"))
    assert (volume[1:2][0, 5:9, 7] == 3).all()
    assert np.count_nonzero(volume[:] != 255) == 4


def test_only_pieces_that_change_are_written(tmp_path):
    volume = make(tmp_path, (2, 1100, 1100))
    box = Box((0, 500, 500), (1, 530, 530))
    volume.write_box(box, np.full(box.shape, 7, np.uint8))
    assert count_pieces(tmp_path) == 4
    before = {
        each: each.stat().st_mtime_ns for each in (tmp_path / "a.zarr" / "c").rglob("*") if each.is_file()
    }
    volume.write_box(Box((0, 520, 520), (1, 521, 521)), np.full((1, 1, 1), 8, np.uint8))
    changed = [each.name for each, when in before.items() if each.stat().st_mtime_ns != when]
    assert changed == ["1"]


def test_a_piece_made_unlabelled_again_is_gone(tmp_path):
    volume = make(tmp_path, (4, 30, 30))
    box = Box((2, 3, 3), (3, 6, 6))
    volume.write_box(box, np.zeros(box.shape, np.uint8))
    assert volume.list_slices() == [2]
    volume.write_box(box, np.full(box.shape, 255, np.uint8))
    assert volume.list_slices() == []
    assert not (tmp_path / "a.zarr" / "c" / "2").exists()


def test_pieces_are_listed_within_the_volume(tmp_path):
    volume = make(tmp_path, (3, 600, 40))
    for z, y in ((0, 10), (2, 599)):
        volume.write_box(Box((z, y, 0), (z + 1, y + 1, 1)), np.zeros((1, 1, 1), np.uint8))
    assert sorted(each.start for each in volume.pieces()) == [(0, 0, 0), (2, 512, 0)]
    assert [each.stop for each in volume.pieces()] == [(1, 512, 40), (3, 600, 40)]


@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_writing_in_any_plane_equals_writing_an_array(tmp_path_factory, data):
    shape = data.draw(st.tuples(*(st.integers(1, 6) for _ in range(3))))
    volume = make(tmp_path_factory.mktemp("v"), shape)
    expected = np.full(shape, 255, np.uint8)
    for number in range(data.draw(st.integers(1, 6))):
        plane = data.draw(st.sampled_from("zyx"))
        axis = "zyx".index(plane)
        key = SliceKey(plane, data.draw(st.integers(0, shape[axis] - 1)))
        sizes = [n for each, n in enumerate(shape) if each != axis]
        start = tuple(data.draw(st.integers(0, n - 1)) for n in sizes)
        stop = tuple(data.draw(st.integers(a + 1, n)) for a, n in zip(start, sizes, strict=True))
        box = box_in_slice(key, start, stop)
        volume.write_box(box, np.full(box.shape, number, np.uint8))
        expected[tuple(slice(a, b) for a, b in zip(box.start, box.stop, strict=True))] = number
        np.testing.assert_array_equal(volume.read_slice(key), np.take(expected, key.index, axis))
    np.testing.assert_array_equal(volume[:], expected)
    stored = [z for z in range(shape[0]) if (expected[z] != 255).any()]
    assert volume.list_slices() == stored


def test_what_lies_outside_is_refused(tmp_path):
    volume = make(tmp_path, (3, 4, 5))
    with pytest.raises(SettingsError, match="no slice y 4; along y the volume has slices 0 to 3"):
        volume.read_slice(SliceKey("y", 4))
    with pytest.raises(SettingsError, match="leaves the volume"):
        volume.read_box(Box((0, 0, 0), (1, 4, 6)))
    with pytest.raises(SettingsError, match="cannot be filled"):
        volume.write_box(Box((0, 0, 0), (1, 1, 2)), np.zeros((1, 1, 1), np.uint8))
    with pytest.raises(SettingsError, match="cannot be made"):
        make(tmp_path / "b", (0, 4, 4))
    with pytest.raises(SettingsError, match="no plane 'w'"):
        SliceKey("w", 0)


def test_damage_is_told(tmp_path):
    volume = make(tmp_path, (3, 4, 5))
    box = Box((0, 0, 0), (1, 1, 1))
    volume.write_box(box, np.zeros((1, 1, 1), np.uint8))
    (tmp_path / "a.zarr/c/0/0/0").write_bytes(b"half")
    with pytest.raises(InputError, match="is damaged"):
        volume.read_box(box)
    path = tmp_path / "a.zarr" / "zarr.json"
    stored = json.loads(path.read_text())
    path.write_text(json.dumps({**stored, "data_type": "uint16"}))
    with pytest.raises(InputError, match="not written by this program"):
        ByteVolume(tmp_path / "a.zarr", scratch=ScratchFolder(tmp_path / "s"))
    path.write_text("{")
    with pytest.raises(InputError, match="is damaged"):
        ByteVolume(tmp_path / "a.zarr", scratch=ScratchFolder(tmp_path / "s"))
    path.unlink()
    with pytest.raises(InputError, match="no labels in"):
        ByteVolume(tmp_path / "a.zarr", scratch=ScratchFolder(tmp_path / "s"))
