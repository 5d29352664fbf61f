"""The slice viewer in a real browser."""

import base64
import io
import json
import re
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.e2e.conftest import PageOpener, StartServer
from tests.e2e.volumes import CELL, CELL_SHAPE, SEGMENTATION, WIDE, WIDE_SHAPE, fill_workspace

APP = Path(__file__).with_name("apps") / "viewer_app.py"
COLOURED = 20
"""A colour whose largest and smallest part differ by more is none of the grey values."""

MEMBRANE, MITOCHONDRION = (230, 159, 0), (86, 180, 233)


class ViewerPage:
    """A page with one viewer, and what it shows."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.root = page.locator(".viewer")
        self.slice = page.locator(".strip .slice")
        self.requests: list[str] = []
        page.on("request", lambda request: self.requests.append(request.url))
        expect(self.slice).to_be_visible()
        self.settle()
        self.first = self.root.evaluate("(root) => structuredClone(root.viewer.state)")

    def reset(self) -> None:
        """Bring back what was chosen at first."""
        self.page.bring_to_front()
        self.page.mouse.move(1, 1)
        self.root.evaluate(
            """(root, first) => {
              const { viewer } = root, { views, ...rest } = first;
              Object.assign(viewer.state, structuredClone(rest));
              for (const [plane, view] of Object.entries(views)) Object.assign(viewer.state.views[plane], view);
              viewer.layout();
              viewer.resize();
              viewer.changed();
            }""",
            self.first,
        )
        self.settle()
        self.requests.clear()

    def settle(self) -> None:
        """Wait until the picture is at rest and nothing is being fetched."""
        self.root.evaluate(
            """async (root) => {
              const { viewer } = root;
              const isBusy = () => !viewer.isResting || viewer.queue.running.size || viewer.frameAsked;
              for (let quiet = 0; quiet < 3; ) {
                await new Promise((resolve) => setTimeout(resolve, 30));
                quiet = isBusy() ? 0 : quiet + 1;
              }
            }"""
        )

    def press(self, *keys: str) -> None:
        self.root.focus()
        for key in keys:
            self.page.keyboard.press(key)

    def state(self, name: str):
        return self.root.evaluate("(root, name) => root.viewer.state[name]", name)

    def picture(self, plane: str = "z") -> np.ndarray:
        """The pane as it stands, (y, x, 3)."""
        url = self.root.evaluate(
            "(root, plane) => { const pane = root.viewer.panes.get(plane); pane.draw();"
            " return pane.canvas.toDataURL('image/png'); }",
            plane,
        )
        with Image.open(io.BytesIO(base64.b64decode(url.split(",")[1]))) as picture:
            return np.asarray(picture.convert("RGB"))

    def colour(self, row: float, column: float, plane: str = "z") -> tuple[int, int, int]:
        """The colour at a voxel."""
        x, y = self.place(row, column, plane)
        return tuple(int(each) for each in self.picture(plane)[int(y), int(x)])

    def place(self, row: float, column: float, plane: str = "z") -> tuple[float, float]:
        """Where a voxel's middle is, inside the pane."""
        return tuple(
            self.root.evaluate(
                "(root, [plane, row, column]) => root.viewer.panes.get(plane).placeOf(row + 0.5, column + 0.5)",
                [plane, row, column],
            )
        )

    def on_screen(self, row: float, column: float, plane: str = "z") -> tuple[float, float]:
        """Where a voxel's middle is on the screen."""
        x, y = self.place(row, column, plane)
        box = self.page.locator(f".pane[data-plane={plane}] canvas").bounding_box()
        return box["x"] + x, box["y"] + y

    def hover(self, row: float, column: float, plane: str = "z") -> None:
        self.page.mouse.move(*self.on_screen(row, column, plane))

    def slide(self, label: str, value: float) -> None:
        self.root.get_by_label(label, exact=True).evaluate(
            "(input, value) => { input.value = value; input.dispatchEvent(new Event('input', { bubbles: true })); }",
            value,
        )


