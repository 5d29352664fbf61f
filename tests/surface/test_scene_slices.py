import base64
import io

import numpy as np
import pytest
from PIL import Image

from sxt.errors import InputError
from sxt.surface import scene_slices
from sxt.surface.scene_slices import SliceVolume, describe_slices, load_slices, save_slices, to_bytes

GREY = np.linspace(0, 255, 3 * 16 * 24).reshape(3, 16, 24).astype(np.uint8)
VOLUME = SliceVolume(GREY, (-5.0, -5.0, -10.0), (235.0, 155.0, 50.0))


def test_grey_values_are_stretched_between_their_percentiles():
    values = np.concatenate([[-1e9, np.nan, np.inf], np.arange(10_001, dtype=float), [1e9]])
    scaled = to_bytes(values)
    assert scaled[[0, 1, 2, -1]].tolist() == [0, 0, 0, 255]
    assert scaled[3 + 5000] == pytest.approx(127.5, abs=1)
    assert to_bytes(np.full((2, 2), np.nan)).tolist() == [[0, 0], [0, 0]]
    assert to_bytes(np.full((2, 2), 7)).tolist() == [[0, 0], [0, 0]]


def test_a_volume_comes_back_as_it_was_saved(tmp_path):
    save_slices(tmp_path / "slices.npz", VOLUME)
    loaded = load_slices(tmp_path / "slices.npz")
    np.testing.assert_array_equal(loaded.grey, GREY)
    assert (loaded.low, loaded.high) == (VOLUME.low, VOLUME.high)


def test_the_page_gets_every_slice_as_a_picture_and_corners_in_its_own_unit():
    content = describe_slices(VOLUME, 1e-3)
    assert content["shape"] == [3, 16, 24]
    assert content["low"] == pytest.approx([-0.005, -0.005, -0.01])
    assert content["high"] == pytest.approx([0.235, 0.155, 0.05])
    pictures = [np.asarray(Image.open(io.BytesIO(base64.b64decode(each)))) for each in content["jpeg"]]
    np.testing.assert_allclose(np.stack(pictures), GREY, atol=8)


def test_more_than_a_page_can_carry_is_refused(monkeypatch):
    monkeypatch.setattr(scene_slices, "MOST_VOXELS", 100)
    with pytest.raises(InputError, match="1152 grey values are too many for a scene; give at most 100"):
        describe_slices(VOLUME, 1.0)
