import numpy as np
import pytest
from scipy import ndimage

from sxt.io import read_tomogram
from sxt.segment.orient import recognise_absorbing
from sxt.tomogram import Tomogram


def cell_like(seed: int) -> np.ndarray:
    """Cytoplasm with noise, and some absorbing blobs that are darker."""
    rng = np.random.default_rng(seed)
    seeds = np.zeros((5, 128, 128))
    seeds[rng.integers(5, size=40), rng.integers(128, size=40), rng.integers(128, size=40)] = 1
    blobs = ndimage.gaussian_filter(seeds, (1, 3, 3)) > 0.002
    return 100 - 8 * blobs + rng.normal(0, 5, seeds.shape)


@pytest.mark.parametrize("seed", range(5))
def test_tail_of_the_grey_values_tells_dark_from_bright(seed):
    values = cell_like(seed).astype(np.float32)
    assert recognise_absorbing(Tomogram(values)) == "dark"
    assert recognise_absorbing(Tomogram(200 - values)) == "bright"


def test_missing_values_do_not_disturb():
    values = cell_like(0).astype(np.float32)
    values[:, :10] = np.nan
    values[2] = np.inf
    assert recognise_absorbing(Tomogram(values)) == "dark"


@pytest.mark.shared_data
def test_real_tomogram_is_dark_and_its_inverse_bright(shared_data_dir):
    tomogram = read_tomogram(shared_data_dir / "contour" / "easy_example.tif")
    assert recognise_absorbing(tomogram) == "dark"
    assert recognise_absorbing(Tomogram(255 - np.asarray(tomogram.data[0:6]))) == "bright"
