import re
import time
from pathlib import Path

import numpy as np
import pytest
import pyvista as pv

from sxt.surface.mesh import ClassedMesh
from sxt.surface.mesh_files import write_vtp
from sxt.surface.palette import class_colours, component_colours
from sxt.surface.scene import build_plotter, frame_ticks, main, poly_data

CHROMIUM = Path("/usr/bin/chromium")
BROWSER_TIMEOUT_MS = 180_000
"""A busy machine without a graphics card draws late."""

TITLE = "<script>alert(1)</script> & co"


@pytest.fixture(scope="module")
def display(two_objects) -> ClassedMesh:
    return ClassedMesh(two_objects.display, two_objects.table["class"].to_numpy(), "nm")


@pytest.fixture(scope="module")
def drawn(display, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("scene")
    write_vtp(folder / "mesh.vtp", display)
    files = ["--html", str(folder / "scene.html"), "--snapshot", str(folder / "snapshot.png")]
    main([str(folder / "mesh.vtp"), *files, "--title", TITLE, "--caption", "2 components, 12345 triangles"])
    return folder


def test_the_scene_is_in_micrometres_and_coloured_by_component(display):
    surface = poly_data(display)
    plotter = build_plotter(surface, unit="nm")
    drawn = next(a for a in plotter.actors.values() if hasattr(a, "mapper") and a.mapper.dataset is not None)
    mesh = drawn.mapper.dataset
    np.testing.assert_allclose(mesh.points, surface.points / 1000, rtol=1e-6)
    np.testing.assert_array_equal(mesh.point_data["colour"], component_colours(display.mesh.id_of_vertex))
    assert {"component_id", "class"} <= set(surface.point_data.keys())
    assert plotter.renderer.cube_axes_actor.x_title == "x (µm)"
    plotter.close()


def test_the_scene_in_voxels_coloured_by_class(display):
    surface = poly_data(display)
    plotter = build_plotter(surface, unit="px", colour_by="class")
    drawn = next(a for a in plotter.actors.values() if hasattr(a, "mapper") and a.mapper.dataset is not None)
    np.testing.assert_array_equal(drawn.mapper.dataset.point_data["colour"], class_colours(surface["class"]))
    assert plotter.renderer.cube_axes_actor.z_title == "z (px)"
    plotter.close()


@pytest.mark.parametrize(
    ("bounds", "low", "high", "step"),
    [
        ([(0.02, 4.73), (0.04, 4.6), (0.06, 1.9)], [0, 0, 0], [5, 5, 2], 1),
        ([(-0.005, 0.42), (0.1, 0.3), (0.2, 0.21)], [0, 0.1, 0.2], [0.5, 0.3, 0.3], 0.1),
        ([(0, 473), (0, 473), (0, 100)], [0, 0, 0], [500, 500, 100], 100),
        ([(1, 1), (2, 2), (3, 3)], [1, 2, 3], None, 2e-7),
    ],
)
def test_ticks_are_round_numbers(bounds, low, high, step):
    ticks = frame_ticks(np.array(bounds, float))
    assert ticks.step == pytest.approx(step)
    np.testing.assert_allclose(ticks.low, low, atol=1e-6)
    if high is not None:
        np.testing.assert_allclose(ticks.high, high)
        assert ticks.counts == [round((h - lo) / step) + 1 for lo, h in zip(low, high, strict=True)]


def test_colours_differ_for_neighbouring_ids():
    colours = component_colours(np.arange(1, 22))
    assert len(np.unique(colours, axis=0)) == 21
    assert class_colours(np.array([1])).tolist() == [[0xE6, 0x9F, 0x00]]


def test_the_page_is_self_contained_and_its_title_is_text(drawn):
    page = (drawn / "scene.html").read_text("utf-8")
    assert "<title>&lt;script&gt;alert(1)&lt;/script&gt; &amp; co</title>" in page
    assert "<script>alert(1)" not in page
    assert "default-src &#x27;none&#x27;" in page
    assert not re.findall(r"""(?:src|href)\s*=\s*["'](?:https?:)?//""", page)
    assert "kitware.github.io/vtk-js/icon" not in page
    assert len(page) < 3e6


def test_the_picture_shows_the_components_on_a_dark_ground(drawn):
    picture = np.asarray(pv.read(drawn / "snapshot.png").point_data["PNGImage"])[:, :3]
    colours, counts = np.unique(picture, axis=0, return_counts=True)
    assert colours[counts.argmax()].tolist() == [0x15, 0x17, 0x1A]
    is_orange = (picture[:, 0] > 120) & (picture[:, 0] > picture[:, 2] + 80)
    is_blue = (picture[:, 2] > 100) & (picture[:, 2] > picture[:, 0] + 40)
    assert is_orange.sum() > 10_000
    assert is_blue.sum() > 1000


@pytest.mark.skipif(not CHROMIUM.exists(), reason=f"there is no browser {CHROMIUM}")
def test_the_page_draws_the_scene_offline_and_asks_nothing_of_the_network(drawn):
    from playwright.sync_api import sync_playwright

    requests: list[str] = []
    arguments = ["--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=arguments)
        page = browser.new_context(offline=True, viewport={"width": 800, "height": 600}).new_page()
        page.set_default_timeout(BROWSER_TIMEOUT_MS)
        page.on("request", lambda request: requests.append(request.url))
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto((drawn / "scene.html").as_uri())
        page.wait_for_selector("canvas")
        drawn_by = time.monotonic() + BROWSER_TIMEOUT_MS / 1000
        while _count_orange(page, drawn / "page.png") < 3000 and time.monotonic() < drawn_by:
            page.wait_for_timeout(300)
        assert _count_orange(page, drawn / "page.png") >= 3000
        assert page.title() == TITLE
        assert page.inner_text("#caption").startswith(f"{TITLE}\n2 components, 12\u2009345 triangles\n")
        browser.close()
    assert [url for url in requests if not url.startswith(("file:", "data:", "blob:"))] == []
    assert errors == []


def _count_orange(page, path: Path) -> int:
    """Number of pixels of the page in the colour of the first component."""
    page.screenshot(path=str(path))
    picture = np.asarray(pv.read(path).point_data["PNGImage"])[:, :3].astype(int)
    return int(((picture[:, 0] > 120) & (picture[:, 0] > picture[:, 2] + 80)).sum())
