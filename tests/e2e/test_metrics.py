"""Comparing two versions in a real browser: the job, the plot and the viewer in step, maps of errors, the report."""

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from sxt.workspace import Workspace
from sxt.workspace.evaluating import comparison_folder
from tests.conftest import REPOSITORY
from tests.e2e.conftest import PageOpener, StartServer
from tests.ui.metrics.items import make_bench, save_small_model

APP = REPOSITORY / "app.py"
JOB_TIMEOUT_MS = 120_000


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    folder = tmp_path_factory.mktemp("metrics")
    workspace = Workspace(folder / "workspace")
    make_bench(workspace, folder)
    save_small_model(workspace, "small", parent="membrane:1")
    return workspace


@pytest.fixture(scope="module")
def metrics_page(start_server: StartServer, workspace: Workspace, open_module_page: PageOpener) -> Page:
    """One page for all tests, on which two versions have been compared."""
    server = start_server(APP, environment={"SXT_WORKSPACE": str(workspace.root)})
    page = open_module_page(f"{server}/metrics")
    page.get_by_role("button", name="Compare 2 versions").click()
    page.get_by_role("button", name="Next worst slice").wait_for(timeout=JOB_TIMEOUT_MS)
    expect(page.locator(".strip .slice").first).to_be_visible()
    return page


def slice_of(page: Page, viewer: int = 0) -> str:
    return page.locator(".strip .slice").nth(viewer).inner_text()


def test_the_comparison_is_in_the_address(metrics_page: Page, workspace: Workspace):
    expect(metrics_page).to_have_url(re.compile(r"[?&]study=[a-z0-9]{10}"))
    (found,) = re.findall(r"study=([a-z0-9]{10})", metrics_page.url)
    record = json.loads((comparison_folder(workspace, found) / "study.json").read_text())
    assert [each["name"] for each in record["versions"]] == ["membrane:1", "small:1"]
    assert {each.model.spec for each in workspace.segmentations.list()} == {"membrane:1", "small:1"}


def test_a_click_on_a_slice_moves_the_viewer_there_each_time(metrics_page: Page):
    points = metrics_page.locator(".js-plotly-plot .scatterlayer .point")
    points.first.wait_for(state="attached")
    for _ in range(2):
        points.nth(1).click(force=True)
        expect(metrics_page.locator(".strip .slice").first).to_have_text("z 3 / 7")
        metrics_page.locator(".viewer").first.focus()
        metrics_page.keyboard.press(".")
        expect(metrics_page.locator(".strip .slice").first).to_have_text("z 4 / 7")
        metrics_page.wait_for_timeout(1500)  # the viewer tells where it is when it has come to rest


def test_next_worst_shows_a_labelled_slice(metrics_page: Page):
    metrics_page.get_by_role("button", name="Next worst slice").click()
    expect(metrics_page.locator(".strip .slice").first).to_have_text(re.compile("z [2356] / 7"))


def test_two_versions_beside_each_other_move_together(metrics_page: Page):
    metrics_page.get_by_text("Side by side").first.click()
    expect(metrics_page.locator(".viewer")).to_have_count(2)
    expect(metrics_page.locator(".strip .slice").nth(1)).to_be_visible()
    metrics_page.wait_for_timeout(1000)
    metrics_page.locator(".viewer").nth(1).focus()
    metrics_page.keyboard.press("Home")
    for viewer in (0, 1):
        expect(metrics_page.locator(".strip .slice").nth(viewer)).to_have_text("z 0 / 7")
    box = metrics_page.locator(".viewer .pane canvas").first.bounding_box()
    assert box is not None
    before = metrics_page.locator(".strip .zoom").nth(1).inner_text()
    metrics_page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    metrics_page.keyboard.down("Control")
    metrics_page.mouse.wheel(0, -200)
    metrics_page.keyboard.up("Control")
    expect(metrics_page.locator(".strip .zoom").nth(1)).not_to_have_text(before)
    zooms = {metrics_page.locator(".strip .zoom").nth(viewer).inner_text() for viewer in (0, 1)}
    assert len(zooms) == 1
    metrics_page.get_by_text("Errors", exact=True).first.click()
    expect(metrics_page.locator(".viewer")).to_have_count(1)


def test_the_report_can_be_saved(metrics_page: Page, tmp_path: Path):
    metrics_page.get_by_text("Numbers and files", exact=True).first.click()
    with metrics_page.expect_download() as download:
        metrics_page.get_by_role("button", name="Report, HTML").click()
    download.value.save_as(tmp_path / "report.html")
    text = (tmp_path / "report.html").read_text()
    assert text.startswith("<!doctype html>")
    assert "small:1" in text
