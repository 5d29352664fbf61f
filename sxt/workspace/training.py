"""Tomograms of the workspace, with their labels, as training takes them."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sxt.errors import InputError
from sxt.labels import LabelSet, SliceKey, training_view
from sxt.train.volumes import TrainingTomogram

if TYPE_CHECKING:
    from sxt.models import ModelClass
    from sxt.workspace.workspace import Workspace


@dataclass(frozen=True)
class StoredLabels:
    """The labels that training may see, and the held-out slices that it measures on.

    Parameters
    ----------
    labels : LabelSet
    whose_by_slice : dict
        Where the labels of each slice come from.
    held_out : frozenset of int
        Read from people's labels alone.
    """

    labels: LabelSet
    whose_by_slice: dict[int, str]
    held_out: frozenset[int]

    @property
    def slices(self) -> tuple[int, ...]:
        return tuple(sorted(self.whose_by_slice))

    def read(self, z: int) -> np.ndarray:
        if z in self.held_out:
            return self.labels.read(SliceKey("z", z))
        return training_view(self.labels).read(z).labels

    def whose(self, z: int) -> str:
        return self.whose_by_slice[z]


def open_training_tomogram(
    workspace: "Workspace", tomogram_id: str, *, with_labels: bool
) -> TrainingTomogram:
    """Open a tomogram of the workspace to train on.

    Slices that people keep for measuring are the split's marked ones; accepted pseudo-labels are seen, those of slices
    that people labelled being theirs.

    Parameters
    ----------
    workspace : Workspace
    tomogram_id : str
    with_labels : bool
        Whether its labels are used.

    Raises
    ------
    InputError
        Where there is no such tomogram, or labels are asked for and no slice has any.
    """
    manifest = workspace.tomograms.get(tomogram_id)
    tomogram = workspace.open_tomogram(tomogram_id)
    name = f"{manifest.name} ({tomogram_id})"
    if not with_labels:
        return TrainingTomogram(name, tomogram, sha256=manifest.sha256)
    labels = workspace.find_labels(tomogram_id)
    stored = None if labels is None else _read_stored(labels)
    if stored is None or not stored.slices:
        raise InputError(f"{manifest.name!r} has no labelled slice; label some on the page Label first.")
    return TrainingTomogram(
        name,
        tomogram,
        stored,
        marked=tuple(sorted(stored.held_out)),
        sha256=manifest.sha256,
    )


def classes_of_labels(workspace: "Workspace", tomogram_id: str) -> "tuple[ModelClass, ...]":
    """Return the classes of a tomogram's labels as a model version has them.

    Raises
    ------
    InputError
        Where it has no labels.
    """
    from sxt.models import ModelClass

    labels = workspace.find_labels(tomogram_id)
    if labels is None:
        raise InputError(f"The tomogram {tomogram_id!r} has no labels; label some on the page Label first.")
    return tuple(ModelClass(each.value, each.name, each.colour) for each in labels.classes)


def _read_stored(labels: LabelSet) -> StoredLabels:
    view = training_view(labels)
    whose = {each.index: f"{each.whose} ({each.by})" if each.by else each.whose for each in view.slices}
    labelled = set(labels.volume.list_slices())
    held_out = frozenset(z for z in labels.hold_out.list() if z in labelled)
    return StoredLabels(labels, whose | dict.fromkeys(held_out, "human"), held_out)
