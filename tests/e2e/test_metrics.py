"""Comparing the shipped version with one just trained, in a real browser: the numbers, the picture, the report."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from sxt.cli import main
from sxt.labels import SliceKey
from sxt.workspace import Workspace
from sxt.workspace.evaluating import comparison_folder
from tests.conftest import REPOSITORY
from tests.e2e.conftest import PageOpener, StartServer
from tests.shipped import DEFAULT_SPEC
from tests.ui.metrics.items import LABELLED, Bench, make_bench

APP = REPOSITORY / "app.py"
JOB_TIMEOUT_MS = 120_000
SHIPPED, TRAINED = DEFAULT_SPEC, f"membrane:{int(DEFAULT_SPEC.partition(':')[2]) + 1}"
SCORES = ("dice", "precision", "recall", "surface_dice")


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """A labelled tomogram, and a version that a few steps on its slices made of the shipped one.

    One labelled object cannot be seen, so that a version misses it, however good it is.
    """
    folder = tmp_path_factory.mktemp("metrics")
    bench = make_bench(Workspace(folder / "workspace"), folder)
    labels = bench.workspace.open_labels(bench.tomogram.id, by="ada")
    for z in LABELLED:
        labels.change(SliceKey("z", z), _with_unseen_object, by="ada", tool="brush")
    place = ["--workspace", str(bench.workspace.root), "--tomogram", bench.tomogram.id]
    size = [
        "--steps",
        "8",
        "--learning-rate",
        "0.005",
        "--crop",
        "32",
        "--batch",
        "2",
        "--gap",
        "1",
        "--hold-out",
        "none",
    ]
    how = ["--init", SHIPPED, "--recipe", "supervised", "--classes", "1", "--device", "cpu"]
    assert main(["train", *place, "--name", "membrane", *size, *how]) == 0
    return bench


def _with_unseen_object(drawn: np.ndarray) -> np.ndarray:
    changed = drawn.copy()
    changed[24:38, 28:42] = 1
    return changed


@pytest.fixture(scope="module")
def workspace(bench: Bench) -> Workspace:
    return bench.workspace


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
    assert [each["name"] for each in record["versions"]] == [SHIPPED, TRAINED]
    assert {each.model.spec for each in workspace.segmentations.list()} == {SHIPPED, TRAINED}


def test_the_numbers_are_those_of_the_command_line(
    metrics_page: Page, bench: Bench, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SXT_WORKSPACE", str(bench.workspace.root))
    before = bench.workspace.segmentations.list_ids()
    labels = bench.workspace.labels.path(bench.tomogram.id) / "labels.zarr"
    data = ["--tomogram", str(bench.source), "--labels", str(labels), "--voxel-nm", "20,10,10"]
    assert main(["compare", "--models", SHIPPED, TRAINED, *data, "--device", "cpu", "--json"]) == 0
    rows = {
        (each["version"], each["score"]): each for each in json.loads(capsys.readouterr().out)["comparison"]
    }
    assert bench.workspace.segmentations.list_ids() == before, "what is there is used"
    table = metrics_page.get_by_test_id("stDataFrame").first.locator("tbody tr")
    shown = [[cell.inner_text() for cell in row.locator("td").all()] for row in table.all()]
    assert [row[0] for row in shown] == [f"{SHIPPED} (baseline)", TRAINED]
    for row, version in zip(shown, (SHIPPED, TRAINED), strict=True):
        for text, score in zip(row[1:], SCORES, strict=True):
            expected = rows[version, score]
            words = text.replace("\u2212", "-").split()
            assert words[0] == f"{expected['value']:.3f}"
            if version == TRAINED:
                assert f"{expected['difference']:+.3f}" in words
    assert rows[TRAINED, "dice"]["difference"] != 0


def test_a_click_on_an_object_centres_it_shows_it_in_3d_and_stays_in_the_address(metrics_page: Page):
    metrics_page.get_by_role("button", name="Next worst slice").click()
    canvas = metrics_page.get_by_test_id("stDataFrame").last.locator("canvas").first
    canvas.click(position={"x": 14, "y": 52}, force=True)
    expect(
        metrics_page.get_by_text(re.compile("(Missed|Wrong|Partly found|Partly right) object of"))
    ).to_be_visible()
    expect(metrics_page.locator(".js-plotly-plot .gl-container canvas").last).to_be_visible()
    expect(metrics_page).to_have_url(re.compile(r"[?&]object=(missed|wrong)-\d+"))
    expect(metrics_page).to_have_url(re.compile(r"[?&]at=\d+-\d+-\d+"))
    at = metrics_page.locator(".strip .slice").first.inner_text()
    said = metrics_page.get_by_text(
        re.compile("(Missed|Wrong|Partly found|Partly right) object of")
    ).inner_text()
    metrics_page.reload()
    expect(metrics_page.get_by_text(said)).to_be_visible()
    expect(metrics_page.locator(".strip .slice").first).to_have_text(at)
    metrics_page.get_by_role("button", name="Close").click()
    expect(metrics_page).not_to_have_url(re.compile("object="))


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
    metrics_page.wait_for_timeout(1500)  # the viewers tell where they are when they have come to rest
    metrics_page.get_by_text("Errors", exact=True).first.click()
    expect(metrics_page.locator(".viewer")).to_have_count(1)


def test_the_report_can_be_saved(metrics_page: Page, tmp_path: Path):
    metrics_page.get_by_text("Numbers and files", exact=True).first.click()
    with metrics_page.expect_download() as download:
        metrics_page.get_by_role("button", name="Report, HTML").click()
    download.value.save_as(tmp_path / "report.html")
    text = (tmp_path / "report.html").read_text()
    assert text.startswith("<!doctype html>")
    assert TRAINED in text


def test_the_saved_report_opens_without_a_network(
    metrics_page: Page, workspace: Workspace, browser: Browser
) -> None:
    (path,) = (workspace.root / "evaluations").glob("*/report.html")
    context = browser.new_context(offline=True)
    page = context.new_page()
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    page.goto(path.as_uri())
    expect(page.locator(".js-plotly-plot .main-svg").first).to_be_visible()
    assert page.locator(".js-plotly-plot").count() == page.locator("figure").count() > 8
    text = page.content()
    for each in json.loads((path.parent / "study.json").read_text())["versions"]:
        assert each["sha256"] in text
    assert [each for each in requests if not each.startswith(("file:", "data:", "blob:"))] == []
    context.close()
