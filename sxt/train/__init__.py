"""Training of model versions from labelled slices and unlabelled tomograms.

`train_model` runs a recipe in the one loop of `sxt.train.loop` and saves the version. The public names are imported
on first use.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sxt.train.folder import RunFolder
    from sxt.train.leakage import LeakageError
    from sxt.train.parallel import Processes, join_processes
    from sxt.train.run import TrainedVersion, VersionTarget, train_model
    from sxt.train.settings import (
        RECIPES,
        AugmentationSettings,
        PaperRecipe,
        SemiRecipe,
        SplitSettings,
        SupervisedRecipe,
        TrainingSettings,
    )
    from sxt.train.split import Split, make_split
    from sxt.train.step import DivergedError
    from sxt.train.volumes import ArrayLabels, LabelledSlices, TrainingTomogram

_MODULES = {
    "folder": ("RunFolder",),
    "leakage": ("LeakageError",),
    "parallel": ("Processes", "join_processes"),
    "run": ("TrainedVersion", "VersionTarget", "train_model"),
    "settings": (
        "RECIPES",
        "AugmentationSettings",
        "PaperRecipe",
        "SemiRecipe",
        "SplitSettings",
        "SupervisedRecipe",
        "TrainingSettings",
    ),
    "split": ("Split", "make_split"),
    "step": ("DivergedError",),
    "volumes": ("ArrayLabels", "LabelledSlices", "TrainingTomogram"),
}
"""The public names of each module."""

_MODULE_OF = {name: module for module, names in _MODULES.items() for name in names}

__all__ = [
    "RECIPES",
    "ArrayLabels",
    "AugmentationSettings",
    "DivergedError",
    "LabelledSlices",
    "LeakageError",
    "PaperRecipe",
    "Processes",
    "RunFolder",
    "SemiRecipe",
    "Split",
    "SplitSettings",
    "SupervisedRecipe",
    "TrainedVersion",
    "TrainingSettings",
    "TrainingTomogram",
    "VersionTarget",
    "join_processes",
    "make_split",
    "train_model",
]


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module 'sxt.train' has no attribute {name!r}")
    return getattr(import_module(f"sxt.train.{_MODULE_OF[name]}"), name)