@pytest.fixture(scope="module")
def server(start_server: StartServer, tmp_path_factory: pytest.TempPathFactory) -> str:
    root = tmp_path_factory.mktemp("workspace")
    fill_workspace(root)
    return start_server(APP, environment={"SXT_WORKSPACE": str(root)})


@pytest.fixture(scope="module")
def shown() -> dict[str, ViewerPage]:
    """The pages that are open, by address and theme."""
    return {}


@pytest.fixture
def show(
    server: str, open_module_page: PageOpener, shown: dict[str, ViewerPage]
) -> Callable[..., ViewerPage]:
    """Show a tomogram; a page that an earlier test opened comes as it was at first."""

    def show_(tomogram: str = CELL, *, theme: str = "dark", **options: object) -> ViewerPage:
        query = "&".join(f"{name}={value}" for name, value in options.items())
        url = f"{server}/?tomogram={tomogram}&{query}"
        if (known := shown.get(url + theme)) is not None:
            known.reset()
            return known
        shown[url + theme] = ViewerPage(open_module_page(url, theme=theme, is_shared=True))
        return shown[url + theme]

    return show_


@pytest.fixture
def show_fresh(server: str, open_page: PageOpener) -> Callable[..., ViewerPage]:
    """Show a tomogram on a page of its own, for tests in which Python changes what is shown."""

    def show_(**options: object) -> ViewerPage:
        query = "&".join(f"{name}={value}" for name, value in options.items())
        return ViewerPage(open_page(f"{server}/?tomogram={CELL}&{query}"))

    return show_


SCRUB = """async (root) => {
  const { viewer } = root, seen = [];
  for (let step = 0; step < 29; step++) {
    root.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowRight", bubbles: true }));
    await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
    const { canvas, context } = viewer.panes.get("z");
    seen.push(context.getImageData(canvas.width / 2, canvas.height / 2, 1, 1).data[0]);
  }
  return seen;
}"""


def test_scrubbing_shows_each_slice_in_turn(show):
    viewer = show(voxel_nm=10)
    viewer.press("Home")
    viewer.settle()
    seen = viewer.root.evaluate(SCRUB)
    assert len(set(seen)) == 29
    assert seen == sorted(seen)


def test_every_key_does_what_the_list_says(show):
    viewer = show(segmentation=SEGMENTATION, overlay="mask", brush=10)
    expect(viewer.slice).to_have_text("z 15 / 29")
    for key, slice_ in [
        ("ArrowRight", 16), ("ArrowDown", 17), ("ArrowLeft", 16), ("ArrowUp", 15), (".", 16), (",", 15),
        ("PageDown", 25), ("PageDown", 29), ("PageUp", 19), ("Home", 0), ("ArrowLeft", 0), ("End", 29),
    ]:  # fmt: skip
        viewer.press(key)
        assert viewer.state("index")[0] == slice_, key
    viewer.press("i", "o", "]")
    assert viewer.state("isInverted") is True
    assert viewer.state("isOverlayOn") is False
    assert viewer.state("brush") == 12
    viewer.press("[", "[")
    assert viewer.state("brush") == 8
    viewer.press("g")
    viewer.page.keyboard.type("7")
    viewer.page.keyboard.press("Enter")
    expect(viewer.slice).to_have_text("z 7 / 29")
    viewer.press("?")
    keys = viewer.page.get_by_role("dialog", name="Keys")
    expect(keys).to_be_visible()
    expect(keys).to_contain_text("go to a slice")
    viewer.page.keyboard.press("Escape")
    expect(keys).to_be_hidden()


def test_the_wheel_scrubs_and_with_ctrl_zooms_at_the_pointer(show):
    viewer = show()
    viewer.hover(50, 60)
    viewer.page.mouse.wheel(0, 120)
    viewer.page.mouse.wheel(0, 120)
    expect(viewer.slice).to_have_text("z 17 / 29")
    before = viewer.place(50, 60)
    viewer.page.keyboard.down("Control")
    for _ in range(5):
        viewer.page.mouse.wheel(0, -120)
    viewer.page.keyboard.up("Control")
    zoom = viewer.root.evaluate("(root) => root.viewer.panes.get('z').view.zoom")
    fitted = min(viewer.picture().shape[0] / 200, viewer.picture().shape[1] / 240)
    assert zoom == pytest.approx(fitted * 1.2**5, rel=0.01)
    assert viewer.place(50, 60) == pytest.approx(before, abs=1.5)


