"""Shares, Models, Jobs and Help in a real browser: a link is made, opened and revoked; a version comes and goes."""

import io
import re
import zipfile
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from sxt.jobs import JobStore
from sxt.jobs.log import JobLog
from sxt.models import ModelClass, ModelConfig, pack_model, save_model
from sxt.network import build_network
from sxt.workspace import Workspace
from sxt.workspace.clock import utc_now
from tests.conftest import REPOSITORY
from tests.e2e.conftest import PageOpener, StartServer
from tests.shipped import DEFAULT_SPEC
from tests.ui.items import add_segmentation, add_tomogram
from tests.ui.lab_items import add_surface
from tests.ui.models.conftest import TINY_NETWORK

NAME = "Zelle <b>7</b> *µ*"
SHAPE = (4, 32, 40)


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    folder = tmp_path_factory.mktemp("lab")
    workspace = Workspace(folder / "workspace")
    values = np.random.default_rng(0).integers(0, 250, SHAPE, dtype="u1")
    tomogram = add_tomogram(workspace, folder, values, name=NAME)
    segmentation = add_segmentation(workspace, tomogram, np.ones(SHAPE, "u1"), name=NAME)
    add_surface(workspace, segmentation, name=NAME)
    return workspace


@pytest.fixture(scope="module")
def server(start_server: StartServer, workspace: Workspace) -> str:
    return start_server(REPOSITORY / "app.py", environment={"SXT_WORKSPACE": str(workspace.root)})


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("package")
    config = ModelConfig(
        name="tiny",
        version="1",
        network=TINY_NETWORK,
        classes=(ModelClass(1, "membrane", "#E69F00"),),
        created="2026-01-31",
        description="![i](http://evil.example/a.png) <img src=http://evil.example/b.png>",
    )
    version = save_model(folder, config, build_network(TINY_NETWORK), curves_csv="step,loss\n1,3\n2,1\n")
    return pack_model(version, folder / "tiny-1.zip")


def heading(page: Page, name: str | re.Pattern[str]):
    return page.get_by_role("heading", name=name)


def test_a_link_is_made_opened_without_an_account_and_revoked(server, open_page):
    page = open_page(server + "/shares")
    page.get_by_label("Title").fill("Look <i>here</i>")
    page.get_by_label("Note").fill("The *upper* half")
    page.get_by_role("radio", name="7 days").click()
    page.get_by_role("button", name="Make link").click()
    made = page.get_by_test_id("stCode").first
    expect(made).to_contain_text(f"{server}/share/")
    link = made.inner_text().strip()
    expect(page.get_by_text("3D view of Zelle <b>7</b> *µ*", exact=False).first).to_be_visible()

    visitor = open_page(link)
    expect(heading(visitor, "Look <i>here</i>")).to_be_visible()
    expect(visitor.get_by_text("The *upper* half")).to_be_visible()

    page.get_by_role("button", name="Revoke").click()
    page.get_by_role("button", name="Revoke this link").click()
    expect(page.get_by_text("revoked just now")).to_be_visible()
    expect(page.get_by_test_id("stCode")).to_have_count(0)
    assert page.request.get(link).status == 404


