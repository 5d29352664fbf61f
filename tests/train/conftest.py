"""Small cells with ring-shaped organelles, and networks that learn them in seconds."""

from pathlib import Path

import numpy as np
import pytest
import torch

from sxt.network import NetworkConfig
from sxt.tomogram import Tomogram
from sxt.train import (
    ArrayLabels,
    SemiRecipe,
    SplitSettings,
    SupervisedRecipe,
    TrainingSettings,
    TrainingTomogram,
    VersionTarget,
    train_model,
)

TINY = NetworkConfig(stem_width=4, stage_widths=(8,), neck_width=8, head_width=4, neck_depth=1)
SIDE_PX = 32
LABELLED = (1, 4, 20)


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def draw_cell(seed: int, *, n_slices: int = 24, n_classes: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Return grey values and labels (z, y, x) of rings, dark, of one class after the other."""
    rng = np.random.default_rng(seed)
    labels = np.zeros((n_slices, SIDE_PX, SIDE_PX), np.uint8)
    y, x = np.mgrid[:SIDE_PX, :SIDE_PX]
    for z in range(n_slices):
        for number in range(3):
            centre_y, centre_x = rng.uniform(6, SIDE_PX - 6, 2)
            distance = np.hypot(y - centre_y, x - centre_x)
            labels[z][np.abs(distance - rng.uniform(3, 7)) < 1.5] = 1 + number % n_classes
    grey = rng.normal(0, 1, labels.shape) - 3.0 * (labels > 0) - 2.0 * (labels > 1)
    return grey.astype(np.float32), labels


def make_tomogram(
    seed: int = 1, *, name: str = "cell", slices=LABELLED, n_classes: int = 1, marked=()
) -> TrainingTomogram:
    grey, labels = draw_cell(seed, n_classes=n_classes)
    known = ArrayLabels({z: labels[z] for z in slices}) if slices else None
    return TrainingTomogram(name, Tomogram(grey, absorbing_is="dark"), known, marked=tuple(marked))


def make_settings(recipe: SupervisedRecipe | None = None, **options) -> TrainingSettings:
    given = {"steps": 6, "network": TINY, "n_validations": 2, "split": SplitSettings("block", gap_slices=3)}
    recipe = recipe or SupervisedRecipe(crop_px=16, batch_crops=2)
    return TrainingSettings(recipe=recipe, **{**given, **options})


def small_semi(**options) -> SemiRecipe:
    return SemiRecipe(**{"crop_px": 16, "batch_crops": 2, "n_rounds": 1, "image_every": 2, **options})


def train(folder: Path, tomograms=None, settings=None, **options):
    return train_model(
        tomograms or [make_tomogram()],
        settings or make_settings(),
        VersionTarget(folder / "models", "rings"),
        folder=folder / "run",
        device="cpu",
        **options,
    )
