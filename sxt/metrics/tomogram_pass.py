"""One pass over a tomogram's labels and the predictions of several versions: all that slabs can tell."""

import hashlib
import os
from collections.abc import Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from sxt.metrics.boundary import Surface, SurfaceStream, labelled_runs
from sxt.metrics.centreline import CentrelineScores, CentrelineTally
from sxt.metrics.components import ComponentStream, Objects, OverlapCounter, SlabLabels
from sxt.metrics.confusion import Confusion, JointCounter, choose_classes
from sxt.metrics.difference import (
    ChangeTally,
    ObjectChanges,
    VoxelChanges,
    check_same_grid,
    classify_objects,
)
from sxt.metrics.evaluation import EvaluationSettings
from sxt.metrics.histogram import ProbabilityHistogram
from sxt.metrics.objects import MAIN_THRESHOLD, ObjectScores, match_objects
from sxt.metrics.pair import ClassName, MaskPair, SlabPair, read_slabs
from sxt.metrics.paper import PaperCounter, PaperScores
from sxt.metrics.thinning import thin
from sxt.progress import CancelToken, ProgressCallback, ignore_progress

STAGE = "measure slices"


@dataclass(frozen=True)
class VoxelFindings:
    """What counting a version's voxels found, over all classes."""

    confusion: Confusion
    histograms: tuple[ProbabilityHistogram, ...]
    papers: tuple[PaperScores, ...]
    found_in_truth: frozenset[int]
    found_in_prediction: frozenset[int]


@dataclass(frozen=True)
class ClassFindings:
    """What was found of a class; lists have one entry a version, None where it was not asked for.

    ``between`` are the versions' objects matched with those of the baseline, as if that were the truth.
    """

    value: int
    truth_surface: Surface | None
    surfaces: list[Surface | None]
    objects: list[ObjectScores | None]
    centrelines: list[CentrelineScores | None]
    changes: list[VoxelChanges | None]
    between: list[ObjectScores | None]

    def compare_objects(
        self, version: int, baseline: ObjectScores, candidate: ObjectScores
    ) -> ObjectChanges | None:
        """Say what became of each object from the baseline to a version, given how both were matched with the truth."""
        between = self.between[version]
        return None if between is None else classify_objects(baseline, candidate, between)


@dataclass(frozen=True)
class PassResult:
    """What the pass found: voxels version by version (None where not measured), the rest class by class."""

    voxels: list[VoxelFindings | None]
    classes: list[ClassFindings]
    truth_sha256: str


class TomogramPass:
    """Reads labels and predictions once, slab by slab, and hands them to whatever counts.

    Parameters
    ----------
    pairs : sequence of MaskPair
        Predictions on one grid with the same truth.
    classes : tuple of ClassName
    settings : EvaluationSettings
    is_measured : sequence of bool
        Which versions are measured against the truth.
    baseline : int or None
        Which one the others' changes are counted against.

    Raises
    ------
    SettingsError
        Where the predictions cover different slices.
    """

    def __init__(
        self,
        pairs: Sequence[MaskPair],
        classes: tuple[ClassName, ...],
        settings: EvaluationSettings,
        *,
        is_measured: Sequence[bool],
        baseline: int | None,
    ) -> None:
        for other in pairs[1:]:
            check_same_grid(pairs[0], other)
        self._pairs = pairs
        self._baseline = baseline if len(pairs) > 1 else None
        self._values = tuple(each.value for each in classes)
        self._voxels = [
            _VoxelPass(pair, self._values) if wanted else None
            for pair, wanted in zip(pairs, is_measured, strict=True)
        ]
        self._classes = [
            _ClassPass(value, settings, is_measured=is_measured, baseline=self._baseline)
            for value in self._values
        ]

    def run(
        self, *, progress: ProgressCallback = ignore_progress, cancel: CancelToken | None = None
    ) -> PassResult:
        """Read everything; progress counts slices."""
        digest, has_labels = hashlib.sha256(), np.zeros(self._pairs[0].shape[0], np.bool_)
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            for slab in read_slabs(self._pairs[0], stage=STAGE, margin=1, progress=progress, cancel=cancel):
                digest.update(np.ascontiguousarray(slab.own_truth).data)
                has_labels[slab.own.start : slab.own.stop] = slab.is_known[slab.inner].any(axis=(1, 2))
                slabs = [slab, *(self._read(pair, slab) for pair in self._pairs[1:])]
                counted = [
                    pool.submit(voxels.add, of_version)
                    for voxels, of_version in zip(self._voxels, slabs, strict=True)
                    if voxels is not None
                ]
                for each in self._classes:
                    each.add(slabs, pool)
                for count in counted:
                    count.result()
        blocks = labelled_runs(has_labels)
        return PassResult(
            [None if each is None else each.finish() for each in self._voxels],
            [each.finish(blocks, self._pairs[0].slices) for each in self._classes],
            digest.hexdigest(),
        )

    def _read(self, pair: MaskPair, slab: SlabPair) -> SlabPair:
        """Read the slices of a slab in another version."""
        return SlabPair(slab.start, slab.own, pair.read_prediction(slab.start, slab.stop), slab.truth)


