import json

import pytest
import pyvista as pv

from sxt.errors import InputError
from sxt.surface.scene_page import write_scene_page
from sxt.ui.routes.scene_view import page_with_view, titled
from sxt.ui.routes.shares import share_routes
from sxt.workspace import Camera, SceneView

CAMERA = Camera(position=(1.0, 2.0, 30.0), focal_point=(1.0, 2.0, 0.0), view_up=(0.0, 1.0, 0.0))
VIEW = SceneView(camera=CAMERA, colour_by="</script>", planes={"z": 3}, visible=(1, 4))
OPENING, CLOSING = '<script type="application/json" id="sxt-view">', "</script>"

TITLE, ESCAPED = r"<script>\1</script> & co", r"&lt;script&gt;\1&lt;/script&gt; &amp; co"


@pytest.fixture(scope="module")
def page_path(tmp_path_factory):
    path = tmp_path_factory.mktemp("scene") / "scene.html"
    plotter = pv.Plotter(off_screen=True)
    plotter.add_mesh(pv.Sphere())
    write_scene_page(plotter, path, title="ball", caption="one", content={"version": 2})
    plotter.close()
    return path


def view_in(page):
    return json.loads(page.split(OPENING)[1].split(CLOSING)[0])


def test_only_the_view_is_another(page_path):
    before, after = page_path.read_text(), page_with_view(page_path, VIEW)
    assert view_in(before) is None
    assert view_in(after) == VIEW.model_dump(mode="json")
    assert [part.split(CLOSING, 1)[-1] for part in before.split(OPENING)] == [
        part.split(CLOSING, 1)[-1] for part in after.split(OPENING)
    ]
    assert before.count("<script") == after.count("<script")


def test_only_the_title_is_another(page_path):
    before, after = page_path.read_text(), titled(page_path.read_text(), TITLE)
    assert after.count(ESCAPED) == 2
    assert TITLE not in after
    assert after.replace(ESCAPED, "ball") == before


def test_a_page_without_a_place_for_a_view_is_refused(tmp_path):
    (tmp_path / "scene.html").write_text("<html></html>")
    with pytest.raises(InputError, match="make the surface again"):
        page_with_view(tmp_path / "scene.html", VIEW)


def test_a_share_opens_with_the_view_that_was_chosen(client_of, workspace, surface, page_path):
    client = client_of(share_routes(lambda: workspace))
    (workspace.surfaces.path(surface.id) / "scene.html").write_text(page_path.read_text())
    share = workspace.shares.create(title="above", by="Ada", surface_id=surface.id, view=VIEW)
    for part in ("scene", "offline.html"):
        assert view_in(client.get(f"/share/{share.token}/{part}").text) == VIEW.model_dump(mode="json")
    assert f"<title>{share.title}</title>" in client.get(f"/share/{share.token}/offline.html").text
