"""What is measured of a prediction, and how: settings and results."""

from dataclasses import dataclass
from typing import get_args

import numpy as np

from sxt.errors import SettingsError
from sxt.metrics.centreline import CentrelineScores
from sxt.metrics.components import Connectivity
from sxt.metrics.confusion import Confusion
from sxt.metrics.curves import CALIBRATION_BINS, Calibration, ThresholdCurves
from sxt.metrics.histogram import N_LEVELS, ProbabilityHistogram
from sxt.metrics.objects import DEFAULT_MIN_VOXELS, IOU_THRESHOLDS, ObjectScores
from sxt.metrics.pair import ClassName
from sxt.metrics.paper import PaperScores
from sxt.metrics.scores import BinaryCounts
from sxt.metrics.surface_scores import DEFAULT_TOLERANCE_NM, DEFAULT_TOLERANCE_VOXELS, SurfaceScores
from sxt.metrics.wedge import WedgeRecall
from sxt.tomogram import VoxelSize

SPARE_COLOURS = ("#E69F00", "#56B4E9", "#F0E442", "#CC79A7", "#009E73", "#0072B2", "#D55E00")
"""The Okabe-Ito set, for classes that come without a colour."""


@dataclass(frozen=True)
class EvaluationSettings:
    """What to measure, and how.

    Parameters
    ----------
    tolerance_nm : float
        Distance within which a surface counts as found.
    tolerance_voxels : float
        The same where the voxel size is not known.
    connectivity : {26, 6}
        Voxels of one object share at least a corner or a face.
    min_voxels : int
        Smallest object that counts.
    iou_thresholds : tuple of float
        At which objects are matched, each above 0 and up to 1.
    n_calibration_bins : int
    with_surfaces, with_objects, with_centrelines : bool
        What may be left out, to be faster.
    """

    tolerance_nm: float = DEFAULT_TOLERANCE_NM
    tolerance_voxels: float = DEFAULT_TOLERANCE_VOXELS
    connectivity: Connectivity = 26
    min_voxels: int = DEFAULT_MIN_VOXELS
    iou_thresholds: tuple[float, ...] = IOU_THRESHOLDS
    n_calibration_bins: int = CALIBRATION_BINS
    with_surfaces: bool = True
    with_objects: bool = True
    with_centrelines: bool = True

    def __post_init__(self) -> None:
        for name in ("tolerance_nm", "tolerance_voxels"):
            if not (np.isfinite(getattr(self, name)) and getattr(self, name) > 0):
                raise SettingsError(f"{name} is {getattr(self, name)}; give a length above 0.")
        if self.connectivity not in get_args(Connectivity):
            raise SettingsError(f"A connectivity of {self.connectivity} does not exist here; use 26 or 6.")
        if self.min_voxels < 0:
            raise SettingsError(f"A smallest size of {self.min_voxels} voxels is not usable; give 0 or more.")
        if not self.iou_thresholds or not all(0 < each <= 1 for each in self.iou_thresholds):
            raise SettingsError(
                f"IoU thresholds {self.iou_thresholds} are not usable; give some above 0 up to 1."
            )
        if not 2 <= self.n_calibration_bins <= N_LEVELS:
            raise SettingsError(f"{self.n_calibration_bins} bins are not usable; use 2 to {N_LEVELS}.")


@dataclass(frozen=True)
class ClassEvaluation:
    """All that was measured of one class; what was not asked for or is not possible is None."""

    name: ClassName
    histogram: ProbabilityHistogram | None
    curves: ThresholdCurves | None
    calibration: Calibration | None
    paper: PaperScores | None
    surface: SurfaceScores | None
    wedge: WedgeRecall | None
    objects: ObjectScores | None
    centreline: CentrelineScores | None


@dataclass(frozen=True)
class Evaluation:
    """A prediction measured against labels.

    Parameters
    ----------
    slices : ndarray
        (z,) int64: the tomogram's number of each slice that is counted below.
    confusion : Confusion
    classes : tuple of ClassEvaluation
        In the order of ``confusion.classes``.
    truth_sha256 : str
        Of the labels as they were measured, (z, y, x) uint8.
    threshold : float or None
        Probability above which the prediction is foreground, where it is known.
    voxel_size_nm : tuple of float or None
        (z, y, x).
    notes : tuple of str
        Sentences worth telling.
    settings : EvaluationSettings
    """

    slices: np.ndarray
    confusion: Confusion
    classes: tuple[ClassEvaluation, ...]
    truth_sha256: str
    threshold: float | None
    voxel_size_nm: VoxelSize | None
    notes: tuple[str, ...]
    settings: EvaluationSettings

    def of_class(self, value: int) -> ClassEvaluation:
        """Return what was measured of a class; raise `SettingsError` where it was not."""
        for each in self.classes:
            if each.name.value == value:
                return each
        known = ", ".join(str(each.name.value) for each in self.classes)
        raise SettingsError(f"Class {value} was not evaluated; there are {known}.")

    def counts(self, value: int) -> BinaryCounts:
        """Return the voxel counts (z,) of a class."""
        return self.confusion.of_class(self.of_class(value).name.value)


def name_classes(values: tuple[int, ...]) -> tuple[ClassName, ...]:
    """Return names for classes of which nothing but the value is known."""
    return tuple(ClassName(v, f"class {v}", SPARE_COLOURS[(v - 1) % len(SPARE_COLOURS)]) for v in values)
