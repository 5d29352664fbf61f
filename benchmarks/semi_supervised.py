"""What the recipes of training give: Dice on cells that were not trained on, and steps a second.

``python benchmarks/semi_supervised.py PART [--seeds N] [--first-seed N] [--json FILE]`` prints a table.
PART is

* ``simulated``: a laboratory's folder of 16 simulated tomograms, each with cell, microscope and reconstruction drawn
  at random, of which a new structure, mitochondria, is to be learned from the shipped membrane model. One slice is
  labelled in each of 4 or of all 16; `semi` with 4 sees the unlabelled slices of all 16. Tested on 3 further tomograms,
  of unseen seeds. One row starts from fresh weights;
* ``isbi``: the public membrane stack, given with ``--data DIR`` and binned by two: 1, 3, 6 or 15 of the slices 0 to 14
  labelled, tested on 20 to 29; from fresh weights of a small network;
* ``speed``: a step at 256 px, batch 1, published widths, with the label decoder alone and with both.

In the first two, all recipes of a seed have the same steps, start, labelled slices and two further labelled slices
that are held out, by which each chooses its best weights. Medians, lowest and highest over the seeds are printed, and
how much each recipe is above `supervised` with as many labels, seed by seed. ``--json`` keeps every result in a file
of one line each; what is in it already is not measured again.
"""

import argparse
import dataclasses
import functools
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPOSITORY))

from sxt.cli.memory import use_huge_pages

use_huge_pages()  # before torch is imported

import numpy as np

from sxt.models import Model, ModelClass, load_model
from sxt.network import NetworkConfig
from sxt.phantom import LABEL_CLASSES, SimulatedCell, draw_settings, simulate_cell
from sxt.progress import Progress
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

STEPS = {"simulated": 400, "isbi": 400}
CROP_PX = {"simulated": 96, "isbi": 64}
BATCH_CROPS = 2
SMALL = NetworkConfig(stem_width=8, stage_widths=(8, 16, 32), neck_width=64, head_width=8, neck_depth=2)
SHAPE, VOXEL_RANGE_NM = (8, 128, 128), (14.0, 28.0)
MITOCHONDRION = next(each for each in LABEL_CLASSES if each.name == "mitochondrion")
LEARNED = ModelClass(1, MITOCHONDRION.name, MITOCHONDRION.colour)
N_CELLS, N_HELD_OUT, N_TESTS = 16, 2, 3
FIRST_CELL, SEEDS_A_RUN = 5_000, 100
FRESH = "supervised anew"

Row = tuple[str, SupervisedRecipe, int]
Data = Callable[[int], list[TrainingTomogram]]
Tests = Sequence[tuple[Tomogram, np.ndarray]]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("part", choices=(*STEPS, "speed"))
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--rows", nargs="+", help="measure rows that start like this; default: all")
    parser.add_argument("--steps", type=int, help=f"default: {STEPS}")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--data", type=Path, help="folder of the membrane stack, for the part isbi")
    parser.add_argument("--json", type=Path, metavar="FILE", help="keep the results in this file")
    arguments = parser.parse_args()
    if arguments.part == "speed":
        measure_speed(arguments.device)
        return
    results = Results(arguments.json, arguments.part, arguments.rows)
    for seed in range(arguments.first_seed, arguments.first_seed + arguments.seeds):
        {"simulated": measure_simulated, "isbi": measure_isbi}[arguments.part](seed, arguments, results)
    results.print_table()


