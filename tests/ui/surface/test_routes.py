import io

import pandas as pd
import pytest
import pyvista as pv
from starlette.applications import Starlette
from starlette.testclient import TestClient

from sxt.ui.surface.filters import ComponentFilter, Range
from sxt.ui.surface.routes import mesh_address, scene_address, surface_routes, table_address

SMALL = ComponentFilter((Range("volume_um3", 0.0, 0.001),))
NONE = ComponentFilter((Range("volume_um3", -2.0, -1.0),))


@pytest.fixture(scope="module")
def client(drawn_workspace):
    return TestClient(Starlette(routes=surface_routes(lambda: drawn_workspace, prefix="/lab")))


@pytest.fixture(scope="module")
def surface(drawn_workspace):
    (found,) = drawn_workspace.surfaces.list()
    return found


def test_the_scene_may_be_kept_and_asks_for_nothing(client, drawn_workspace, surface):
    address = scene_address(drawn_workspace, surface, prefix="/lab")
    response = client.get(address)
    assert response.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in response.headers["content-security-policy"]
    assert "frame-ancestors 'self'" in response.headers["content-security-policy"]
    assert "immutable" in response.headers["cache-control"]
    assert 'id="sxt-scene"' in response.text


def test_measurements_of_all_and_of_those_that_pass(client, surface):
    every = client.get(table_address(surface.id, ComponentFilter(), prefix="/lab"))
    assert pd.read_csv(io.StringIO(every.text))["id"].tolist() == [1, 2]
    some = client.get(table_address(surface.id, SMALL, prefix="/lab"))
    assert pd.read_csv(io.StringIO(some.text))["id"].tolist() == [2]
    assert "attachment" in some.headers["content-disposition"]


def test_the_mesh_of_those_that_pass(client, surface, drawn_workspace, tmp_path):
    response = client.get(mesh_address(surface.id, "vtp", SMALL, prefix="/lab"))
    assert int(response.headers["content-length"]) == len(response.content)
    (tmp_path / "some.vtp").write_bytes(response.content)
    assert set(pv.PolyData(tmp_path / "some.vtp")["component_id"]) == {2}
    assert [path for path in drawn_workspace.root.iterdir() if "partial" in path.name] == []


def test_the_whole_mesh_is_sent_as_it_is_stored(client, surface, drawn_workspace):
    response = client.get(mesh_address(surface.id, "vtp", ComponentFilter(), prefix="/lab"))
    assert response.content == (drawn_workspace.surfaces.path(surface.id) / "mesh.vtp").read_bytes()


@pytest.mark.parametrize(
    ("path", "status", "sentence"),
    [
        ("mesh.exe", 400, "There is no format 'exe'"),
        ("mesh.vtp?range=volume:0:1", 400, "There is no measurement 'volume'"),
        ("components.csv?range=x", 400, "cannot be read"),
        (mesh_address("x", "stl", NONE).rsplit("/", 1)[1], 404, "No component passes the filter; widen it"),
    ],
)
def test_what_cannot_be_saved_is_said(client, surface, path, status, sentence):
    response = client.get(f"/lab/api/surfaces/{surface.id}/{path}")
    assert response.status_code == status
    assert sentence in response.json()["error"]


def test_there_is_no_scene_of_what_is_not_there(client, drawn_workspace, tmp_path):
    assert client.get("/lab/api/surfaces/abcdefghij/scene.html").status_code == 404
    assert client.get("/lab/api/surfaces/..%2F..%2Fx/scene.html").status_code == 404
