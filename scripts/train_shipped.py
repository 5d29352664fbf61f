"""Train the shipped versions on simulated cells: ``python scripts/train_shipped.py [NAME ...] --work-dir DIR``.

Simulate the cells, train a version phase by phase, measure it on held-out cells, and save it with its card and picture.
Every step is taken up again where it stopped, and everything is drawn from the seed. `SETTINGS` says everything that
was chosen.
"""

import argparse
import csv
import dataclasses
import datetime
import io
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(REPOSITORY), str(REPOSITORY / "scripts")]

from sxt.cli.memory import use_huge_pages

use_huge_pages()  # before torch is imported

import held_out
import numpy as np
from simulated_cells import VOXEL_RANGE_NM, CellKind, CellPlan, open_cells

from sxt.files import write_text_atomically
from sxt.models import Model, ModelClass, ModelConfig, load_model, next_version, save_model
from sxt.models.card import render_card
from sxt.models.config import Scalar
from sxt.network import NetworkConfig
from sxt.phantom import LABEL_CLASSES
from sxt.progress import Progress
from sxt.segment import segment_tomogram
from sxt.segment.familiarity import describe_tomogram, learn_familiarity
from sxt.segment.overview import PANEL_PX, draw_overview
from sxt.train import (
    AugmentationSettings,
    SplitSettings,
    SupervisedRecipe,
    TrainedVersion,
    TrainingSettings,
    VersionTarget,
    train_model,
)

REPORT_EVERY = 50
PICTURE_COLOURS = 128


@dataclasses.dataclass(frozen=True)
class Phase:
    """A stretch of the training with classes, data and a learning rate schedule of its own.

    Every cell is drawn from as often as the others, so the numbers of cells say how often each kind is seen.

    Parameters
    ----------
    classes : tuple of str
        Of `sxt.phantom.LABEL_CLASSES`; the others are background.
    n_steps : int
    learning_rate : float
        At its peak; it rises over the first twentieth and falls along half a cosine to a hundredth.
    seeds : mapping of str to range
        Of the cells of each kind; see `CellPlan`.
    clip_share : float
        Of the crops, whose grey values are clipped beyond what the cells' own output clips.
    crop_px, batch_crops : int
        Side and number of the crops of a step.
    """

    classes: tuple[str, ...]
    n_steps: int
    learning_rate: float
    seeds: Mapping[CellKind, range]
    clip_share: float = 0.0
    crop_px: int = 192
    batch_crops: int = 4

    @property
    def plans(self) -> list[CellPlan]:
        return [CellPlan(seed, kind) for kind, seeds in self.seeds.items() for seed in seeds]


ALL_CLASSES = tuple(each.name for each in LABEL_CLASSES)
CELLS: Mapping[CellKind, range] = {"drawn": range(3_000, 3_160), "standard": range(2_000, 2_096)}
CELLS_AND_LARGE: Mapping[CellKind, range] = {
    **CELLS,
    "large": range(6_000, 6_064),
    "large with beads": range(7_000, 7_064),
}
DESCRIBED_KINDS: tuple[CellKind, ...] = ("drawn", "standard")
DESCRIBED_EVERY = 2
"""Every so many cells of these kinds say what the training data look like; with the cells with many beads among them,
photographs would look familiar."""

NETWORK = NetworkConfig(
    in_channels=3,
    stem_width=16,
    stage_widths=(16, 32, 48, 96, 128),
    neck_width=224,
    head_width=32,
    n_label_blocks=1,
)
NARROW_NETWORK = dataclasses.replace(
    NETWORK, stem_width=8, stage_widths=(8, 16, 32, 64, 128), neck_width=256, head_width=16
)


@dataclasses.dataclass(frozen=True)
class VersionPlan:
    """How a version is made.

    Parameters
    ----------
    network : NetworkConfig
    phases : tuple of Phase
        One after the other, each from the weights of the one before.
    threshold : float
    description : str
    bead_limit : str
        What the card says of gold beads.
    """

    network: NetworkConfig
    phases: tuple[Phase, ...]
    threshold: float
    description: str
    bead_limit: str


