"""What a shipped version says of itself: its configuration, card, curves and picture."""

import csv
import dataclasses
import datetime
import io
from collections.abc import Sequence
from pathlib import Path

import held_out
import numpy as np
from shipped_plans import ShippedSettings, describe_phase, list_phases
from simulated_cells import VOXEL_RANGE_NM

from sxt.files import write_text_atomically
from sxt.models import Model, ModelConfig
from sxt.models.card import render_card
from sxt.models.config import Scalar
from sxt.segment import segment_tomogram
from sxt.segment.overview import PANEL_PX, draw_overview
from sxt.train import TrainedVersion

PICTURE_COLOURS = 128

EXPLANATION = (
    "Dice pooled over all voxels of the cells (their number in brackets), of seeds that were not trained on; surface "
    "Dice is the share of both outlines' surfaces within one voxel of the other's. Membrane in the missing wedge, "
    "which no view shows, is left out, but in the last column. Tilts, photons and sizes of the last four rows lie "
    "outside of what was trained on."
)


def write_card(path: Path, config: ModelConfig, measured: Sequence[held_out.Measured], notes: str) -> None:
    """Write a version's card with what was measured, and ``notes`` at its end."""
    parts = [render_card(config), "## Held-out cells", EXPLANATION, held_out.tabulate(measured), notes]
    write_text_atomically(path / "card.md", "\n\n".join(part.strip() for part in parts if part) + "\n")


def read_notes(path: Path) -> str:
    """Return the Markdown that a version's card ends with."""
    _, _, after = (path / "card.md").read_text().partition(EXPLANATION)
    _, heading, notes = after.partition("\n## ")
    return heading + notes


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
        **{
            f"phase {n}": describe_phase(phase)
            for n, phase in enumerate(list_phases(name, settings), start=1)
        },
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
