import numpy as np
import pytest
import pyvista as pv

from sxt.errors import InputError
from sxt.surface.mesh import ClassedMesh
from sxt.surface.mesh_export import export_mesh, keep_components, main, read_mesh
from sxt.surface.mesh_files import write_vtp


@pytest.fixture
def stored(two_objects, tmp_path):
    content = ClassedMesh(two_objects.mesh, two_objects.table["class"].to_numpy(), "nm")
    write_vtp(tmp_path / "mesh.vtp", content)
    return content, tmp_path / "mesh.vtp"


def test_a_mesh_comes_back_as_it_was_written(stored):
    content, path = stored
    read = read_mesh(path, "nm")
    for name in ("vertices", "normals", "faces", "vertex_offsets", "face_offsets"):
        np.testing.assert_array_equal(getattr(read.mesh, name), getattr(content.mesh, name))
    assert read.class_of.tolist() == [1, 2]


def test_components_that_stay_keep_their_ids(stored):
    content, _ = stored
    kept = keep_components(content, {2})
    assert np.unique(kept.mesh.id_of_vertex).tolist() == [2]
    assert np.unique(kept.class_of_vertex).tolist() == [2]
    whole = content.mesh.component(2)
    np.testing.assert_array_equal(kept.mesh.vertices, whole.vertices)
    np.testing.assert_array_equal(kept.mesh.faces, whole.faces)


def test_the_second_component_alone_as_ply_and_obj(stored, tmp_path):
    content, path = stored
    export_mesh(path, tmp_path / "one", "ply", unit="nm", ids={2})
    n_faces = len(content.mesh.component(2).faces)
    written = (tmp_path / "one").read_bytes()
    assert written.startswith(b"ply")
    assert f"element face {n_faces}".encode() in written
    main([str(path), str(tmp_path / "one.obj"), "--ids", "2-9"])
    assert (tmp_path / "one.obj").read_text().count("\nf ") == n_faces
    assert "g component_2" in (tmp_path / "one.obj").read_text()


def test_a_file_that_is_no_mesh_of_components_is_refused(tmp_path):
    pv.Sphere().save(tmp_path / "ball.vtp")
    with pytest.raises(InputError, match="no mesh of components; make the surface again"):
        read_mesh(tmp_path / "ball.vtp", "nm")
