import dataclasses

import numpy as np
import pytest
from scipy.ndimage import distance_transform_edt, label

from sxt.phantom import AcquisitionSettings, PhantomSettings, SpecimenSettings, build_specimen
from sxt.phantom.absorption import (
    CARBON_PER_UM,
    ICE_PER_UM,
    LABEL_CLASSES,
    LIPID_DROPLET,
    MEMBRANE,
    MITOCHONDRION,
)
from sxt.phantom.grid import Grid
from sxt.phantom.scene import Body, Scene, Textures, outline_in_slices, slopes_of
from sxt.phantom.shapes import DISTANCE_CAP_NM, Ellipsoid, distance_of_large_shape, tube_along

VOXEL_NM = 10.0


def grid_of(shape=(40, 60, 60), voxel_nm=(VOXEL_NM,) * 3):
    return Grid(shape, voxel_nm)


def sphere(radius_nm, grid):
    return Ellipsoid(grid.extent_nm / 2, np.full(3, radius_nm))


def outline_of(shape, grid, width_nm):
    distance = shape.distance(grid, grid.whole)
    slopes = slopes_of(distance, voxel_nm=grid.voxel_nm)
    return outline_in_slices(distance, slopes, depth_nm=grid.voxel_nm[0], width_nm=width_nm)


def scene_with(shape, body, grid):
    texture = np.ones(grid.shape, np.float32)
    scene = Scene(grid, np.full(grid.shape, 0.2, np.float32), Textures(texture, texture))
    scene.paint_shape(shape, body)
    return scene


def test_a_sphere_has_its_exact_distance():
    grid = grid_of()
    z, y, x = grid.coordinates(grid.whole, grid.extent_nm / 2)
    exact = np.sqrt(z**2 + y**2 + x**2) - 120
    np.testing.assert_allclose(sphere(120.0, grid).distance(grid, grid.whole), exact, atol=0.05)


def test_a_straight_tube_has_its_exact_distance_near_its_surface():
    grid = grid_of()
    tube = tube_along(np.array([[200.0, -500.0, 300.0], [200.0, 1500.0, 300.0]]), np.array([80.0, 80.0]))
    z, _, x = grid.coordinates(grid.whole, np.array([200.0, 0.0, 300.0]))
    exact = np.minimum(np.broadcast_to(np.hypot(z, x), grid.shape) - 80, DISTANCE_CAP_NM)
    np.testing.assert_allclose(tube.distance(grid, grid.whole), exact, atol=0.05)


def test_the_interpolated_distance_of_a_large_shape_is_close_to_the_exact_one():
    grid = grid_of()
    shape = Ellipsoid(np.array([200.0, 300.0, 3000.0]), np.full(3, 2700.0))
    np.testing.assert_allclose(
        distance_of_large_shape(shape, grid), shape.distance(grid, grid.whole), atol=1.0
    )


@pytest.mark.parametrize("width_nm", [60.0, 100.0])
def test_the_outline_has_its_width_within_a_slice(width_nm):
    grid = grid_of((40, 100, 100))
    outline = outline_of(sphere(300.0, grid), grid, width_nm)
    for z_nm in (0.0, 100.0, 150.0):  # from the equator towards the pole
        row = outline[20 + int(z_nm / VOXEL_NM), 50, 50:]
        assert row.sum() * VOXEL_NM == pytest.approx(width_nm, abs=VOXEL_NM)


def test_the_outline_of_a_sphere_is_closed():
    grid = grid_of((80, 80, 80))
    outline = outline_of(sphere(300.0, grid), grid, 60.0)
    pole = outline[:, 40, 40]
    assert 2 <= pole.sum() <= 4  # two caps, each one or two voxels thick
    regions, count = label(~outline)
    assert count == 2
    assert regions[40, 40, 40] != regions[0, 0, 0]


def test_membrane_interior_and_labels_lie_where_they_should():
    grid = grid_of((40, 80, 80))
    body = Body(0.4, MITOCHONDRION, membrane_per_um=1.0, membrane_nm=20.0, membrane_label_nm=60.0)
    scene = scene_with(sphere(250.0, grid), body, grid)
    row, labels = scene.absorption[20, 40], scene.labels[20, 40]
    assert row[40] == pytest.approx(0.4)
    assert row[0] == pytest.approx(0.2)
    assert row[40:].argmax() * VOXEL_NM == pytest.approx(240, abs=10)
    assert row.max() == pytest.approx(1.0, abs=0.05)
    assert labels[40] == MITOCHONDRION
    assert (labels[40:] == MEMBRANE).sum() * VOXEL_NM == pytest.approx(60, abs=VOXEL_NM)
    assert labels[0] == 0


