"""What a lab member does, end to end: bring in, segment, watch, settle the threshold, see in 3D, share, open the link.

``SXT_SCREENSHOTS=docs/screenshots`` keeps the pictures that the README shows; ``SXT_TOUR_FILE=FILE`` makes the tour
with a tomogram of one's own instead of a simulated cell.
"""

import os
import re
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from sxt.io import open_volume_writer
from sxt.phantom import PhantomSettings, simulate_cell
from tests.conftest import REPOSITORY
from tests.e2e.conftest import PageOpener, StartServer
from tests.shipped import SHIPPED

APP = REPOSITORY / "app.py"
TOKEN = "a-token-for-the-tour-of-the-lab"
KEPT = os.environ.get("SXT_SCREENSHOTS")
OWN_FILE = os.environ.get("SXT_TOUR_FILE")
NAME = "Zelle 7 µm" if KEPT else "Zelle 7 µm <b>&"
TITLE = "Organelles of cell 7" if KEPT else "Organelles of cell 7 <script>alert(1)</script>"
SHAPE = (24, 288, 288)
SEED = 11
JOB_LIMIT_MS = 240_000
CONFIG = SHIPPED[0].config
assert CONFIG is not None
THRESHOLD = CONFIG.threshold
THEMES = ("dark", "light")
PICTURED_LIGHT = ("viewer", "surface")


@pytest.fixture(scope="module")
def tomogram_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A simulated cell as a TIFF that states its voxel size, or one's own file."""
    if OWN_FILE is not None:
        return Path(OWN_FILE)
    cell = simulate_cell(PhantomSettings(SHAPE), seed=SEED)
    path = tmp_path_factory.mktemp("tour") / "cell 7 µ.tif"
    values = np.asarray(cell.tomogram.data[:])
    with open_volume_writer(
        path, shape=SHAPE, dtype=values.dtype, voxel_size_nm=cell.tomogram.voxel_size_nm
    ) as writer:
        writer.write(values)
    return path


@pytest.fixture
def server(start_server: StartServer, tmp_path_factory: pytest.TempPathFactory) -> str:
    workspace = tmp_path_factory.mktemp("tour") / "workspace"
    environment = {"SXT_WORKSPACE": str(workspace), "SXT_TOKEN": TOKEN, "OMP_NUM_THREADS": "2"}
    return start_server(APP, environment=environment)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = (REPOSITORY / KEPT) if KEPT else tmp_path_factory.mktemp("screenshots")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def button(page: Page, name: str | re.Pattern[str]):
    return page.get_by_role("button", name=name).first


def settle(page: Page) -> None:
    """Wait until the page has run and what it shows has come."""
    expect(page.get_by_test_id("stStatusWidget")).to_have_count(0)
    page.wait_for_load_state("networkidle")


@pytest.mark.timeout(900)
def test_from_a_file_to_a_link_that_opens_logged_out(
    server: str, open_page: PageOpener, tomogram_file: Path, pictures: Path
) -> None:
    page = open_page(f"{server}/?token={TOKEN}")
    _begin(page, pictures)
    _bring_in(page, tomogram_file, pictures)
    _segment(page, pictures)
    _settle_threshold(page)
    _see_in_3d(page, pictures)
    link = _share(page, pictures)
    _open_logged_out(open_page, server, link, pictures)
    _look_at_every_page(open_page, server, page, pictures)
    _revoke(page, open_page, link)


def _begin(page: Page, pictures: Path) -> None:
    expect(button(page, "Try a simulated cell")).to_be_visible()
    page.get_by_role("link", name="Upload", exact=True).click()
    expect(page.get_by_text("Drop tomograms here")).to_be_visible()


def _bring_in(page: Page, tomogram_file: Path, pictures: Path) -> None:
    page.locator("input.file").set_input_files(tomogram_file)
    expect(button(page, "Bring in the tomogram")).to_be_visible()
    page.get_by_label("Name", exact=True).fill(NAME)
    page.get_by_label("Name", exact=True).press("Enter")
    settle(page)
    page.screenshot(path=pictures / "upload.png")
    button(page, "Bring in the tomogram").click()
    expect(button(page, "Segment it")).to_be_visible(timeout=JOB_LIMIT_MS)
    expect(page.get_by_role("heading", name=NAME)).to_be_visible()
    button(page, "Segment it").click()