@dataclasses.dataclass(frozen=True)
class ShippedSettings:
    """Everything chosen about the training of the shipped versions."""

    versions: Mapping[str, VersionPlan] = dataclasses.field(default_factory=lambda: VERSIONS)
    pixel_size_nm: float = 20.0
    recipe: SupervisedRecipe = dataclasses.field(
        default_factory=lambda: SupervisedRecipe(
            optimiser="muon",
            average_decay=0.998,
            augmentation=AugmentationSettings(noise=0.3, bead_share=0.05, smear_share=0.05),
        )
    )
    conditions: tuple[held_out.Condition, ...] = dataclasses.field(
        default_factory=lambda: tuple(held_out.list_conditions())
    )
    seed: int = 0


VERSIONS = {
    "membrane": VersionPlan(
        network=NETWORK,
        phases=(
            Phase(("membrane",), 9_500, 3e-3, CELLS_AND_LARGE, clip_share=0.3),
            Phase(("membrane",), 3_200, 2e-3, CELLS_AND_LARGE, clip_share=0.3, crop_px=256, batch_crops=3),
        ),
        threshold=0.45,
        description="Outlines of membrane-bound organelles and the nuclear envelope, about 60 nm wide.",
        bead_limit="A dense bead may leave a rim.",
    ),
    "organelles": VersionPlan(
        network=NARROW_NETWORK,
        phases=(
            Phase(ALL_CLASSES, 9_000, 3e-3, CELLS),
            Phase(ALL_CLASSES, 5_000, 2e-3, CELLS, clip_share=0.3),
        ),
        threshold=0.5,
        description="Membranes, mitochondria, lipid droplets and gold beads, each as a class of its own.",
        bead_limit="Gold beads may be called lipid droplets: most were on the real tomogram that was looked at.",
    ),
}

SETTINGS = ShippedSettings()

KINDS: Mapping[CellKind, str] = {
    "standard": "at the standard settings",
    "drawn": "with all settings drawn",
    "large": "nearly twice as wide, all settings drawn",
    "large with beads": "nearly twice as wide, with many beads",
}


def make_version(
    name: str,
    work_dir: Path,
    models_dir: Path,
    *,
    version: str,
    settings: ShippedSettings = SETTINGS,
    notes: str = "",
) -> Path:
    """Simulate, train, measure and save; returns the version's folder.

    Parameters
    ----------
    notes : str
        Markdown to end the card with.
    """
    plan = settings.versions[name]
    trained = train_version(name, work_dir, settings)
    model = load_model(trained[-1].spec, root=trained[-1].path.parents[1])
    model = dataclasses.replace(model, config=dataclasses.replace(model.config, threshold=plan.threshold))
    described = [each for each in plan.phases[0].plans if each.kind in DESCRIBED_KINDS]
    cells = open_cells(work_dir / "cells", described[::DESCRIBED_EVERY])
    report("describing the training data")
    known = learn_familiarity([describe_tomogram(each.tomogram, model.config) for each in cells])
    measured = measure(model, work_dir / "held-out", settings)
    config = describe_version(model, name, version, trained, settings, measured)
    config = dataclasses.replace(config, familiarity=known)
    path = save_model(
        models_dir,
        config,
        model.network,
        curves_csv=join_curves(trained),
        picture_png=draw_picture(model, work_dir / "held-out", settings),
    )
    saved = load_model(config.spec, root=models_dir).config  # with the hash of its weights
    write_card(path, saved, measured, notes)
    return path


def measure_again(
    spec: str, work_dir: Path, models_dir: Path, *, settings: ShippedSettings = SETTINGS
) -> Path:
    """Measure a version that was made before under the conditions of today; its metrics and its card become these."""
    model = load_model(spec, root=models_dir)
    path = models_dir / model.config.name / model.config.version
    measured = measure(model, work_dir / "held-out", settings)
    config = dataclasses.replace(model.config, metrics=summarise(measured))
    _, _, after = (path / "card.md").read_text().partition(EXPLANATION)
    _, heading, notes = after.partition("\n## ")
    write_text_atomically(
        path / "config.json", json.dumps(config.to_json(), indent=2, allow_nan=False) + "\n"
    )
    write_card(path, config, measured, heading + notes)
    return path


