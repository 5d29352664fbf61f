import dataclasses

import numpy as np
import pytest

from sxt.errors import SettingsError
from sxt.phantom import (
    LABEL_CLASSES,
    AcquisitionSettings,
    PhantomSettings,
    ReconstructionSettings,
    SpecimenSettings,
    draw_settings,
)


def test_tilts_run_from_the_first_to_the_last():
    tilts = AcquisitionSettings(tilt_range_deg=(-62.0, 62.0), tilt_step_deg=2.0).tilts_deg
    assert len(tilts) == 63
    assert tilts[0] == -62
    assert tilts[-1] == 62


def test_one_voxel_size_counts_for_all_axes():
    assert PhantomSettings((8, 8, 8), 15.0).voxel_size_nm == (15.0, 15.0, 15.0)
    assert PhantomSettings((8, 8, 8), (20.0, 10.0, 10.0)).voxel_zyx_nm == (20.0, 10.0, 10.0)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: PhantomSettings((2, 8, 8)), r"shape \(2, 8, 8\)"),
        (lambda: PhantomSettings((8, 8, 8), -1.0), "voxel size"),
        (lambda: SpecimenSettings(vesicles_per_um3=-1), "vesicles_per_um3 is -1"),
        (lambda: SpecimenSettings(vesicle_radius_nm=(90, 60)), "vesicle_radius_nm"),
        (lambda: SpecimenSettings(branching=2), "branching is 2"),
        (lambda: SpecimenSettings(membrane_label_nm=0), "membrane_label_nm"),
        (lambda: AcquisitionSettings(tilt_range_deg=(-95, 60)), "tilt range"),
        (lambda: AcquisitionSettings(tilt_step_deg=0), "tilt step"),
        (lambda: AcquisitionSettings(photons=float("nan")), "photons is nan"),
        (lambda: ReconstructionSettings(filter_name="box"), "'box'; choose one of ramp"),
        (lambda: ReconstructionSettings(cutoff=0), "cutoff"),
        (lambda: ReconstructionSettings(clip_percent=(99, 1)), "clip_percent"),
        (lambda: ReconstructionSettings(dtype="int8"), "'int8'; choose one of uint8"),
        (lambda: ReconstructionSettings(sirt_iterations=0), "sirt_iterations"),
    ],
)
def test_settings_out_of_range_are_refused(make, message):
    with pytest.raises(SettingsError, match=message):
        make()


def test_drawn_settings_depend_on_the_seed_alone_and_spread_over_the_range():
    assert draw_settings(7, (8, 64, 64)) == draw_settings(7, (8, 64, 64))
    drawn = [draw_settings(seed, (8, 64, 64)) for seed in range(60)]
    voxels = np.array([d.voxel_zyx_nm[1] for d in drawn])
    assert voxels.min() < 10
    assert voxels.max() > 26
    assert voxels.max() <= 30
    photons = np.array([d.acquisition.photons for d in drawn])
    assert photons.min() < 600
    assert photons.max() > 15_000
    assert {d.reconstruction.filter_name for d in drawn} == {"ramp", "cosine", "hann", "sirt"}
    assert {d.specimen.has_nucleus for d in drawn} == {True, False}
    beads = np.array([d.specimen.bead_radius_nm for d in drawn])
    assert beads.min() < 70
    assert beads.max() > 180
    with_filaments = [d.specimen.filaments_per_um3 > 0 for d in drawn]
    assert 0.4 < np.mean(with_filaments) < 0.8


def test_drawn_settings_keep_the_contrast_asked_for():
    assert draw_settings(1, (8, 64, 64), absorbing_is="bright").reconstruction.absorbing_is == "bright"


def test_settings_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        PhantomSettings().shape = (1, 1, 1)


def test_classes_are_numbered_from_one_and_have_their_own_colour():
    assert [c.value for c in LABEL_CLASSES] == [1, 2, 3, 4]
    assert [c.name for c in LABEL_CLASSES] == ["membrane", "mitochondrion", "lipid droplet", "gold bead"]
    assert [c.colour for c in LABEL_CLASSES] == ["#E69F00", "#56B4E9", "#F0E442", "#CC79A7"]


def test_missing_views_leave_the_others_where_they_were():
    settings = AcquisitionSettings((-60.0, 60.0), 30.0, missing_views=(1, 3))
    assert settings.n_planned_views == 5
    assert settings.tilts_deg.tolist() == [-60.0, 0.0, 60.0]


@pytest.mark.parametrize("missing", [(5,), (-1,), (0, 1, 2, 3)])
def test_missing_views_that_are_not_there_or_leave_nothing_are_refused(missing):
    with pytest.raises(SettingsError, match="missing_views"):
        AcquisitionSettings((-60.0, 60.0), 30.0, missing_views=missing)
