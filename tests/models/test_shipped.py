"""The model versions that ship are whole, small, and do what their cards say."""

import numpy as np
import pytest

from sxt.io import read_tomogram
from sxt.models import DEFAULT_MODEL, SHIPPED_ROOT, list_models, load_model
from sxt.network import count_parameters
from sxt.phantom import PhantomSettings, simulate_cell
from sxt.segment import segment_tomogram

UNSEEN_SEEDS = (77_001, 77_002)
MAX_SHIPPED_BYTES = 120_000_000


def dice(mask: np.ndarray, truth: np.ndarray) -> float:
    return 2 * np.sum(mask & truth) / (mask.sum() + truth.sum())


def test_every_shipped_version_is_whole_and_together_they_are_small():
    shipped = list_models(SHIPPED_ROOT)
    assert [each.fault for each in shipped if each.fault] == []
    assert DEFAULT_MODEL in {each.name for each in shipped}
    assert sum(each.size_bytes for each in shipped) < MAX_SHIPPED_BYTES


def test_default_model_is_small_enough_for_a_laptop_and_says_how_good_it_is():
    model = load_model(DEFAULT_MODEL)
    assert 4e6 < count_parameters(model.network) < 6e6
    assert (model.path / "weights.safetensors").stat().st_size < 12e6
    assert model.config.metrics["dice"] >= 0.80  # over voxels of 10 to 30 nm
    assert model.config.metrics["surface_dice_one_voxel"] >= 0.87
    assert [each.name for each in model.config.classes] == ["membrane"]
    assert "seed" in model.config.training


@pytest.mark.parametrize("seed", UNSEEN_SEEDS)
def test_default_model_finds_the_membranes_of_simulated_cells_it_has_not_seen(seed):
    cell = simulate_cell(PhantomSettings((8, 200, 200), 15.0), seed=seed)
    mask = segment_tomogram(cell.tomogram, load_model(DEFAULT_MODEL)).mask == 1
    assert dice(mask, cell.labels == 1) >= 0.70
    is_known = ~cell.is_in_wedge  # what no view shows, nobody could find
    assert dice(mask & is_known, (cell.labels == 1) & is_known) >= 0.74


@pytest.mark.shared_data
def test_default_model_outlines_the_organelles_of_a_real_tomogram(shared_data_dir):
    path = shared_data_dir / "contour" / "easy_example.tif"
    tomogram = read_tomogram(path, voxel_size_nm=(10, 20, 20))
    mask = segment_tomogram(tomogram, load_model(DEFAULT_MODEL)).mask[3] == 1
    assert 0.04 < mask.mean() < 0.12
    grey = np.asarray(tomogram.data[3:4])[0]
    assert grey[mask].mean() < grey.mean() - 0.5 * grey.std()  # outlines lie on what absorbs
    mitochondrion = mask[130:260, 250:330]  # a long one, alone in its surroundings
    assert mitochondrion.mean() > 0.08
    nuclear_side = mask[100:230, 390:470]  # texture without organelles
    assert nuclear_side.mean() < 0.06
