"""Evaluate predictions against labels: every metric of every class, in one pass slab by slab."""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from sxt.errors import SettingsError
from sxt.metrics.boundary import DISTANCE_STAGE, NearestSurface, Surface, SurfaceDistances, SurfacePoints
from sxt.metrics.confusion import JointCounter, choose_classes
from sxt.metrics.curves import calibrate, threshold_curves
from sxt.metrics.difference import ObjectChanges, VoxelChanges
from sxt.metrics.evaluation import ClassEvaluation, Evaluation, EvaluationSettings, name_classes
from sxt.metrics.pair import ClassName, MaskPair, read_slabs
from sxt.metrics.surface_scores import SurfaceScores, score_surfaces
from sxt.metrics.tomogram_pass import ClassFindings, PassResult, TomogramPass, VoxelFindings
from sxt.metrics.wedge import Normals, WedgeRecall, sample_normals
from sxt.progress import CancelToken, Progress, ProgressCallback, ignore_progress

FIND_STAGE = "find classes"
MOST_SEARCHES = 4
"""At a time; each holds a window of distances."""


@dataclass(frozen=True)
class ClassChanges:
    """What became of voxels and objects of a class from the baseline to a version; None where not measured."""

    version: int
    class_value: int
    voxels: VoxelChanges
    objects: ObjectChanges | None


@dataclass(frozen=True)
class TomogramResult:
    """The versions of one tomogram, in their order, and what each changed against the baseline, class by class."""

    evaluations: tuple[Evaluation, ...]
    changes: tuple[ClassChanges, ...]


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
    names = classes or _find_classes(pair, progress, cancel)
    found = evaluate_versions(
        (pair,), names, thresholds=(threshold,), settings=settings, progress=progress, cancel=cancel
    )
    return found.evaluations[0]


def evaluate_versions(
    pairs: Sequence[MaskPair],
    classes: tuple[ClassName, ...],
    *,
    thresholds: Sequence[float | None],
    settings: EvaluationSettings | None = None,
    known: Sequence[Evaluation | None] = (),
    baseline: int | None = None,
    version_names: Sequence[str] = (),
    progress: ProgressCallback = ignore_progress,
    cancel: CancelToken | None = None,
) -> TomogramResult:
    """Measure several predictions against the same labels; what depends on the labels alone is worked out once.

    Parameters
    ----------
    pairs : sequence of MaskPair
        Predictions of one tomogram, each with the same truth.
    classes : tuple of ClassName
    thresholds : sequence of float or None
        As in `evaluate_pair`, one for each.
    settings : EvaluationSettings, optional
    known : sequence of Evaluation or None, optional
        Those that were measured earlier with these settings; they are not measured again.
    baseline : int, optional
        Position of the one that the others' changes are counted against; by default no changes are counted.
    version_names : sequence of str, optional
        By which progress tells them apart.
    progress, cancel
        As in `evaluate_pair`.

    Raises
    ------
    InputError
        As `evaluate_pair`.
    SettingsError
        As `evaluate_pair`, and where the predictions cover different slices.
    """
    settings = settings or EvaluationSettings()
    known = list(known) or [None] * len(pairs)
    for pair in pairs:
        if pair.probabilities and len(classes) != len(pair.probabilities):
            raise SettingsError(
                f"There are {len(pair.probabilities)} probabilities but {len(classes)} classes; name one for each."
            )
    if all(each is not None for each in known) and (baseline is None or len(pairs) < 2):
        return TomogramResult(tuple(each for each in known if each is not None), ())
    is_measured = [each is None for each in known]
    passed = TomogramPass(pairs, classes, settings, is_measured=is_measured, baseline=baseline)
    result = passed.run(progress=progress, cancel=cancel)
    shapes = _Shapes(pairs[0], settings, progress, cancel)
    measured = [shapes.of_class(each, is_measured, version_names) for each in result.classes]
    evaluations = tuple(
        found
        if found is not None
        else _gather(pairs[v], classes, result, v, [each[v] for each in measured], thresholds[v], settings)
        for v, found in enumerate(known)
    )
    return TomogramResult(evaluations, _changes(result, evaluations, baseline))


def _find_classes(
    pair: MaskPair, progress: ProgressCallback, cancel: CancelToken | None
) -> tuple[ClassName, ...]:
    counter = JointCounter()
    for slab in read_slabs(pair, stage=FIND_STAGE, progress=progress, cancel=cancel):
        counter.add(slab.truth, slab.prediction)
    names = name_classes(choose_classes(counter.values(), None))
    if pair.probabilities and len(names) != len(pair.probabilities):
        raise SettingsError(
            f"There are {len(pair.probabilities)} probabilities but {len(names)} classes; name one for each."
        )
    return names


@dataclass(frozen=True)
class _Shape:
    """What the surfaces of a version say; None where they were not measured."""

    surface: SurfaceScores | None
    wedge: WedgeRecall | None


