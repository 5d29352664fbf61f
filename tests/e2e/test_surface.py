"""Surfaces in a real browser: the scene draws, follows filters, tells its view and what was clicked, and is shared."""

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Frame, Page, expect

from sxt.workspace import Workspace
from tests.conftest import REPOSITORY
from tests.e2e.conftest import PageOpener, StartServer
from tests.ui.surface.conftest import add_boxes, add_boxes_surface

APP = REPOSITORY / "app.py"
GROUND = np.array([0x15, 0x17, 0x1A])
READY = "document.documentElement.dataset.scene === 'ready'"
CAMERA = """(() => {
  const hasMesh = (each) => each.getActors().some((actor) =>
    actor.getMapper?.()?.getInputData?.()?.getPointData?.().getArrayByName("colour"));
  return [...window.global.renderWindow.getRenderers().find(hasMesh).getActiveCamera().getPosition()];
})()"""


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    folder = tmp_path_factory.mktemp("surface")
    workspace = Workspace(folder / "workspace")
    add_boxes_surface(workspace, add_boxes(workspace, folder, name="Zelle <b>7</b>"), with_scene=True)
    return workspace


@pytest.fixture(scope="module")
def server(start_server: StartServer, workspace: Workspace) -> str:
    return start_server(APP, environment={"SXT_WORKSPACE": str(workspace.root)})


@pytest.fixture(scope="module")
def surface_page(server: str, open_module_page: PageOpener) -> Page:
    """One page for all tests, each of which goes on from where the one before left it: opening it takes longest."""
    return open_module_page(f"{server}/surface")


def scene_of(page: Page) -> Frame:
    """The frame with the scene, once it is drawn."""
    page.locator("iframe").first.wait_for()
    for _ in range(600):
        frame = next((each for each in page.frames if "/scene" in each.url), None)
        if frame is not None and frame.evaluate(READY):
            return frame
        page.wait_for_timeout(50)
    raise AssertionError("the scene did not come up")


def count_drawn(page: Page) -> int:
    """Number of pixels of the objects: orange or yellow, as classes 1 and 3 are."""
    picture = np.asarray(
        Image.open(io.BytesIO(page.locator("iframe").first.screenshot())).convert("RGB")
    ).astype(int)
    return int(((picture[..., 0] > 110) & (picture[..., 0] > picture[..., 2] + 70)).sum())


def wait_until(page: Page, condition: Callable[[], bool]) -> None:
    for _ in range(60):
        if condition():
            return
        page.wait_for_timeout(200)
    assert condition()


def wait_until_at_rest(page: Page, frame: Frame) -> list[float]:
    """Return where the camera has come to rest, once the scene has had the time to tell it."""
    last: list[float] = []
    for _ in range(30):
        last, before = frame.evaluate(CAMERA), last
        if last == before:
            return last
        page.wait_for_timeout(1500)
    raise AssertionError("the camera keeps moving")


def turn(page: Page, frame: Frame) -> None:
    """Drag the scene as a hand does, again where it was still being drawn and took no notice."""
    before = frame.evaluate(CAMERA)
    x, y = place_in_scene(page, 0.5, 0.7)
    for _ in range(6):
        page.mouse.move(x, y)
        page.mouse.down()
        for step in range(1, 9):
            page.mouse.move(x + 20 * step, y - 8 * step)
            page.wait_for_timeout(40)
        page.mouse.up()
        for _ in range(10):
            if frame.evaluate(CAMERA) != before:
                return
            page.wait_for_timeout(200)
    raise AssertionError("the scene does not turn")


def place_in_scene(page: Page, across: float, down: float) -> tuple[float, float]:
    box = page.locator("iframe").first.bounding_box()
    assert box is not None
    return box["x"] + across * box["width"], box["y"] + down * box["height"]