def test_dragging_moves_the_picture_and_a_double_click_fits_it(show):
    viewer = show()
    fitted = viewer.place(50, 60)
    x, y = viewer.on_screen(50, 60)
    viewer.page.mouse.move(x, y)
    viewer.page.mouse.down()
    viewer.page.mouse.move(x + 40, y - 30, steps=4)
    viewer.page.mouse.up()
    assert viewer.place(50, 60) == pytest.approx((fitted[0] + 40, fitted[1] - 30), abs=1.5)
    viewer.page.mouse.dblclick(x, y)
    assert viewer.place(50, 60) == pytest.approx(fitted, abs=0.5)


def test_the_threshold_acts_at_once_and_asks_the_server_nothing(show):
    viewer = show(segmentation=SEGMENTATION, overlay="probability", classes=1)
    viewer.settle()
    viewer.requests.clear()

    def edge() -> int:
        """The first column in colour."""
        (first, y), (last, _) = viewer.place(100, 0), viewer.place(100, 239)
        line = viewer.picture().astype(int)[int(y), np.linspace(first, last, 240).astype(int)]  # (column, 3)
        return int(np.argmax(np.ptp(line, axis=1) > COLOURED))

    viewer.slide("Opacity", 1)
    assert edge() == 128  # above 255 * 0.5
    viewer.slide("Threshold", 0.25)
    assert edge() == 64
    viewer.slide("Threshold", 0.8)
    assert edge() == 205
    assert viewer.colour(100, 230) == MEMBRANE
    assert [url for url in viewer.requests if "/api/" in url] == []


def test_a_threshold_that_was_chosen_ends_where_the_page_gives_another(show):
    viewer = show(segmentation=SEGMENTATION, overlay="probability", classes=1)
    viewer.slide("Threshold", 0.25)
    told = viewer.page.get_by_text(re.compile("^told "))
    expect(told).to_contain_text(" 0.25 ")
    viewer.page.get_by_role("button", name="threshold 0.6").click()
    expect(viewer.root.get_by_label("Threshold")).to_have_value("0.6")
    expect(told).to_contain_text(" None ")


def test_a_probability_can_be_shown_in_viridis(show):
    viewer = show(segmentation=SEGMENTATION, overlay="probability", classes=1)
    viewer.slide("Opacity", 1)
    viewer.root.get_by_label("How to show the probability").select_option("heat")
    low, high = viewer.colour(100, 80), viewer.colour(100, 238)
    assert low[2] > low[0]
    assert high[0] > 200
    assert high[1] > 200
    expect(viewer.root.get_by_label("Threshold")).to_have_count(0)


def test_classes_have_their_colours_and_can_be_hidden(show):
    viewer = show(segmentation=SEGMENTATION, overlay="mask", classes=2)
    viewer.slide("Opacity", 1)
    assert viewer.colour(60, 90) == MEMBRANE
    assert viewer.colour(160, 90) == MITOCHONDRION
    assert not is_coloured(viewer.colour(100, 90))
    viewer.root.get_by_role("button", name="Show membrane").click()
    assert not is_coloured(viewer.colour(60, 90))
    assert viewer.colour(160, 90) == MITOCHONDRION
    viewer.slide("Colour of mitochondrion", "#ff0000")
    assert viewer.colour(160, 90) == (255, 0, 0)
    viewer.press("o")
    assert not is_coloured(viewer.colour(160, 90))


def test_opacity_mixes_with_the_grey_value(show):
    viewer = show(segmentation=SEGMENTATION, overlay="mask", classes=2)
    grey = viewer.colour(100, 90)[0]
    viewer.slide("Opacity", 0.5)
    assert viewer.colour(60, 90) == pytest.approx([(grey + each) / 2 for each in MEMBRANE], abs=2)


