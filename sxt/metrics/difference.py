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
    _check_same_grid(baseline, candidate)
    counts = []
    for slab in read_slabs(baseline, stage=STAGE, progress=progress, cancel=cancel):
        other = candidate.read_prediction(slab.own.start, slab.own.stop)
        codes = map_difference(slab.prediction, other, slab.truth, value)
        counts += [np.bincount(each.reshape(-1), minlength=5) for each in codes]
    table = np.array(counts, np.int64)
    return VoxelChanges(
        slices=baseline.slices,
        fixed=table[:, FIXED],
        broken=table[:, BROKEN],
        still_wrong=table[:, STILL_WRONG],
        right=table[:, RIGHT],
    )


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
    _check_same_grid(baseline, candidate)
    stream = OverlapStream(connectivity=connectivity)
    for slab in read_slabs(baseline, stage=OBJECT_STAGE, progress=progress, cancel=cancel):
        other = candidate.read_prediction(slab.own.start, slab.own.stop)
        stream.add((slab.prediction == value) & slab.is_known, (other == value) & slab.is_known)
    both = match_objects(*stream.finish(), min_voxels=min_voxels, iou_thresholds=(MAIN_THRESHOLD,))
    was_found, is_found = (each.truth.partner > 0 for each in scores)
    was_false, is_false = (each.prediction.partner == 0 for each in scores)
    partner = both.truth.partner  # of each object of the baseline, the candidate's object from 1
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


def _check_same_grid(baseline: MaskPair, candidate: MaskPair) -> None:
    if baseline.shape != candidate.shape or baseline.first_slice != candidate.first_slice:
        raise SettingsError(
            f"The versions cover different slices ({baseline.shape} from {baseline.first_slice}, {candidate.shape} "
            f"from {candidate.first_slice}); segment the same slices with both."
        )
