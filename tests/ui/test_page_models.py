import json

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from sxt.errors import InputError
from sxt.models import list_models, pack_model
from sxt.ui.choices import list_choices
from sxt.ui.models.catalogue import delete_version, list_uses, list_versions
from sxt.ui.shell import PageEntry
from sxt.workspace import InUseError
from tests.layers import REPOSITORY
from tests.shipped import DEFAULT_SPEC, SHIPPED
from tests.ui.items import add_segmentation, add_tomogram
from tests.ui.models.conftest import save_tiny
from tests.ui.models.test_take_in import upload

__all__ = ["save_tiny"]


def open_page(**params):
    app = AppTest.from_file(str(REPOSITORY / "sxt/ui/main.py"), default_timeout=30)
    for name, value in params.items():
        app.query_params[name] = value
    app.switch_page(str(REPOSITORY / "pages/models.py")).run()
    assert not app.exception
    return app


def labels(app):
    return [each.label for each in app.button]


def press(app, label):
    (button,) = [each for each in app.button if each.label == label]
    button.click().run()
    assert not app.exception
    return app


LISTED = [each.spec.replace(":", r"\:") for each in SHIPPED]


def heads(app):
    return [each.value for each in app.subheader]


def test_the_shipped_version_is_shown_and_cannot_be_deleted(opened):
    app = open_page()
    assert app.radio[0].options == LISTED
    assert heads(app) == LISTED[:1]
    assert not [label for label in labels(app) if label.startswith(("Delete", "Make default"))]
    with pytest.raises(InputError, match="shipped versions cannot be deleted"):
        delete_version(opened, DEFAULT_SPEC, by="ada")


def test_an_address_opens_the_version_it_names(opened, save_tiny):
    save_tiny()
    app = open_page(model="tiny:1")
    assert heads(app) == [r"tiny\:1"]
    assert app.radio[0].value == "tiny:1"
    app.radio[0].set_value("membrane:1").run()
    assert heads(app) == [r"membrane\:1"]
    assert app.query_params["model"] in ("membrane:1", ["membrane:1"])


def test_another_version_becomes_the_default_everywhere(opened, save_tiny):
    save_tiny()
    app = press(open_page(model="tiny:1"), "Make default")
    assert "Make default" not in labels(app)
    assert list_versions(opened.workspace).sound[0].spec == "tiny:1"
    assert list_choices(opened, PageEntry("models", "Models", "model")).models[0].id == "tiny:1"
    assert json.loads((opened.workspace.models_root / "default.json").read_text())["model"] == "tiny:1"
    assert opened.workspace.activity.read(limit=1)[0].action == "made the default"


def test_a_version_is_deleted_and_restored(opened, save_tiny):
    save_tiny()
    app = press(open_page(model="tiny:1"), r"Delete tiny\:1")
    assert app.radio[0].options == LISTED
    assert heads(app) == LISTED[:1]
    press(app, "Restore")
    assert heads(app) == [r"tiny\:1"]
    assert len(app.radio[0].options) == len(SHIPPED) + 1


def test_a_version_that_a_job_waits_for_is_kept(opened, save_tiny, tmp_path):
    save_tiny()
    tomogram = add_tomogram(opened.workspace, tmp_path, np.zeros((2, 16, 16), "u1") + 3)
    opened.jobs.submit("segment", {"tomogram_id": tomogram.id, "model": "tiny:1"}, by="ada")
    with pytest.raises(InUseError, match="needed by the queued job 'Segment cell with tiny:1'"):
        delete_version(opened, "tiny:1", by="ada")
    app = press(open_page(model="tiny:1"), r"Delete tiny\:1")
    assert "needed by the queued job" in app.error[0].value
    assert (opened.workspace.models_root / "tiny" / "1").is_dir()


