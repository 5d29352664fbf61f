"""Train the shipped ``membrane`` model on simulated cells: ``python scripts/train_shipped.py --work-dir DIR``.

Three steps, each taken up again where it stopped: simulate the cells; train in phases, each from the weights of the
one before, with `sxt.train`; evaluate on cells of unseen seeds and save the version. Everything is drawn from the
seed. `SETTINGS` says everything that was chosen.
"""

import argparse
import csv
import dataclasses
import datetime
import sys
from collections.abc import Sequence
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPOSITORY))

from sxt.cli.memory import use_huge_pages

use_huge_pages()  # before torch is imported

import numpy as np

from sxt.files import atomic_path
from sxt.models import Model, ModelClass, ModelConfig, load_model, save_model
from sxt.models.config import Scalar
from sxt.network import NetworkConfig
from sxt.phantom import LABEL_CLASSES, PhantomSettings, draw_settings, simulate_cell
from sxt.progress import Progress
from sxt.segment import segment_tomogram
from sxt.tomogram import Tomogram
from sxt.train import (
    ArrayLabels,
    SemiRecipe,
    SplitSettings,
    TrainedVersion,
    TrainingSettings,
    TrainingTomogram,
    VersionTarget,
    train_model,
)
from sxt.train.start import SCRATCH_NETWORK

NAME, PHASE_NAME = "membrane", "membrane-phase"
MEMBRANE = next(each for each in LABEL_CLASSES if each.name == NAME)
REPORT_EVERY = 50


@dataclasses.dataclass(frozen=True)
class Phase:
    """A stretch of the training with data and a learning rate schedule of its own.

    Every cell is drawn from as often as the others, so the numbers of cells say how often each kind is seen.

    Parameters
    ----------
    n_steps : int
    learning_rate : float
        At its peak; it rises over the first twentieth and falls along half a cosine to a hundredth.
    varied_seeds, standard_seeds : range
        Of cells with every setting drawn at random, and of cells imaged at the simulator's standard settings.
    """

    n_steps: int
    learning_rate: float
    varied_seeds: range
    standard_seeds: range = range(0)

    @property
    def seeds(self) -> tuple[int, ...]:
        return (*self.varied_seeds, *self.standard_seeds)


@dataclasses.dataclass(frozen=True)
class ShippedSettings:
    """Everything chosen about the shipped model's training."""

    network: NetworkConfig = SCRATCH_NETWORK
    pixel_size_nm: float = 20.0
    cell_shape: tuple[int, int, int] = (20, 384, 384)
    voxel_range_nm: tuple[float, float] = (10.0, 28.0)
    phases: tuple[Phase, ...] = (
        Phase(1_800, 2e-3, range(1_000, 1_032)),
        Phase(600, 1.2e-3, range(1_000, 1_013), range(2_000, 2_020)),
    )
    varied_test_seeds: range = range(9_000, 9_004)
    standard_test_seeds: range = range(9_100, 9_104)
    recipe: SemiRecipe = dataclasses.field(
        default_factory=lambda: (
            SemiRecipe(  # every slice is labelled: labels, and redrawing for the image decoder
                crop_px=192, average_decay=0.995, consistency_weight=0.0, n_rounds=0
            )
        )
    )
    seed: int = 0

    def phantom(self, seed: int) -> PhantomSettings:
        """Draw every setting, or keep the standard ones and draw the voxel size alone, as the seed's group has it."""
        drawn = draw_settings(seed, self.cell_shape, voxel_range_nm=self.voxel_range_nm)
        varied = (self.varied_test_seeds, *(phase.varied_seeds for phase in self.phases))
        if any(seed in seeds for seeds in varied):
            return drawn
        return PhantomSettings(self.cell_shape, drawn.voxel_size_nm)


SETTINGS = ShippedSettings()


def make_version(
    work_dir: Path, models_dir: Path, *, version: str, settings: ShippedSettings = SETTINGS
) -> Path:
    """Simulate, train, evaluate and save; returns the version's folder."""
    trained = [train_phase(number, work_dir, settings) for number in range(1, len(settings.phases) + 1)]
    model = load_model(trained[-1].spec, root=trained[-1].path.parents[1])
    config = describe_version(model, trained, settings, version=version, metrics=evaluate(model, settings))
    return save_model(models_dir, config, model.network, curves_csv=join_curves(trained))


def train_phase(number: int, work_dir: Path, settings: ShippedSettings) -> TrainedVersion:
    """Train a phase from the version of the one before, or return it where it is finished."""
    phase = settings.phases[number - 1]
    versions = work_dir / "phases"
    parent = load_model(f"{PHASE_NAME}:{number - 1}", root=versions) if number > 1 else None
    return train_model(
        [open_cell(work_dir / "cells", seed, settings) for seed in phase.seeds],
        TrainingSettings(
            recipe=dataclasses.replace(settings.recipe, learning_rate=phase.learning_rate),
            steps=phase.n_steps,
            seed=settings.seed,
            split=SplitSettings("none"),  # measured on cells of other seeds
            network=settings.network,
            pixel_size_nm=settings.pixel_size_nm,
            n_validations=1,
            unlabelled_slices=1,
        ),
        VersionTarget(versions, PHASE_NAME),
        folder=work_dir / f"phase-{number}",
        parent=parent,
        classes=[ModelClass(1, MEMBRANE.name, MEMBRANE.colour)],
        progress=report_progress,
    )


