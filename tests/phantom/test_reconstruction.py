import numpy as np
import pytest

from sxt.phantom.acquisition import geometry_for, project
from sxt.phantom.reconstruction import reconstruct, to_grey_values
from sxt.phantom.settings import ReconstructionSettings
from tests.phantom.test_acquisition import cylinder

PLAIN = ReconstructionSettings(filter_name="ramp", smoothing_nm=0)
SIZE, RADIUS, PER_UM = 64, 16, 0.4


def back_projection_of(volume, tilts, settings=PLAIN, voxel_nm=(20.0,) * 3):
    geometry = geometry_for(volume.shape, voxel_nm)
    views = [project(volume, geometry, tilt) for tilt in tilts]
    return reconstruct(views, tilts, geometry, settings)


@pytest.fixture(scope="module")
def half_turn():
    return np.arange(-90.0, 90.0, 1.0)


def test_a_cylinder_keeps_its_absorption_over_a_half_turn(half_turn):
    result = back_projection_of(cylinder(SIZE, RADIUS, PER_UM), half_turn)
    middle = slice(SIZE // 2 - 6, SIZE // 2 + 6)
    assert result.shape == (SIZE, 6, SIZE)
    assert result.dtype == np.float32
    assert result[middle, :, middle].mean() == pytest.approx(PER_UM, rel=0.02)
    assert abs(result[4:8, :, 4:8].mean()) < 0.02 * PER_UM


def test_absorption_is_kept_with_voxels_that_are_not_cubes(half_turn):
    volume = np.zeros((40, 4, 64), np.float32)
    z, x = np.meshgrid((np.arange(40) - 19.5) * 25, (np.arange(64) - 31.5) * 20, indexing="ij")
    volume[:] = np.where(np.hypot(z, x) < 320, PER_UM, 0)[:, None, :]
    result = back_projection_of(volume, half_turn, voxel_nm=(25.0, 20.0, 20.0))
    assert result[16:24, :, 27:37].mean() == pytest.approx(PER_UM, rel=0.03)


def test_a_missing_wedge_loses_the_caps_and_keeps_the_sides():
    tilts = np.arange(-60.0, 61.0, 1.0)
    result = back_projection_of(cylinder(SIZE, RADIUS, PER_UM), tilts)[:, 3, :]
    centre, edge = SIZE // 2, RADIUS
    step_along_x = result[centre, centre + edge - 3] - result[centre, centre + edge + 3]
    step_along_z = result[centre + edge - 3, centre] - result[centre + edge + 3, centre]
    assert step_along_x > 0.8 * PER_UM
    assert step_along_z < 0.4 * step_along_x


def test_a_missing_wedge_puts_halos_beside_an_absorber_along_x():
    tilts = np.arange(-60.0, 61.0, 2.0)
    result = back_projection_of(cylinder(SIZE, 5, PER_UM), tilts)[:, 3, :]
    centre = SIZE // 2
    assert result[centre, centre + 10] < -0.05 * PER_UM
    assert result[centre, centre - 11] < -0.05 * PER_UM


@pytest.mark.parametrize("name", ["cosine", "hann", "sirt"])
def test_windows_dampen_noise(name):
    tilts = np.arange(-60.0, 61.0, 4.0)
    geometry = geometry_for((8, 4, 64), (20.0,) * 3)
    noise = np.random.default_rng(3).standard_normal((len(tilts), geometry.detector_px, 4), dtype=np.float32)
    settings = ReconstructionSettings(filter_name=name, smoothing_nm=0, sirt_iterations=10)
    assert (
        reconstruct(noise, tilts, geometry, settings).std()
        < 0.7 * reconstruct(noise, tilts, geometry, PLAIN).std()
    )


def test_more_iterations_come_closer_to_the_plain_filter():
    volume, tilts = cylinder(SIZE, RADIUS, PER_UM), np.arange(-90.0, 90.0, 3.0)
    plain = back_projection_of(volume, tilts)
    errors = []
    for iterations in (2, 20, 2000):
        settings = ReconstructionSettings(filter_name="sirt", smoothing_nm=0, sirt_iterations=iterations)
        errors.append(np.abs(back_projection_of(volume, tilts, settings) - plain).mean())
    assert errors[0] > errors[1] > errors[2]
    assert errors[2] < 0.05 * PER_UM


def test_only_the_slices_kept_are_reconstructed():
    volume, tilts = cylinder(32, 8, PER_UM), np.arange(-60.0, 61.0, 5.0)
    geometry = geometry_for(volume.shape, (20.0,) * 3)
    views = [project(volume, geometry, tilt) for tilt in tilts]
    whole = reconstruct(views, tilts, geometry, PLAIN)
    part = reconstruct(views, tilts, geometry, PLAIN, keep_z=slice(10, 14))
    np.testing.assert_array_equal(part, whole[10:14])


def test_absorbing_structures_are_dark_or_bright_as_asked():
    volume = np.linspace(0, 1, 1000, dtype=np.float32).reshape(10, 10, 10)
    dark = to_grey_values(volume, ReconstructionSettings(absorbing_is="dark", clip_percent=(0, 100)))
    bright = to_grey_values(volume, ReconstructionSettings(absorbing_is="bright", clip_percent=(0, 100)))
    assert dark[-1, -1, -1] == 0
    assert bright[-1, -1, -1] == 255
    np.testing.assert_allclose(dark.astype(int) + bright, 255, atol=1)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_grey_values_are_clipped_at_the_percentiles(dtype):
    volume = np.arange(1000, dtype=np.float32).reshape(10, 10, 10)
    settings = ReconstructionSettings(absorbing_is="bright", dtype=dtype, clip_percent=(10, 90))
    grey = to_grey_values(volume, settings)
    assert grey.dtype == dtype
    assert (grey == grey.min()).mean() == pytest.approx(0.1, abs=0.005)
    assert (grey == grey.max()).mean() == pytest.approx(0.1, abs=0.005)
