import asyncio
import subprocess
import sys
import time

import pytest
from streamlit import config

from sxt.ui import server
from sxt.ui.access import AccessPolicy
from sxt.ui.services import base_path, open_services, services, use_services
from sxt.ui.settings import ServerSettings
from sxt.ui.upload import UploadFile
from tests.layers import REPOSITORY

ONE = ["http://127.0.0.1:8501/"]


@pytest.fixture
def set_option():
    before = {}

    def set_(name, value):
        before.setdefault(name, config.get_option(name))
        config.set_option(name, value)

    yield set_
    for name, value in before.items():
        config.set_option(name, value)


def test_a_generated_token_is_told_with_the_address_that_holds_it():
    text = server.describe_access(AccessPolicy(token="abc", is_token_generated=True), ["http://gpu:1/", *ONE])
    assert "\n    http://gpu:1/?token=abc\n    http://127.0.0.1:8501/?token=abc\n" in text


def test_a_token_that_was_set_is_not_told():
    text = server.describe_access(AccessPolicy(token="a-secret-of-20-letters"), ONE)
    assert "http://127.0.0.1:8501/" in text
    assert "SXT_TOKEN" in text
    assert "secret" not in text
    assert "hard to guess" not in text


def test_a_short_token_is_warned_of():
    text = server.describe_access(AccessPolicy(token="short"), ONE)
    assert "It has 5 characters; 16 or more are hard to guess." in text


def test_an_open_server_and_one_with_a_provider_say_where_they_are():
    assert "http://127.0.0.1:8501/" in server.describe_access(AccessPolicy(), ONE)
    assert "secrets.toml" in server.describe_access(AccessPolicy(providers=("default",)), ONE)


@pytest.mark.parametrize(
    ("address", "prefix", "urls"),
    [
        ("127.0.0.1", "", ["http://127.0.0.1:8601/"]),
        ("::1", "", ["http://[::1]:8601/"]),
        ("gpu.lab.org", "/sxt/", ["http://gpu.lab.org:8601/sxt/"]),
        ("0.0.0.0", "sxt", ["http://box:8601/sxt/", "http://127.0.0.1:8601/sxt/"]),
    ],
)
def test_the_addresses_of_the_server(set_option, monkeypatch, address, prefix, urls):
    monkeypatch.setattr("socket.gethostname", lambda: "box")
    set_option("server.address", address)
    set_option("server.port", 8601)
    set_option("server.baseUrlPath", prefix)
    assert server.server_urls() == urls
    assert base_path() == (f"/{prefix.strip('/')}" if prefix else "")


def test_pages_get_what_the_server_opened(tmp_path):
    opened = open_services(ServerSettings(tmp_path / "workspace", upload_limit_bytes=7))
    with use_services(opened):
        assert services() is opened
    assert opened.uploads.limit_bytes == 7
    assert opened.uploads.root == opened.workspace.uploads
    assert opened.jobs.list() == []


def test_who_uploaded_what_is_recorded(tmp_path):
    with use_services(open_services(ServerSettings(tmp_path / "workspace"))) as opened:
        upload = opened.uploads.begin("a.mrc", [UploadFile(name="a.mrc", size=5)], is_folder=False, by="ada")
        server._record_upload(upload)
    (entry,) = opened.workspace.activity.read()
    assert (entry.who, entry.action, entry.name, entry.detail) == ("ada", "uploaded", "a.mrc", "5 bytes")


def test_abandoned_uploads_are_removed_while_the_server_runs(tmp_path, monkeypatch):
    opened = open_services(ServerSettings(tmp_path / "workspace"))
    upload = opened.uploads.begin("a.mrc", [UploadFile(name="a.mrc", size=5)], is_folder=False, by="ada")
    monkeypatch.setattr(opened.uploads, "_clock", lambda: time.time() + 25 * 3600)

    async def run():
        cleaning = asyncio.create_task(server._clean_now_and_then(opened))
        for _ in range(100):
            await asyncio.sleep(0.02)
            if not (opened.uploads.root / upload.id).exists():
                break
        cleaning.cancel()

    asyncio.run(run())
    assert opened.uploads.list_states() == []


PROGRAM = """
import app
from starlette.applications import Starlette
from starlette.testclient import TestClient
inner = Starlette(routes=app.app._user_routes, middleware=app.app._user_middleware)
client = TestClient(inner, base_url="http://127.0.0.1:8501")
print(client.get("/api/uploads").status_code, client.get("/share/x").status_code)
print(sorted({name for name in ("torch", "vtkmodules", "pyvista", "matplotlib") if name in __import__("sys").modules}))
"""


@pytest.mark.parametrize(("token", "answers"), [("", "200 404"), ("a-secret-of-20-letters", "401 404")])
def test_the_entry_point_guards_its_routes_and_starts_light(tmp_path, token, answers):
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
        env={"SXT_WORKSPACE": str(tmp_path / "workspace"), "SXT_TOKEN": token, "PATH": "/usr/bin:/bin"},
    )
    assert run.stdout.splitlines() == [answers, "[]"]


def test_a_setting_that_cannot_be_used_ends_the_start_with_one_sentence(tmp_path):
    run = subprocess.run(
        [sys.executable, "-c", "import app"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={"SXT_UPLOAD_LIMIT_GB": "much", "PATH": "/usr/bin:/bin"},
    )
    assert run.returncode == 1
    assert run.stderr == "sxt: SXT_UPLOAD_LIMIT_GB is 'much'; give a number of gigabytes above 0.\n"