def test_a_damaged_version_is_shown_with_its_fault(opened, save_tiny):
    folder = save_tiny()
    (folder / "weights.safetensors").write_bytes(b"nothing")
    app = open_page()
    assert "cannot be read as safetensors" in app.error[0].value
    assert app.radio[0].options == LISTED
    press(app, r"Delete tiny\:1")
    assert not app.error


def test_a_workspace_without_any_version_offers_to_import(opened, monkeypatch, tmp_path):
    monkeypatch.setattr("sxt.models.SHIPPED_ROOT", tmp_path / "none")
    app = open_page()
    assert any("no model version that can be used" in each.value for each in app.markdown)
    assert not app.radio


def test_an_uploaded_package_is_imported(opened, save_tiny, tmp_path):
    upload(opened, pack_model(save_tiny(tmp_path / "elsewhere"), tmp_path / "tiny-1.zip"))
    app = press(open_page(), r"Import tiny\-1\.zip")
    assert [each.spec for each in list_models(opened.workspace.models_root)] == ["tiny:1"]
    assert heads(app) == [r"tiny\:1"]
    assert app.success[0].value == r"tiny\:1 is imported\."
    assert opened.model_uploads.list_states() == []


def test_an_unusable_upload_says_why_and_can_be_discarded(opened, tmp_path):
    (tmp_path / "a.zip").write_bytes(b"PK\x03\x04 nothing")
    upload(opened, tmp_path / "a.zip", "a *b* 漢.zip")
    app = press(open_page(), r"Import a \*b\* 漢\.zip")
    assert "cannot be read as a ZIP" in app.error[0].value
    press(app, "Discard")
    assert opened.model_uploads.list_states() == []


def test_a_card_of_somebody_else_is_harmless(opened, save_tiny):
    folder = save_tiny(description="![i](http://evil.example/a.png) <script>x</script>")
    (folder / "card.md").write_text("# x\n<script>alert(1)</script>\n")
    app = open_page(model="tiny:1")
    pages = [each.proto.body for each in app.get("html")]
    shown = "".join(page for page in pages if "sxt-card" in page)
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in shown
    assert "<script" not in shown
    assert "<img" not in shown


def test_the_segmentations_made_with_a_version_are_listed(opened, tmp_path):
    tomogram = add_tomogram(opened.workspace, tmp_path, np.zeros((4, 16, 20), "u1") + 7)
    add_segmentation(opened.workspace, tomogram, np.ones((4, 16, 20), "u1"))
    version = list_versions(opened.workspace).find("membrane:1")
    assert list_uses(opened.workspace, version) == []  # it names other weights
    sha256 = version.config.weights_sha256
    segmentation = opened.workspace.segmentations.list()[0]
    opened.workspace.segmentations.change(
        segmentation.id,
        lambda old: old.model_copy(update={"model": old.model.model_copy(update={"sha256": sha256})}),
    )
    assert list_uses(opened.workspace, version) == [(segmentation.id, segmentation.name)]


def test_uploaded_keras_weights_take_the_uploaded_configuration(opened):
    upload(opened, REPOSITORY / "tests/data/parity/weights.h5")
    configuration = upload(opened, REPOSITORY / "tests/data/parity/config.json")
    app = open_page()
    network = next(each for each in app.selectbox if each.label == "Network")
    assert network.options == ["as published (base width 64)", "config.json"]
    network.select(configuration.upload_id).run()
    app.number_input[0].set_value(9.5)
    press(app, r"Import weights\.h5")
    assert heads(app) == [r"published\:1"]
    (imported,) = list_models(opened.workspace.models_root)
    assert imported.config.pixel_size_nm == 9.5
    assert opened.model_uploads.list_states() == []


def test_weights_without_their_configuration_say_what_is_missing(opened, save_tiny, tmp_path):
    upload(opened, save_tiny(tmp_path / "elsewhere") / "weights.safetensors")
    app = open_page()
    assert any("Upload the config.json" in each.value for each in app.caption)
    assert not [label for label in labels(app) if label.startswith("Import")]
