"""Draw settings at random, wide enough that real tomograms lie within their range."""

from dataclasses import replace

import numpy as np

from sxt.phantom import absorption
from sxt.phantom.settings import (
    AcquisitionSettings,
    FilterName,
    OutputType,
    PhantomSettings,
    Range,
    ReconstructionSettings,
    SpecimenSettings,
)
from sxt.tomogram import Absorbing

VOXEL_RANGE_NM = (8.0, 30.0)
PHOTON_RANGE = (300.0, 30_000.0)
BEAD_RADIUS_RANGE_NM = (50.0, 190.0)
FILAMENT_RANGE_PER_UM3 = (0.5, 8.0)


def draw_settings(
    seed: int,
    shape: tuple[int, int, int],
    *,
    voxel_range_nm: Range = VOXEL_RANGE_NM,
    photon_range: Range = PHOTON_RANGE,
    absorbing_is: Absorbing = "dark",
) -> PhantomSettings:
    """Draw settings of a simulated tomogram of ``shape`` (z, y, x); the same seed gives the same settings.

    Notes
    -----
    Voxel sizes, photons, tilt ranges and absorption cover what microscopes at 510 eV deliver. Densities of
    organelles are drawn over a factor of 5 to 10, so that crowded and nearly empty fields both occur. Three of five
    cells have filaments.
    """
    rng = np.random.default_rng([seed, 0])
    voxel_nm = float(np.exp(rng.uniform(*np.log(voxel_range_nm))))
    specimen = _draw_specimen(rng, voxel_nm)
    acquisition = _draw_acquisition(rng, voxel_nm, photon_range)
    reconstruction = _draw_reconstruction(rng, voxel_nm, absorbing_is)
    specimen = replace(specimen, filaments_per_um3=_draw_filaments(rng))
    return PhantomSettings(shape, voxel_nm, specimen, acquisition, reconstruction)


def _draw_specimen(rng: np.random.Generator, voxel_nm: float) -> SpecimenSettings:
    cytosol = rng.uniform(*absorption.CYTOSOL_RANGE_PER_UM)
    texture = rng.uniform(0.05, 0.24)
    mitochondrion = cytosol + rng.uniform(0.06 + 0.3 * texture, 0.30)
    bead = _log_uniform(rng, *BEAD_RADIUS_RANGE_NM)
    smallest = rng.uniform(50.0, 110.0)
    membrane_nm = rng.uniform(8.0, 14.0)
    return SpecimenSettings(
        mitochondria_per_um3=_log_uniform(rng, 0.15, 2.0),
        mitochondrion_radius_nm=_around(rng.uniform(110.0, 230.0), 0.1),
        mitochondrion_length_nm=(500.0, rng.uniform(1500.0, 6000.0)),
        mitochondrion_per_um=_around(mitochondrion, 0.03),
        mitochondrion_rim=rng.uniform(0.1, 1.2),
        branching=rng.uniform(0.0, 0.5),
        cristae=rng.uniform(0.03, 0.15) if rng.random() < 0.5 else 0.0,
        cristae_spacing_nm=_around(rng.uniform(50.0, 120.0), 0.1),
        vesicles_per_um3=_log_uniform(rng, 0.3, 4.0),
        vesicle_radius_nm=(smallest, smallest * rng.uniform(1.5, 3.0)),
        vesicle_lumen_per_um=(rng.uniform(0.12, 0.25), rng.uniform(0.25, 0.5)),
        vacuoles_per_um3=_log_uniform(rng, 0.02, 0.3),
        vacuole_radius_nm=(220.0, rng.uniform(350.0, 900.0)),
        multivesicular_per_um3=_log_uniform(rng, 0.01, 0.15),
        tubules_per_um3=_log_uniform(rng, 0.15, 1.2),
        sheets_per_um3=_log_uniform(rng, 0.02, 0.25),
        golgi_per_um3=_log_uniform(rng, 0.005, 0.06) if rng.random() < 0.6 else 0.0,
        droplets_per_um3=_log_uniform(rng, 0.04, 0.6),
        droplet_radius_nm=(rng.uniform(80.0, 160.0), rng.uniform(200.0, 500.0)),
        droplet_per_um=_around(rng.uniform(*absorption.LIPID_DROPLET_RANGE_PER_UM), 0.05),
        beads_per_um3=_log_uniform(rng, 0.03, 0.4) if rng.random() < 0.8 else 0.0,
        bead_radius_nm=(0.95 * bead, 1.05 * bead),
        bead_per_um=_around(_log_uniform(rng, 1.0, absorption.GOLD_PER_UM), 0.05),
        has_nucleus=bool(rng.random() < 0.45),
        nucleus_radius_nm=(1500.0, 4500.0),
        nucleus_per_um=_around(rng.uniform(*absorption.NUCLEUS_RANGE_PER_UM), 0.02),
        has_cell_edge=bool(rng.random() < 0.25),
        filopodia=int(rng.integers(0, 5)),
        film_nm=rng.uniform(10.0, 30.0) if rng.random() < 0.3 else 0.0,
        has_grid_bar=bool(rng.random() < 0.05),
        cytosol_per_um=_around(cytosol, 0.02),
        texture=texture,
        membrane_thickness_nm=(membrane_nm, membrane_nm * 1.5),
        margin_nm=float(min(rng.uniform(150.0, 400.0), 20 * voxel_nm)),
    )


