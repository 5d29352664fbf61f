"""What training sees: human labels where there are any, accepted pseudo-labels elsewhere, the hold-out never."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from sxt.errors import SettingsError
from sxt.labels.holdout import HoldOutError
from sxt.labels.label_set import LabelSet
from sxt.labels.pseudo import PseudoLabels
from sxt.labels.slice_table import list_labelled_slices
from sxt.labels.values import UNLABELLED, SliceKey

Whose = Literal["human", "imported", "pseudo", "human and pseudo", "imported and pseudo"]


@dataclass(frozen=True)
class TrainingSlice:
    """A slice that training sees.

    Parameters
    ----------
    index : int
        Along z.
    whose : str
        Where its labels come from.
    by : str
        The person who labelled it last or accepted it.
    round : int or None
        Of its pseudo-labels, where it has any.
    model : str
        What proposed them.
    """

    index: int
    whose: Whose
    by: str
    round: int | None = None
    model: str = ""


@dataclass(frozen=True)
class MergedSlice:
    """A slice as training sees it.

    Parameters
    ----------
    labels : ndarray
        (y, x) uint8, 255 where nothing is known.
    is_pseudo : ndarray
        (y, x) bool: where the label is a model's.
    confidence : ndarray
        (y, x) uint8, 0..255 for 0..1; 255 for people's labels, 0 where nothing is known.
    """

    labels: np.ndarray
    is_pseudo: np.ndarray
    confidence: np.ndarray


@dataclass(frozen=True)
class TrainingView:
    """The slices training sees, read one at a time; made by `training_view`."""

    labels: LabelSet
    slices: tuple[TrainingSlice, ...]

    def read(self, z: int) -> MergedSlice:
        """Return a slice with human labels laid over accepted pseudo-labels.

        Raises
        ------
        HoldOutError
            Where the slice has been held out meanwhile.
        SettingsError
            Where it is not one of the view's.
        """
        found = next((each for each in self.slices if each.index == z), None)
        if found is None:
            raise SettingsError(f"Slice z {z} is not among those to train on; ask for one of the view's.")
        if z in self.labels.hold_out.list():
            raise HoldOutError(f"Slice z {z} was held out meanwhile; make the view anew.")
        human = self.labels.read(SliceKey("z", z))
        if found.round is None:
            return merge_slice(human)
        pseudo = PseudoLabels(self.labels).read(z, round_number=found.round)
        return merge_slice(human) if pseudo is None else merge_slice(human, pseudo.labels, pseudo.confidence)


def training_view(labels: LabelSet, *, with_pseudo: bool = True) -> TrainingView:
    """Return which slices training sees, and whose labels they have.

    Parameters
    ----------
    labels : LabelSet
    with_pseudo : bool
        Whether accepted and edited pseudo-labels are part of it.
    """
    held_out = set(labels.hold_out.list())
    found: dict[int, TrainingSlice] = {
        each.index: TrainingSlice(each.index, "imported" if each.source == "imported" else "human", each.by)
        for each in list_labelled_slices(labels)
        if each.index not in held_out
    }
    accepted = [each for each in PseudoLabels(labels).review_queue() if with_pseudo and each.is_trained_on]
    for item in accepted:
        human = found.get(item.index)
        whose: Whose = "pseudo"
        if human is not None:
            whose = "imported and pseudo" if human.whose == "imported" else "human and pseudo"
        by = human.by if human is not None else item.decided_by
        found[item.index] = TrainingSlice(item.index, whose, by, item.round.number, item.round.model)
    return TrainingView(labels, tuple(found[z] for z in sorted(found)))


def merge_slice(
    human: np.ndarray, pseudo: np.ndarray | None = None, confidence: np.ndarray | None = None
) -> MergedSlice:
    """Return human labels (y, x) uint8 laid over pseudo-labels; wherever a person labelled, theirs stands."""
    is_human = human != UNLABELLED
    if pseudo is None or confidence is None:
        return MergedSlice(human, np.zeros(human.shape, bool), np.where(is_human, np.uint8(255), np.uint8(0)))
    is_pseudo = ~is_human & (pseudo != UNLABELLED)
    sure = np.where(is_pseudo, confidence, np.uint8(0))
    return MergedSlice(
        np.where(is_human, human, pseudo), is_pseudo, np.where(is_human, np.uint8(255), sure).astype(np.uint8)
    )
