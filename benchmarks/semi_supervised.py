"""What the recipes of training give: Dice on cells that were not trained on, and steps a second.

``python benchmarks/semi_supervised.py PART [--seeds N] [--first-seed N] [--steps N] [--device D]`` prints a table.
PART is

* ``simulated``: cells of unseen seeds; `supervised` with 4 and 16 labelled slices, `semi` with 4, and `paper` with 4;
* ``isbi``: the public membrane stack, given with ``--data DIR``: slices 0 to 14 to train on, 20 to 29 to test, with 1,
  3, 6 and 15 labelled slices;
* ``start``: from the shipped model against fresh weights, at equal steps;
* ``speed``: a step at 256 px, batch 1, published widths, with the label decoder alone and with both.

In the first three, all recipes of a seed have the same steps, start, labelled slices and two further labelled slices
that are held out, by which each chooses its best weights; `semi` has unlabelled slices besides. Medians, lowest and
highest over the seeds are printed.
"""

import argparse
import dataclasses
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPOSITORY))

from sxt.cli.memory import use_huge_pages

use_huge_pages()  # before torch is imported

import numpy as np

from sxt.models import Model, load_model
from sxt.network import NetworkConfig
from sxt.phantom import PhantomSettings, simulate_cell
from sxt.segment import segment_tomogram
from sxt.tomogram import Tomogram
from sxt.train import (
    ArrayLabels,
    PaperRecipe,
    SemiRecipe,
    SplitSettings,
    SupervisedRecipe,
    TrainingSettings,
    TrainingTomogram,
    VersionTarget,
    train_model,
)

SHAPE = (40, 128, 128)
CROP_PX = 96
SMALL = NetworkConfig(stem_width=8, stage_widths=(8, 16, 32), neck_width=64, head_width=8, neck_depth=2)
MEMBRANE = 1
HELD_OUT = (2, 36)
GAP_SLICES = 3
N_TEST_CELLS = 2
UNLABELLED_CELLS = 2
SEEDS_A_RUN = 100

Row = tuple[str, SupervisedRecipe, int]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("part", choices=("simulated", "isbi", "start", "speed"))
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--data", type=Path, help="folder of the membrane stack, for the part isbi")
    arguments = parser.parse_args()
    if arguments.part == "speed":
        measure_speed(arguments.device)
        return
    measure = {"simulated": measure_simulated, "isbi": measure_isbi, "start": measure_start}[arguments.part]
    scores: dict[str, list[float]] = {}
    for seed in range(arguments.first_seed, arguments.first_seed + arguments.seeds):
        for name, dice in measure(seed, arguments):
            scores.setdefault(name, []).append(dice)
            print(f"seed {seed}  {name:32} Dice {dice:.3f}", flush=True)
    print(f"\n{'':32}{'median':>8}{'lowest':>8}{'highest':>8}")
    for name, values in scores.items():
        print(f"{name:32}{statistics.median(values):8.3f}{min(values):8.3f}{max(values):8.3f}")


def recipes_for(n_labelled: int) -> list[Row]:
    """The three recipes at one number of labelled slices, with the same crops."""
    return [
        (f"{kind.name}, {n_labelled} slices", kind(crop_px=CROP_PX), n_labelled)
        for kind in (SupervisedRecipe, SemiRecipe, PaperRecipe)
    ]


def measure_simulated(seed: int, arguments: argparse.Namespace) -> list[tuple[str, float]]:
    cell, free, tests = make_cells(seed)
    four, sixteen = recipes_for(4), recipes_for(16)[:1]
    return [
        (name, run(lambda n: [cell(n), *free], recipe, n, seed, arguments, tests))
        for name, recipe, n in [*four, *sixteen]
    ]


def measure_start(seed: int, arguments: argparse.Namespace) -> list[tuple[str, float]]:
    cell, free, tests = make_cells(seed)
    parent = load_model("membrane")
    recipe = SemiRecipe(crop_px=CROP_PX)

    def data(n: int) -> list[TrainingTomogram]:
        return [cell(n), *free]

    network = parent.config.network
    return [
        ("from the shipped model", run(data, recipe, 4, seed, arguments, tests, parent=parent)),
        ("from fresh weights", run(data, recipe, 4, seed, arguments, tests, network=network)),
    ]


def measure_isbi(seed: int, arguments: argparse.Namespace) -> list[tuple[str, float]]:
    import tifffile

    if arguments.data is None:
        raise SystemExit("Give the folder of the stack with --data.")
    grey = tifffile.imread(arguments.data / "isbi2012_train_volume.tif")
    truth = (tifffile.imread(arguments.data / "isbi2012_train_labels.tif") == 0).astype(np.uint8)
    tests = [(Tomogram(grey[20:], absorbing_is="dark"), truth[20:])]
    held_out = (16, 17)

    def data(n: int) -> list[TrainingTomogram]:
        chosen = np.unique(np.linspace(0, 14, n + 2 if n < 14 else n).round().astype(int))
        chosen = chosen[1:-1] if n < 14 else chosen
        labels = ArrayLabels({int(z): truth[z] for z in (*chosen, *held_out)})
        return [TrainingTomogram("isbi", Tomogram(grey[:18], absorbing_is="dark"), labels, held_out)]

    rows = [row for n in (1, 3, 6, 15) for row in recipes_for(n)]
    return [(name, run(data, recipe, n, seed, arguments, tests, gap=1)) for name, recipe, n in rows]


