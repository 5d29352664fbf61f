import numpy as np
from streamlit.testing.v1 import AppTest

from sxt.io.formats import FORMATS
from sxt.ui.help import texts
from sxt.ui.shell import GROUPS
from tests.layers import REPOSITORY


def open_page(topic=""):
    app = AppTest.from_file(str(REPOSITORY / "sxt/ui/main.py"), default_timeout=60)
    if topic:
        app.session_state["topic"] = topic
    app.switch_page(str(REPOSITORY / "pages/help.py")).run()
    assert not app.exception
    return "\n".join(each.value for each in app.markdown)


def test_the_page_explains_pages_keys_numbers_and_licences(opened):
    shown = open_page()
    assert "Bring in a tomogram on **Upload**" in shown
    assert "| Shares | Links to read\\-only 3D views" in shown
    assert "go to a slice" in shown
    assert "| sphericity |" in shown
    assert "stpyvista is under the\nGPL-3.0" in shown
    assert str(opened.workspace.root) not in shown


def test_the_server_is_checked_on_request(opened, monkeypatch):
    monkeypatch.setattr("sxt.surface.rendering.check_rendering", lambda: None)
    shown = open_page("This server")
    assert "| ✓ | Drawing of 3D views | works |" in shown
    assert "without a database" in shown


def test_every_page_has_its_sentence():
    names = {entry.name for entries in GROUPS.values() for entry in entries}
    assert set(texts.PAGES) == names
    assert all(sentence.endswith(".") for sentence in texts.PAGES.values())


def test_every_format_that_is_read_is_named():
    reads = dict(texts.FORMATS)["reads"].lower()
    words = {"npy": "numpy", "zeiss txm": "zeiss .txm"}
    assert [
        each.name for each in FORMATS if words.get(each.name.lower(), each.name.lower()) not in reads
    ] == []


def test_every_measurement_of_the_table_is_explained():
    from sxt.surface import reconstruct_surfaces

    mask = np.zeros((12, 12, 12), "u1")
    mask[3:9, 3:9, 3:9] = 1
    found = reconstruct_surfaces(mask, voxel_size_nm=(10.0, 10.0, 10.0))
    explained = {name.split(",")[0].replace(" ", "_") for name, _ in texts.MEASUREMENTS}
    plain = ("id", "class", "voxels", "min_", "max_")
    columns = [name for name in found.table.columns if not name.startswith(plain)]
    assert len(columns) > 8
    assert [name for name in columns if not any(name.startswith(each) for each in explained)] == []
