from pathlib import Path

import pytest

from sxt.errors import InputError, ModelError, ResourceError
from sxt.models import load_model, pack_model
from sxt.ui.models.take_in import (
    import_keras,
    import_package,
    import_weights,
    list_arrived,
    recognise,
)
from sxt.ui.upload import UploadFile
from tests.conftest import REPOSITORY

PARITY = REPOSITORY / "tests" / "data" / "parity"


def upload(opened, path: Path, name: str | None = None):
    """Put a file where the browser's upload would."""
    store, content = opened.model_uploads, path.read_bytes()
    begun = store.begin(
        name or path.name, [UploadFile(name=name or path.name, size=len(content))], is_folder=False, by="ada"
    )
    store.append(begun.id, 0, 0, content)
    return next(each for each in list_arrived(opened) if each.upload_id == begun.id)


@pytest.fixture
def elsewhere(tmp_path, save_tiny):
    return save_tiny(tmp_path / "elsewhere")


def test_a_package_is_imported_and_recorded(opened, tmp_path, elsewhere):
    arrived = upload(opened, pack_model(elsewhere, tmp_path / "tiny-1.zip"))
    assert arrived.kind == "package"
    assert import_package(opened, arrived, by="ada") == "tiny:1"
    assert load_model("tiny:1", root=opened.workspace.models_root).spec == "tiny:1"
    (entry,) = opened.workspace.activity.read()
    assert (entry.who, entry.action, entry.id, entry.detail) == ("ada", "imported", "tiny:1", "tiny-1.zip")


def test_a_damaged_package_leaves_nothing(opened, tmp_path):
    (tmp_path / "a.zip").write_bytes(b"PK\x03\x04 and nothing else")
    with pytest.raises(ModelError, match="cannot be read as a ZIP"):
        import_package(opened, upload(opened, tmp_path / "a.zip"), by="ada")
    assert list(opened.workspace.models_root.iterdir()) == []
    assert opened.workspace.activity.read() == []


def test_safetensors_go_with_their_configuration(opened, elsewhere):
    weights = upload(opened, elsewhere / "weights.safetensors", "w.safetensors")
    configuration = upload(opened, elsewhere / "config.json")
    assert (weights.kind, configuration.kind) == ("weights", "configuration")
    assert import_weights(opened, weights, configuration, by="ada") == "tiny:1"


def test_keras_weights_take_an_uploaded_network(opened):
    weights = upload(opened, PARITY / "weights.h5")
    network = upload(opened, PARITY / "config.json")
    assert (weights.kind, network.kind) == ("keras", "configuration")
    spec = import_keras(
        opened, weights, network, name=" deep ", class_name="bead", pixel_size_nm=None, by="ada"
    )
    assert spec == "deep:1"
    config = load_model(spec, root=opened.workspace.models_root).config
    assert (config.classes[0].name, config.pixel_size_nm) == ("bead", None)


def test_keras_weights_of_another_network_are_refused(opened):
    weights = upload(opened, PARITY / "weights.h5")
    with pytest.raises(ModelError, match="too little for the"):
        import_keras(opened, weights, None, name="deep", class_name="bead", pixel_size_nm=1.0, by="ada")


@pytest.mark.parametrize("text", ["{", "{]"])
def test_a_network_that_is_no_json_is_refused(opened, tmp_path, text):
    (tmp_path / "n.json").write_text(text)
    weights, network = upload(opened, PARITY / "weights.h5"), upload(opened, tmp_path / "n.json")
    with pytest.raises(InputError, match="is not JSON"):
        import_keras(opened, weights, network, name="d", class_name="bead", pixel_size_nm=None, by="a")


def test_a_full_disk_is_said_first(opened, tmp_path, elsewhere, monkeypatch):
    arrived = upload(opened, pack_model(elsewhere, tmp_path / "tiny-1.zip"))
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("Usage", (), {"free": 5})())
    with pytest.raises(ResourceError, match=r"tiny-1\.zip needs up to"):
        import_package(opened, arrived, by="ada")


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"PK\x03\x04", "package"),
        (b"\x89HDF\r\n\x1a\n", "keras"),
        (b' \n{"a": 1}', "configuration"),
        ((64).to_bytes(8, "little") + b'{"x"', "weights"),
        (b"\x80\x04\x95 pickled", "unknown"),
        (b"GIF89a", "unknown"),
        (b"x", "unknown"),
    ],
)
def test_files_are_told_by_their_content(tmp_path, head, kind):
    (tmp_path / "file").write_bytes(head)
    assert recognise(tmp_path / "file") == kind


def test_half_an_upload_waits(opened):
    opened.model_uploads.begin("a.zip", [UploadFile(name="a.zip", size=9)], is_folder=False, by="ada")
    assert list_arrived(opened) == []
