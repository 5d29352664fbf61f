import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import pdist

from sxt.surface import SurfaceSettings, reconstruct_surfaces
from sxt.surface.width import longest_width
from tests.surface.test_components import labelled


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 400), st.sampled_from([(1, 1, 1), (3, 1, 1), (1, 4, 0.01)]))
def test_the_longest_distance_is_that_of_all_pairs(seed, n_points, stretch):
    points = np.random.default_rng(seed).normal(size=(n_points, 3)) * stretch
    assert longest_width(points) == pytest.approx(pdist(points).max(), rel=1e-12)


def test_few_points():
    assert longest_width(np.zeros((0, 3))) == 0
    assert longest_width(np.ones((1, 3))) == 0
    assert longest_width(np.array([[0, 0, 0], [0, 3, 4.0]])) == 5


def test_points_in_one_plane_or_on_a_circle():
    angle = np.linspace(0, 2 * np.pi, 4001)[:-1]
    circle = np.column_stack([np.zeros_like(angle), 7 * np.cos(angle), 7 * np.sin(angle)])
    assert longest_width(circle) == pytest.approx(14, rel=1e-12)


def test_many_points_on_a_sphere_go_through_their_hull():
    points = np.random.default_rng(0).normal(size=(5000, 3))
    points /= np.linalg.norm(points, axis=1)[:, None]
    assert longest_width(points) == pytest.approx(pdist(points).max(), rel=1e-12)


@pytest.mark.parametrize("connectivity", [6, 26])
def test_widths_of_components_are_between_voxel_centres(connectivity):
    mask = (np.random.default_rng(7).random((12, 13, 14)) < 0.3).astype(np.uint8)
    spacing = (30.0, 10.0, 20.0)
    chosen = SurfaceSettings(min_voxels=0, connectivity=connectivity)
    table = reconstruct_surfaces(mask, voxel_size_nm=spacing, settings=chosen).table
    labels, _ = labelled(mask, connectivity)
    ids = labels.id_of_label[labels.volume]
    for row in table.itertuples():
        centres = np.argwhere(ids == row.id) * np.array(spacing)
        expected = pdist(centres).max() if len(centres) > 1 else 0
        assert row.longest_width_um * 1000 == pytest.approx(expected, rel=1e-12)