class _Shapes:
    """Compares the surfaces of versions with that of the truth; what the truth alone decides is worked out once."""

    def __init__(
        self,
        pair: MaskPair,
        settings: EvaluationSettings,
        progress: ProgressCallback,
        cancel: CancelToken | None,
    ) -> None:
        self._pair = pair
        self._size = pair.voxel_size_nm or (1.0, 1.0, 1.0)
        self._tolerance = settings.tolerance_voxels if pair.voxel_size_nm is None else settings.tolerance_nm
        self._progress = progress
        self._cancel = cancel

    def of_class(
        self, found: ClassFindings, is_measured: Sequence[bool], names: Sequence[str]
    ) -> list[_Shape]:
        """Return one entry a version."""
        if found.truth_surface is None or not any(is_measured):
            return [_Shape(None, None)] * len(is_measured)
        truth = NearestSurface(found.truth_surface, self._pair.shape[1:], self._size)
        normals = sample_normals(
            self._pair, found.value, found.truth_surface, progress=self._progress, cancel=self._cancel
        )
        shapes = [_Shape(None, None)] * len(is_measured)
        asked = [v for v, each in enumerate(found.surfaces) if each is not None]
        surfaces = [each for each in found.surfaces if each is not None]
        with ThreadPoolExecutor(min(MOST_SEARCHES, os.cpu_count() or 1)) as pool:
            from_predictions = pool.submit(
                truth.distances_of, *(each.points for each in surfaces), cancel=self._cancel
            )
            from_truth = [pool.submit(self._from_truth, truth.surface, each) for each in surfaces]
            for number, v in enumerate(asked):
                distances = SurfaceDistances(from_truth[number].result(), from_predictions.result()[number])
                shapes[v] = self._score(truth.surface, surfaces[number], distances, normals)
                of_version = f" of {names[v]}" if names else ""
                self._progress(Progress(DISTANCE_STAGE + of_version, v + 1, len(is_measured)))
        return shapes

    def _from_truth(self, truth: Surface, surface: Surface) -> np.ndarray:
        """Return how far the truth's surface is from a version's."""
        nearest = NearestSurface(surface, self._pair.shape[1:], self._size)
        return nearest.distances_of(truth.points, cancel=self._cancel)[0]

    def _score(
        self, truth: Surface, surface: Surface, distances: SurfaceDistances, normals: Normals | None
    ) -> _Shape:
        scores = score_surfaces(
            SurfacePoints(truth.points, surface.points, truth.blocks),
            distances,
            n_slices=self._pair.shape[0],
            tolerance=self._tolerance,
            unit="voxels" if self._pair.voxel_size_nm is None else "nm",
        )
        wedge = None if normals is None else normals.recall(distances.from_truth <= self._tolerance)
        return _Shape(scores, wedge)


def _gather(
    pair: MaskPair,
    classes: tuple[ClassName, ...],
    result: PassResult,
    version: int,
    shapes: list[_Shape],
    threshold: float | None,
    settings: EvaluationSettings,
) -> Evaluation:
    """Put together what was found of a version."""
    voxels = result.voxels[version]
    assert voxels is not None, "a version without an evaluation is measured"
    measured = []
    for number, (name, shape) in enumerate(zip(classes, shapes, strict=True)):
        histogram = voxels.histograms[number] if voxels.histograms else None
        n_bins = settings.n_calibration_bins
        measured.append(
            ClassEvaluation(
                name=name,
                histogram=histogram,
                curves=None if histogram is None else threshold_curves(histogram),
                calibration=None if histogram is None else calibrate(histogram, n_bins=n_bins),
                paper=voxels.papers[number] if voxels.papers else None,
                surface=shape.surface,
                wedge=shape.wedge,
                objects=result.classes[number].objects[version],
                centreline=result.classes[number].centrelines[version],
            )
        )
    return Evaluation(
        slices=pair.slices,
        confusion=voxels.confusion,
        classes=tuple(measured),
        truth_sha256=result.truth_sha256,
        threshold=threshold,
        voxel_size_nm=pair.voxel_size_nm,
        notes=_notes(pair, voxels, classes, settings),
        settings=settings,
    )


def _changes(
    result: PassResult, evaluations: tuple[Evaluation, ...], baseline: int | None
) -> tuple[ClassChanges, ...]:
    if baseline is None:
        return ()
    changes = []
    for v in range(len(evaluations)):
        for each in result.classes:
            voxels = each.changes[v]
            if voxels is None:
                continue
            first, second = (evaluations[i].of_class(each.value).objects for i in (baseline, v))
            objects = None if first is None or second is None else each.compare_objects(v, first, second)
            changes.append(ClassChanges(v, each.value, voxels, objects))
    return tuple(changes)


def _notes(
    pair: MaskPair, voxels: VoxelFindings, names: tuple[ClassName, ...], settings: EvaluationSettings
) -> tuple[str, ...]:
    notes = []
    measured = {each.value for each in names}
    if left_out := sorted(voxels.found_in_truth - measured - {0, 255}):
        notes.append(f"The truth also holds {_enumerate(left_out, names)}, counted as background here.")
    if never := sorted(measured & voxels.found_in_truth - voxels.found_in_prediction):
        notes.append(f"The truth holds {_enumerate(never, names)}, which the prediction never has.")
    if absent := sorted(measured - voxels.found_in_truth):
        notes.append(f"The truth nowhere holds {_enumerate(absent, names)}.")
    if settings.with_surfaces and pair.voxel_size_nm is None:
        notes.append("The voxel size is unknown: distances are in voxels, taken as cubes.")
    n_blank = int(np.sum(voxels.confusion.matrix.sum(axis=(1, 2)) == 0))
    if n_blank:
        notes.append(f"{n_blank} of {pair.shape[0]} slices have no label and are not counted.")
    return tuple(notes)


def _enumerate(values: list[int], names: tuple[ClassName, ...]) -> str:
    """Return classes by their names, and by their values where they have none."""
    name_of = {each.value: each.name for each in names}
    return ", ".join(name_of.get(value, f"class {value}") for value in values)