class Results:
    """Dice of each row and seed, kept in a file of JSON lines where one is given."""

    def __init__(self, path: Path | None, part: str, wanted: Sequence[str] | None) -> None:
        self._path, self._part, self._wanted = path, part, wanted
        self._rows: dict[str, dict[int, float]] = {}
        lines = path.read_text().splitlines() if path is not None and path.exists() else []
        for each in map(json.loads, lines):
            if each["part"] == part:
                self._rows.setdefault(each["row"], {})[each["seed"]] = each["dice"]

    def add(self, row: str, seed: int, measure: Callable[[], float]) -> None:
        """Measure a row where it is wanted and that was not done yet."""
        is_wanted = self._wanted is None or any(row.startswith(each) for each in self._wanted)
        if not is_wanted or seed in self._rows.get(row, {}):
            return
        begun = time.process_time()
        dice = measure()
        cpu_s = time.process_time() - begun
        self._rows.setdefault(row, {})[seed] = dice
        print(f"seed {seed}  {row:24} Dice {dice:.3f}  {cpu_s:.0f} CPU s", flush=True)
        if self._path is not None:
            line = {
                "part": self._part,
                "row": row,
                "seed": seed,
                "dice": round(dice, 4),
                "cpu_s": round(cpu_s, 1),
            }
            with self._path.open("a") as stream:
                stream.write(json.dumps(line) + "\n")

    def print_table(self) -> None:
        print(f"\n{'Dice':24}{'seeds':>6}{'median':>8}{'lowest':>8}{'highest':>8}{'above supervised':>26}")
        for row, by_seed in self._rows.items():
            values = list(by_seed.values())
            print(
                f"{row:24}{len(values):6}{statistics.median(values):8.3f}{min(values):8.3f}{max(values):8.3f}"
                f"{self._describe_gain(row):>26}"
            )

    def _describe_gain(self, row: str) -> str:
        """Return the median, lowest and highest difference from the supervised row with as many labels."""
        recipe, _, labels = row.partition(", ")
        other = self._rows.get(f"supervised, {labels}", {})
        gains = [dice - other[seed] for seed, dice in self._rows[row].items() if seed in other]
        if recipe == "supervised" or not gains:
            return ""
        return f"{statistics.median(gains):+.3f} [{min(gains):+.3f}, {max(gains):+.3f}]"


def make_rows(part: str, n_labelled: int, *kinds: type[SupervisedRecipe]) -> list[Row]:
    """Return recipes at one number of labelled slices, with the same crops; the published one has its own batch."""
    given = {"crop_px": CROP_PX[part], "batch_crops": BATCH_CROPS}
    published = {"crop_px": CROP_PX[part]}
    return [
        (f"{kind.name}, {n_labelled}", kind(**(published if kind is PaperRecipe else given)), n_labelled)
        for kind in kinds
    ]


def measure_simulated(seed: int, arguments: argparse.Namespace, results: Results) -> None:
    rows = make_rows("simulated", 4, SupervisedRecipe, PaperRecipe, SemiRecipe)
    rows += make_rows("simulated", 16, SupervisedRecipe)
    folder, tests = make_laboratory(seed)
    shipped = load_model("membrane")

    def measure(recipe: SupervisedRecipe, n: int, **start: Any) -> float:
        return train_and_test(folder(n), recipe, seed, arguments, tests(), **start)

    for name, recipe, n in rows:
        results.add(name, seed, functools.partial(measure, recipe, n, parent=shipped))
    fresh = functools.partial(measure, rows[0][1], 4, network=shipped.config.network)
    results.add(f"{FRESH}, 4", seed, fresh)


def measure_isbi(seed: int, arguments: argparse.Namespace, results: Results) -> None:
    import tifffile

    if arguments.data is None:
        raise SystemExit("Give the folder of the stack with --data.")
    grey = halve(tifffile.imread(arguments.data / "isbi2012_train_volume.tif"))
    is_membrane = tifffile.imread(arguments.data / "isbi2012_train_labels.tif") == 0
    truth = (halve(is_membrane) >= 0.5).astype(np.uint8)
    tests = [(Tomogram(grey[20:], absorbing_is="dark"), truth[20:] > 0)]
    held_out = (16, 17)

    def stack(n: int) -> list[TrainingTomogram]:
        chosen = np.random.default_rng(seed).choice(15, n, replace=False)
        labels = ArrayLabels({int(z): truth[z] for z in (*chosen, *held_out)})
        return [TrainingTomogram("isbi", Tomogram(grey[:18], absorbing_is="dark"), labels, held_out)]

    rows = make_rows("isbi", 3, SupervisedRecipe, PaperRecipe, SemiRecipe)
    by_adamw = dataclasses.replace(rows[0][1], optimiser="adamw")
    rows.append(("supervised by AdamW, 3", by_adamw, 3))
    rows += [row for n in (1, 6, 15) for row in make_rows("isbi", n, SupervisedRecipe, SemiRecipe)]
    for name, recipe, n in rows:
        results.add(name, seed, lambda r=recipe, n=n: train_and_test(stack(n), r, seed, arguments, tests))


