"""What a version says about how it was trained: configuration, data with hashes, split, hardware, rounds."""

import datetime
import platform
import resource
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch

import sxt
from sxt.models import SHIPPED_ROOT, Model, ModelConfig, next_version
from sxt.network import count_parameters
from sxt.segment.device import Device
from sxt.train.loop import TrainingLoop
from sxt.train.optimisers import OPTIMISERS
from sxt.train.plan import TrainingPlan
from sxt.train.reverting import describe_round, name_round_record
from sxt.train.split import Split, count_words
from sxt.train.volumes import TrainingTomogram

HASH_LETTERS = 16
"""Of a SHA-256 in a version's card."""


def describe_version(
    loop: TrainingLoop,
    plan: TrainingPlan,
    tomograms: Mapping[str, TrainingTomogram],
    split: Split,
    *,
    root: Path,
    name: str,
    description: str,
    licence: str,
    parent: Model | None,
    metrics: Mapping[str, float],
) -> ModelConfig:
    """Return the configuration of the version that a finished loop makes."""
    classes = ", ".join(each.name for each in plan.form.classes)
    labelled = next(each for each in tomograms.values() if each.labelled)
    return ModelConfig(
        name=name,
        version=next_version(name, root=(root, SHIPPED_ROOT)),
        network=plan.form.network,
        classes=plan.form.classes,
        created=datetime.date.today().isoformat(),
        pixel_size_nm=plan.form.pixel_size_nm,
        absorbing_is=labelled.tomogram.absorbing_is or "dark",
        normalisation=plan.form.normalisation,
        threshold=plan.threshold,
        training=_record(loop, plan, tomograms, split),
        metrics=metrics,
        description=description
        or f"{classes[:1].upper()}{classes[1:]}, trained on {count_words(len(split.train), 'labelled slice')}.",
        limits=_limits(split),
        licence=licence,
        source="Trained by sxt.",
        parent=None if parent is None else parent.spec,
    )


def _limits(split: Split) -> tuple[str, ...]:
    if split.rule == "none":
        return ("Nothing was held out, so that nothing is known of how good it is.",)
    if split.rule == "tomogram":
        return (
            f"Measured on {count_words(len(split.hold_out), 'slice')} of tomograms it was not trained on.",
        )
    measured = count_words(len(split.hold_out), "slice")
    return (f"Measured on {measured} of a tomogram it was trained on; other cells may be harder.",)


def _record(
    loop: TrainingLoop,
    plan: TrainingPlan,
    tomograms: Mapping[str, TrainingTomogram],
    split: Split,
) -> dict[str, str | int | float | bool | None]:
    state, recipe = loop.state, plan.settings.recipe
    record: dict[str, str | int | float | bool | None] = {"recipe": recipe.name}
    for number, (name, each) in enumerate(tomograms.items(), start=1):
        record[f"tomogram {number}"] = _describe_tomogram(name, each, split)
    rates = [row["learning_rate"] for row in state.rows if row["learning_rate"] is not None]
    record |= {
        "split": f"{split.note} Rule: {split.rule}, gap {split.gap_slices} slices.",
        "seed": plan.settings.seed,
        "steps": state.step,
        "best step": state.best_step[state.best_stretch()],
        "batch": f"{count_words(recipe.batch_crops, 'crop')} of {loop.crop_px} px",
        "optimiser": OPTIMISERS[plan.optimiser],
        "peak learning rate": max([plan.learning_rate, *rates]),
        "weights": f"exponential average, decay {recipe.average_decay:g}"
        if recipe.average_decay
        else "of the last step",
        "parameters": count_parameters(loop.average),
        "minutes": round(state.seconds / 60, 2),
        "steps a second": round(state.step / max(state.seconds, 1e-9), 3),
        "peak memory GB": round(_peak_memory_bytes(plan.device) / 1e9, 2),
        "hardware": f"{plan.device.description}, {platform.machine()}, "
        f"{count_words(torch.get_num_threads(), 'thread')}, {count_words(plan.processes.count, 'process')}",
        "torch": torch.__version__.split("+")[0],
        "numpy": np.__version__,
        "sxt": sxt.__version__,
    }
    for taken in state.rounds:
        record[name_round_record(taken)] = describe_round(taken)
    if state.stopped_by:
        record["ended early"] = state.stopped_by
    return record


def _describe_tomogram(name: str, each: TrainingTomogram, split: Split) -> str:
    content = f"{name}, SHA-256 {each.sha256[:HASH_LETTERS] or 'unknown'}"
    if not each.labelled:
        return f"{content}, unlabelled"
    parts = {"trained on": split.train, "held out": split.hold_out, "left out": split.left_out}
    said = []
    for what, references in parts.items():
        slices = [reference.z for reference in references if reference.tomogram == name]
        if slices:
            said.append(f"{what} slices {', '.join(map(str, slices))}")
    assert each.labels is not None
    whose = sorted({each.labels.whose(z) for z in each.labelled})
    return f"{content}; {'; '.join(said)}; labels by {', '.join(whose)}, SHA-256 {each.hash_labels()[:HASH_LETTERS]}"


def _peak_memory_bytes(device: Device) -> float:
    if device.is_cuda:
        return float(torch.cuda.max_memory_allocated(device.torch_device))
    return float(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
