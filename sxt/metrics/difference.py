"""Where two versions differ against the same labels: fixed, broken, still wrong, right in both."""

from dataclasses import dataclass

import numpy as np

from sxt.errors import SettingsError
from sxt.metrics.components import Connectivity, OverlapStream
from sxt.metrics.objects import MAIN_THRESHOLD, ObjectScores, match_objects
from sxt.metrics.pair import UNLABELLED, MaskPair, read_slabs
from sxt.progress import CancelToken, ProgressCallback, ignore_progress

STAGE = "compare voxels"
OBJECT_STAGE = "compare objects"

UNKNOWN, RIGHT, FIXED, BROKEN, STILL_WRONG = range(5)
"""Codes of a difference map: unlabelled, right in both, fixed, broken, and wrong in both."""


@dataclass(frozen=True)
class VoxelChanges:
    """Voxels by what became of them from a baseline to a candidate; arrays (z,) int64.

    The four add up to the labelled voxels of each slice.
    """

    slices: np.ndarray
    fixed: np.ndarray
    broken: np.ndarray
    still_wrong: np.ndarray
    right: np.ndarray

    @property
    def total(self) -> int:
        """All labelled voxels."""
        return int((self.fixed + self.broken + self.still_wrong + self.right).sum())


@dataclass(frozen=True)
class ObjectChanges:
    """Objects by what became of them; an object counts as found where it is matched at an IoU of 0.5.

    Parameters
    ----------
    fixed, broken, still_wrong, right : int
        True objects found by the candidate alone, by the baseline alone, by neither, by both; they add up to all true
        objects.
    removed, added, kept : int
        Wrongly found objects of the baseline that the candidate does not have, those only the candidate has, and those
        in both (matched with each other); ``removed + kept`` are the baseline's, ``added + kept`` the candidate's.
    """

    fixed: int
    broken: int
    still_wrong: int
    right: int
    removed: int
    added: int
    kept: int


def map_difference(
    baseline: np.ndarray, candidate: np.ndarray, truth: np.ndarray, value: int | None = None
) -> np.ndarray:
    """Return the code of each voxel, uint8: `UNKNOWN`, `RIGHT`, `FIXED`, `BROKEN` or `STILL_WRONG`.

    Parameters
    ----------
    baseline, candidate, truth : ndarray
        Classes, uint8 of one shape; 255 in the truth is unlabelled.
    value : int, optional
        Only whether a voxel is of this class counts; by default its class must be right.
    """
    if value is None:
        was_right, is_right = baseline == truth, candidate == truth
    else:
        was_right, is_right = ((each == value) == (truth == value) for each in (baseline, candidate))
    codes = np.array([[STILL_WRONG, FIXED], [BROKEN, RIGHT]], np.uint8)
    return np.where(
        truth == UNLABELLED, np.uint8(UNKNOWN), codes[was_right.astype(np.intp), is_right.astype(np.intp)]
    )


class ChangeTally:
    """Counts what became of voxels, slice by slice."""

    def __init__(self) -> None:
        self._tallies: list[tuple[np.integer, ...]] = []

    def add(
        self, baseline: np.ndarray, candidate: np.ndarray, truth: np.ndarray, is_known: np.ndarray
    ) -> None:
        """Count the next slices, all (k, y, x) bool: where both versions and the truth have the class, and labels."""
        self.add_wrong((baseline ^ truth) & is_known, (candidate ^ truth) & is_known, is_known)

    def add_wrong(self, was_wrong: np.ndarray, is_wrong: np.ndarray, is_known: np.ndarray) -> None:
        """Count the next slices, all (k, y, x) bool: where the versions are wrong, and labels."""
        for before, after, known in zip(was_wrong, is_wrong, is_known, strict=True):
            n_before, n_after = np.count_nonzero(before), np.count_nonzero(after)
            n_both = np.count_nonzero(before & after)
            n_right = np.count_nonzero(known) - n_before - n_after + n_both
            self._tallies.append((n_before - n_both, n_after - n_both, n_both, n_right))

    def finish(self, slices: np.ndarray) -> VoxelChanges:
        """Return the counts; ``slices`` (z,) are the tomogram's numbers of them."""
        table = np.array(self._tallies, np.int64).reshape(-1, 4)
        return VoxelChanges(
            slices=slices,
            fixed=table[:, 0],
            broken=table[:, 1],
            still_wrong=table[:, 2],
            right=table[:, 3],
        )


