import json
import struct

import numpy as np
import pytest
import pyvista as pv
import trimesh

from sxt.errors import SettingsError
from sxt.surface.mesh import ClassedMesh
from sxt.surface.mesh_files import check_formats, write_mesh
from tests.surface.phantoms import is_oriented, signed_volume


@pytest.fixture
def content(two_objects) -> ClassedMesh:
    return ClassedMesh(two_objects.mesh, two_objects.table["class"].to_numpy(), "nm")


def test_vtp_carries_ids_classes_and_normals(content, tmp_path):
    write_mesh(tmp_path / "mesh.vtp", content, "vtp")
    read = pv.PolyData(tmp_path / "mesh.vtp")
    np.testing.assert_array_equal(read.points, content.mesh.vertices)
    np.testing.assert_array_equal(read.regular_faces, content.mesh.faces)
    np.testing.assert_array_equal(read.point_data["Normals"], content.mesh.normals)
    np.testing.assert_array_equal(read.point_data["component_id"], content.mesh.id_of_vertex)
    np.testing.assert_array_equal(read.point_data["class"], content.mesh.id_of_vertex)


def test_ply_holds_the_same_mesh_and_ids(content, tmp_path):
    write_mesh(tmp_path / "mesh.ply", content, "ply")
    read = pv.PolyData(tmp_path / "mesh.ply")
    np.testing.assert_array_equal(read.points, content.mesh.vertices)
    np.testing.assert_array_equal(read.regular_faces, content.mesh.faces)
    header, _, body = (tmp_path / "mesh.ply").read_bytes().partition(b"end_header\n")
    assert b"comment vertices in nm" in header
    row = np.dtype([("place", "<f4", 6), ("id", "<i4")])
    ids = np.frombuffer(body, row, count=len(content.mesh.vertices))["id"]
    np.testing.assert_array_equal(ids, content.mesh.id_of_vertex)


def test_stl_has_every_triangle_with_its_normal(content, tmp_path):
    write_mesh(tmp_path / "mesh.stl", content, "stl")
    read = trimesh.load(tmp_path / "mesh.stl", process=False)
    np.testing.assert_array_equal(read.triangles, content.mesh.vertices[content.mesh.faces])
    expected = signed_volume(content.mesh.vertices, content.mesh.faces)
    assert read.volume == pytest.approx(expected, rel=1e-5)
    triangle = np.dtype([("normal", "<f4", 3), ("corners", "<f4", (3, 3)), ("attribute", "<u2")])
    normals = np.frombuffer((tmp_path / "mesh.stl").read_bytes()[84:], triangle)["normal"]
    np.testing.assert_allclose(np.linalg.norm(normals, axis=1), 1, atol=1e-5)
    outward = np.einsum("ij,ij->i", normals, content.mesh.normals[content.mesh.faces[:, 0]])
    assert (outward > 0).mean() > 0.99


def test_obj_has_one_group_a_component(content, tmp_path):
    write_mesh(tmp_path / "mesh.obj", content, "obj")
    lines = (tmp_path / "mesh.obj").read_text("ascii").splitlines()
    vertices = np.array([line.split()[1:] for line in lines if line.startswith("v ")], float)
    faces = np.array([line.split()[1:] for line in lines if line.startswith("f ")], int)
    np.testing.assert_allclose(vertices, content.mesh.vertices, atol=6e-4)
    np.testing.assert_array_equal(faces, content.mesh.faces + 1)
    assert [line for line in lines if line.startswith("g ")] == ["g component_1", "g component_2"]


def test_obj_writes_negative_and_small_numbers(tmp_path):
    from sxt.surface.mesh_files import _text_rows

    text = _text_rows(b"v", np.array([[-5, 0, 123456], [-1000, 999, 12]]), 3).decode()
    assert [list(map(float, line.split()[1:])) for line in text.splitlines()] == [
        [-0.005, 0, 123.456],
        [-1, 0.999, 0.012],
    ]
    assert _text_rows(b"f", np.array([[1, 20, 300]]), 0).split() == [b"f", b"1", b"20", b"300"]


def test_glb_is_in_micrometres_with_a_node_a_component(content, tmp_path):
    write_mesh(tmp_path / "mesh.glb", content, "glb")
    scene = trimesh.load(tmp_path / "mesh.glb", process=False)
    assert sorted(scene.geometry) == ["component 1", "component 2"]
    for component in (1, 2):
        read, part = scene.geometry[f"component {component}"], content.mesh.component(component)
        np.testing.assert_allclose(read.vertices, part.vertices / 1000, rtol=1e-6)
        np.testing.assert_array_equal(read.faces, part.faces)
        assert is_oriented(read.faces)
    # z of the tomogram is y of the format
    upright = scene.to_geometry().vertices
    np.testing.assert_allclose(
        np.ptp(upright, axis=0), np.ptp(content.mesh.vertices, axis=0)[[0, 2, 1]] / 1000, rtol=1e-5
    )


def test_glb_lengths_are_as_the_format_demands(content, tmp_path):
    write_mesh(tmp_path / "mesh.glb", content, "glb")
    data = (tmp_path / "mesh.glb").read_bytes()
    magic, version, length, n_text, kind = struct.unpack_from("<4sIII4s", data)
    assert (magic, version, length, kind) == (b"glTF", 2, len(data), b"JSON")
    header = json.loads(data[20 : 20 + n_text])
    assert n_text % 4 == 0
    assert header["buffers"][0]["byteLength"] == struct.unpack_from("<I", data, 20 + n_text)[0]
    assert header["asset"]["extras"]["unit"] == "µm"


def test_glb_of_very_many_components_is_one_object(content, tmp_path, monkeypatch):
    monkeypatch.setattr("sxt.surface.glb.MAX_NODES", 1)
    write_mesh(tmp_path / "mesh.glb", content, "glb")
    scene = trimesh.load(tmp_path / "mesh.glb", process=False)
    assert list(scene.geometry) == ["components"]
    assert len(scene.geometry["components"].faces) == len(content.mesh.faces)


def test_an_unknown_format_is_refused():
    with pytest.raises(SettingsError, match="'fbx' is unknown; use some of vtp, ply, obj, stl, glb"):
        check_formats(("vtp", "fbx"))
