"""Train a new model version."""

import dataclasses
from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field

from sxt.jobs.kinds.base import JobContext, JobKind, JobOutcome, JobSettings
from sxt.progress import Progress
from sxt.train.settings import RECIPES, HoldOutRule, RecipeName, SplitSettings, TrainingSettings
from sxt.workspace import ItemKind, Workspace
from sxt.workspace.ids import ItemId

LOAD_STAGE = "load the model"


class TrainJobSettings(JobSettings):
    """What to train on and how; see `sxt.train.train_model`.

    Parameters
    ----------
    tomogram_ids, unlabelled_ids : tuple of str
        With and without labels.
    model_name : str
        That the new version belongs to.
    init : str or None
        ``name:version`` to start from; None draws fresh weights.
    class_values : tuple of int or None
        What to learn, by the values in the labels; None takes the classes of ``init``, else all that occur.
    recipe : {"semi", "supervised", "paper"}
    minutes, steps : float or None, int or None
        The budget, one of them.
    hold_out : {"auto", "marked", "tomogram", "block", "none"}
    crop_px, batch_crops : int or None
        None takes the recipe's.
    with_inversion : bool
        Whether to invert the contrast of half of the crops.
    seed : int
    device : {"auto", "cpu"}
    """

    tomogram_ids: tuple[ItemId, ...] = Field(min_length=1)
    unlabelled_ids: tuple[ItemId, ...] = ()
    model_name: str
    init: str | None = None
    class_values: tuple[int, ...] | None = None
    recipe: RecipeName = "semi"
    minutes: float | None = None
    steps: int | None = None
    hold_out: HoldOutRule = "auto"
    gap_slices: int = Field(default=SplitSettings.gap_slices, ge=0)
    crop_px: int | None = None
    batch_crops: int | None = None
    with_inversion: bool = False
    seed: int = Field(default=0, ge=0)
    device: Literal["auto", "cpu"] = "auto"

    def describe(self, workspace: Workspace) -> str:
        start = "anew" if self.init is None else f"from {self.init}"
        return f"Train {self.model_name} {start}"

    def inputs(self) -> Mapping[str, ItemKind]:
        return dict.fromkeys((*self.tomogram_ids, *self.unlabelled_ids), "tomogram")

    def to_training(self) -> TrainingSettings:
        """Return the settings of the training; raise `SettingsError` where they contradict each other."""
        recipe = RECIPES[self.recipe]()
        given: dict[str, Any] = {"crop_px": self.crop_px, "batch_crops": self.batch_crops}
        recipe = dataclasses.replace(recipe, **{k: v for k, v in given.items() if v is not None})
        if self.with_inversion:
            varied = dataclasses.replace(recipe.augmentation, invert_share=0.5)
            recipe = dataclasses.replace(recipe, augmentation=varied)
        return TrainingSettings(
            recipe=recipe,
            steps=self.steps,
            minutes=self.minutes,
            seed=self.seed,
            split=SplitSettings(self.hold_out, gap_slices=self.gap_slices),
        )


def run_train(context: JobContext, settings: TrainJobSettings) -> JobOutcome:
    """Train, going on from the checkpoint of an interrupted or cancelled attempt.

    The job's folder holds what `sxt.train.RunFolder` lists: ``curves.csv``, ``previews/``, ``rounds.json``,
    ``split.json`` and, when it is done, ``result.json``. A file ``stop`` in it ends the training and keeps the result.
    """
    context.progress(Progress(LOAD_STAGE, 0, 1))
    import torch

    from sxt.models import SHIPPED_ROOT, load_model
    from sxt.train import VersionTarget, train_model
    from sxt.workspace.training import classes_of_labels, open_training_tomogram

    workspace = context.workspace
    device = context.device if settings.device == "auto" else settings.device
    if device.startswith("cuda:"):
        torch.cuda.set_device(device)  # so that nothing takes memory of another GPU
    tomograms = [open_training_tomogram(workspace, each, with_labels=True) for each in settings.tomogram_ids]
    tomograms += [
        open_training_tomogram(workspace, each, with_labels=False) for each in settings.unlabelled_ids
    ]
    parent = None
    if settings.init is not None:
        parent = load_model(settings.init, root=(workspace.models_root, SHIPPED_ROOT))
    classes = None
    if settings.class_values is not None:
        of_labels = classes_of_labels(workspace, settings.tomogram_ids[0])
        classes = [each for each in of_labels if each.value in settings.class_values]
    try:
        version = train_model(
            tomograms,
            settings.to_training(),
            VersionTarget(workspace.models_root, settings.model_name),
            folder=workspace.jobs.path(context.job.id),
            parent=parent,
            classes=classes,
            device=device,
            progress=context.progress,
            cancel=context.cancel,
        )
    finally:
        if torch.cuda.is_initialized():
            torch.cuda.empty_cache()
    dice = version.metrics.get("dice")
    measured = "" if dice is None else f" Dice on the hold-out: {dice:.3f}."
    return JobOutcome(note=f"Saved {version.spec}.{measured}")


KIND = JobKind("train", "compute", TrainJobSettings, run_train)
