"""Slices that must be labelled until a model is nearly as good as with all labels: ranking, chance, even spacing.

``python benchmarks/active.py [--first-seed N] [--seeds N] [--orders N]`` replays labelling on simulated cells of
48 x 160 x 160 voxels. The model is small and quick to train: a perceptron over Gaussian derivatives of the slice,
which, like a network, is not exact under turns. Counted are the slices needed until the mean Dice of the classes over
the whole volume reaches 0.95 of that with all 48 slices labelled. The ranking is that of `sxt.labels.suggest`:
disagreement between four orientations plus that between the last two versions; while there is no model it names the
middle slice. Chance is the mean over several orders. Even spacing chooses all its slices anew for each count.
"""

import argparse
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from scipy import ndimage
from torch import nn

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPOSITORY))

from sxt.labels.suggest import (
    REACH_SLICES,
    disagreement_between,
    disagreement_of,
    rank_slices,
    score_slices,
)
from sxt.phantom import PhantomSettings, simulate_cell

SHAPE = (48, 160, 160)
GOAL = 0.95
SCALES_PX = (1.0, 2.0, 4.0)
DERIVATIVES = ((0, 0), (0, 1), (1, 0), (0, 2), (1, 1), (2, 0))
STEPS, BATCH, HIDDEN = 250, 4096, 48
LEARNING_RATE = 5e-3
MAX_SLICES = 24
ORIENTATIONS = tuple((turns, False) for turns in range(4))


@dataclass
class Cell:
    """A simulated cell as the model sees it: features in each orientation (o, z, y, x, f), and its labels (z, y, x)."""

    features: list[np.ndarray]
    labels: np.ndarray
    n_classes: int


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--first-seed", type=int, default=0, help="seed of the first cell (default: 0)")
    parser.add_argument("--seeds", type=int, default=5, help="number of cells (default: 5)")
    parser.add_argument("--orders", type=int, default=4, help="random orders a cell (default: 4)")
    parser.add_argument("--reach", type=float, default=REACH_SLICES, help="slices (default: the program's)")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    print("seed  full Dice  ranking  random  even", flush=True)
    rows = []
    for seed in range(arguments.first_seed, arguments.first_seed + arguments.seeds):
        begun = time.process_time()
        cell = make_cell(seed)
        full = dice(
            predict(train(cell, range(SHAPE[0]), seed), cell.features[0]), cell.labels, cell.n_classes
        )
        ranked = count_ranked(cell, seed, GOAL * full, arguments.reach)
        chance = [count_random(cell, seed, GOAL * full, order) for order in range(arguments.orders)]
        even = count_even(cell, seed, GOAL * full)
        rows.append((float(ranked), float(np.mean(chance)), float(even)))
        print(
            f"{seed:4d}  {full:9.3f}  {ranked:7d}  {np.mean(chance):6.2f}  {even:4d}   "
            f"(random {chance}, {time.process_time() - begun:.0f} s of CPU)",
            flush=True,
        )
    means = np.mean(rows, axis=0)
    print(f"mean  {'':9s}  {means[0]:7.2f}  {means[1]:6.2f}  {means[2]:4.2f}")


def make_cell(seed: int) -> Cell:
    """Simulate a cell and compute what the model sees of it in every orientation, turned back."""
    simulated = simulate_cell(PhantomSettings(shape=SHAPE), seed=seed)
    grey = np.asarray(simulated.tomogram.data).astype(np.float32)
    grey = (grey - grey.mean()) / grey.std()
    features = []
    for turns, is_mirrored in ORIENTATIONS:
        view = grey[..., ::-1] if is_mirrored else grey
        found = np.rot90(make_features(np.rot90(view, turns, (1, 2))), -turns, (1, 2))
        features.append(np.ascontiguousarray(found[:, :, ::-1] if is_mirrored else found))
    values = [int(value) for value in np.unique(simulated.labels) if value]
    labels = np.searchsorted([0, *values], simulated.labels)
    return Cell(features, labels, len(values))


def make_features(grey: np.ndarray) -> np.ndarray:
    """Return Gaussian derivatives of each slice, (z, y, x, f) float32."""
    maps = [
        ndimage.gaussian_filter(grey, (0, scale, scale), order=(0, *order)) * scale ** sum(order)
        for scale in SCALES_PX
        for order in DERIVATIVES
    ]
    return np.stack([grey, *maps], axis=-1).astype(np.float32)  # (z, y, x, f)