def test_contrast_follows_its_handles_and_inversion(show):
    viewer = show()
    viewer.press("Home")
    viewer.settle()
    first = viewer.colour(100, 100)[0]
    assert first < 10  # below the 1st percentile of the volume
    white = viewer.root.get_by_role("slider", name="White at")
    box = viewer.page.locator(".track").bounding_box()
    viewer.page.mouse.move(*center(white.bounding_box()))
    viewer.page.mouse.down()
    viewer.page.mouse.move(box["x"] + box["width"] * 60 / 255, box["y"] + 10, steps=5)
    viewer.page.mouse.up()
    assert viewer.state("limits")[1] == pytest.approx(60, abs=2)
    viewer.root.get_by_role("slider", name="Black at").focus()
    for _ in range(20):
        viewer.page.keyboard.press("ArrowLeft")
    viewer.settle()
    assert viewer.colour(100, 100)[0] > 150
    bright = viewer.colour(100, 100)[0]
    viewer.press("i")
    assert viewer.colour(100, 100)[0] == pytest.approx(255 - bright, abs=1)
    viewer.page.locator(".track canvas").dblclick(force=True)
    assert viewer.state("limits") == pytest.approx([50, 195], abs=3)


def test_narrow_limits_fetch_bytes_of_their_own(show):
    viewer = show()
    viewer.root.evaluate("(root) => root.viewer.setLimits([100, 140])")
    viewer.settle()
    assert any("lo=80&hi=160" in url for url in viewer.requests)
    assert viewer.colour(100, 100)[0] == pytest.approx((125 - 100) / 40 * 255, abs=4)


def test_at_rest_the_picture_has_every_pixel(show):
    viewer = show(WIDE)
    viewer.press("Home")
    viewer.settle()
    viewer.root.evaluate(
        "(root) => { const pane = root.viewer.panes.get('z'); pane.zoomAt(8, pane.width / 2, pane.height / 2); }"
    )
    viewer.settle()
    values = [viewer.colour(420, 450 + offset)[0] for offset in range(-2, 2)]
    assert max(values) - min(values) > 90
    assert any("/tile/z/0/0/0" in url for url in viewer.requests)


def test_far_slices_have_a_preview_before_their_strip(show):
    viewer = show(WIDE)
    found = viewer.root.evaluate(
        """(root) => {
          const { viewer } = root;
          viewer.grey.stack.cache.forEach((_, key) => key.includes("scrub") && viewer.grey.stack.cache.delete(key));
          return viewer.grey.stack.best("z", 3)?.tier.name;
        }"""
    )
    assert found == "preview"


def test_three_planes_meet_at_the_point_that_was_clicked(show):
    viewer = show(voxel_nm=10)
    viewer.root.get_by_role("button", name="Three planes").click()
    viewer.settle()
    viewer.page.mouse.click(*viewer.on_screen(20, 200, "z"))
    viewer.settle()
    assert viewer.state("index") == [15, 20, 200]
    assert viewer.state("plane") == "z"
    viewer.page.mouse.click(*viewer.on_screen(3, 50, "y"))
    assert viewer.state("index") == [3, 20, 50]
    assert viewer.state("plane") == "y"
    expect(viewer.slice).to_have_text("y 20 / 199")
    rows = [viewer.colour(row, 30, "y")[0] for row in (1, 15, 28)]
    assert rows == sorted(rows)
    assert rows[2] - rows[0] > 150
    script = "(root, plane) => root.viewer.panes.get(plane).voxel"
    assert {plane: viewer.root.evaluate(script, plane) for plane in "zyx"} == {
        "z": [1, 1],
        "y": [2, 1],
        "x": [1, 2],
    }