def halve(volume: np.ndarray) -> np.ndarray:
    """Return means of two by two pixels, (z, y / 2, x / 2) float32."""
    z, y, x = volume.shape
    return volume.reshape(z, y // 2, 2, x // 2, 2).mean((2, 4), dtype=np.float32)


def make_laboratory(seed: int) -> tuple[Data, Callable[[], Tests]]:
    """Return the tomograms for a number of labelled ones, and those to test on; simulated when asked for."""
    first = FIRST_CELL + SEEDS_A_RUN * seed
    middle = SHAPE[0] // 2

    def folder(n: int) -> list[TrainingTomogram]:
        labelled = {*np.linspace(0, N_CELLS - 1, n).round().astype(int), N_CELLS, N_CELLS + 1}
        found = []
        for number in range(N_CELLS + N_HELD_OUT):
            cell = draw_cell(first + number)
            truth = (cell.labels[middle] == MITOCHONDRION.value).astype(np.uint8)
            labels = ArrayLabels({middle: truth}) if number in labelled else None
            marked = (middle,) if number >= N_CELLS else ()
            found.append(TrainingTomogram(f"cell {number}", cell.tomogram, labels, marked))
        return found

    def tests() -> Tests:
        cells = [draw_cell(first + N_CELLS + N_HELD_OUT + number) for number in range(N_TESTS)]
        return [(each.tomogram, each.labels == MITOCHONDRION.value) for each in cells]

    return folder, tests


@functools.lru_cache(maxsize=N_CELLS + N_HELD_OUT + N_TESTS)
def draw_cell(seed: int) -> SimulatedCell:
    return simulate_cell(draw_settings(seed, SHAPE, voxel_range_nm=VOXEL_RANGE_NM), seed=seed)


def train_and_test(
    tomograms: list[TrainingTomogram],
    recipe: SupervisedRecipe,
    seed: int,
    arguments: argparse.Namespace,
    tests: Tests,
    *,
    parent: Model | None = None,
    network: NetworkConfig = SMALL,
) -> float:
    """Train and return the Dice over all pixels of the tests."""
    settings = TrainingSettings(
        recipe=recipe,
        steps=arguments.steps or STEPS[arguments.part],
        seed=seed,
        network=network,
        n_validations=6,
        patience=6,
        split=SplitSettings("marked", gap_slices=1),
        checkpoint_every_s=3600,
    )
    with tempfile.TemporaryDirectory() as folder:
        version = train_model(
            tomograms,
            settings,
            VersionTarget(Path(folder) / "models", "trial"),
            folder=Path(folder) / "run",
            parent=parent,
            classes=[LEARNED],
            device=arguments.device,
        )
        model = load_model(version.spec, root=version.path.parents[1])
    overlap = total = 0
    for tomogram, truth in tests:
        mask = segment_tomogram(tomogram, model, device=arguments.device).mask == LEARNED.value
        overlap += 2 * int(np.sum(mask & truth))
        total += int(np.sum(mask)) + int(np.sum(truth))
    return overlap / max(1, total)


def measure_speed(device: str, *, n_steps: int = 6) -> None:
    """Time steps of the published widths, the first and the last left out, by the wall and by the processor."""
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
        times: dict[int, tuple[float, float]] = {}

        def note_time(progress: Progress, times: dict[int, tuple[float, float]] = times) -> None:
            if progress.stage == "train":
                times.setdefault(progress.done, (time.perf_counter(), time.process_time()))

        with tempfile.TemporaryDirectory() as folder:
            target = VersionTarget(Path(folder) / "models", "trial")
            version = train_model(
                slices, settings, target, folder=Path(folder) / "run", device=device, progress=note_time
            )
            record = load_model(version.spec, root=version.path.parents[1]).config.training
        wall_s, cpu_s = np.median(np.diff([times[step] for step in sorted(times)], axis=0)[1:-1], axis=0)
        print(
            f"{name:24}{wall_s:8.2f} s a step, {cpu_s:.2f} s of processor, peak {record['peak memory GB']} GB, "
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