class _VoxelPass:
    """Counts the voxels of one version."""

    def __init__(self, pair: MaskPair, values: tuple[int, ...]) -> None:
        self._pair = pair
        self._values = values
        self._counter = JointCounter()
        self._channels = values if pair.probabilities else ()
        self._papers = [PaperCounter(value) for value in self._channels]

    def add(self, slab: SlabPair) -> None:
        truth = slab.own_truth
        self._counter.add(truth, slab.prediction[slab.inner])
        for channel in range(len(self._channels)):
            probability = self._pair.read_probability(channel, slab.own.start, slab.own.stop)
            self._papers[channel].add(probability, truth)

    def finish(self) -> VoxelFindings:
        found = self._counter.values()
        return VoxelFindings(
            confusion=self._counter.confusion(choose_classes(found, self._values)),
            histograms=tuple(each.histogram() for each in self._papers),
            papers=tuple(each.scores() for each in self._papers),
            found_in_truth=frozenset(found.truth),
            found_in_prediction=frozenset(found.prediction),
        )


@dataclass(frozen=True)
class _ClassSlab:
    """One class in the slices of a slab that are its own: (k, y, x) bool, with labels and lines where asked for."""

    mask: np.ndarray
    labels: SlabLabels | None
    lines: np.ndarray | None