def test_the_divider_shows_with_and_without_the_overlay(show):
    viewer = show(segmentation=SEGMENTATION, overlay="probability", classes=1)
    viewer.slide("Opacity", 1)
    viewer.slide("Threshold", 0)
    viewer.root.get_by_role("button", name="Compare").click()
    viewer.settle()
    assert not is_coloured(viewer.colour(150, 80))
    assert is_coloured(viewer.colour(150, 160))
    box = viewer.page.locator(".pane canvas").bounding_box()
    viewer.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 20)
    viewer.page.mouse.down()
    viewer.page.mouse.move(box["x"] + box["width"] - 2, box["y"] + 20, steps=4)
    viewer.page.mouse.up()
    assert viewer.state("divider") > 0.9
    assert not is_coloured(viewer.colour(150, 160))


def test_two_results_can_be_compared(show):
    viewer = show(segmentation=SEGMENTATION, overlay="probability", before="mask", classes=2)
    viewer.root.get_by_role("button", name="Compare").click()
    viewer.settle()
    assert is_coloured(viewer.colour(160, 90))  # of the mask, left of the divider
    assert not is_coloured(viewer.colour(110, 90))
    assert is_coloured(viewer.colour(110, 200))


def test_lengths_are_round_and_unknown_ones_are_pixels(show):
    known = show(voxel_nm=10)
    expect(known.page.locator(".depth")).to_have_text("0.300 µm")
    expect(known.page.locator(".scale-label")).to_have_text("200 nm")
    width = known.page.locator(".scale-bar").bounding_box()["width"]
    left, right = known.place(0, 0)[0], known.place(0, 20)[0]
    assert width == pytest.approx(right - left, abs=1.5)
    unknown = show()
    expect(unknown.page.locator(".depth")).to_have_text("voxel size unknown, set voxel size")
    expect(unknown.page.locator(".depth a")).to_have_attribute("href", "/?set=voxel")
    expect(unknown.page.locator(".scale-label")).to_have_text("20 px")
    assert "µm" not in unknown.page.locator(".strip").inner_text()


def test_the_value_under_the_pointer_is_the_stored_one(show):
    viewer = show(segmentation=SEGMENTATION, overlay="mask", classes=2)
    viewer.hover(60, 90)
    expect(viewer.page.locator(".strip .value")).to_have_text("grey 125  ·  z 15, y 60, x 90  ·  membrane")
    viewer.page.mouse.move(2, 2)
    expect(viewer.page.locator(".strip .value")).to_have_text("")


def test_the_view_is_downloaded_as_a_picture(show, tmp_path):
    viewer = show(segmentation=SEGMENTATION, overlay="mask", voxel_nm=10)
    with viewer.page.expect_download() as waiting:
        viewer.root.get_by_role("button", name="Download the view as PNG").click()
    assert waiting.value.suggested_filename == "cell_b_7_b_µ.tif_z15.png"
    waiting.value.save_as(tmp_path / "view.png")
    with Image.open(tmp_path / "view.png") as picture:
        pixels = np.asarray(picture.convert("RGB"))
    assert pixels.shape == viewer.picture().shape
    bar = pixels[-18:-14, 14:60]
    assert (bar.mean(axis=(0, 2)) > 250).all()


def test_the_rail_goes_to_a_slice_and_explains_its_marks(show):
    viewer = show()
    rail = viewer.root.get_by_role("slider", name="Slice", exact=True)
    box = rail.bounding_box()
    viewer.page.mouse.move(box["x"] + 10, box["y"] + box["height"] * 2.5 / CELL_SHAPE[0])
    expect(rail).to_have_attribute("title", "slice 2\n2: labelled by Ada\n3: pseudo-label, round 1")
    viewer.page.mouse.down()
    viewer.page.mouse.up()
    expect(viewer.slice).to_have_text("z 2 / 29")
    expect(rail).to_have_attribute("aria-valuenow", "2")


def test_python_is_told_once_things_are_at_rest(show_fresh):
    viewer = show_fresh(segmentation=SEGMENTATION, overlay="probability", classes=1)
    told = viewer.page.get_by_text("told ")
    expect(told).to_have_text("told None z None False None")
    viewer.press("Home", "ArrowRight", "ArrowRight", "i")
    viewer.slide("Threshold", 0.7)
    time.sleep(0.2)
    expect(told).to_have_text("told None z None False None")
    expect(told).to_have_text("told (2, 100, 120) z 0.7 True None")
    expect(viewer.slice).to_have_text("z 2 / 29")


