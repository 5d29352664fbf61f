import base64
import io
import json
import zipfile

import pytest
import pyvista as pv

from sxt.errors import InputError
from sxt.surface.scene_page import write_scene_page
from sxt.ui.routes.scene_camera import EMBEDDED, page_with_camera
from sxt.ui.routes.shares import share_routes
from sxt.workspace import Camera

CAMERA = Camera(position=(1.0, 2.0, 30.0), focal_point=(1.0, 2.0, 0.0), view_up=(0.0, 1.0, 0.0))


@pytest.fixture(scope="module")
def page_path(tmp_path_factory):
    path = tmp_path_factory.mktemp("scene") / "scene.html"
    plotter = pv.Plotter(off_screen=True)
    plotter.add_mesh(pv.Sphere())
    write_scene_page(plotter, path, title="ball", caption="one")
    plotter.close()
    return path


def scene_in(page):
    with zipfile.ZipFile(io.BytesIO(base64.b64decode(EMBEDDED.search(page)[2]))) as archive:
        return json.loads(archive.read("index.json"))


def cameras(entry):
    found = [entry] if "Camera" in entry.get("type", "") else []
    return found + [camera for each in entry.get("dependencies", []) for camera in cameras(each)]


def test_only_the_camera_is_another(page_path):
    before, after = page_path.read_text(), page_with_camera(page_path, CAMERA)
    assert EMBEDDED.sub("", before) == EMBEDDED.sub("", after)
    old, new = scene_in(before), scene_in(after)
    assert old["hashes"] == new["hashes"]
    (camera,) = cameras(new["scene"])
    assert camera["properties"]["position"] == [1.0, 2.0, 30.0]
    assert camera["properties"]["focalPoint"] == [1.0, 2.0, 0.0]
    assert camera["properties"]["viewUp"] == [0.0, 1.0, 0.0]
    assert camera["properties"]["clippingRange"][1] > 30
    assert new["scene"]["extra"]["centerOfRotation"] == [1.0, 2.0, 0.0]
    (was,) = cameras(old["scene"])
    camera["properties"] = was["properties"]
    new["scene"]["extra"] = old["scene"]["extra"]
    assert new == old


def test_a_camera_without_perspective_keeps_its_scale(page_path):
    flat = CAMERA.model_copy(update={"parallel_scale": 2.5})
    (camera,) = cameras(scene_in(page_with_camera(page_path, flat))["scene"])
    assert camera["properties"]["parallelProjection"] is True
    assert camera["properties"]["parallelScale"] == 2.5


@pytest.mark.parametrize("text", ["<html></html>", 'const base64Str = "AAAA";', 'const base64Str = "A";'])
def test_a_page_without_a_scene_is_refused(tmp_path, text):
    (tmp_path / "scene.html").write_text(text)
    with pytest.raises(InputError, match="make the surface again"):
        page_with_camera(tmp_path / "scene.html", CAMERA)


def test_a_share_is_seen_from_the_camera_that_was_chosen(client_of, workspace, surface, page_path):
    client = client_of(share_routes(lambda: workspace))
    (workspace.surfaces.path(surface.id) / "scene.html").write_text(page_path.read_text())
    share = workspace.shares.create(title="above", by="Ada", surface_id=surface.id, camera=CAMERA)
    for part in ("scene", "offline.html"):
        (camera,) = cameras(scene_in(client.get(f"/share/{share.token}/{part}").text)["scene"])
        assert camera["properties"]["position"] == [1.0, 2.0, 30.0]