def write_card(path: Path, config: ModelConfig, measured: Sequence[held_out.Measured], notes: str) -> None:
    """Write a version's card with what was measured, and ``notes`` at its end."""
    parts = [render_card(config), "## Held-out cells", EXPLANATION, held_out.tabulate(measured), notes]
    write_text_atomically(path / "card.md", "\n\n".join(part.strip() for part in parts if part) + "\n")


EXPLANATION = (
    "Dice pooled over all voxels of the cells (their number in brackets), of seeds that were not trained on; surface "
    "Dice is the share of both outlines' surfaces within one voxel of the other's. Membrane in the missing wedge, "
    "which no view shows, is left out, but in the last column. Tilts, photons and sizes of the last four rows lie "
    "outside of what was trained on."
)


def train_version(name: str, work_dir: Path, settings: ShippedSettings) -> list[TrainedVersion]:
    """Train a version's phases and return what each ended with."""
    plan = settings.versions[name]
    trained: list[TrainedVersion] = []
    for number, phase in enumerate(plan.phases, start=1):
        parent = trained[-1] if trained else None
        trained.append(
            train_phase(f"{name}-{number}", phase, plan.network, work_dir, settings, parent=parent)
        )
    return trained


def train_phase(
    name: str,
    phase: Phase,
    network: NetworkConfig,
    work_dir: Path,
    settings: ShippedSettings,
    *,
    parent: TrainedVersion | None = None,
) -> TrainedVersion:
    """Train a phase from the version of the one before, or return it where it is finished."""
    versions = work_dir / "phases"
    augmentation = dataclasses.replace(settings.recipe.augmentation, clip_share=phase.clip_share)
    recipe = dataclasses.replace(
        settings.recipe,
        learning_rate=phase.learning_rate,
        crop_px=phase.crop_px,
        batch_crops=phase.batch_crops,
        augmentation=augmentation,
    )
    return train_model(
        open_cells(work_dir / "cells", phase.plans),
        TrainingSettings(
            recipe=recipe,
            steps=phase.n_steps,
            seed=settings.seed,
            split=SplitSettings("none"),  # measured on cells of other seeds
            network=network,
            pixel_size_nm=settings.pixel_size_nm,
            n_validations=1,
            unlabelled_slices=1,
        ),
        VersionTarget(versions, name),
        folder=work_dir / name,
        parent=load_model(parent.spec, root=versions) if parent else None,
        classes=[
            ModelClass(each.value, each.name, each.colour)
            for each in LABEL_CLASSES
            if each.name in phase.classes
        ],
        progress=report_progress,
    )


def measure(model: Model, folder: Path, settings: ShippedSettings) -> list[held_out.Measured]:
    """Return the results under every condition."""
    held_out.prepare(folder, settings.conditions)
    results = []
    for condition in settings.conditions:
        results.append(held_out.measure(model, condition, folder))
        report(f"{results[-1]}")
    return results


def describe_version(
    model: Model,
    name: str,
    version: str,
    trained: Sequence[TrainedVersion],
    settings: ShippedSettings,
    measured: Sequence[held_out.Measured],
) -> ModelConfig:
    """Return the configuration of the version that ships: its phases instead of one training's record."""
    recipe, of_last, plan = settings.recipe, model.config.training, settings.versions[name]
    low, high = VOXEL_RANGE_NM
    training: dict[str, Scalar] = {
        "cells": f"simulated, 16 slices of 4 µm and more, voxels of {low:g} to {high:g} nm, each second slice labelled",
        **{f"phase {n}": describe_phase(phase) for n, phase in enumerate(plan.phases, start=1)},
        "loss": "cross-entropy + soft Dice; membrane that no view shows is unlabelled",
        "optimiser": "Muon with warm-up and cosine in each phase",
        "seed": settings.seed,
        "hours": round(sum(each.minutes for each in trained) / 60, 2),
    }
    training |= {key: of_last[key] for key in ("weights", "hardware", "torch", "numpy", "sxt")}
    return dataclasses.replace(
        model.config,
        name=name,
        version=version,
        created=datetime.date.today().isoformat(),
        training={"recipe": recipe.name, **training},
        metrics=summarise(measured),
        description=plan.description,
        limits=(
            "Trained on simulated cells only; look at the result on your tomogram before you count on it.",
            "Membranes parallel to the slice and within the missing wedge are faint and often missed.",
            plan.bead_limit,
            "The image decoder was not trained: every slice was labelled.",
        ),
        licence="MIT",
        source="Trained by scripts/train_shipped.py of this repository.",
        parent=None,
        weights_sha256="",
    )