def train(cell: Cell, slices: "range | list[int]", seed: int) -> nn.Module:
    """Train a perceptron on whole slices, half of each batch drawn evenly from the classes."""
    torch.manual_seed(seed)
    rng = np.random.default_rng([seed, 11])
    chosen = np.asarray(list(slices))
    x = torch.from_numpy(cell.features[0][chosen].reshape(-1, cell.features[0].shape[-1]))
    y = cell.labels[chosen].reshape(-1)
    by_class = [np.flatnonzero(y == value) for value in range(cell.n_classes + 1)]
    by_class = [each for each in by_class if each.size]
    model = nn.Sequential(
        nn.Linear(x.shape[1], HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, HIDDEN), nn.ReLU(),
        nn.Linear(HIDDEN, cell.n_classes + 1),
    )  # fmt: skip
    optimiser = torch.optim.Adam(model.parameters(), LEARNING_RATE)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, STEPS)
    target = torch.from_numpy(y)
    for _ in range(STEPS):
        drawn = [rng.integers(0, y.size, BATCH // 2)]
        drawn += [rng.choice(each, BATCH // 2 // len(by_class)) for each in by_class]
        batch = torch.from_numpy(np.concatenate(drawn))
        loss = nn.functional.cross_entropy(model(x[batch]), target[batch])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
    return model


def predict(model: nn.Module, features: np.ndarray) -> np.ndarray:
    """Return the probability of each class (c, z, y, x) uint8."""
    with torch.inference_mode():
        found = [torch.softmax(model(torch.from_numpy(each)), -1)[..., 1:] for each in features]
    return (torch.stack(found).permute(3, 0, 1, 2) * 255).round().byte().numpy()


def dice(probability: np.ndarray, labels: np.ndarray, n_classes: int) -> float:
    """Return the mean Dice of the classes over the whole volume."""
    background = 255 - probability.astype(np.int16).sum(axis=0)
    found = np.concatenate([background[None], probability]).argmax(axis=0)
    scores = []
    for value in range(1, n_classes + 1):
        a, b = found == value, labels == value
        scores.append(2 * np.count_nonzero(a & b) / max(1, np.count_nonzero(a) + np.count_nonzero(b)))
    return float(np.mean(scores))


def count_ranked(cell: Cell, seed: int, goal: float, reach: float) -> int:
    """Return how many slices are needed when each next one is the best ranked."""
    labelled: list[int] = []
    scores, previous = np.zeros((cell.n_classes, SHAPE[0])), None
    while len(labelled) < MAX_SLICES:
        labelled.append(rank_slices(scores, labelled, n_wanted=1, reach_slices=reach)[0].index)
        model = train(cell, labelled, seed)
        turned = [predict(model, features) for features in cell.features]
        if dice(turned[0], cell.labels, cell.n_classes) >= goal:
            break
        scores = score_slices(disagreement_of(turned))
        if previous is not None:
            scores = scores + score_slices(disagreement_between(turned[0], previous))
        previous = turned[0]
    return len(labelled)


def count_random(cell: Cell, seed: int, goal: float, order: int) -> int:
    """Return how many slices are needed when each next one is drawn at random."""
    drawn = np.random.default_rng([seed, order]).permutation(SHAPE[0]).tolist()
    return count_until(lambda n: drawn[:n], cell, seed, goal)


def count_even(cell: Cell, seed: int, goal: float) -> int:
    """Return how many slices are needed when they are spaced evenly."""
    return count_until(lambda n: [int((place + 0.5) * SHAPE[0] / n) for place in range(n)], cell, seed, goal)


def count_until(choose: Callable[[int], list[int]], cell: Cell, seed: int, goal: float) -> int:
    """Return the first count at which a model trained on the chosen slices reaches the goal."""
    for n in range(1, MAX_SLICES):
        model = train(cell, choose(n), seed)
        if dice(predict(model, cell.features[0]), cell.labels, cell.n_classes) >= goal:
            return n
    return MAX_SLICES


if __name__ == "__main__":
    main()