def count_changes(
    baseline: MaskPair,
    candidate: MaskPair,
    value: int | None = None,
    *,
    progress: ProgressCallback = ignore_progress,
    cancel: CancelToken | None = None,
) -> VoxelChanges:
    """Count what became of each labelled voxel, slab by slab.

    Raises
    ------
    SettingsError
        Where the two are not measured against the same slices.
    """
    check_same_grid(baseline, candidate)
    tally = ChangeTally()
    for slab in read_slabs(baseline, stage=STAGE, progress=progress, cancel=cancel):
        other = candidate.read_prediction(slab.own.start, slab.own.stop)
        if value is None:
            was_wrong, is_wrong = (each != slab.truth for each in (slab.prediction, other))
        else:
            truth = slab.truth == value
            was_wrong, is_wrong = ((each == value) ^ truth for each in (slab.prediction, other))
        tally.add_wrong(was_wrong & slab.is_known, is_wrong & slab.is_known, slab.is_known)
    return tally.finish(baseline.slices)


def compare_objects(
    baseline: MaskPair,
    candidate: MaskPair,
    value: int,
    scores: tuple[ObjectScores, ObjectScores],
    *,
    connectivity: Connectivity = 26,
    min_voxels: int = 0,
    progress: ProgressCallback = ignore_progress,
    cancel: CancelToken | None = None,
) -> ObjectChanges:
    """Say what became of each object.

    Parameters
    ----------
    scores : tuple of ObjectScores
        Those of baseline and candidate against the same truth, with this connectivity and smallest size.
    """
    check_same_grid(baseline, candidate)
    stream = OverlapStream(connectivity=connectivity)
    for slab in read_slabs(baseline, stage=OBJECT_STAGE, progress=progress, cancel=cancel):
        other = candidate.read_prediction(slab.own.start, slab.own.stop)
        stream.add((slab.prediction == value) & slab.is_known, (other == value) & slab.is_known)
    both = match_objects(*stream.finish(), min_voxels=min_voxels, iou_thresholds=(MAIN_THRESHOLD,))
    return classify_objects(*scores, both)


def classify_objects(baseline: ObjectScores, candidate: ObjectScores, between: ObjectScores) -> ObjectChanges:
    """Say what became of each object, given how each version was matched with the truth, and both with each other."""
    was_found, is_found = (each.truth.partner > 0 for each in (baseline, candidate))
    was_false, is_false = (each.prediction.partner == 0 for each in (baseline, candidate))
    partner = between.truth.partner  # of each object of the baseline, the candidate's object from 1
    n_kept = int(np.sum(was_false & (partner > 0) & np.append(False, is_false)[partner]))
    return ObjectChanges(
        fixed=int(np.sum(~was_found & is_found)),
        broken=int(np.sum(was_found & ~is_found)),
        still_wrong=int(np.sum(~was_found & ~is_found)),
        right=int(np.sum(was_found & is_found)),
        removed=int(was_false.sum()) - n_kept,
        added=int(is_false.sum()) - n_kept,
        kept=n_kept,
    )


def check_same_grid(baseline: MaskPair, candidate: MaskPair) -> None:
    """Raise `SettingsError` where two predictions cover different slices."""
    if baseline.shape != candidate.shape or baseline.first_slice != candidate.first_slice:
        raise SettingsError(
            f"The versions cover different slices ({baseline.shape} from {baseline.first_slice}, {candidate.shape} "
            f"from {candidate.first_slice}); segment the same slices with both."
        )
