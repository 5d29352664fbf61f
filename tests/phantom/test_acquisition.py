import numpy as np
import pytest

from sxt.errors import Cancelled
from sxt.phantom.acquisition import (
    TiltGeometry,
    count_photons,
    geometry_for,
    project,
    take_tilt_series,
)
from sxt.phantom.settings import AcquisitionSettings
from sxt.progress import CancelToken

IDEAL = AcquisitionSettings(
    tilt_range_deg=(-60.0, 60.0),
    tilt_step_deg=30.0,
    photons=0,
    psf_sigma_nm=0,
    depth_of_field_um=0,
    surrounding_um=0,
    flicker=0,
    gain_drift=0,
    stray_light=0,
    jitter_px=0,
)


def cylinder(size, radius, per_um):
    offset = np.arange(size) - (size - 1) / 2
    disc = np.hypot(offset[:, None], offset[None, :]) <= radius
    return np.repeat(np.where(disc, per_um, 0).astype(np.float32)[:, None, :], 6, axis=1)  # (z, y, x)


def test_the_view_at_no_tilt_is_absorption_times_thickness():
    volume = np.full((10, 3, 20), 0.5, np.float32)
    geometry = TiltGeometry((10, 20), (25.0, 20.0, 20.0), 20)
    view = project(volume, geometry, 0.0)
    assert view.shape == (20, 3)
    np.testing.assert_allclose(view, 0.5 * 10 * 0.025, rtol=1e-5)


@pytest.mark.parametrize("tilt_deg", [0.0, 17.0, 45.0, 60.0, 90.0])
def test_a_cylinder_absorbs_over_its_chord_at_every_tilt(tilt_deg):
    volume = cylinder(64, 20, 0.4)
    view = project(volume, geometry_for(volume.shape, (20.0,) * 3), tilt_deg)
    middle = len(view) // 2
    chord_um = 2 * 20 * 0.020
    assert view[middle - 3 : middle + 3].mean() == pytest.approx(0.4 * chord_um, rel=0.02)


def test_every_view_holds_the_same_mass():
    volume = np.random.default_rng(1).random((9, 2, 31), np.float32)
    geometry = geometry_for(volume.shape, (30.0, 20.0, 20.0))
    masses = [project(volume, geometry, tilt).sum() for tilt in (-61.0, 0.0, 33.0)]
    np.testing.assert_allclose(masses, volume.sum() * 0.030, rtol=1e-4)


def test_a_voxel_off_the_axis_moves_along_x_and_not_along_y():
    volume = np.zeros((21, 5, 41), np.float32)
    volume[20, 2, 20] = 1
    geometry = geometry_for(volume.shape, (20.0,) * 3)
    view = project(volume, geometry, 30.0)
    s, y = np.argwhere(view == view.max())[0]
    assert y == 2
    assert s - (geometry.detector_px - 1) / 2 == pytest.approx(10 * np.sin(np.deg2rad(30)), abs=0.51)


def test_transmission_falls_exponentially_with_thickness():
    rng = np.random.default_rng(0)
    for thickness in (8, 16):
        volume = np.zeros((20, 8, 32), np.float32)
        volume[:thickness, :, 10:22] = 0.7
        geometry = TiltGeometry((20, 32), (20.0,) * 3, 32)
        views = list(take_tilt_series(volume, geometry, IDEAL, rng=rng))
        at_no_tilt = views[2]
        transmitted = np.exp(-at_no_tilt)
        ratio = transmitted[16] / transmitted[2]
        np.testing.assert_allclose(ratio, np.exp(-0.7 * thickness * 0.020), rtol=1e-4)


@pytest.mark.parametrize("expected", [3.0, 40.0, 900.0])
def test_counts_have_the_mean_and_variance_of_a_poisson_distribution(expected):
    counts = count_photons(np.full(200_000, expected, np.float32), np.random.default_rng(5))
    assert counts.mean() == pytest.approx(expected, rel=0.01)
    assert counts.var() == pytest.approx(expected, rel=0.02)
    assert (counts == np.rint(counts)).all()
    assert counts.min() >= 0


def test_noise_of_the_line_integral_is_one_over_the_photons_that_arrive():
    volume = np.full((4, 200, 200), 0.5, np.float32)
    settings = AcquisitionSettings(
        tilt_range_deg=(0.0, 1.0),
        tilt_step_deg=1.0,
        photons=1000,
        psf_sigma_nm=0,
        surrounding_um=2.0,
        flicker=0,
        gain_drift=0,
        stray_light=0,
        jitter_px=0,
    )
    geometry = TiltGeometry((4, 200), (20.0,) * 3, 200)
    view = next(take_tilt_series(volume, geometry, settings, rng=np.random.default_rng(2)))
    arriving = 1000 * np.exp(-0.5 * (4 * 0.020 + 2.0))
    assert view.var() == pytest.approx(1 / arriving, rel=0.03)


def test_blur_grows_off_focus_and_keeps_the_mean():
    volume = np.zeros((4, 5, 400), np.float32)
    volume[:, :, ::20] = 5
    kept = {"photons": 0, "flicker": 0, "gain_drift": 0, "stray_light": 0, "jitter_px": 0}
    settings = AcquisitionSettings(
        tilt_range_deg=(60.0, 61.0), psf_sigma_nm=25, depth_of_field_um=2.0, surrounding_um=0, **kept
    )
    geometry = TiltGeometry((4, 400), (20.0,) * 3, 220)
    view = next(take_tilt_series(volume, geometry, settings, rng=np.random.default_rng(2)))[:, 2]
    assert view[5:45].std() < 0.5 * view[90:130].std()


def test_cancelling_stops_between_views():
    token = CancelToken()
    seen = []

    def stop_at_second(progress):
        seen.append(progress.done)
        if progress.done == 1:
            token.cancel()

    volume = np.zeros((4, 4, 8), np.float32)
    views = take_tilt_series(
        volume,
        geometry_for(volume.shape, (20.0,) * 3),
        IDEAL,
        rng=np.random.default_rng(0),
        progress=stop_at_second,
        cancel=token,
    )
    with pytest.raises(Cancelled):
        list(views)
    assert seen == [0, 1]