def test_membrane_steeper_than_the_largest_tilt_lies_in_the_missing_wedge():
    grid = grid_of((60, 80, 80))
    texture = np.ones(grid.shape, np.float32)
    scene = Scene(
        grid,
        np.full(grid.shape, 0.2, np.float32),
        Textures(texture, texture),
        largest_tilt_deg=60.0,
    )
    scene.paint_shape(sphere(200.0, grid), Body(0.4, membrane_nm=10.0, membrane_label_nm=60.0))
    z, _, x = grid.coordinates(grid.whole, grid.extent_nm / 2)
    is_membrane = scene.labels == MEMBRANE
    steepness = np.degrees(np.arctan2(*(np.broadcast_to(np.abs(each), grid.shape) for each in (z, x))))
    is_clear = np.abs(steepness - 60.0) > 5.0  # the voxels' normals are differences of neighbours
    np.testing.assert_array_equal(
        scene.is_in_wedge[is_membrane & is_clear], steepness[is_membrane & is_clear] > 60.0
    )
    assert not scene.is_in_wedge[~is_membrane].any()
    scene.paint_shape(sphere(260.0, grid), Body(0.5, LIPID_DROPLET))  # over all of it
    assert not scene.is_in_wedge.any()


def test_a_wider_tilt_range_leaves_less_in_the_missing_wedge():
    narrow, wide = (
        build_specimen(
            PhantomSettings(
                (16, 96, 96), 20.0, acquisition=AcquisitionSettings(tilt_range_deg=(-tilt, tilt))
            ),
            seed=5,
        )
        for tilt in (45.0, 75.0)
    )
    np.testing.assert_array_equal(narrow.labels, wide.labels)
    assert 0 < wide.is_in_wedge.sum() < narrow.is_in_wedge.sum()
    assert not (wide.is_in_wedge & ~narrow.is_in_wedge).any()


def test_absorption_of_a_thin_membrane_is_spread_not_lost():
    grid = grid_of((60, 60, 60), (30.0,) * 3)
    thin = Body(None, membrane_per_um=1.2, membrane_nm=10.0)
    scene = scene_with(sphere(500.0, grid), thin, grid)
    mass = (scene.absorption - 0.2).sum() * 30.0**3
    assert mass == pytest.approx(1.0 * 4 * np.pi * 495.0**2 * 10.0, rel=0.05)


def test_a_specimen_holds_every_class():
    specimen = build_specimen(PhantomSettings((16, 96, 96), 20.0), seed=4)
    shares = np.bincount(specimen.labels.ravel(), minlength=5) / specimen.labels.size
    assert all(shares[c.value] > 0.001 for c in LABEL_CLASSES)
    assert shares[1] < 0.25
    assert specimen.labels.shape == (16, 96, 96)
    assert specimen.absorption_per_um.shape == (16 + 2 * specimen.margin, 96, 96)


def test_absorption_inside_droplets_is_as_set():
    settings = SpecimenSettings(droplet_per_um=(0.7, 0.7), droplet_radius_nm=(200.0, 250.0), beads_per_um3=0)
    specimen = build_specimen(PhantomSettings((16, 96, 96), 20.0, settings), seed=4)
    inner = specimen.absorption_per_um[specimen.margin : -specimen.margin][specimen.labels == LIPID_DROPLET]
    assert np.median(inner) == pytest.approx(0.7, rel=0.1)


def test_a_density_of_zero_places_none():
    empty = SpecimenSettings(
        **{name: 0 for name in SpecimenSettings.__dataclass_fields__ if name.endswith("_per_um3")},
        has_nucleus=False,
    )
    assert not build_specimen(PhantomSettings((8, 40, 40), 20.0, empty), seed=1).labels.any()


def test_ice_lies_beyond_the_edge_of_the_cell():
    settings = SpecimenSettings(has_cell_edge=True, has_nucleus=False, beads_per_um3=0)
    specimen = build_specimen(PhantomSettings((8, 96, 96), 20.0, settings), seed=2)
    share_of_ice = (np.abs(specimen.absorption_per_um - ICE_PER_UM) < 0.02).mean()
    assert 0.05 < share_of_ice < 0.6