def _segment(page: Page, pictures: Path) -> None:
    expect(page.get_by_text("Outlines of membrane-bound organelles")).to_be_visible()
    settle(page)  # a list that is opened before closes when the page is drawn to its end
    if OWN_FILE is None:  # eight times the work, so that a fast machine too is seen at it
        page.get_by_text("Advanced", exact=True).click()
        settle(page)
        option = page.get_by_role("option").last
        for _ in range(5):  # the list closes where the page is drawn again under it
            page.get_by_role("combobox", name="Test-time augmentation").click()
            page.wait_for_timeout(500)
            if option.is_visible():
                break
        option.click()
        settle(page)
    button(page, "Segment 1 tomogram").click()
    n_slices = r"\d+" if OWN_FILE is not None else SHAPE[0]
    counted = page.get_by_text(re.compile(rf"segment: \d+ of {n_slices}")).first
    expect(counted).to_be_visible(timeout=JOB_LIMIT_MS)
    finished = button(page, f"The mask has threshold {THRESHOLD:.2f}")
    begun = page.get_by_text(re.compile(r"Slices 0 to \d+ are done")).first
    if OWN_FILE is not None:  # a few slices may all be done between two looks
        begun = begun.or_(finished)
    expect(begun).to_be_visible(timeout=JOB_LIMIT_MS)
    expect(page.get_by_role("application", name=re.compile("^Slices of"))).to_have_count(1)
    page.screenshot(path=pictures / "segmenting.png")
    expect(finished).to_be_visible(timeout=JOB_LIMIT_MS)
    settle(page)
    page.wait_for_timeout(2_500 if KEPT else 0)  # the overlay comes after the page
    page.screenshot(path=pictures / "segment.png")


def _settle_threshold(page: Page) -> None:
    """Move the slider: the overlay follows at once, and the mask is made anew when asked."""
    slider = page.get_by_role("slider", name="Threshold").first
    slider.focus()
    for _ in range(10):
        slider.press("ArrowLeft")
    button(page, f"Keep threshold {THRESHOLD - 0.1:.2f}").click()
    expect(button(page, f"The mask has threshold {THRESHOLD - 0.1:.2f}")).to_be_visible(timeout=JOB_LIMIT_MS)


def _see_in_3d(page: Page, pictures: Path) -> None:
    button(page, "See it in 3D").click()
    button(page, "Reconstruct surface").click()
    frame = page.frame_locator("iframe").last
    expect(frame.locator("canvas").first).to_be_visible(timeout=JOB_LIMIT_MS)
    expect(page.get_by_text(re.compile(r"^\d+ components, ")).first).to_be_visible()
    settle(page)
    before = _camera(page)
    box = page.locator("iframe").last.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] * 0.6
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 120, y - 60, steps=6)
    page.mouse.up()
    page.wait_for_timeout(1500)
    assert _camera(page) != before, "the view turns with the mouse"
    page.screenshot(path=pictures / "surface.png")


def _camera(page: Page) -> bytes:
    """Return the picture of the scene, which is another one from every side."""
    return page.locator("iframe").last.screenshot()


def _share(page: Page, pictures: Path) -> str:
    button(page, "Share this view").click()
    page.get_by_label("Title", exact=True).fill(TITLE)
    button(page, "Make link").click()
    link = page.get_by_test_id("stCode").filter(has_text="/share/").first
    expect(link).to_be_visible()
    address = link.inner_text().strip()
    page.screenshot(path=pictures / "share.png")
    page.keyboard.press("Escape")
    return address


def _open_logged_out(open_page: PageOpener, server: str, link: str, pictures: Path) -> None:
    assert urlsplit(link).netloc == urlsplit(server).netloc
    visitor = open_page(link)
    expect(visitor.get_by_role("heading", name=TITLE)).to_be_visible()
    expect(visitor.frame_locator("iframe").locator("canvas").first).to_be_visible()
    visitor.wait_for_timeout(2000)
    visitor.screenshot(path=pictures / "shared.png")
    with visitor.expect_download() as download:
        visitor.get_by_role("link", name="Download for offline use").click()
    page_text = Path(download.value.path()).read_text(encoding="utf-8")
    assert "<script>alert(1)</script>" not in page_text
    stranger = open_page(f"{server}/", is_logged=False)
    expect(stranger.get_by_label("Access token")).to_be_visible()


def _look_at_every_page(open_page: PageOpener, server: str, page: Page, pictures: Path) -> None:
    """Each page opens by its address in both themes, without an error."""
    query = urlsplit(page.url).query
    for theme in THEMES:
        visitor = open_page(f"{server}/?token={TOKEN}", theme=theme, is_shared=True)
        expect(visitor.get_by_role("heading", name="Tomograms")).to_be_visible()
        for name in ("", "upload", "viewer", "segment", "surface", "models", "shares", "jobs", "help"):
            visitor.goto(f"{server}/{name}?{query}")
            expect(visitor.locator('[data-testid="stMain"] h1')).to_be_visible()
            settle(visitor)
            if name == "surface":  # plots come after the scene
                expect(visitor.locator(".js-plotly-plot").first).to_be_visible()
            visitor.wait_for_timeout(1200)
            expect(visitor.get_by_test_id("stException")).to_have_count(0)
            if theme == "dark" or name in PICTURED_LIGHT:
                visitor.screenshot(path=pictures / f"{name or 'home'}-{theme}.png")


def _revoke(page: Page, open_page: PageOpener, link: str) -> None:
    page.get_by_role("link", name="Shares", exact=True).click()
    button(page, "Revoke").click()
    page.get_by_role("button", name=re.compile("Revoke")).last.click()
    expect(page.get_by_text(re.compile("revoked")).first).to_be_visible()
    visitor = open_page(link, is_logged=False)
    expect(visitor.get_by_text("Not found")).to_be_visible()
    assert visitor.request.get(link).status == 404
