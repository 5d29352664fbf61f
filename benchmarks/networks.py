"""Which network the shipped versions have: forms compared on simulated cells, at equal steps on the same crops.

``python benchmarks/networks.py [FORM ...] --work-dir DIR [--steps N] [--json FILE]`` trains each form for all four
classes on the same cells and prints the Dice of each class on cells of unseen seeds, pooled over their voxels, and
what a megapixel costs on the CPU. ``--json`` keeps every result in a file of one line each; what is in it already is
not measured again.
"""

import argparse
import json
import statistics
import sys
import time
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(REPOSITORY), str(REPOSITORY / "scripts")]

from sxt.cli.memory import use_huge_pages

use_huge_pages()  # before torch is imported

import numpy as np
import torch
from simulated_cells import CellPlan, open_cells

from sxt.metrics import UNLABELLED
from sxt.models import Model, ModelClass, load_model
from sxt.network import NetworkConfig
from sxt.phantom import LABEL_CLASSES
from sxt.segment import segment_tomogram
from sxt.train import (
    SplitSettings,
    SupervisedRecipe,
    TrainingSettings,
    TrainingTomogram,
    VersionTarget,
    train_model,
)

N_CLASSES = len(LABEL_CLASSES)
FIVE_STAGES = {"stem_width": 8, "stage_widths": (8, 16, 32, 64, 128), "neck_width": 256, "head_width": 16}
FOUR_STAGES = {"stem_width": 16, "stage_widths": (16, 32, 64, 128), "neck_width": 256, "head_width": 16}
FORMS = {
    "1 slice": NetworkConfig(**FIVE_STAGES),
    "3 slices": NetworkConfig(**FIVE_STAGES, in_channels=3),
    "5 slices": NetworkConfig(**FIVE_STAGES, in_channels=5),
    "3 slices, wide": NetworkConfig(**FOUR_STAGES, in_channels=3),
    "3 slices, one label block": NetworkConfig(**FIVE_STAGES, in_channels=3, n_label_blocks=1),
}
TRAIN = [
    *(CellPlan(seed, "drawn") for seed in range(3000, 3024)),
    *(CellPlan(seed, "standard") for seed in range(2000, 2016)),
]
TEST = {
    "drawn": [CellPlan(seed, "drawn") for seed in range(9000, 9004)],
    "standard": [CellPlan(seed, "standard") for seed in range(9100, 9104)],
}
RECIPE = SupervisedRecipe(crop_px=192)


def train_form(name: str, cells: list[TrainingTomogram], folder: Path, steps: int) -> Model:
    """Train a form from fresh weights."""
    settings = TrainingSettings(
        recipe=RECIPE,
        steps=steps,
        split=SplitSettings("none"),
        network=FORMS[name],
        pixel_size_nm=20.0,
        n_validations=1,
        unlabelled_slices=1,
    )
    version = train_model(
        cells,
        settings,
        VersionTarget(folder / "versions", "form"),
        folder=folder / "run",
        classes=[ModelClass(each.value, each.name, each.colour) for each in LABEL_CLASSES],
        progress=lambda p: (
            sys.stderr.write(f"{name}: {p.stage} {p.done}/{p.total}\n") if p.done % 100 == 0 else None
        ),
    )
    return load_model(version.spec, root=folder / "versions")


def pooled_dice(model: Model, cells: list[TrainingTomogram]) -> dict[str, float]:
    """Return the Dice of each class over the labelled voxels of all cells, segmented as a user would."""
    counts = np.zeros((N_CLASSES, 3))
    for cell in cells:
        mask = segment_tomogram(cell.tomogram, model).mask
        for z in cell.labelled:
            labels = cell.read_labels(z)
            for row, each in enumerate(LABEL_CLASSES):
                found, true = (mask[z] == each.value) & (labels != UNLABELLED), labels == each.value
                counts[row] += (found & true).sum(), found.sum(), true.sum()
    return {
        each.name: round(float(2 * hit / max(1.0, found + true)), 4)
        for each, (hit, found, true) in zip(LABEL_CLASSES, counts, strict=True)
    }


def seconds_per_megapixel(model: Model) -> float:
    """Return the median time of the label on a 1024 px slice, on this CPU alone."""
    values = torch.randn(1, model.config.network.in_channels, 1024, 1024)
    times = []
    with torch.inference_mode():
        for _ in range(5):
            start = time.perf_counter()
            model.network.label(values)
            times.append(time.perf_counter() - start)
    return round(statistics.median(times), 3)


def measure(name: str, work_dir: Path, steps: int) -> dict[str, Any]:
    cells = open_cells(work_dir / "cells", TRAIN)
    model = train_form(name, cells, work_dir / f"{name.replace(' ', '-')}-{steps}", steps)
    result: dict[str, Any] = {
        "form": name,
        "steps": steps,
        "seconds_per_megapixel": seconds_per_megapixel(model),
    }
    for group, plans in TEST.items():
        scores = pooled_dice(model, open_cells(work_dir / "cells", plans))
        result |= {f"{group} {kind}": score for kind, score in scores.items()}
    return result


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("forms", nargs="*", default=list(FORMS), metavar="FORM")
    parser.add_argument("--work-dir", type=Path, default=REPOSITORY / "build" / "networks")
    parser.add_argument("--steps", type=int, default=800)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    lines = arguments.json.read_text().splitlines() if arguments.json and arguments.json.exists() else []
    results = {(each["form"], each["steps"]): each for each in map(json.loads, lines)}
    for name in arguments.forms:
        if (name, arguments.steps) in results:
            continue
        result = measure(name, arguments.work_dir, arguments.steps)
        results[name, arguments.steps] = result
        if arguments.json:
            with arguments.json.open("a") as output:
                output.write(json.dumps(result) + "\n")
    for result in results.values():
        print("  ".join(f"{key} {value}" for key, value in result.items()))


if __name__ == "__main__":
    main()