def open_cell(folder: Path, seed: int, settings: ShippedSettings) -> TrainingTomogram:
    """Return a cell with all its slices labelled, from its file or else simulated."""
    path = folder / f"cell-{seed}.npz"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        cell = simulate_cell(settings.phantom(seed), seed=seed)
        with atomic_path(path) as temporary:
            np.savez(
                temporary,
                grey=np.asarray(cell.tomogram.data[:]),
                is_membrane=cell.labels == MEMBRANE.value,
                voxel_size_nm=np.array(cell.tomogram.voxel_size_nm),
                absorbing_is=np.array(cell.tomogram.absorbing_is),
            )
        report(f"simulated {path.name}")
    with np.load(path) as stored:
        tomogram = Tomogram(
            stored["grey"],
            voxel_size_nm=tuple(stored["voxel_size_nm"].tolist()),
            absorbing_is=stored["absorbing_is"].item(),
        )
        labels = ArrayLabels.of_volume(stored["is_membrane"].astype(np.uint8), source="the simulation")
    return TrainingTomogram(f"cell {seed}", tomogram, labels)


def evaluate(model: Model, settings: ShippedSettings) -> dict[str, float]:
    """Return the membrane's Dice on cells of unseen seeds, segmented as a user would, each at its own voxel size."""
    metrics: dict[str, float] = {}
    groups = {"dice": settings.standard_test_seeds, "dice_varied_settings": settings.varied_test_seeds}
    for name, seeds in groups.items():
        scores = [score_cell(model, settings.phantom(seed), seed) for seed in seeds]
        metrics |= {name: round(float(np.mean(scores)), 4), f"{name}_lowest": round(min(scores), 4)}
        metrics[f"{name}_cells"] = len(scores)
    return metrics


def score_cell(model: Model, drawn: PhantomSettings, seed: int) -> float:
    """Return the membrane's Dice on one simulated cell."""
    cell = simulate_cell(drawn, seed=seed)
    mask = segment_tomogram(cell.tomogram, model).mask == 1
    truth = cell.labels == MEMBRANE.value
    score = float(2 * np.sum(mask & truth) / max(1, np.sum(mask) + np.sum(truth)))
    report(f"held-out seed {seed}: voxel {drawn.voxel_zyx_nm[2]:.1f} nm, Dice {score:.3f}")
    return score


def describe_version(
    model: Model,
    trained: Sequence[TrainedVersion],
    settings: ShippedSettings,
    *,
    version: str,
    metrics: dict[str, float],
) -> ModelConfig:
    """Return the configuration of the version that ships: its phases instead of one training's record."""
    recipe, of_last = settings.recipe, model.config.training
    low, high = settings.voxel_range_nm
    training: dict[str, Scalar] = {
        "cells": f"simulated, {settings.cell_shape} voxels of {low:g} to {high:g} nm",
        **{f"phase {n}": describe_phase(phase) for n, phase in enumerate(settings.phases, start=1)},
        "loss": "cross-entropy + soft Dice; Huber on the image decoder",
        "optimiser": "AdamW with warm-up and cosine in each phase",
        "seed": settings.seed,
        "hours": round(sum(each.minutes for each in trained) / 60, 2),
    }
    training |= {key: of_last[key] for key in ("batch", "weights", "hardware", "torch", "numpy", "sxt")}
    return dataclasses.replace(
        model.config,
        name=NAME,
        version=version,
        created=datetime.date.today().isoformat(),
        training={"recipe": recipe.name, **training},
        metrics=metrics,
        description="Outlines of membrane-bound organelles and the nuclear envelope, about 60 nm wide.",
        limits=(
            "Trained on simulated cells only; look at the result on your tomogram before you count on it.",
            "Membranes parallel to the slice and within the missing wedge are faint and often missed.",
            "Lipid droplets and gold beads are meant to be left out; a dense bead may leave a rim.",
        ),
        licence="MIT",
        source="Trained by scripts/train_shipped.py of this repository.",
        parent=None,
        weights_sha256="",
    )


def describe_phase(phase: Phase) -> str:
    """Return a phase's steps, learning rate and cells in words."""
    cells = f"{len(phase.varied_seeds)} cells with all settings drawn, {name_seeds(phase.varied_seeds)}"
    if phase.standard_seeds:
        cells += f"; {len(phase.standard_seeds)} at the standard settings, {name_seeds(phase.standard_seeds)}"
    return f"{phase.n_steps} steps, learning rate {phase.learning_rate:g}; {cells}"


def name_seeds(seeds: range) -> str:
    return f"seeds {seeds.start} to {seeds.stop - 1}"


def join_curves(trained: Sequence[TrainedVersion]) -> str:
    """Return the curves of all phases one after the other, steps and seconds counted on, phases as rounds."""
    lines: list[str] = []
    steps = seconds = 0.0
    for number, each in enumerate(trained):
        header, *rows = csv.reader((each.path / "curves.csv").read_text().splitlines())
        lines = lines or [",".join(header)]
        for step, second, _, *rest in rows:
            last = (steps + float(step), seconds + float(second))
            lines.append(",".join([f"{last[0]:g}", f"{last[1]:g}", str(number), *rest]))
        steps, seconds = last
    return "\n".join([*lines, ""])


def report_progress(progress: Progress) -> None:
    if progress.note or progress.done % REPORT_EVERY == 0:
        report(f"{progress.stage}: {progress.done} of {progress.total} {progress.note}")


def report(text: str) -> None:
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--work-dir", type=Path, default=REPOSITORY / "build" / "membrane")
    parser.add_argument("--models-dir", type=Path, default=REPOSITORY / "weights")
    parser.add_argument("--version", default="1")
    arguments = parser.parse_args()
    report(f"wrote {make_version(arguments.work_dir, arguments.models_dir, version=arguments.version)}")


if __name__ == "__main__":
    main()
