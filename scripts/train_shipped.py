"""Train the shipped versions on simulated cells: ``python scripts/train_shipped.py [NAME ...] --work-dir DIR``.

Simulate the cells, train a version phase by phase, measure it on held-out cells, and save it with its card and picture.
Every step is taken up again where it stopped, and everything is drawn from the seed. `shipped_plans.py` says
everything that was chosen.
"""

import argparse
import dataclasses
import json
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(REPOSITORY), str(REPOSITORY / "scripts")]

from sxt.cli.memory import use_huge_pages

use_huge_pages()  # before torch is imported

import held_out
from shipped_card import describe_version, draw_picture, join_curves, read_notes, summarise, write_card
from shipped_plans import DESCRIBED_EVERY, DESCRIBED_KINDS, SETTINGS, VERSIONS, Phase, ShippedSettings
from simulated_cells import open_cells

from sxt.files import write_text_atomically
from sxt.models import Model, ModelClass, load_model, next_version, save_model
from sxt.network import NetworkConfig
from sxt.phantom import LABEL_CLASSES
from sxt.progress import Progress
from sxt.segment.familiarity import describe_tomogram, learn_familiarity
from sxt.train import SplitSettings, TrainedVersion, TrainingSettings, VersionTarget, train_model

REPORT_EVERY = 50


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
    notes = read_notes(path)
    write_text_atomically(
        path / "config.json", json.dumps(config.to_json(), indent=2, allow_nan=False) + "\n"
    )
    write_card(path, config, measured, notes)
    return path


def train_version(name: str, work_dir: Path, settings: ShippedSettings) -> list[TrainedVersion]:
    """Train a version's phases and return what each ended with."""
    plan = settings.versions[name]
    trained = train_version(plan.after, work_dir, settings) if plan.after else []
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
    if phase.labelled_bead_share is not None:
        augmentation = dataclasses.replace(
            augmentation,
            bead_share=phase.labelled_bead_share,
            bead_channel=phase.classes.index("gold bead"),
        )
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
