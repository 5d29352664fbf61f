"""Measuring a study: tomogram by tomogram, all versions together, what was measured earlier not again."""

from dataclasses import replace
from typing import Protocol

from sxt.metrics.agreement import measure_agreement
from sxt.metrics.comparison import EvaluatedVersion, compare_versions
from sxt.metrics.evaluate import TomogramResult, evaluate_pair, evaluate_versions
from sxt.metrics.evaluation import Evaluation, EvaluationSettings
from sxt.metrics.pair import ClassName, MaskPair
from sxt.metrics.statistics import StatisticsSettings
from sxt.metrics.study import Changes, PairAgreement, Study
from sxt.metrics.study_input import StudyInput
from sxt.progress import CancelToken, Progress, ProgressCallback, ignore_progress


class EvaluationStore(Protocol):
    """Keeps evaluations of versions on tomograms, both given by their positions in a study."""

    def find(self, version: int, tomogram: int) -> Evaluation | None:
        """Return what is kept; None where nothing is."""

    def keep(self, version: int, tomogram: int, evaluation: Evaluation) -> None:
        """Keep what was measured."""


def run_study(
    given: StudyInput,
    *,
    settings: EvaluationSettings | None = None,
    statistics: StatisticsSettings | None = None,
    programs: dict[str, str] | None = None,
    created: str = "",
    store: EvaluationStore | None = None,
    progress: ProgressCallback = ignore_progress,
    cancel: CancelToken | None = None,
) -> Study:
    """Measure and compare.

    Parameters
    ----------
    given : StudyInput
    settings, statistics
        Defaults where None.
    programs, created
        Noted in the study.
    store : EvaluationStore, optional
        Where evaluations made earlier are found, and new ones kept.
    progress, cancel
        As in `evaluate_versions`; the stage names the tomogram where there are several.

    Raises
    ------
    InputError, SettingsError, Cancelled
        As `evaluate_versions` and `compare_versions`.
    """
    settings, statistics = settings or EvaluationSettings(), statistics or StatisticsSettings()
    runner = _Runner(given, settings, store, progress, cancel)
    results = [runner.measure(t) for t in range(len(given.tomograms))] if given.labels else []
    evaluations = tuple(zip(*(each.evaluations for each in results), strict=True))  # version by version
    classes = given.classes or tuple(each.name for each in evaluations[0][0].classes)
    versions = [
        EvaluatedVersion(info.name, info.sha256, measured)
        for info, measured in zip(given.versions, evaluations, strict=False)
    ]
    return Study(
        versions=given.versions,
        tomograms=given.tomograms,
        classes=classes,
        baseline=given.reference,
        evaluations=evaluations,
        comparisons=tuple(
            compare_versions(tuple(versions), each.value, baseline=given.reference, settings=statistics)
            for each in classes
            if versions
        ),
        changes=_list_changes(given, classes, results),
        agreements=() if given.labels else runner.agreements(classes),
        settings=settings,
        statistics=statistics,
        programs=dict(programs or {}),
        created=created,
    )


class _Runner:
    """Measures the parts of a study, each reported under the name of what is measured."""

    def __init__(
        self,
        given: StudyInput,
        settings: EvaluationSettings,
        store: EvaluationStore | None,
        progress: ProgressCallback,
        cancel: CancelToken | None,
    ) -> None:
        self._given = given
        self._settings = settings
        self._store = store
        self._progress = progress
        self._cancel = cancel
        self._baseline = [each.name for each in given.versions].index(given.reference)

    def measure(self, tomogram: int) -> TomogramResult:
        """Measure all versions on a tomogram, and what they changed against the baseline."""
        given, progress = self._given, self._named(tomogram)
        thresholds = [each[tomogram].threshold for each in given.predictions]
        if given.classes is None:  # a single version
            found = evaluate_pair(
                given.pair(0, tomogram),
                threshold=thresholds[0],
                settings=self._settings,
                progress=progress,
                cancel=self._cancel,
            )
            return TomogramResult((found,), ())
        versions = range(len(given.versions))
        known = [None if self._store is None else self._store.find(v, tomogram) for v in versions]
        result = evaluate_versions(
            [given.pair(v, tomogram) for v in versions],
            given.classes,
            thresholds=thresholds,
            settings=self._settings,
            known=known,
            baseline=self._baseline,
            version_names=[each.name for each in given.versions],
            progress=progress,
            cancel=self._cancel,
        )
        for v, found in enumerate(result.evaluations):
            if self._store is not None and known[v] is None:
                self._store.keep(v, tomogram, found)
        return result

    def agreements(self, classes: tuple[ClassName, ...]) -> tuple[PairAgreement, ...]:
        return tuple(
            self._agreement(v, t, each)
            for v in range(len(self._given.versions))
            for t in range(len(self._given.tomograms))
            for each in classes
            if v != self._baseline
        )

    def _agreement(self, version: int, tomogram: int, name: ClassName) -> PairAgreement:
        info = self._given
        candidate, baseline = info.predictions[version][tomogram], info.predictions[self._baseline][tomogram]
        pair = MaskPair(
            prediction=candidate.mask,
            truth=baseline.mask,
            first_slice=candidate.first_slice - baseline.first_slice,
            voxel_size_nm=info.tomograms[tomogram].voxel_size_nm,
        )
        found = measure_agreement(
            pair,
            name.value,
            connectivity=self._settings.connectivity,
            min_voxels=self._settings.min_voxels,
            progress=self._named(tomogram, of=info.versions[version].name),
            cancel=self._cancel,
        )
        found = replace(found, slices=found.slices + baseline.first_slice)
        return PairAgreement(info.versions[version].name, info.tomograms[tomogram].name, name.value, found)

    def _named(self, tomogram: int, *, of: str = "") -> ProgressCallback:
        tomograms = self._given.tomograms
        name = f" of {of}" if of else ""
        where = f" on {tomograms[tomogram].name}" if len(tomograms) > 1 else ""

        def report(progress: Progress) -> None:
            self._progress(replace(progress, stage=f"{progress.stage}{name}{where}"))

        return report


def _list_changes(
    given: StudyInput, classes: tuple[ClassName, ...], results: list[TomogramResult]
) -> tuple[Changes, ...]:
    """Return the changes version by version, tomogram by tomogram, class by class."""
    return tuple(
        Changes(version.name, tomogram.name, name.value, each.voxels, each.objects)
        for v, version in enumerate(given.versions)
        for tomogram, result in zip(given.tomograms, results, strict=False)
        for name in classes
        for each in result.changes
        if (each.version, each.class_value) == (v, name.value)
    )
