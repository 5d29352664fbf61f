import numpy as np
import pytest

from sxt.errors import Cancelled
from sxt.progress import CancelToken
from sxt.surface import SurfaceSettings, reconstruct_surfaces
from sxt.surface.decimate import MIN_TRIANGLES, cluster_vertices, display_mesh, share_budget
from sxt.surface.measure import measure_meshes
from sxt.surface.mesh import face_normals_times_area
from tests.surface.phantoms import ball_mask, ellipsoid_mask, hollow_ball_mask, surface_area


def reconstruct(mask: np.ndarray, **settings):
    chosen = SurfaceSettings(min_voxels=0, **settings)
    return reconstruct_surfaces(mask.astype(np.uint8), voxel_size_nm=None, settings=chosen)


def test_a_small_mesh_is_displayed_as_it_is():
    surfaces = reconstruct(ball_mask(4, (11, 11, 11), (5, 5, 5)))
    assert surfaces.display is surfaces.mesh


@pytest.mark.parametrize(("budget", "tolerance"), [(300, 0.06), (2000, 0.02), (9000, 0.01)])
def test_the_budget_is_kept_and_the_shape_too(budget, tolerance):
    surfaces = reconstruct(ellipsoid_mask((24, 20, 16), (1, 1, 1)), max_triangles=budget)
    display = surfaces.display
    assert 0.9 * budget <= len(display.faces) <= budget
    assert measure_meshes(display).volume[0] == pytest.approx(surfaces.table["voxels"][0], rel=tolerance)
    assert surface_area(display.vertices, display.faces) == pytest.approx(
        surfaces.table["area_px2"][0], rel=0.04
    )
    np.testing.assert_allclose(np.linalg.norm(display.normals, axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(
        np.ptp(display.vertices, axis=0), np.ptp(surfaces.mesh.vertices, axis=0), rtol=0.05
    )


def test_every_component_keeps_its_id_and_some_triangles():
    mask = np.random.default_rng(0).random((20, 20, 20)) < 0.12
    surfaces = reconstruct(mask, connectivity=6)
    n = len(surfaces.table)
    budget = n * MIN_TRIANGLES
    display = display_mesh(surfaces.mesh, measure_meshes(surfaces.mesh), budget, voxel_length=1)
    counts = np.diff(display.face_offsets)
    assert counts.sum() <= budget
    assert (counts >= 4).all()
    for component in (1, n // 2, n):
        near = display.component(component).vertices.mean(axis=0) - surfaces.mesh.component(
            component
        ).vertices.mean(0)
        assert np.abs(near).max() < 1


def test_where_the_budget_is_too_small_the_smallest_components_are_left_out():
    mask = np.zeros((10, 10, 60))
    for index in range(6):
        mask[2:8, 2:8, 10 * index + 1 : 10 * index + 4 + (index < 3)] = 1
    surfaces = reconstruct(mask, max_triangles=4 * MIN_TRIANGLES)
    counts = np.diff(surfaces.display.face_offsets)
    assert (counts[:4] > 0).all()
    assert counts[4:].tolist() == [0, 0]
    assert counts.sum() <= 4 * MIN_TRIANGLES
    assert any("leaves out the 2 smallest components" in note for note in surfaces.notes)
    assert len(surfaces.display.component(6).faces) == 0


@pytest.mark.parametrize(
    ("faces", "budget", "expected"),
    [
        ([1000, 500], 1500, [1000, 500]),
        ([1000, 500], 150, [100, 50]),
        ([10_000, 100, 8], 1000, [967, 24, 8]),
        ([100, 100, 100], 50, [24, 24, 0]),
        ([100, 100], 10, [0, 0]),
    ],
)
def test_the_budget_is_shared_by_size(faces, budget, expected):
    shares = share_budget(np.array(faces), budget)
    np.testing.assert_allclose(shares, expected, atol=1)
    assert shares.sum() <= budget


def test_clustering_keeps_the_two_sides_of_a_thin_wall_apart():
    surfaces = reconstruct(hollow_ball_mask(14, 11, (31, 31, 31), (15, 15, 15)))
    clustered = cluster_vertices(surfaces.mesh.component(1), 6.0)
    radius = np.linalg.norm(clustered.vertices - 15, axis=1)
    assert len(clustered.faces) < len(surfaces.mesh.faces) / 5
    assert not ((radius > 11.7) & (radius < 12.3)).any()


def test_the_two_sides_of_a_wall_of_one_voxel_do_not_run_through_each_other():
    radius = 30.0
    shape, centre = (64, 64, 64), (31.6, 31.3, 31.8)
    wall = hollow_ball_mask(radius, radius - 1.2, shape, centre)
    surfaces = reconstruct(wall, max_triangles=6000)
    assert len(surfaces.mesh.faces) > 10 * 6000
    display = surfaces.display
    from_centre = display.vertices[display.faces].mean(axis=1) - np.array(centre)[::-1]
    looks_out = (
        np.einsum("ij,ij->i", face_normals_times_area(display.vertices, display.faces), from_centre) > 0
    )
    distance = np.linalg.norm(from_centre, axis=1)
    assert distance[looks_out].mean() > radius - 0.5
    assert distance[~looks_out].mean() < radius - 0.7
    crossed = (distance[looks_out] < radius - 0.9).mean() + (distance[~looks_out] > radius - 0.3).mean()
    assert crossed < 0.05


def test_cancelling_stops_the_simplification():
    surfaces = reconstruct(ball_mask(8, (19, 19, 19), (9, 9, 9)))
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(Cancelled):
        display_mesh(surfaces.mesh, measure_meshes(surfaces.mesh), 100, voxel_length=1, cancel=cancel)
