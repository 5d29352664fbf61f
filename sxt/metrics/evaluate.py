"""Evaluate a prediction against labels: every metric of every class, read slab by slab."""

import dataclasses
import hashlib
from dataclasses import dataclass
from typing import get_args

import numpy as np

from sxt.errors import SettingsError
from sxt.metrics.boundary import find_surfaces, measure_distances
from sxt.metrics.centreline import CentrelineScores, score_centrelines
from sxt.metrics.components import Connectivity
from sxt.metrics.confusion import STAGE, Confusion, JointCounter, choose_classes
from sxt.metrics.curves import CALIBRATION_BINS, Calibration, ThresholdCurves, calibrate, threshold_curves
from sxt.metrics.histogram import N_LEVELS, ProbabilityHistogram, count_probability
from sxt.metrics.objects import DEFAULT_MIN_VOXELS, IOU_THRESHOLDS, ObjectScores, score_objects
from sxt.metrics.pair import ClassName, MaskPair, read_slabs
from sxt.metrics.paper import PaperCounter, PaperScores
from sxt.metrics.scores import BinaryCounts
from sxt.metrics.surface_scores import (
    DEFAULT_TOLERANCE_NM,
    DEFAULT_TOLERANCE_VOXELS,
    SurfaceScores,
    score_surfaces,
)
from sxt.metrics.wedge import WedgeRecall, measure_wedge_recall
from sxt.progress import CancelToken, ProgressCallback, ignore_progress
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


def evaluate_pair(
    pair: MaskPair,
    classes: tuple[ClassName, ...] | None = None,
    *,
    threshold: float | None = None,
    settings: EvaluationSettings | None = None,
    progress: ProgressCallback = ignore_progress,
    cancel: CancelToken | None = None,
) -> Evaluation:
    """Measure a prediction.

    Parameters
    ----------
    pair : MaskPair
        With probabilities, one for each class of ``classes``, threshold curves and calibration come too.
    classes : tuple of ClassName, optional
        The classes to measure; by default those found in either mask.
    threshold : float, optional
        That of the prediction, to be marked in the curves.
    settings : EvaluationSettings, optional
    progress : callable
        Told slices done, stage by stage.
    cancel : CancelToken, optional
        Checked once a slab.

    Raises
    ------
    InputError
        Where nothing is labelled, or a mask holds what is no class.
    SettingsError
        Where probabilities and classes differ in number.
    """
    settings = settings or EvaluationSettings()
    if pair.probabilities and (classes is None or len(classes) != len(pair.probabilities)):
        raise SettingsError(
            f"There are {len(pair.probabilities)} probabilities but {len(classes or ())} classes; name one for each."
        )
    voxels = _count_voxels(pair, classes, progress, cancel)
    names = classes or name_classes(voxels.confusion.classes)
    measured = []
    for number, name in enumerate(names):
        histogram = voxels.histograms[number] if voxels.histograms else None
        measured.append(
            _measure_class(
                pair,
                name,
                histogram,
                voxels.papers[number] if voxels.papers else None,
                settings,
                progress,
                cancel,
            )
        )
    return Evaluation(
        slices=pair.slices,
        confusion=voxels.confusion,
        classes=tuple(measured),
        truth_sha256=voxels.truth_sha256,
        threshold=threshold,
        voxel_size_nm=pair.voxel_size_nm,
        notes=_notes(pair, voxels, names, settings),
        settings=settings,
    )


def name_classes(values: tuple[int, ...]) -> tuple[ClassName, ...]:
    """Return names for classes of which nothing but the value is known."""
    return tuple(ClassName(v, f"class {v}", SPARE_COLOURS[(v - 1) % len(SPARE_COLOURS)]) for v in values)


@dataclass(frozen=True)
class _VoxelCounts:
    confusion: Confusion
    histograms: tuple[ProbabilityHistogram, ...]
    papers: tuple[PaperScores, ...]
    truth_sha256: str
    found_in_truth: frozenset[int]
    found_in_prediction: frozenset[int]


