import io

import numpy as np
import pytest
from PIL import Image

from sxt.errors import InputError
from sxt.ui.upload import look
from sxt.ui.upload.look import look_at_file
from tests.ui.viewer.conftest import ramp


def test_a_small_file_is_read_whole(tmp_path):
    np.save(tmp_path / "cell.npy", ramp((6, 40, 50)))
    found = look_at_file(tmp_path / "cell.npy")
    assert (found.shape, found.is_whole, found.voxel_size_nm) == ((6, 40, 50), True, None)
    assert Image.open(io.BytesIO(found.preview_png)).size == (14 * 50, 14 * 40), (
        "enlarged, so that its voxels can be seen"
    )


def test_of_a_large_file_some_slices_are_read(tmp_path, monkeypatch):
    monkeypatch.setattr(look, "WHOLE_BYTES", 1000)
    volume = ramp((64, 40, 50))
    volume[1] = 0
    np.save(tmp_path / "tilt_series.npy", volume)
    found = look_at_file(tmp_path / "tilt_series.npy")
    assert not found.is_whole
    assert any("tilt series" in each for each in found.questions)
    assert not any("single value" in each for each in found.doubts), (
        "nothing is said of slices that were not read"
    )


def test_what_is_no_volume_is_refused(tmp_path):
    (tmp_path / "notes.txt").write_text("no volume")
    with pytest.raises(InputError, match=r"notes\.txt"):
        look_at_file(tmp_path / "notes.txt")