def test_a_version_is_imported_made_the_default_exported_deleted_and_restored(server, open_page, package):
    page = open_page(server + "/models")
    expect(heading(page, DEFAULT_SPEC)).to_be_visible()
    page.get_by_text("Import a version").click()
    page.locator(".upload input.file").set_input_files(str(package))
    page.get_by_role("button", name="Import tiny-1.zip").click()
    expect(heading(page, "tiny:1")).to_be_visible()
    expect(page.get_by_text("tiny:1 is imported.")).to_be_visible()
    page.wait_for_url(re.compile("model=tiny"))

    page.get_by_role("button", name="Make default").click()
    expect(page.get_by_role("button", name="Make default")).to_have_count(0)
    training = page.get_by_role("tab", name="Training")
    expect(training).to_have_count(1)
    training.click()
    expect(page.locator(".js-plotly-plot")).to_be_visible()

    address = page.get_by_role("link", name="Export as ZIP").get_attribute("href")
    with zipfile.ZipFile(io.BytesIO(page.request.get(server + address).body())) as exported:
        assert set(exported.namelist()) == {
            f"tiny-1/{name}" for name in ("config.json", "card.md", "curves.csv", "weights.safetensors")
        }

    page.get_by_role("button", name="Delete").click()
    page.get_by_role("button", name="Delete tiny:1").click()
    expect(heading(page, DEFAULT_SPEC)).to_be_visible()
    page.get_by_text("In the trash").click()
    page.get_by_role("button", name="Restore").click()
    expect(heading(page, "tiny:1")).to_be_visible()


def test_a_job_is_watched_to_its_end_and_its_result_opened(server, open_page, workspace):
    store = JobStore(workspace)
    page = open_page(server + "/jobs")
    expect(heading(page, "Jobs")).to_be_visible()
    long = store.submit("demo", {"shape": (48, 400, 400), "name": "Long"}, by="ada")
    short = store.submit("demo", {"shape": (8, 64, 64), "name": NAME}, by="ada")
    page.reload()
    running = page.locator(f".st-key-sxt-job-{long.id}")
    expect(running.get_by_text("running", exact=True)).to_be_visible()
    expect(page.locator(f".st-key-sxt-job-{short.id}")).to_contain_text("waiting, number 1 in the queue")
    running.get_by_role("button", name="Cancel").click()
    expect(running.get_by_text("cancelled", exact=True)).to_be_visible()
    done = page.locator(f".st-key-sxt-job-{short.id}")
    expect(done.get_by_text("done", exact=True)).to_be_visible()
    done.get_by_text(f"Open {NAME}").click()
    page.wait_for_url(re.compile(f"/viewer.*tomogram={store.get(short.id).manifest.results[0]}"))


def test_a_failed_job_opens_with_its_log(server, open_page, workspace):
    store = JobStore(workspace)
    job = store.submit("demo", {"shape": (8, 64, 64)}, by="ada")
    store.cancel(job.id, by="ada")
    changes = {"state": "failed", "error": "It *broke* <b>.", "finished_at": utc_now()}
    workspace.jobs.change(job.id, lambda old: old.model_copy(update=changes))
    JobLog(workspace.jobs.path(job.id)).write("a line <script> of the log")
    page = open_page(f"{server}/jobs?job={job.id}")
    expect(page.get_by_role("alert")).to_have_text("It *broke* <b>.")
    expect(page.get_by_test_id("stCode")).to_contain_text("a line <script> of the log")
    page.get_by_role("button", name="All jobs").click()
    expect(page.get_by_role("button", name="Forget", exact=True)).not_to_have_count(1)


def test_disk_activity_and_help_are_complete_in_the_light_theme_too(server, open_page):
    page = open_page(f"{server}/jobs?view=Disk+and+trash", theme="light")
    expect(page.get_by_text("the workspace takes")).to_be_visible()
    colour = page.get_by_test_id("stApp").evaluate("(app) => getComputedStyle(app).backgroundColor")
    assert colour == "rgb(255, 255, 255)"
    page.get_by_role("tab", name="Activity").click()
    expect(page.get_by_text("Times are UTC.")).to_be_visible()
    page.get_by_role("link", name="Help").click()
    page.get_by_role("tab", name="This server").click()
    expect(page.get_by_text("without a database")).to_be_visible()


@pytest.fixture
def open_page(open_module_page: PageOpener):
    """Pages of one profile, whose scripts come from its cache."""
    pages = []

    def open_(url: str, *, theme: str = "dark") -> Page:
        pages.append(open_module_page(url, theme=theme, is_shared=True))
        return pages[-1]

    yield open_
    for page in pages:
        page.close()