def _count_voxels(
    pair: MaskPair,
    classes: tuple[ClassName, ...] | None,
    progress: ProgressCallback,
    cancel: CancelToken | None,
) -> _VoxelCounts:
    """Count all that one pass over the voxels can tell."""
    counter, digest = JointCounter(), hashlib.sha256()
    values = [each.value for each in classes or ()][: len(pair.probabilities)]
    empty = np.zeros(N_LEVELS, np.int64)
    histograms = [ProbabilityHistogram(empty, empty) for _ in values]
    papers = [PaperCounter(pair.shape[1:], value) for value in values]
    for slab in read_slabs(pair, stage=STAGE, progress=progress, cancel=cancel):
        counter.add(slab)
        digest.update(slab.truth.tobytes())
        for channel, value in enumerate(values):
            probability = pair.read_probability(channel, slab.own.start, slab.own.stop)
            histograms[channel] += count_probability(probability, slab.truth, value)
            papers[channel].add(probability, slab.truth)
    found = counter.values()
    chosen = choose_classes(found, None if classes is None else [each.value for each in classes])
    return _VoxelCounts(
        confusion=counter.confusion(chosen),
        histograms=tuple(histograms),
        papers=tuple(each.scores() for each in papers),
        truth_sha256=digest.hexdigest(),
        found_in_truth=frozenset(found.truth),
        found_in_prediction=frozenset(found.prediction),
    )


def _measure_class(
    pair: MaskPair,
    name: ClassName,
    histogram: ProbabilityHistogram | None,
    paper: PaperScores | None,
    settings: EvaluationSettings,
    progress: ProgressCallback,
    cancel: CancelToken | None,
) -> ClassEvaluation:
    """Add to a class's counts what needs its shape."""
    evaluation = ClassEvaluation(
        name=name,
        histogram=histogram,
        curves=None if histogram is None else threshold_curves(histogram),
        calibration=None if histogram is None else calibrate(histogram, n_bins=settings.n_calibration_bins),
        paper=paper,
        surface=None,
        wedge=None,
        objects=None,
        centreline=None,
    )
    value = name.value
    if settings.with_surfaces:
        surface, wedge = _measure_surface(pair, value, settings, progress, cancel)
        evaluation = dataclasses.replace(evaluation, surface=surface, wedge=wedge)
    if settings.with_objects:
        objects = score_objects(
            pair,
            value,
            connectivity=settings.connectivity,
            min_voxels=settings.min_voxels,
            iou_thresholds=settings.iou_thresholds,
            progress=progress,
            cancel=cancel,
        )
        evaluation = dataclasses.replace(evaluation, objects=objects)
    if settings.with_centrelines:
        centreline = score_centrelines(pair, value, progress=progress, cancel=cancel)
        evaluation = dataclasses.replace(evaluation, centreline=centreline)
    return evaluation


def _measure_surface(
    pair: MaskPair,
    value: int,
    settings: EvaluationSettings,
    progress: ProgressCallback,
    cancel: CancelToken | None,
) -> tuple[SurfaceScores, WedgeRecall | None]:
    size = pair.voxel_size_nm
    tolerance = settings.tolerance_voxels if size is None else settings.tolerance_nm
    points = find_surfaces(pair, value, progress=progress, cancel=cancel)
    distances = measure_distances(
        points, pair.shape[1:], size or (1.0, 1.0, 1.0), progress=progress, cancel=cancel
    )
    scores = score_surfaces(
        points,
        distances,
        n_slices=pair.shape[0],
        tolerance=tolerance,
        unit="voxels" if size is None else "nm",
    )
    wedge = measure_wedge_recall(
        pair, value, points, distances, tolerance=tolerance, progress=progress, cancel=cancel
    )
    return scores, wedge


def _notes(
    pair: MaskPair, voxels: _VoxelCounts, names: tuple[ClassName, ...], settings: EvaluationSettings
) -> tuple[str, ...]:
    notes = []
    measured = {each.value for each in names}
    if left_out := sorted(voxels.found_in_truth - measured - {0, 255}):
        notes.append(f"The truth also holds {_enumerate(left_out)}, counted as background here.")
    if never := sorted(measured & voxels.found_in_truth - voxels.found_in_prediction):
        notes.append(f"The truth holds {_enumerate(never)}, which the prediction never has.")
    if absent := sorted(measured - voxels.found_in_truth):
        notes.append(f"The truth nowhere holds {_enumerate(absent)}.")
    if settings.with_surfaces and pair.voxel_size_nm is None:
        notes.append("The voxel size is unknown: distances are in voxels, taken as cubes.")
    n_blank = int(np.sum(voxels.confusion.matrix.sum(axis=(1, 2)) == 0))
    if n_blank:
        notes.append(f"{n_blank} of {pair.shape[0]} slices have no label and are not counted.")
    return tuple(notes)


def _enumerate(values: list[int]) -> str:
    return ("class " if len(values) == 1 else "classes ") + ", ".join(map(str, values))