def _draw_filaments(rng: np.random.Generator) -> float:
    """Draw how many filaments a µm³ there are, none in two of five cells."""
    return 0.0 if rng.random() < 0.4 else _log_uniform(rng, *FILAMENT_RANGE_PER_UM3)


def _draw_acquisition(rng: np.random.Generator, voxel_nm: float, photon_range: Range) -> AcquisitionSettings:
    half, centre = rng.uniform(50.0, 70.0), rng.uniform(-3.0, 3.0)
    tilts = (max(centre - half, -72.0), min(centre + half, 72.0))
    step_deg = float(rng.choice([1.0, 1.0, 1.5, 2.0]))
    return AcquisitionSettings(
        tilt_range_deg=tilts,
        tilt_step_deg=step_deg,
        photons=_log_uniform(rng, *photon_range),
        psf_sigma_nm=rng.uniform(14.0, 32.0),
        depth_of_field_um=rng.uniform(1.0, 4.0),
        surrounding_um=rng.uniform(0.0, 5.0),
        flicker=rng.uniform(0.0, 0.03),
        gain_drift=_log_uniform(rng, 0.0003, 0.004),
        stray_light=rng.uniform(0.0, 0.15),
        jitter_px=rng.uniform(0.0, 12.0) / voxel_nm,
        missing_views=_draw_missing_views(rng, AcquisitionSettings(tilts, step_deg).n_planned_views),
    )


def _draw_missing_views(rng: np.random.Generator, n_views: int) -> tuple[int, ...]:
    """Leave out a few views here and there, in two of five tilt series."""
    if rng.random() < 0.6:
        return ()
    n_missing = int(rng.integers(1, max(2, n_views // 12)))
    return tuple(sorted(int(n) for n in rng.choice(n_views, n_missing, replace=False)))


def _draw_reconstruction(
    rng: np.random.Generator, voxel_nm: float, absorbing_is: Absorbing
) -> ReconstructionSettings:
    names: list[FilterName] = ["ramp", "cosine", "hann", "hann", "sirt"]
    dtypes: list[OutputType] = ["uint8", "uint8", "uint16", "float32"]
    return ReconstructionSettings(
        filter_name=names[int(rng.integers(len(names)))],
        cutoff=rng.uniform(0.6, 1.0),
        sirt_iterations=int(_log_uniform(rng, 10, 100)),
        smoothing_nm=float(rng.uniform(0.25, 1.4) * voxel_nm),
        absorbing_is=absorbing_is,
        dtype=dtypes[int(rng.integers(len(dtypes)))],
        clip_percent=(_log_uniform(rng, 0.03, 2.0), 100 - _log_uniform(rng, 0.03, 2.0)),
    )


def _log_uniform(rng: np.random.Generator, low: float, high: float) -> float:
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def _around(centre: float, share: float) -> Range:
    return (centre * (1 - share), centre * (1 + share))
