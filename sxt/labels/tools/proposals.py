"""Regions that a model proposes: the one under a click is accepted or rejected whole."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from sxt.errors import SettingsError
from sxt.labels.tools.paint import Paint, check_point
from sxt.labels.values import BACKGROUND

EIGHT_NEIGHBOURS = np.ones((3, 3), bool)


@dataclass(frozen=True)
class Proposal:
    """A connected region of one class.

    Parameters
    ----------
    value : int
        Its class.
    region : ndarray
        (rows, columns) bool.
    confidence : float
        Mean probability in it, in [0, 1].
    """

    value: int
    region: np.ndarray
    confidence: float

    @property
    def n_voxels(self) -> int:
        return int(np.count_nonzero(self.region))


def propose_classes(
    probability: np.ndarray, class_values: Sequence[int], *, threshold: float = 0.5
) -> np.ndarray:
    """Return the class proposed for each pixel, (rows, columns) uint8, 0 where none is likely enough.

    Parameters
    ----------
    probability : ndarray
        (c, rows, columns) uint8, 0..255 for 0..1, one channel a class.
    class_values : sequence of int
        The class of each channel.
    threshold : float
        A pixel is proposed where its largest probability is above this, in [0, 1).
    """
    if probability.ndim != 3 or len(class_values) != len(probability):
        raise SettingsError(
            f"The probability is {probability.shape} for {len(class_values)} classes; give (c, rows, columns)."
        )
    if not 0.0 <= threshold < 1.0:
        raise SettingsError(f"The threshold is {threshold}; use a probability from 0 up to 1.")
    values = np.asarray(class_values, np.uint8)
    likely = values[probability.argmax(axis=0)]
    return np.where(probability.max(axis=0) > threshold * 255.0, likely, np.uint8(BACKGROUND))


def find_proposal(
    probability: np.ndarray,
    class_values: Sequence[int],
    point: tuple[int, int],
    *,
    threshold: float = 0.5,
) -> Proposal | None:
    """Return the proposed region under a point, or None where nothing is proposed there.

    Pixels that touch at a corner belong together, as thin membranes run diagonally.
    """
    proposed = propose_classes(probability, class_values, threshold=threshold)
    row, column = check_point(proposed, point)
    value = int(proposed[row, column])
    if value == BACKGROUND:
        return None
    components, _ = ndimage.label(proposed == value, structure=EIGHT_NEIGHBOURS)
    region = np.asarray(components == components[row, column])
    channel = probability[list(class_values).index(value)]
    return Proposal(value, region, float(channel[region].mean()) / 255.0)


def accept_proposal(labels: np.ndarray, proposal: Proposal, *, protects_others: bool = True) -> np.ndarray:
    """Return a slice with a proposed region labelled as its class."""
    return Paint(proposal.value, protects_others=protects_others).apply(labels, proposal.region)


def reject_proposal(labels: np.ndarray, proposal: Proposal) -> np.ndarray:
    """Return a slice with a proposed region labelled as background, unless it has another class already."""
    return Paint(BACKGROUND, active_class=proposal.value).apply(labels, proposal.region)