def make_cells(
    seed: int,
) -> tuple[Callable[[int], TrainingTomogram], list[TrainingTomogram], list[tuple[Tomogram, np.ndarray]]]:
    """Return the labelled cell for a number of labelled slices, unlabelled cells, and cells to test on."""
    numbers = range(5_000 + SEEDS_A_RUN * seed, 5_000 + SEEDS_A_RUN * (seed + 1))
    cells = [
        simulate_cell(PhantomSettings(SHAPE), seed=number)
        for number in numbers[: 1 + N_TEST_CELLS + UNLABELLED_CELLS]
    ]
    first = cells[0]
    truth = (first.labels == MEMBRANE).astype(np.uint8)

    def labelled(n: int) -> TrainingTomogram:
        chosen = (
            np.linspace(HELD_OUT[0] + GAP_SLICES + 1, HELD_OUT[1] - GAP_SLICES - 1, n).round().astype(int)
        )
        labels = ArrayLabels({int(z): truth[z] for z in (*chosen, *HELD_OUT)})
        return TrainingTomogram("labelled", first.tomogram, labels, HELD_OUT)

    free = [
        TrainingTomogram(f"free {n}", each.tomogram) for n, each in enumerate(cells[1 : 1 + UNLABELLED_CELLS])
    ]
    tests = [(each.tomogram, each.labels == MEMBRANE) for each in cells[1 + UNLABELLED_CELLS :]]
    return labelled, free, tests


def run(
    data: Callable[[int], list[TrainingTomogram]],
    recipe: SupervisedRecipe,
    n_labelled: int,
    seed: int,
    arguments: argparse.Namespace,
    tests: Sequence[tuple[Tomogram, np.ndarray]],
    *,
    parent: Model | None = None,
    network: NetworkConfig = SMALL,
    gap: int = GAP_SLICES,
) -> float:
    """Train and return the Dice over all pixels of the tests."""
    settings = TrainingSettings(
        recipe=recipe,
        steps=arguments.steps,
        seed=seed,
        network=network,
        n_validations=10,
        patience=10,
        split=SplitSettings("marked", gap_slices=gap),
        checkpoint_every_s=3600,
    )
    with tempfile.TemporaryDirectory() as folder:
        version = train_model(
            data(n_labelled),
            settings,
            VersionTarget(Path(folder) / "models", "trial"),
            folder=Path(folder) / "run",
            parent=parent,
            device=arguments.device,
        )
        model = load_model(version.spec, root=version.path.parents[1])
    overlap = total = 0
    for tomogram, truth in tests:
        mask = segment_tomogram(tomogram, model, device=arguments.device).mask == MEMBRANE
        overlap += 2 * int(np.sum(mask & (truth > 0)))
        total += int(np.sum(mask)) + int(np.sum(truth > 0))
    return overlap / max(1, total)


def measure_speed(device: str, *, n_steps: int = 6) -> None:
    """Time steps of the published widths by the curve of seconds, the first left out."""
    rng = np.random.default_rng(0)
    grey = rng.normal(size=(2, 256, 256)).astype(np.float32)
    labels = (rng.random((256, 256)) < 0.06).astype(np.uint8)
    cell = TrainingTomogram("cell", Tomogram(grey, absorbing_is="dark"), ArrayLabels({0: labels}))
    label_only = dataclasses.replace(PaperRecipe(), image_share=0.0)
    rows = {"label decoder alone": SupervisedRecipe(batch_crops=1), "both decoders": label_only}
    for name, recipe in rows.items():
        still = dataclasses.replace(recipe, augmentation=PaperRecipe().augmentation, average_decay=0.0)
        slices = [cell] if name == "label decoder alone" else [_with_all_labelled(cell, labels)]
        settings = TrainingSettings(
            recipe=still, steps=n_steps, network=NetworkConfig(), n_validations=1, split=SplitSettings("none")
        )
        with tempfile.TemporaryDirectory() as folder:
            target = VersionTarget(Path(folder) / "models", "trial")
            version = train_model(slices, settings, target, folder=Path(folder) / "run", device=device)
            model = load_model(version.spec, root=version.path.parents[1])
            rows_of_curve = (version.path / "curves.csv").read_text().splitlines()[1:]
        seconds = np.diff([float(line.split(",")[1]) for line in rows_of_curve])
        record = model.config.training
        print(
            f"{name:24}{statistics.median(seconds[:-1]):8.2f} s a step, peak {record['peak memory GB']} GB, "
            f"{record['hardware']}",
            flush=True,
        )


def _with_all_labelled(cell: TrainingTomogram, labels: np.ndarray) -> TrainingTomogram:
    """Return the cell with many labelled slices, so that an epoch of labels outlasts the measurement."""
    grey = np.repeat(np.asarray(cell.tomogram.data[:1]), 8, axis=0)
    return TrainingTomogram(
        "cell", Tomogram(grey, absorbing_is="dark"), ArrayLabels(dict.fromkeys(range(8), labels))
    )


if __name__ == "__main__":
    begun = time.perf_counter()
    main()
    print(f"{time.perf_counter() - begun:.0f} s")