def test_every_draw_depends_on_the_seed_alone():
    settings = PhantomSettings((8, 40, 40), 20.0)
    first, again, other = (build_specimen(settings, seed=seed) for seed in (1, 1, 2))
    assert first.absorption_per_um.tobytes() == again.absorption_per_um.tobytes()
    assert first.labels.tobytes() == again.labels.tobytes()
    assert first.labels.tobytes() != other.labels.tobytes()


def test_a_membrane_fades_with_the_coarse_texture_and_keeps_its_label():
    grid = grid_of((40, 80, 80))
    even, faded = (
        scene_with(
            sphere(250.0, grid),
            Body(None, membrane_per_um=1.0, membrane_nm=20.0, membrane_label_nm=60.0, membrane_fading=fading),
            grid,
        )
        for fading in (0.0, 0.5)
    )
    np.testing.assert_allclose(faded.absorption - 0.2, 0.5 * (even.absorption - 0.2), atol=1e-6)
    np.testing.assert_array_equal(faded.labels, even.labels)


def test_cristae_are_sheets_inside_mitochondria_alone():
    plain = PhantomSettings((20, 120, 120), 15.0, specimen=SpecimenSettings(has_nucleus=False))
    with_cristae = PhantomSettings(
        plain.shape,
        15.0,
        specimen=SpecimenSettings(has_nucleus=False, cristae=0.2, cristae_spacing_nm=(90.0, 90.0)),
    )
    first = build_specimen(plain, seed=4)
    second = build_specimen(with_cristae, seed=4)
    inside = second.labels == MITOCHONDRION
    kept = slice(second.margin, second.margin + 20)
    assert inside.any()
    assert second.absorption_per_um[kept][inside].std() > 1.5 * (
        first.absorption_per_um[kept][first.labels == MITOCHONDRION].std()
    )


def test_filopodia_reach_into_the_ice_with_a_membrane_around():
    edge = SpecimenSettings(has_nucleus=False, has_cell_edge=True)
    settings = PhantomSettings((24, 160, 160), 20.0, specimen=edge)
    more = PhantomSettings(
        settings.shape, 20.0, specimen=SpecimenSettings(has_nucleus=False, has_cell_edge=True, filopodia=6)
    )
    without, with_filopodia = build_specimen(settings, seed=8), build_specimen(more, seed=8)
    ice = np.abs(without.absorption_per_um - ICE_PER_UM) < 0.02
    grown = ice & (with_filopodia.absorption_per_um > ICE_PER_UM + 0.05)
    kept = slice(without.margin, without.margin + 24)
    assert grown[kept].sum() > 200
    assert (with_filopodia.labels[grown[kept]] == MEMBRANE).any()


def test_filaments_are_thin_dark_lines_without_a_label():
    empty = {name: 0 for name in SpecimenSettings.__dataclass_fields__ if name.endswith("_per_um3")}
    bare = SpecimenSettings(**empty, has_nucleus=False, texture=0.0)
    crossed = dataclasses.replace(bare, filaments_per_um3=6.0, filament_radius_nm=(15.0, 15.0))
    without, with_filaments = (
        build_specimen(PhantomSettings((12, 100, 100), 10.0, specimen=each), seed=2)
        for each in (bare, crossed)
    )
    assert not with_filaments.labels.any()
    is_line = with_filaments.absorption_per_um > without.absorption_per_um + 0.05
    assert 0.0005 < is_line.mean() < 0.05
    thickness_nm = 2 * 10.0 * distance_transform_edt(is_line)
    assert thickness_nm.max() <= 60.0  # two may cross


def test_film_and_grid_bar_lie_below_what_is_kept():
    bare = SpecimenSettings(has_nucleus=False)
    supported = SpecimenSettings(has_nucleus=False, film_nm=20.0, has_grid_bar=True)
    first, second = (
        build_specimen(PhantomSettings((12, 100, 100), 20.0, specimen=each), seed=2)
        for each in (bare, supported)
    )
    added = second.absorption_per_um - first.absorption_per_um
    np.testing.assert_array_equal(added[:-1], 0)
    np.testing.assert_array_equal(first.labels, second.labels)
    film_per_um = CARBON_PER_UM * 20.0 / 20.0
    assert {round(float(v), 2) for v in np.unique(added[-1].round(2))} <= {
        0.0,
        round(film_per_um, 2),
        75.0,
        round(75 + film_per_um, 2),
    }
    assert 0.02 < np.mean(added[-1] > 70) < 0.3