def summarise(measured: Sequence[held_out.Measured]) -> dict[str, float]:
    """Return the figures that lists and comparisons of versions show."""
    plain = [each for each in measured if each.condition.startswith("standard")]
    membrane = [each.dice[held_out.MEMBRANE] for each in plain]
    found = {
        "dice": float(np.mean(membrane)),
        "dice_lowest": min(membrane),
        "dice_with_missing_wedge": float(np.mean([each.dice_with_wedge for each in plain])),
        "surface_dice_one_voxel": float(np.mean([each.surface_dice for each in plain])),
        **{
            f"dice_{name.replace(' ', '_')}": float(np.mean([each.dice[name] for each in plain]))
            for name in measured[0].dice
            if name != held_out.MEMBRANE
        },
    }
    return {name: round(value, 4) for name, value in found.items() if np.isfinite(value)}


def describe_phase(phase: Phase) -> str:
    """Return a phase's classes, steps, crops, learning rate and cells in words."""
    clipped = f", {phase.clip_share:.0%} of the crops clipped" if phase.clip_share else ""
    return (
        f"{', '.join(phase.classes)}: {phase.n_steps} steps of {phase.batch_crops} crops of {phase.crop_px} px, "
        f"learning rate {phase.learning_rate:g}{clipped}; cells: "
        + "; ".join(f"{len(seeds)} {KINDS[kind]}, {name_seeds(seeds)}" for kind, seeds in phase.seeds.items())
    )


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


def draw_picture(model: Model, folder: Path, settings: ShippedSettings) -> bytes:
    """Return a PNG of the middle slice of the first cell under the first four conditions, with what was found."""
    slices, masks, middles = [], [], []
    for condition in settings.conditions[:4]:
        tomogram, _ = held_out.open_cell(folder, condition)
        middle = tomogram.shape[0] // 2
        slices.append(enlarge(tomogram.read_slices(middle, middle + 1)[0].astype(np.float32)))
        masks.append(enlarge(segment_tomogram(tomogram, model).mask[middle]))
        middles.append(middle)
    picture = draw_overview(slices, masks, middles, classes=model.config.classes, voxel_size_nm=None)
    output = io.BytesIO()
    picture.convert("RGB").quantize(PICTURE_COLOURS).save(output, "PNG", optimize=True)
    return output.getvalue()


def enlarge(plane: np.ndarray) -> np.ndarray:
    """Return a plane (y, x) at `PANEL_PX`, pixel by pixel, whatever its voxel size."""
    rows, columns = (np.arange(PANEL_PX) * n // PANEL_PX for n in plane.shape)
    return plane[rows[:, None], columns[None, :]]


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
    parser.add_argument("names", nargs="*", default=list(VERSIONS), metavar="NAME")
    parser.add_argument("--work-dir", type=Path, default=REPOSITORY / "build" / "shipped")
    parser.add_argument("--models-dir", type=Path, default=REPOSITORY / "weights")
    parser.add_argument("--version", help="of the versions to be made (default: the next free number)")
    parser.add_argument("--notes", type=Path, help="Markdown to end the cards with")
    parser.add_argument(
        "--measure-again", action="store_true", help="measure versions NAME:VERSION that were made"
    )
    arguments = parser.parse_args()
    if arguments.measure_again:
        for spec in arguments.names:
            report(f"wrote {measure_again(spec, arguments.work_dir, arguments.models_dir)}")
        return
    notes = arguments.notes.read_text() if arguments.notes else ""
    for name in arguments.names:
        version = arguments.version or next_version(name, root=arguments.models_dir)
        made = make_version(name, arguments.work_dir, arguments.models_dir, version=version, notes=notes)
        report(f"wrote {made}")


if __name__ == "__main__":
    main()
