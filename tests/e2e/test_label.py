"""Labels drawn with the mouse in a real browser: seen at once, saved, undone, locked, and there after a kill."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from sxt.labels import ClassList, LabelSet, PseudoLabels, SliceKey
from sxt.labels.tools import stroke_region
from sxt.ui.access.user import NAME_COOKIE
from sxt.workspace import TomogramManifest, Workspace
from tests.conftest import REPOSITORY
from tests.e2e.conftest import START_TIMEOUT_S, PageOpener, StartServer, find_free_port
from tests.ui.items import add_segmentation, add_tomogram

SHAPE = (6, 80, 100)
MIDDLE = SliceKey("z", 3)
BUSY_MS = 120_000
"""Generous: machines that run tests are busy."""


SHOWN = """() => {
  const viewer = findViewer();
  const slice = viewer.currentSlice;
  return slice && { bytes: Array.from(slice.bytes), height: slice.height, width: slice.width, pending: slice.pending };
}"""
FIND = """
const findViewer = () => {
  const walk = (root) => {
    for (const each of root.querySelectorAll('*')) {
      if (each.classList?.contains('viewer') && each.viewer) return each.viewer;
      const found = each.shadowRoot && walk(each.shadowRoot);
      if (found) return found;
    }
    return null;
  };
  return walk(document);
};
"""


@dataclass
class Lab:
    """A server, and a tomogram in its workspace that no other test looks at."""

    url: str
    workspace: Workspace
    tomogram: TomogramManifest

    def labels(self) -> LabelSet:
        found = self.workspace.find_labels(self.tomogram.id)
        assert found is not None
        return found


def add_cell(workspace: Workspace, folder: Path) -> TomogramManifest:
    """Add a tomogram unlike those that are there: the same one brought in again is the same item."""
    values = np.random.default_rng(len(workspace.tomograms.list_ids())).integers(100, 120, SHAPE, dtype="u1")
    values[:, 20:40, 30:60] = 40
    return add_tomogram(workspace, folder, values, voxel_size_nm=(20, 10, 10))


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return Workspace(tmp_path_factory.mktemp("label") / "workspace")


@pytest.fixture(scope="module")
def server(start_server: StartServer, workspace: Workspace) -> str:
    return start_server(REPOSITORY / "app.py", environment={"SXT_WORKSPACE": str(workspace.root)})


@pytest.fixture
def lab(server: str, workspace: Workspace, tmp_path: Path) -> Lab:
    return Lab(server, workspace, add_cell(workspace, tmp_path))


def evaluate(page: Page, expression: str) -> object:
    return page.evaluate(f"() => {{ {FIND} return ({expression})(); }}")


def open_canvas(open_page: PageOpener, lab: Lab, *, name: str = "") -> Page:
    page = open_page(f"{lab.url}/label?tomogram={lab.tomogram.id}")
    if name:
        page.context.add_cookies([{"name": NAME_COOKIE, "value": name, "url": lab.url}])
        page.reload()
    wait_for_canvas(page)
    return page


def wait_for_canvas(page: Page) -> None:
    page.set_default_timeout(BUSY_MS)
    expect(page.locator(".label-bar")).to_be_visible(timeout=BUSY_MS)
    page.wait_for_function(f"() => {{ {FIND} return Boolean(findViewer()?.currentSlice); }}")


def place_of(page: Page, row: float, column: float) -> tuple[float, float]:
    """Return where on the screen the middle of a pixel is."""
    x, y = evaluate(
        page, f"() => findViewer().panes.get(findViewer().state.plane).placeOf({row} + 0.5, {column} + 0.5)"
    )
    box = page.locator(".pane canvas").first.bounding_box()
    return round(box["x"] + x), round(box["y"] + y)


def drawn_point(page: Page, row: float, column: float) -> tuple[float, float]:
    """Return where in the slice the mouse is when it is moved to a pixel: the screen has whole numbers only."""
    x, y = place_of(page, row, column)
    box = page.locator(".pane canvas").first.bounding_box()
    found = evaluate(page, f"() => findViewer().panes.get('z').voxelAt({x - box['x']}, {y - box['y']})")
    return found[0] - 0.5, found[1] - 0.5


def drag(page: Page, points: list[tuple[float, float]], *, button: str = "left") -> None:
    """Draw through pixels (row, column) with the mouse."""
    page.mouse.move(*place_of(page, *points[0]))
    page.mouse.down(button=button)
    for point in points[1:]:
        page.mouse.move(*place_of(page, *point), steps=4)
    page.mouse.up(button=button)


def shown(page: Page) -> np.ndarray:
    """Return the labels that the canvas shows."""
    told = evaluate(page, SHOWN)
    return np.array(told["bytes"], np.uint8).reshape(told["height"], told["width"])


def wait_until_saved(page: Page) -> None:
    page.wait_for_function(
        f"() => {{ {FIND} const v = findViewer(); return v.slices.waiting === 0 && !v.currentSlice.pending; }}"
    )
    expect(page.locator(".saved")).to_contain_text("saved ")


def test_a_stroke_is_seen_saved_and_there_again_after_a_reload(lab, open_page):
    page = open_canvas(open_page, lab)
    drag(page, [(50, 20), (50, 60)])
    at_once = shown(page)  # before any answer
    assert at_once[50, 20] == at_once[50, 40] == at_once[50, 60] == 1
    wait_until_saved(page)
    stored = lab.labels().read(MIDDLE)
    np.testing.assert_array_equal(stored, shown(page))
    line = [drawn_point(page, 50, 20), drawn_point(page, 50, 60)]
    np.testing.assert_array_equal(stored == 1, stroke_region(SHAPE[1:], line, 6.0))  # the brush is 12 px wide
    assert set(np.unique(stored)) == {1, 255}
    expect(page.get_by_text("1 of 6 slices labelled")).to_be_visible()
    page.reload()
    wait_for_canvas(page)
    np.testing.assert_array_equal(shown(page), stored)

    second = open_canvas(open_page, lab)
    np.testing.assert_array_equal(shown(second), stored)


def test_tools_classes_and_undo(lab, open_page):
    page = open_canvas(open_page, lab)
    page.locator(".viewer").first.focus()
    page.keyboard.press("2")
    page.keyboard.press("f")
    page.mouse.click(*place_of(page, 30, 45))
    wait_until_saved(page)
    np.testing.assert_array_equal(np.argwhere(lab.labels().read(MIDDLE) == 2)[[0, -1]], [[20, 30], [39, 59]])
    page.keyboard.press("3")
    page.keyboard.press("p")
    for row, column in ((60, 10), (60, 30), (75, 30), (75, 10)):
        page.mouse.click(*place_of(page, row, column))
    page.keyboard.press("Enter")
    page.wait_for_function(f"() => {{ {FIND} return findViewer().currentSlice.state.n_undo === 2; }}")
    found = lab.labels().read(MIDDLE)
    assert abs(int((found == 3).sum()) - 300) <= 40
    assert (found[61:74, 11:29] == 3).all()
    page.keyboard.press("b")
    drag(page, [(30, 45), (67, 20)])  # class 3 over class 2, which is protected
    page.wait_for_function(f"() => {{ {FIND} return findViewer().currentSlice.state.n_undo === 3; }}")
    assert (lab.labels().read(MIDDLE) == 2).sum() == 600
    for left in (2, 1, 0):
        page.keyboard.press("Control+z")
        page.wait_for_function(
            f"() => {{ {FIND} return findViewer().currentSlice.state.n_undo === {left}; }}"
        )
    assert (shown(page) == 255).all()
    page.keyboard.press("Control+Shift+z")
    page.wait_for_function(f"() => {{ {FIND} return findViewer().currentSlice.state.n_undo === 1; }}")
    assert (shown(page) == 2).sum() == 600
    page.keyboard.press("?")
    expect(page.get_by_text("flood fill of like grey values")).to_be_visible()


def test_space_and_the_middle_button_move_the_picture(lab, open_page):
    page = open_canvas(open_page, lab)
    before = evaluate(page, "() => findViewer().panes.get('z').view.left")
    drag(page, [(50, 20), (50, 40)], button="middle")
    moved = evaluate(page, "() => findViewer().panes.get('z').view.left")
    assert moved > before
    page.keyboard.down(" ")
    drag(page, [(50, 20), (50, 40)])
    page.keyboard.up(" ")
    assert evaluate(page, "() => findViewer().panes.get('z').view.left") > moved
    assert (shown(page) == 255).all()


def test_the_second_person_sees_it_live_and_cannot_draw(lab, open_page):
    ada = open_canvas(open_page, lab, name="Ada")
    ben = open_canvas(open_page, lab, name="Ben")
    drag(ada, [(50, 20), (50, 60)])
    wait_until_saved(ada)
    expect(ben.get_by_text("Ada is labelling this slice", exact=False).first).to_be_visible()
    ben.wait_for_function(f"() => {{ {FIND} return findViewer().currentSlice.bytes[50 * 100 + 40] === 1; }}")
    drag(ben, [(10, 20), (10, 60)])
    assert (shown(ben)[:20] == 255).all()
    ada.locator(".viewer").first.focus()
    ada.keyboard.press(".")
    expect(ben.get_by_text("Ada is labelling this slice", exact=False)).to_have_count(0)
    drag(ben, [(10, 20), (10, 60)])
    wait_until_saved(ben)
    assert [entry.by for entry in lab.labels().ledger.entries()] == ["Ada", "Ben"]


def test_a_long_outline_keeps_the_slice(lab, open_page):
    page = open_canvas(open_page, lab, name="Ada")
    page.locator(".viewer").first.focus()
    page.keyboard.press("p")
    page.mouse.click(*place_of(page, 50, 20))
    locks = lab.labels().locks
    first = wait_for(lambda: locks.find(MIDDLE))
    page.mouse.click(*place_of(page, 50, 60))
    later = wait_for(lambda: [each for each in [locks.find(MIDDLE)] if each and each.heard_s > first.heard_s])
    assert later[0].since_s == first.since_s
    assert evaluate(page, "() => findViewer().gesture.points.length") == 2


def wait_for(find: Callable[[], Any]) -> Any:
    """Return what is found as soon as it is something."""
    deadline = time.monotonic() + BUSY_MS / 1000
    while time.monotonic() < deadline:
        if found := find():
            return found
        time.sleep(0.1)
    return pytest.fail("It did not happen.")


def test_one_pair_of_keys_changes_what_each_tool_measures(lab, open_page):
    page = open_canvas(open_page, lab)
    page.locator(".viewer").first.focus()
    for tool, before, after in (("f", "12 %", "13 %"), ("s", "16 px", "18 px"), ("b", "12 px", "14 px")):
        page.keyboard.press(tool)
        expect(page.locator(".options output")).to_have_text(before)
        page.keyboard.press("]")
        expect(page.locator(".options output")).to_have_text(after)


@dataclass
class Killable:
    """A server that can be killed and started again at the same address."""

    workspace: Workspace
    port: int
    log: Path
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        command = [
            *(sys.executable, "-m", "streamlit", "run", str(REPOSITORY / "app.py")),
            *("--server.address", "127.0.0.1", "--server.port", str(self.port), "--server.headless", "true"),
        ]
        environment = {"PYTHONPATH": str(REPOSITORY), "SXT_WORKSPACE": str(self.workspace.root)}
        with self.log.open("a") as output:
            self.process = subprocess.Popen(
                command,
                cwd=REPOSITORY,
                env=os.environ | environment,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        deadline = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < deadline:
            try:
                with urllib.request.urlopen(f"{self.url}/_stcore/health", timeout=2):
                    return
            except OSError:
                time.sleep(0.1)
        pytest.fail(f"The server did not start: {self.log.read_text()[-2000:]}")

    def kill(self, number: int = signal.SIGKILL) -> None:
        if self.process is not None:
            os.killpg(self.process.pid, number)
            self.process.wait()
            self.process = None


@pytest.fixture
def killable(tmp_path: Path) -> Iterator[Killable]:
    workspace = Workspace(tmp_path / "workspace")
    add_cell(workspace, tmp_path)
    server = Killable(workspace, find_free_port(), tmp_path / "log.txt")
    server.start()
    yield server
    server.kill(signal.SIGTERM)


def test_a_killed_server_brings_back_what_was_drawn(killable, open_page):
    page = open_page(f"{killable.url}/label", is_logged=False)
    wait_for_canvas(page)
    drag(page, [(50, 20), (50, 60)])
    wait_until_saved(page)
    saved = shown(page)
    killable.kill()
    drag(page, [(10, 20), (10, 60)])  # while there is no server
    expect(page.locator(".saved")).to_contain_text("not saved yet")
    killable.start()
    wait_until_saved(page)
    (tomogram,) = killable.workspace.tomograms.list()
    stored = killable.workspace.find_labels(tomogram.id).read(MIDDLE)
    np.testing.assert_array_equal(stored[30:], saved[30:])
    assert (stored[10, 20:61] == 1).all()
    page.goto(f"{killable.url}/label")
    wait_for_canvas(page)
    np.testing.assert_array_equal(shown(page), stored)


def test_the_edit_route_refuses_another_site(lab):
    page = urllib.request.Request(
        f"{lab.url}/api/labels/{lab.tomogram.id}/edit/z/1",
        data=json.dumps({"edit": {"tool": "undo"}}).encode(),
        headers={"Origin": "http://evil.example", "Sec-Fetch-Site": "cross-site"},
    )
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(page)


@pytest.fixture
def proposed(lab: Lab) -> Lab:
    """A tomogram with labels and a segmentation of two blocks, and pseudo-labels on the middle slice."""
    workspace, tomogram = lab.workspace, lab.tomogram
    classes = ClassList().add("membrane").add("droplet")
    labels = workspace.open_labels(tomogram.id, by="ada", classes=classes)
    mask = np.zeros(SHAPE, np.uint8)
    mask[:, 20:40, 30:60] = 1
    mask[:, 60:70, 70:90] = 3
    add_segmentation(workspace, tomogram, mask)
    with PseudoLabels(labels).new_round(by="ada", model="membrane:1") as writer:
        writer.add(3, np.where(mask[3] == 1, 1, 0).astype(np.uint8), np.full(SHAPE[1:], 230, np.uint8))
    return lab


def test_a_click_accepts_what_the_model_proposes_and_a_right_click_rejects_it(proposed, open_page):
    page = open_canvas(open_page, proposed)
    page.get_by_role("button", name="Accept or reject what the model proposes (a)").click()
    page.mouse.click(*place_of(page, 30, 45))
    page.wait_for_function(f"() => {{ {FIND} return findViewer().currentSlice.state.n_undo === 1; }}")
    page.mouse.click(*place_of(page, 65, 80), button="right")
    page.wait_for_function(f"() => {{ {FIND} return findViewer().currentSlice.state.n_undo === 2; }}")
    expected = np.full(SHAPE[1:], 255, np.uint8)
    expected[20:40, 30:60] = 1
    expected[60:70, 70:90] = 0
    np.testing.assert_array_equal(proposed.labels().read(MIDDLE), expected)
    np.testing.assert_array_equal(shown(page), expected)


def test_keys_accept_and_reject_the_pseudo_labels_of_a_slice(proposed, open_page):
    page = open_canvas(open_page, proposed)
    pseudo = PseudoLabels(proposed.labels())
    for key, decision in (("Alt+y", "accepted"), ("Alt+n", "rejected")):
        page.locator(".viewer").first.focus()
        page.keyboard.press(key)
        wait_for(lambda decision=decision: pseudo.find(3).decision == decision)
    assert proposed.labels().volume.list_slices() == []


def test_pseudo_labels_are_corrected_on_the_canvas_beside_the_labels(proposed, open_page):
    page = open_canvas(open_page, proposed)
    page.get_by_label("What is shown").select_option("pseudo-labels")
    page.get_by_text("correct them", exact=True).click()
    page.keyboard.press("e")
    drag(page, [(30, 35), (30, 55)])
    expect(page.locator(".saved")).to_contain_text("pseudo-labels saved")
    labels = proposed.labels()
    found = PseudoLabels(labels).find(3)
    assert (found.decision, labels.volume.list_slices()) == ("edited", [])
    corrected = PseudoLabels(labels).read(3).labels
    assert (corrected[30, 35:56] == 255).all()
    assert (corrected[20:23, 30:60] == 1).all()
    page.get_by_role("tab", name="Propose").click()
    expect(page.get_by_text("1 of 1 slice reviewed")).to_be_visible()
