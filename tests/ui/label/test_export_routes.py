import io
import zipfile

import numpy as np
import pytest
import tifffile

from sxt.labels import SliceKey
from tests.ui.label.conftest import SHAPE


@pytest.fixture
def drawn(labels):
    labels.change(
        SliceKey("z", 2), lambda old: np.where(old == 255, np.uint8(2), old), by="ada", tool="brush"
    )
    return labels.volume[0 : SHAPE[0]]


def test_a_volume_is_sent_with_its_values_as_they_are(ada, drawn):
    answer = ada.get("export/npy")
    assert "cell labels.npy" in answer.headers["content-disposition"]
    np.testing.assert_array_equal(np.load(io.BytesIO(answer.content)), drawn)
    np.testing.assert_array_equal(tifffile.imread(io.BytesIO(ada.get("export/tif").content)), drawn)


def test_folders_are_sent_as_zip_and_leave_nothing_behind(ada, drawn, workspace):
    with zipfile.ZipFile(io.BytesIO(ada.get("export/pairs?class=2").content)) as packed:
        names = sorted(packed.namelist())
        assert [name.rsplit("/")[-1] for name in names] == ["slice_0002.labels.tif", "slice_0002.tif"]
        assert (tifffile.imread(io.BytesIO(packed.read(names[0]))) == 255).all()
    with zipfile.ZipFile(io.BytesIO(ada.get("export/zarr").content)) as packed:
        assert any(name.endswith("zarr.json") for name in packed.namelist())
    assert not list(workspace.root.glob(".download*"))


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("export/exe", "There is no format 'exe'"),
        ("export/pairs", "'' is no class"),
        ("export/pairs?class=9", "There is no class 9"),
    ],
)
def test_what_makes_no_sense_is_refused_and_leaves_nothing_behind(ada, drawn, workspace, path, says):
    answer = ada.get(path)
    assert answer.status_code == 400
    assert says in answer.json()["error"]
    assert not list(workspace.root.glob(".download*"))
