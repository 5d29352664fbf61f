"""How far two versions agree where there are no labels."""

from dataclasses import dataclass

import numpy as np

from sxt.metrics.components import Connectivity, OverlapStream
from sxt.metrics.objects import DEFAULT_MIN_VOXELS
from sxt.metrics.pair import MaskPair, read_slabs
from sxt.metrics.scores import BinaryCounts, score
from sxt.progress import CancelToken, ProgressCallback, ignore_progress

STAGE = "compare versions"
NM3_PER_UM3 = 1e9


@dataclass(frozen=True)
class Agreement:
    """Two versions' masks of one class, without labels.

    Parameters
    ----------
    slices : ndarray
        (z,) int64: the tomogram's number of each slice.
    both, only_baseline, only_candidate, neither : ndarray
        (z,) int64 voxels.
    dice : float
        Of one mask with the other; 1 where both are empty.
    disagreement_voxels : int
    disagreement_um3 : float
        NaN where the voxel size is not known, as are the volumes below.
    baseline_um3, candidate_um3 : float
        Volume of the class.
    baseline_objects, candidate_objects : int
        Components of at least the smallest size.
    """

    slices: np.ndarray
    both: np.ndarray
    only_baseline: np.ndarray
    only_candidate: np.ndarray
    neither: np.ndarray
    dice: float
    disagreement_voxels: int
    disagreement_um3: float
    baseline_um3: float
    candidate_um3: float
    baseline_objects: int
    candidate_objects: int

    @property
    def dice_per_slice(self) -> np.ndarray:
        """(z,) float64."""
        return score(BinaryCounts(self.both, self.only_candidate, self.only_baseline, self.neither), "dice")


def measure_agreement(
    pair: MaskPair,
    value: int,
    *,
    connectivity: Connectivity = 26,
    min_voxels: int = DEFAULT_MIN_VOXELS,
    progress: ProgressCallback = ignore_progress,
    cancel: CancelToken | None = None,
) -> Agreement:
    """Compare a candidate (``pair.prediction``) with a baseline (``pair.truth``), slab by slab."""
    stream = OverlapStream(connectivity=connectivity)
    tallies = []
    for slab in read_slabs(pair, stage=STAGE, progress=progress, cancel=cancel):
        baseline, candidate = slab.truth == value, slab.prediction == value
        stream.add(baseline, candidate)
        codes = baseline.astype(np.uint8) * 2 + candidate
        tallies += [np.bincount(each.reshape(-1), minlength=4) for each in codes]
    neither, only_candidate, only_baseline, both = np.array(tallies, np.int64).T
    first, second, _ = stream.finish()
    size = pair.voxel_size_nm
    voxel_um3 = float("nan") if size is None else float(np.prod(size)) / NM3_PER_UM3
    counts = BinaryCounts(both, only_candidate, only_baseline, neither).pooled()
    n_different = int(counts.fp + counts.fn)
    return Agreement(
        slices=pair.slices,
        both=both,
        only_baseline=only_baseline,
        only_candidate=only_candidate,
        neither=neither,
        dice=float(score(counts, "dice")),
        disagreement_voxels=n_different,
        disagreement_um3=n_different * voxel_um3,
        baseline_um3=float(counts.tp + counts.fn) * voxel_um3,
        candidate_um3=float(counts.tp + counts.fp) * voxel_um3,
        baseline_objects=int(np.sum(first.voxels >= min_voxels)),
        candidate_objects=int(np.sum(second.voxels >= min_voxels)),
    )