class _ClassPass:
    """Takes one class of truth and versions, slab by slab.

    Notes
    -----
    Every mask is worked through by itself before masks are compared, so that the cores share the work; compiled loops,
    numpy and cc3d let others run meanwhile. Each counter belongs to one mask or one pair of masks, and so to one thread
    at a time.
    """

    def __init__(
        self,
        value: int,
        settings: EvaluationSettings,
        *,
        is_measured: Sequence[bool],
        baseline: int | None,
    ) -> None:
        n = len(is_measured)
        self._value = value
        self._settings = settings
        self._is_measured = is_measured
        self._baseline = baseline
        self._surfaces = [SurfaceStream() for _ in range(n + 1)]
        self._components = [ComponentStream(connectivity=settings.connectivity) for _ in range(n + 1)]
        self._with_truth = [OverlapCounter() for _ in range(n)]
        self._with_baseline = [OverlapCounter() for _ in range(n)]
        self._centrelines = [CentrelineTally() for _ in range(n)]
        self._changes = [ChangeTally() for _ in range(n)]

    def add(self, slabs: Sequence[SlabPair], pool: Executor) -> None:
        """Take the next slices of all versions."""
        is_known = slabs[0].is_known
        masks = [(each.prediction == self._value) & is_known for each in slabs]
        masks.append(slabs[0].truth == self._value)
        numbers = range(len(masks))
        found = list(pool.map(lambda number: self._look_at(number, masks[number], slabs[0]), numbers))
        list(pool.map(lambda number: self._compare(number, found, is_known[slabs[0].inner]), numbers[:-1]))

    def _look_at(self, number: int, is_class: np.ndarray, slab: SlabPair) -> _ClassSlab:
        """Work through one mask (k, y, x) with a slice more at both ends; the last number is the truth's."""
        settings, mask = self._settings, is_class[slab.inner]
        is_truth = number == len(self._is_measured)
        is_measured = any(self._is_measured) if is_truth else self._is_measured[number]
        if is_measured and settings.with_surfaces:
            self._surfaces[number].add(is_class, slab.is_known, slab.own, slab.start)
        has_objects = settings.with_objects and (is_measured or not is_truth)
        return _ClassSlab(
            mask,
            self._components[number].add(mask) if has_objects else None,
            thin(mask) if is_measured and settings.with_centrelines else None,
        )

    def _compare(self, version: int, slabs: Sequence[_ClassSlab], is_known: np.ndarray) -> None:
        """Compare a version with the truth, the last of the slabs, and with the baseline."""
        found, truth = slabs[version], slabs[-1]
        if self._is_measured[version] and found.labels is not None and truth.labels is not None:
            self._with_truth[version].add(truth.labels, found.labels)
        if found.lines is not None and truth.lines is not None:
            self._centrelines[version].add(truth.mask, truth.lines, found.mask, found.lines)
        if self._baseline is None or version == self._baseline:
            return
        base = slabs[self._baseline]
        self._changes[version].add(base.mask, found.mask, truth.mask, is_known)
        if found.labels is not None and base.labels is not None:
            self._with_baseline[version].add(base.labels, found.labels)

    def finish(self, blocks: tuple[range, ...], slices: np.ndarray) -> ClassFindings:
        settings, measured = self._settings, self._is_measured
        is_any = any(measured)
        surfaces = [
            self._surfaces[v].finish(blocks) if wanted and settings.with_surfaces else None
            for v, wanted in enumerate(measured)
        ]
        objects: list[ObjectScores | None] = [None] * len(measured)
        between: list[ObjectScores | None] = [None] * len(measured)
        if settings.with_objects:
            objects, between = self._match()
        return ClassFindings(
            value=self._value,
            truth_surface=self._surfaces[-1].finish(blocks) if is_any and settings.with_surfaces else None,
            surfaces=surfaces,
            objects=objects,
            centrelines=[
                each.scores() if wanted and settings.with_centrelines else None
                for each, wanted in zip(self._centrelines, measured, strict=True)
            ],
            changes=[
                None if self._baseline in (None, v) else each.finish(slices)
                for v, each in enumerate(self._changes)
            ],
            between=between,
        )

    def _match(self) -> tuple[list[ObjectScores | None], list[ObjectScores | None]]:
        """Match the objects of each version with those of the truth, and with those of the baseline."""
        settings = self._settings
        finished: list[tuple[Objects, np.ndarray]] = [each.finish() for each in self._components]
        truth, truth_number = finished[-1]
        objects: list[ObjectScores | None] = []
        between: list[ObjectScores | None] = []
        for v, (found, number) in enumerate(finished[:-1]):
            matched = None
            if self._is_measured[v]:
                overlaps = self._with_truth[v].finish(truth_number, number)
                matched = match_objects(
                    truth,
                    found,
                    overlaps,
                    min_voxels=settings.min_voxels,
                    iou_thresholds=settings.iou_thresholds,
                )
            objects.append(matched)
            compared = None
            if self._baseline not in (None, v):
                base, base_number = finished[self._baseline or 0]
                overlaps = self._with_baseline[v].finish(base_number, number)
                compared = match_objects(
                    base, found, overlaps, min_voxels=settings.min_voxels, iou_thresholds=(MAIN_THRESHOLD,)
                )
            between.append(compared)
        return objects, between
