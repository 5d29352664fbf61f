import json
import re
import shutil
import subprocess

import pytest
from streamlit.testing.v1 import AppTest

from sxt.ui.services import open_services, use_services
from sxt.ui.settings import ServerSettings
from sxt.ui.upload import UploadFile
from sxt.ui.upload.component import WEB_DIR, _told

NODE = shutil.which("node")


@pytest.fixture
def opened(tmp_path):
    with use_services(open_services(ServerSettings(tmp_path / "workspace"))) as opened:
        yield opened


def page():
    import streamlit as st

    from sxt.ui.services import services
    from sxt.ui.upload.component import upload_files

    for state in upload_files(services().uploads):
        st.text(f"{state.upload.name} by {state.upload.created_by}")


def begin(opened, name, content):
    upload = opened.uploads.begin(name, [UploadFile(name=name, size=4)], is_folder=False, by="ada")
    opened.uploads.append(upload.id, 0, 0, content)
    return upload


def test_a_page_gets_the_uploads_that_are_whole(opened):
    begin(opened, "half.mrc", b"01")
    whole = begin(opened, "whole.mrc", b"0123")
    app = AppTest.from_function(page, default_timeout=30).run()
    assert not app.exception
    assert [each.value for each in app.text] == ["whole.mrc by ada"]
    opened.uploads.remove(whole.id)
    assert len(app.run().text) == 0


def test_the_control_is_told_where_to_send_and_how_much(opened, monkeypatch):
    told = {}
    monkeypatch.setattr("sxt.ui.upload.component.base_path", lambda: "/sxt")
    monkeypatch.setattr(
        "sxt.ui.upload.component._renderer", lambda: lambda **options: told.update(options["data"])
    )
    whole = begin(opened, "whole.mrc", b"0123")
    AppTest.from_function(page, default_timeout=30).run()
    assert told["api"] == "/sxt/api/uploads"
    assert told["present"] == [whole.id]
    assert told["hint"].startswith("Up to 500 GB each;")
    assert told["piece_bytes"] == 8 << 20


@pytest.mark.parametrize(
    ("state", "ids"),
    [
        (None, []),
        ({}, []),
        ({"finished": None}, []),
        ({"finished": "a" * 32}, []),
        ({"finished": ["a" * 32, "../x", 5, None]}, ["a" * 32]),
    ],
)
def test_what_the_browser_tells_is_checked(state, ids):
    assert _told(state) == ids


def test_names_of_files_are_never_read_as_html():
    scripts = "".join(path.read_text() for path in WEB_DIR.glob("*.js"))
    assert "innerHTML" not in scripts
    assert "insertAdjacentHTML" not in scripts


def test_the_control_asks_nothing_of_other_hosts():
    for path in WEB_DIR.iterdir():
        assert not re.search(r"https?://|//[a-z]+\.[a-z]", path.read_text())


@pytest.mark.skipif(NODE is None, reason="there is no node on this machine")
def test_sizes_and_times_read_as_everywhere_else():
    script = (WEB_DIR / "20_format.js").read_text()
    ask = """
    console.log(JSON.stringify([
      [0, 812, 999, 1000, 48213456, 999600000, 2.5e9, 5e11, 4e15].map(formatSize),
      [0.2, 45, 130, 3599.6, 3900].map(formatTime),
      [formatCount(1, "slice"), formatCount(12480, "slice")],
    ]));"""
    shown = json.loads(subprocess.run([NODE, "-e", script + ask], capture_output=True, check=True).stdout)
    assert shown == [
        [
            "0 bytes",
            "812 bytes",
            "999 bytes",
            "1.00 kB",
            "48.2 MB",
            "1.00 GB",
            "2.50 GB",
            "500 GB",
            "4000 TB",
        ],
        ["1 s", "45 s", "2 min 10 s", "1 h 0 min", "1 h 5 min"],
        ["1 slice", "12\u2009480 slices"],
    ]
