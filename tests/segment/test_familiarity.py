"""Whether a tomogram looks like the training data of a model version."""

import dataclasses
import json

import numpy as np
import pytest
from scipy import ndimage

from sxt.errors import InputError, ModelError
from sxt.models import Familiarity, ModelConfig, load_model
from sxt.phantom import PhantomSettings, simulate_cell
from sxt.segment import segment_tomogram
from sxt.segment.familiarity import FEATURE_NAMES, describe_tomogram, learn_familiarity
from sxt.segment.settings import UNLIKE_TRAINING_DATA
from sxt.tomogram import Tomogram

SHIPPED = ("membrane", "organelles")


def photograph(rng):
    """An image with the statistics of photographs: even areas with sharp edges over a 1/f background, no noise."""
    side = 256
    frequency = np.hypot(np.fft.fftfreq(side)[:, None], np.fft.rfftfreq(side)[None]) + 1 / side
    spectrum = rng.normal(size=frequency.shape) + 1j * rng.normal(size=frequency.shape)
    image = np.fft.irfft2(spectrum / frequency**1.2, s=(side, side))
    image /= image.std()
    for _ in range(40):
        y, x, height, width = rng.integers(10, 200, 4)
        image[y : y + height // 3, x : x + width // 3] = rng.normal()
    return image


def volume_of(make, seed=0):
    rng = np.random.default_rng(seed)
    return Tomogram(np.stack([make(rng) for _ in range(6)]).astype(np.float32), absorbing_is="dark")


@pytest.fixture(scope="module", params=SHIPPED)
def model(request):
    return load_model(request.param)


def unlikeness(tomogram, model):
    known = model.config.familiarity
    return known.distance(describe_tomogram(tomogram, model.config)) / known.limit


@pytest.mark.parametrize(
    "make",
    [
        lambda rng: rng.normal(size=(256, 256)),
        lambda rng: ndimage.gaussian_filter(rng.normal(size=(256, 256)), 3),
        photograph,
    ],
    ids=["white noise", "smooth noise", "photograph"],
)
def test_what_is_no_cell_is_called_unlike(make, model):
    assert unlikeness(volume_of(make), model) > 1.2


@pytest.mark.parametrize("seed", [77_011, 77_012])
def test_an_unseen_cell_is_like_the_training_data(seed, model):
    cell = simulate_cell(PhantomSettings((6, 220, 220), 18.0), seed=seed)
    assert unlikeness(cell.tomogram, model) < 1


def test_segmenting_says_so(model):
    found = segment_tomogram(volume_of(lambda rng: rng.normal(size=(96, 96))), model)
    assert UNLIKE_TRAINING_DATA in found.notes
    cell = simulate_cell(PhantomSettings((6, 220, 220), 18.0), seed=77_013)
    assert UNLIKE_TRAINING_DATA not in segment_tomogram(cell.tomogram, model).notes


def test_a_tomogram_without_contrast_is_refused(model):
    with pytest.raises(InputError, match="no contrast"):
        describe_tomogram(Tomogram(np.ones((3, 64, 64), np.float32), absorbing_is="dark"), model.config)


def test_distances_are_in_deviations_of_the_training_data():
    rng = np.random.default_rng(3)
    n = len(FEATURE_NAMES)
    mixing = np.eye(n) + np.tril(rng.normal(scale=0.5, size=(n, n)), -1)
    samples = rng.normal(size=(4000, n)) @ mixing.T + 5
    known = learn_familiarity(list(samples))
    far = 5 + 8 * mixing[:, 0]
    assert known.distance(np.full(n, 5.0)) == pytest.approx(0, abs=0.15)
    assert known.distance(far) == pytest.approx(8, rel=0.05)
    is_like = [known.distance(each) < known.limit for each in samples]
    assert np.mean(is_like) == pytest.approx(0.99, abs=0.002)


def test_what_was_taught_is_known():
    known = Familiarity(("a", "b"), (0.0, 0.0), ((1.0, 0.0), (0.0, 2.0)), limit=3.0)
    assert known.distance(np.array([0.0, 4.0])) == 8
    taught = dataclasses.replace(known, taught=((0.0, 3.0),))
    assert taught.distance(np.array([0.0, 4.0])) == 2


def test_it_is_kept_in_the_configuration(model):
    read = ModelConfig.from_json(json.loads(json.dumps(model.config.to_json())))
    assert read.familiarity == model.config.familiarity
    assert "familiarity" not in dataclasses.replace(model.config, familiarity=None).to_json()


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"names": ["a"], "centre": [0], "whitening": [[1, 2]], "limit": 1},
        {"names": ["a"], "centre": [0], "whitening": [[1]], "limit": 0},
        {"names": ["a"], "centre": ["x"], "whitening": [[1]], "limit": 1},
        {"names": ["a"], "centre": [float("nan")], "whitening": [[1]], "limit": 1},
    ],
)
def test_a_damaged_record_is_refused(values):
    with pytest.raises(ModelError, match="familiarity"):
        Familiarity.from_json(values)
