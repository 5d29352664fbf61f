import dataclasses
import hashlib

import numpy as np
import pytest

from sxt.errors import Cancelled
from sxt.phantom import (
    AcquisitionSettings,
    PhantomSettings,
    ReconstructionSettings,
    SpecimenSettings,
    draw_settings,
    simulate_cell,
)
from sxt.phantom.absorption import GOLD_BEAD, LIPID_DROPLET, MEMBRANE, MITOCHONDRION
from sxt.progress import CancelToken

SETTINGS = PhantomSettings(
    (16, 96, 112),
    20.0,
    SpecimenSettings(bead_per_um=(10.0, 10.0)),
    AcquisitionSettings(tilt_step_deg=2.0),
)


@pytest.fixture(scope="module")
def cell():
    return simulate_cell(SETTINGS, seed=4)


def grey(cell):
    return np.asarray(cell.tomogram.data).astype(float)


def test_tomogram_and_labels_share_a_grid(cell):
    assert cell.tomogram.shape == cell.labels.shape == (16, 96, 112)
    assert cell.tomogram.dtype == np.uint8
    assert cell.labels.dtype == np.uint8
    assert cell.tomogram.voxel_size_nm == (20.0, 20.0, 20.0)
    assert cell.tomogram.absorbing_is == "dark"


def test_every_class_is_there_and_darker_than_the_background(cell):
    values = grey(cell)
    background = values[cell.labels == 0].mean()
    for value in (MEMBRANE, MITOCHONDRION, LIPID_DROPLET, GOLD_BEAD):
        assert (cell.labels == value).any()
        assert values[cell.labels == value].mean() < background


def test_beads_are_the_darkest_and_have_bright_halos_along_x(cell):
    values = grey(cell)
    bead = cell.labels == GOLD_BEAD
    assert values[bead].mean() < values[cell.labels == LIPID_DROPLET].mean()
    beside_x = np.roll(bead, 9, axis=2) | np.roll(bead, -9, axis=2)
    beside_y = np.roll(bead, 9, axis=1) | np.roll(bead, -9, axis=1)
    assert values[beside_x & ~bead].mean() > values[beside_y & ~bead].mean() + 10


def test_bright_contrast_is_dark_contrast_turned_round(cell):
    reconstruction = dataclasses.replace(
        SETTINGS.reconstruction, absorbing_is="bright", clip_percent=(0.5, 99.5)
    )
    bright = simulate_cell(dataclasses.replace(SETTINGS, reconstruction=reconstruction), seed=4)
    assert bright.tomogram.absorbing_is == "bright"
    np.testing.assert_array_equal(bright.labels, cell.labels)
    np.testing.assert_allclose(grey(bright), 255 - grey(cell), atol=1.01)


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others():
    settings = PhantomSettings((6, 40, 40), 20.0, acquisition=AcquisitionSettings(tilt_step_deg=10.0))
    digests = []
    for seed in (1, 1, 2):
        made = simulate_cell(settings, seed=seed)
        digests.append(hashlib.sha256(made.tomogram.data.tobytes() + made.labels.tobytes()).hexdigest())
    assert digests[0] == digests[1] != digests[2]


def test_noise_changes_the_tomogram_but_not_the_labels():
    few, many = (
        simulate_cell(
            PhantomSettings(
                (6, 48, 48),
                20.0,
                SpecimenSettings(beads_per_um3=0),
                AcquisitionSettings(tilt_step_deg=6.0, photons=photons),
                ReconstructionSettings(
                    filter_name="ramp", smoothing_nm=0, dtype="float32", clip_percent=(0, 100)
                ),
            ),
            seed=3,
        )
        for photons in (300, 30_000)
    )
    np.testing.assert_array_equal(few.labels, many.labels)
    assert np.diff(grey(few), axis=2).std() > 3 * np.diff(grey(many), axis=2).std()


@pytest.mark.parametrize("seed", [11, 12, 13])
def test_drawn_settings_can_be_simulated(seed):
    made = simulate_cell(draw_settings(seed, (6, 48, 40)), seed=seed)
    assert np.isfinite(grey(made)).all()
    assert grey(made).std() > 0
    assert made.tomogram.shape == (6, 48, 40)


def test_progress_names_both_stages_and_ends_full():
    reports = []
    settings = PhantomSettings((4, 24, 24), 20.0, acquisition=AcquisitionSettings(tilt_step_deg=20.0))
    simulate_cell(settings, seed=0, progress=reports.append)
    assert list(dict.fromkeys(r.stage for r in reports)) == ["Build the specimen", "Take the tilt series"]
    assert reports[-1].done == reports[-1].total


def test_a_cancelled_simulation_stops():
    token = CancelToken()
    token.cancel()
    with pytest.raises(Cancelled):
        simulate_cell(SETTINGS, seed=0, cancel=token)
