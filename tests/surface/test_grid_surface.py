from dataclasses import fields

import numpy as np
import pytest

from sxt.surface.field import SmoothingSteps, field_slabs
from sxt.surface.grid_surface import GridSurface, extract_grid_surface
from tests.surface.phantoms import faces_of_edges, is_oriented


def extract(mask: np.ndarray, connectivity: int = 26, first_vertex: int = 0) -> GridSurface:
    slabs = field_slabs(mask.astype(np.uint8), None, SmoothingSteps())
    parts = extract_grid_surface(slabs, mask.shape, connectivity=connectivity, first_vertex=first_vertex)
    return GridSurface(*(np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(GridSurface)))


def places(surface: GridSurface) -> np.ndarray:
    """(n, 3): vertices in (z, y, x) voxels."""
    found = surface.inside_px.astype(float)
    found[np.arange(len(found)), surface.axis] += surface.direction * surface.reach_px
    return found


@pytest.fixture
def noise() -> np.ndarray:
    return np.random.default_rng(8).random((11, 9, 10)) < 0.45


def test_there_is_one_vertex_for_every_voxel_face(noise):
    surface = extract(noise)
    padded = np.pad(noise, 1)
    found = {
        (*inside, axis, direction)
        for inside, axis, direction in zip(
            surface.inside_px.tolist(), surface.axis.tolist(), surface.direction.tolist(), strict=True
        )
        for inside in [tuple(inside)]
    }
    expected = set()
    for voxel in np.argwhere(noise):
        for axis in range(3):
            for direction in (-1, 1):
                beside = voxel + 1
                beside[axis] += direction
                if not padded[tuple(beside)]:
                    expected.add((*voxel.tolist(), axis, direction))
    assert len(surface.axis) == len(expected)
    assert found == expected
    assert ((surface.reach_px > 0) & (surface.reach_px < 1)).all()


@pytest.mark.parametrize("connectivity", [6, 26])
def test_slabs_are_sewn_together_without_a_trace(noise, connectivity, monkeypatch):
    whole = extract(noise, connectivity)
    monkeypatch.setattr("sxt.surface.field.SLAB_VOXELS", 1)
    sewn = extract(noise, connectivity)
    assert set(faces_of_edges(sewn.faces)) == {2}
    assert is_oriented(sewn.faces)

    def in_order(surface: GridSurface) -> np.ndarray:
        corners = np.round(places(surface)[surface.faces], 5)  # (m, 3, 3)
        first = np.lexsort(corners.transpose(2, 0, 1), axis=1)[:, 0]
        turned = np.take_along_axis(corners, (first[:, None] + np.arange(3))[:, :, None] % 3, axis=1)
        return np.unique(turned.reshape(-1, 9), axis=0)

    np.testing.assert_allclose(in_order(sewn), in_order(whole), atol=1e-5)
    order, whole_order = (np.lexsort(np.round(places(s), 4).T) for s in (sewn, whole))
    np.testing.assert_array_equal(sewn.is_corner[order], whole.is_corner[whole_order])
    is_inner = (whole.inside_px[whole_order] > 0).all(axis=1)
    is_inner &= (whole.inside_px[whole_order] < np.array(noise.shape) - 1).all(axis=1)
    normals, expected = sewn.normals_px[order][is_inner], whole.normals_px[whole_order][is_inner]
    np.testing.assert_allclose(normals, expected, atol=1e-4)


def test_normals_are_outward_and_of_length_one():
    z, y, x = np.ogrid[:21, :21, :21]
    ball = (z - 10) ** 2 + (y - 10) ** 2 + (x - 10) ** 2 <= 64
    for connectivity in (6, 26):
        surface = extract(ball, connectivity)
        np.testing.assert_allclose(np.linalg.norm(surface.normals_px, axis=1), 1, atol=1e-5)
        radial = places(surface)[:, ::-1] - 10
        radial /= np.linalg.norm(radial, axis=1)[:, None]
        assert np.einsum("ij,ij->i", radial, surface.normals_px).min() > 0.9


def test_corners_are_the_voxels_that_miss_a_neighbour_along_each_axis(noise):
    surface = extract(noise)
    padded = np.pad(noise, 1)
    expected = np.ones(noise.shape, bool)
    for axis in range(3):
        ahead, behind = (np.roll(padded, step, axis)[1:-1, 1:-1, 1:-1] for step in (1, -1))
        expected &= ~(ahead & behind)
    found = np.zeros(noise.shape, bool)
    found[tuple(surface.inside_px[surface.is_corner].T)] = True
    np.testing.assert_array_equal(found, expected & noise)


def test_vertices_are_numbered_from_the_number_given(noise):
    np.testing.assert_array_equal(extract(noise, first_vertex=1000).faces, extract(noise).faces + 1000)
