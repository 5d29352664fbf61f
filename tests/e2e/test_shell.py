"""The shell in a real browser: navigation, selection in the address, running jobs, errors, both themes."""

import json
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from sxt.jobs import JobStore
from sxt.workspace import Workspace
from sxt.workspace.clock import utc_now
from tests.e2e.conftest import PageOpener, StartServer
from tests.ui.viewer.conftest import ramp

APP = Path(__file__).with_name("apps") / "shell_app.py"


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    import numpy as np

    folder = tmp_path_factory.mktemp("shell")
    workspace = Workspace(folder / "workspace")
    for name, shape in (("first", (4, 30, 40)), ("second <b>µ</b>", (5, 30, 40))):
        np.save(folder / "volume.npy", ramp(shape))
        workspace.import_tomogram(folder / "volume.npy", name=name, by="ada")
    return workspace


@pytest.fixture(scope="module")
def server(start_server: StartServer, workspace: Workspace) -> str:
    return start_server(APP, environment={"SXT_WORKSPACE": str(workspace.root)})


@pytest.fixture
def open_page(open_module_page: PageOpener) -> Iterator[Callable[..., Page]]:
    """Pages of one profile, whose scripts come from its cache."""
    pages = []

    def open_(url: str, *, theme: str = "dark") -> Page:
        pages.append(open_module_page(url, theme=theme, is_shared=True))
        return pages[-1]

    yield open_
    for page in pages:
        page.close()


@pytest.fixture
def ids(workspace: Workspace) -> dict[str, str]:
    return {each.name: each.id for each in workspace.tomograms.list()}


def test_the_selection_goes_along_from_page_to_page_and_stands_in_the_address(server, open_page, ids):
    page = open_page(server + "/")
    expect(page.get_by_text("home is here")).to_be_visible()
    page.get_by_role("combobox", name="Tomogram").click()
    page.get_by_role("option", name="first").click()
    page.wait_for_url(re.compile(f"tomogram={ids['first']}"))
    page.get_by_role("link", name="Viewer").click()
    expect(page.get_by_text(f"tomogram {ids['first']}")).to_be_visible()
    page.wait_for_url(re.compile(f"/viewer.*tomogram={ids['first']}"))
    expect(page.locator(".viewer .strip .slice")).to_have_text("z 2 / 3")
    page.reload()
    expect(page.get_by_text(f"tomogram {ids['first']}")).to_be_visible()


def test_a_link_opens_what_it_names(server, open_page, ids):
    page = open_page(f"{server}/viewer?tomogram={ids['first']}")
    expect(page.get_by_text(f"tomogram {ids['first']}")).to_be_visible()
    expect(page).to_have_title("sxt")


def test_pages_stand_in_their_groups(server, open_page):
    page = open_page(server + "/")
    expect(page.get_by_test_id("stSidebarNav")).to_contain_text("Data")
    shown = page.get_by_test_id("stSidebarNav").inner_text().split()
    assert shown == ["Data", "Home", "Viewer", "Work", "Segment", "Lab", "Jobs"]


def test_the_result_stands_beside_the_controls_and_below_them_in_narrow_windows(server, open_page, ids):
    page = open_page(f"{server}/viewer?tomogram={ids['first']}")
    expect(page.locator(".viewer .strip .slice")).to_be_visible()

    def places() -> tuple[dict, dict]:
        return page.get_by_role("button", name="Segment 3 tomograms").bounding_box(), page.locator(
            ".viewer"
        ).bounding_box()

    button, viewer = places()
    assert viewer["x"] > button["x"] + button["width"]
    assert viewer["y"] + viewer["height"] <= 900
    assert viewer["width"] == pytest.approx(2 * button["width"], rel=0.1)
    page.set_viewport_size({"width": 1060, "height": 900})
    time.sleep(0.5)
    button, viewer = places()
    assert viewer["y"] > button["y"] + button["height"]
    assert viewer["width"] == pytest.approx(button["width"], abs=2)


def test_a_running_job_is_seen_and_cancelled_from_every_page(server, open_page, workspace, ids):
    store = JobStore(workspace)
    settings = {"tomogram_id": ids["first"], "model": "membrane:1"}
    job = store.submit("segment", settings, by="ada")
    run(workspace, job.id, done=10)
    page = open_page(server + "/")
    chip = page.get_by_role("button", name=re.compile("Segment"))
    expect(chip).to_contain_text("10 %")
    run(workspace, job.id, done=55)
    expect(chip).to_contain_text("55 %")
    chip.click()
    expect(page.get_by_text("segment: 55 of 100")).to_be_visible()
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_text("being cancelled")).to_be_visible()
    workspace.jobs.change(
        job.id, lambda old: old.model_copy(update={"state": "cancelled", "finished_at": utc_now()})
    )
    expect(page.get_by_role("button", name="No jobs")).to_be_visible()


def test_nothing_is_asked_while_nothing_runs(server, open_page):
    frames = []
    page = open_page(server + "/")
    page.on("websocket", lambda socket: socket.on("framesent", lambda frame: frames.append(frame)))
    page.reload()
    expect(page.get_by_text("home is here")).to_be_visible()
    time.sleep(1)
    n_frames = len(frames)
    time.sleep(5)
    assert len(frames) == n_frames


def test_errors_are_sentences_without_the_code(server, open_page):
    page = open_page(server + "/segment")
    page.get_by_role("button", name="Fail as foreseen").click()
    expect(page.get_by_role("alert")).to_have_text("Tile 600 px exceeds the *512 px* slice; use 512 or less.")
    page.get_by_role("button", name="Fail unforeseen").click()
    expect(page.get_by_role("alert")).to_contain_text(
        re.compile(r"the server's log says more under [0-9a-f]{8}\.")
    )
    assert "ZeroDivisionError" not in page.content()
    assert "secret" not in page.content()


def test_an_empty_state_leads_to_the_next_step(server, open_page):
    page = open_page(server + "/")
    page.get_by_role("button", name="Look at slices").click()
    page.wait_for_url(re.compile("/viewer"))
    expect(page.get_by_role("heading", name="Viewer")).to_be_visible()


@pytest.mark.parametrize(("theme", "back"), [("dark", [21, 23, 26]), ("light", [255, 255, 255])])
def test_the_theme_follows_the_system(server, open_page, theme, back):
    page = open_page(server + "/", theme=theme)
    expect(page.get_by_text("home is here")).to_be_visible()
    colour = page.get_by_test_id("stApp").evaluate("(app) => getComputedStyle(app).backgroundColor")
    assert json.loads("[" + colour[4:-1] + "]") == back


def run(workspace: Workspace, job_id: str, *, done: int) -> None:
    """Let a job look as if a worker had it."""
    workspace.jobs.change(
        job_id, lambda old: old.model_copy(update={"state": "running", "started_at": utc_now()})
    )
    record = {
        "stage": "segment",
        "done": done,
        "total": 100,
        "note": "",
        "stage_started_at": time.time() - 10,
        "done_at_start": 0,
        "updated_at": time.time(),
    }
    (workspace.jobs.path(job_id) / "progress.json").write_text(json.dumps(record))