def test_python_moves_the_viewer_once_and_keeps_what_was_chosen(show_fresh):
    viewer = show_fresh(segmentation=SEGMENTATION, overlay="mask", classes=2)
    viewer.press("Home", "i")
    viewer.slide("Opacity", 0.9)
    viewer.page.get_by_role("button", name="to slice 4").click()
    expect(viewer.slice).to_have_text("z 4 / 29")
    assert viewer.state("isInverted") is True
    viewer.press("PageDown")
    with viewer.page.expect_request(re.compile("/mask/.*/strip/.*v=2")):
        viewer.page.get_by_role("button", name="newer").click()
    viewer.settle()
    expect(viewer.slice).to_have_text("z 14 / 29")
    assert is_coloured(viewer.colour(60, 90))


def test_another_tomogram_is_shown_in_the_same_place(show_fresh):
    viewer = show_fresh(segmentation=SEGMENTATION, overlay="mask", classes=2)
    viewer.press("End")
    viewer.page.get_by_role("button", name="wide").click()
    expect(viewer.slice).to_have_text("z 25 / 49")
    viewer.settle()
    expect(viewer.page.locator(".group.overlay")).to_be_hidden()
    assert viewer.state("limits") == [0, 255]
    viewer.press("ArrowRight")
    expect(viewer.slice).to_have_text("z 26 / 49")


def test_a_drag_goes_on_while_the_page_runs_again(show_fresh):
    viewer = show_fresh()
    before = viewer.place(50, 60)
    x, y = viewer.on_screen(50, 60)
    viewer.press("ArrowRight")
    viewer.page.mouse.move(x, y)
    viewer.page.mouse.down()
    viewer.page.mouse.move(x + 20, y, steps=2)
    expect(viewer.page.get_by_text("told (16, 100, 120)")).to_be_visible()
    viewer.page.mouse.move(x + 50, y, steps=3)
    viewer.page.mouse.up()
    assert viewer.place(50, 60) == pytest.approx((before[0] + 50, before[1]), abs=1.5)


def test_names_are_text_and_controls_have_names(show):
    viewer = show(segmentation=SEGMENTATION, overlay="mask")
    assert viewer.root.get_attribute("aria-label") == "Slices of cell <b>7</b> µ.tif; press ? for the keys"
    assert viewer.root.locator("b").count() == 0
    nameless = viewer.root.evaluate(
        """(root) => [...root.querySelectorAll("button, input, select, [role=slider]")]
          .filter((each) => !(each.getAttribute("aria-label") || each.textContent.trim())).length"""
    )
    assert nameless == 0


def test_both_themes_keep_the_picture_on_black(show):
    for theme, is_dark in (("dark", True), ("light", False)):
        viewer = show(theme=theme)
        bar = viewer.root.evaluate("(root) => getComputedStyle(root).backgroundColor")
        assert (sum(json.loads("[" + bar[4:-1] + "]")) < 300) is is_dark
        assert viewer.picture()[5, 5].tolist() == [0, 0, 0]


def test_a_tomogram_that_is_gone_is_said_in_a_sentence(server, open_page):
    page = open_page(f"{server}/?tomogram=nothere000", is_logged=False)
    expect(page.locator(".message")).to_have_text(
        "There is no tomogram of 'nothere000'; it may have been deleted."
    )


def test_the_wide_tomogram_is_sent_in_small_images_while_scrubbing(show):
    viewer = show(WIDE)
    widths = viewer.root.evaluate("(root) => root.viewer.grey.stack.facts.planes.z.map((tier) => tier.width)")
    assert widths == [113, 450, WIDE_SHAPE[2]]


def is_coloured(colour: tuple[int, ...]) -> bool:
    return max(colour) - min(colour) > COLOURED


def center(box: dict[str, float]) -> tuple[float, float]:
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