def test_a_turned_view_reaches_the_share_and_its_page(
    surface_page: Page, workspace: Workspace, open_module_page: PageOpener
):
    frame = scene_of(surface_page)
    turn(surface_page, frame)
    turned = wait_until_at_rest(surface_page, frame)
    surface_page.get_by_role("button", name="Share this view").click()
    surface_page.get_by_role("button", name="Make link").click()
    link = surface_page.get_by_text("/share/").first
    expect(link).to_be_visible()
    (share,) = workspace.shares.list()
    assert share.view is not None
    assert share.view.camera.position == pytest.approx(turned, rel=1e-6)
    visitor = open_module_page(link.inner_text())
    shared = scene_of(visitor)
    assert shared.evaluate(CAMERA) == pytest.approx(turned, rel=1e-4)
    wait_until(visitor, lambda: count_drawn(visitor) > 1000)
    surface_page.keyboard.press("Escape")
    shared.select_option("#panel select", "sphericity")
    expect(shared.locator("#legend")).to_contain_text("sphericity")
    assert shared.get_by_role("button", name="PNG").count() == 0


def test_a_click_selects_the_row_and_shows_the_measurements(surface_page: Page):
    frame = scene_of(surface_page)
    frame.get_by_role("button", name="Top").click()
    left, top = place_in_scene(surface_page, 0.5, 0.5)
    for down in (0, 30, 60, 90, -30, -60):
        surface_page.mouse.click(left - 70, top + down)
        surface_page.wait_for_timeout(300)
        if frame.locator("#card").is_visible():
            break
    expect(frame.locator("#card")).to_contain_text("Component 1 membrane")
    expect(frame.locator("#card")).to_contain_text("µm³")
    # A table that takes a selection from outside is a new one, whose name counts the clicks.
    surface_page.locator('[class*="-table-"]:not([class*="-table-0"])').first.wait_for(state="attached")


def test_planes_and_a_picture_with_the_legend(surface_page: Page, tmp_path: Path):
    frame = scene_of(surface_page)
    frame.get_by_role("button", name="Slices").click()
    frame.get_by_label("show the plane normal to y").check()
    wait_until(surface_page, lambda: count_grey(surface_page) > 2000)
    frame.select_option("#panel select", "volume_um3")
    expect(frame.locator("#legend")).to_contain_text("volume, µm³")
    frame.get_by_role("button", name="Parallel").click()
    expect(frame.get_by_role("button", name="Parallel")).to_have_attribute("aria-pressed", "true")
    with surface_page.expect_download() as download:
        frame.get_by_role("button", name="PNG").click()
    download.value.save_as(tmp_path / "picture.png")
    picture = np.asarray(Image.open(tmp_path / "picture.png").convert("RGB"))
    assert picture.shape[0] >= 1000
    assert (np.abs(picture.astype(int) - GROUND).sum(axis=2) > 60).sum() > 10_000
    frame.get_by_label("show the plane normal to y").uncheck()
    frame.get_by_label("show the plane normal to z").uncheck()
    frame.select_option("#panel select", "class")


def count_grey(page: Page) -> int:
    """Number of pixels that are grey and neither ground nor text."""
    picture = np.asarray(
        Image.open(io.BytesIO(page.locator("iframe").first.screenshot())).convert("RGB")
    ).astype(int)
    spread = picture.max(axis=2) - picture.min(axis=2)
    middle = picture[picture.shape[0] // 3 : 3 * picture.shape[0] // 4]
    return int(
        ((spread[picture.shape[0] // 3 : 3 * picture.shape[0] // 4] < 6) & (middle[..., 0] > 60)).sum()
    )


def test_a_filter_changes_what_is_drawn_and_saved(surface_page: Page, tmp_path: Path):
    frame = scene_of(surface_page)
    wait_until(surface_page, lambda: count_drawn(surface_page) > 3000)
    every = count_drawn(surface_page)
    expect(surface_page.get_by_text("2 components, 0.00336 µm³")).to_be_visible()
    surface_page.get_by_role("button", name="membrane", exact=True).click()
    expect(surface_page.get_by_text("1 of 2 components")).to_be_visible()
    expect(frame.locator("#shown")).to_have_text("1 of 2 components shown")
    wait_until(surface_page, lambda: count_drawn(surface_page) < every - 1000)
    assert count_drawn(surface_page) > 100
    assert scene_of(surface_page) == frame, "the scene was loaded anew"
    surface_page.get_by_role("button", name="Save", exact=True).click()
    with surface_page.expect_download() as download:
        surface_page.get_by_role("link", name="OBJ").click()
    download.value.save_as(tmp_path / "mesh.obj")
    groups = [line for line in (tmp_path / "mesh.obj").read_text().splitlines() if line.startswith("g ")]
    assert groups == ["g component_2"]
