"""A study: some versions on some tomograms, measured against labels and each other."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from sxt.errors import SettingsError
from sxt.metrics.agreement import Agreement, measure_agreement
from sxt.metrics.comparison import Comparison, EvaluatedVersion, compare_versions
from sxt.metrics.difference import ObjectChanges, VoxelChanges, compare_objects, count_changes
from sxt.metrics.evaluate import Evaluation, EvaluationSettings, evaluate_pair
from sxt.metrics.pair import ClassName, MaskPair, Reading
from sxt.metrics.statistics import StatisticsSettings
from sxt.progress import CancelToken, Progress, ProgressCallback, ignore_progress
from sxt.tomogram import VolumeSource, VoxelSize

MAX_VERSIONS = 6


@dataclass(frozen=True)
class VersionInfo:
    """What produced a prediction.

    Parameters
    ----------
    name : str
        By which it is told apart in the study.
    sha256 : str
        Of the model's weights; empty where no model is known.
    parent : str or None
        ``name:version`` that its training started from.
    settings : dict
        Those of the segmentation that are not default, in words.
    warning : str
        What makes its numbers doubtful, for example that it was trained on these labels.
    """

    name: str
    sha256: str = ""
    parent: str | None = None
    settings: dict[str, str] = field(default_factory=dict)
    warning: str = ""


@dataclass(frozen=True)
class TomogramInfo:
    """What was measured on.

    Parameters
    ----------
    name : str
    sha256 : str
        Of the tomogram, or of the prediction where no tomogram is known; empty where neither has a file.
    labels_name, labels_sha256 : str
        Empty where there are no labels.
    voxel_size_nm : tuple of float or None
    """

    name: str
    sha256: str = ""
    labels_name: str = ""
    labels_sha256: str = ""
    voxel_size_nm: VoxelSize | None = None


@dataclass(frozen=True)
class Prediction:
    """A version's result on a tomogram.

    Parameters
    ----------
    mask : VolumeSource
        (z, y, x) classes.
    probabilities : tuple of VolumeSource
        (z, y, x) uint8, one for each class of the study; may be empty.
    first_slice : int
        The tomogram's slice that its first one belongs to.
    threshold : float or None
    """

    mask: VolumeSource
    probabilities: tuple[VolumeSource, ...] = ()
    first_slice: int = 0
    threshold: float | None = None


@dataclass(frozen=True)
class Labels:
    """Labels of a tomogram, (z, y, x), and which of its slices are to be measured (None: all labelled ones)."""

    volume: VolumeSource
    only_slices: frozenset[int] | None = None
    reading: Reading = "classes"
    is_foreground_255: bool = False


@dataclass(frozen=True)
class Changes:
    """What a version fixed and broke on a tomogram, of one class, against the baseline."""

    version: str
    tomogram: str
    class_value: int
    voxels: VoxelChanges
    objects: ObjectChanges | None


@dataclass(frozen=True)
class PairAgreement:
    """How far a version agrees with the baseline on a tomogram, of one class."""

    version: str
    tomogram: str
    class_value: int
    agreement: Agreement


@dataclass(frozen=True)
class Study:
    """Everything that was measured.

    Parameters
    ----------
    versions, tomograms, classes
    baseline : str
    evaluations : tuple of tuple of Evaluation
        Version by version, tomogram by tomogram; empty without labels.
    comparisons : tuple of Comparison
        One a class; empty without labels or with a single version.
    changes : tuple of Changes
    agreements : tuple of PairAgreement
        Versions against the baseline, where there are no labels.
    settings : EvaluationSettings
    statistics : StatisticsSettings
    programs : dict
        Versions of the programs.
    created : str
        Date and time, ISO 8601; empty where the caller gave none.
    """

    versions: tuple[VersionInfo, ...]
    tomograms: tuple[TomogramInfo, ...]
    classes: tuple[ClassName, ...]
    baseline: str
    evaluations: tuple[tuple[Evaluation, ...], ...]
    comparisons: tuple[Comparison, ...]
    changes: tuple[Changes, ...]
    agreements: tuple[PairAgreement, ...]
    settings: EvaluationSettings
    statistics: StatisticsSettings
    programs: dict[str, str]
    created: str

    @property
    def has_labels(self) -> bool:
        return bool(self.evaluations)

    @property
    def warnings(self) -> tuple[str, ...]:
        """Every sentence that limits what may be concluded, each once."""
        found = [each.warning for each in self.versions if each.warning]
        found += [warning for each in self.comparisons for warning in each.warnings]
        return tuple(dict.fromkeys(found))


@dataclass(frozen=True)
class StudyInput:
    """What a study is made of.

    Parameters
    ----------
    versions : tuple of VersionInfo
    tomograms : tuple of TomogramInfo
    predictions : tuple of tuple of Prediction
        Version by version, tomogram by tomogram.
    labels : tuple of Labels
        Tomogram by tomogram; empty where there are none.
    classes : tuple of ClassName or None
        None: those found, which needs a single version and tomogram.
    baseline : str or None
        The first version by default.
    """

    versions: tuple[VersionInfo, ...]
    tomograms: tuple[TomogramInfo, ...]
    predictions: tuple[tuple[Prediction, ...], ...]
    labels: tuple[Labels, ...] = ()
    classes: tuple[ClassName, ...] | None = None
    baseline: str | None = None

    def __post_init__(self) -> None:
        names = [each.name for each in self.versions]
        if not 1 <= len(names) <= MAX_VERSIONS or len(set(names)) != len(names):
            raise SettingsError(
                f"The versions are {', '.join(names) or 'none'}; give 1 to {MAX_VERSIONS}, each of its own name."
            )
        n = len(self.tomograms)
        if not n or any(len(each) != n for each in self.predictions) or len(self.labels) not in (0, n):
            raise SettingsError(
                f"There are {n} tomograms and {len(self.labels)} labels; give one label volume for each tomogram."
            )
        if self.baseline is not None and self.baseline not in names:
            raise SettingsError(
                f"The baseline {self.baseline!r} is not among {', '.join(names)}; name one of these."
            )
        if not self.labels and (len(names) < 2 or self.classes is None):
            raise SettingsError(
                "Without labels there is nothing to measure but agreement; give two versions."
            )
        if self.classes is None and (len(names) > 1 or n > 1):
            raise SettingsError(
                "Several versions or tomograms have classes of their own; name those to compare."
            )

    @property
    def reference(self) -> str:
        """Name of the baseline."""
        return self.baseline or self.versions[0].name

    def pair(self, version: int, tomogram: int) -> MaskPair:
        """Return a prediction with its labels."""
        prediction, labels = self.predictions[version][tomogram], self.labels[tomogram]
        return MaskPair(
            prediction=prediction.mask,
            truth=labels.volume,
            first_slice=prediction.first_slice,
            only_slices=labels.only_slices,
            reading=labels.reading,
            is_truth_255=labels.is_foreground_255,
            voxel_size_nm=self.tomograms[tomogram].voxel_size_nm,
            probabilities=prediction.probabilities,
        )


Evaluate = Callable[[int, int, Callable[[], Evaluation]], Evaluation]
"""Given the positions of version and tomogram, returns what is stored, or what the last argument measures."""


def run_study(
    given: StudyInput,
    *,
    settings: EvaluationSettings | None = None,
    statistics: StatisticsSettings | None = None,
    programs: dict[str, str] | None = None,
    created: str = "",
    stored: Evaluate | None = None,
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
    stored : callable, optional
        Looks up evaluations made earlier; see `Evaluate`.
    progress, cancel
        As in `evaluate_pair`; the stage names version and tomogram.

    Raises
    ------
    InputError, SettingsError, Cancelled
        As `evaluate_pair` and `compare_versions`.
    """
    settings, statistics = settings or EvaluationSettings(), statistics or StatisticsSettings()
    runner = _Runner(given, settings, stored, progress, cancel)
    evaluations = runner.evaluate_all() if given.labels else ()
    classes = given.classes or tuple(each.name for each in evaluations[0][0].classes)
    versions = [
        EvaluatedVersion(info.name, info.sha256, measured)
        for info, measured in zip(given.versions, evaluations, strict=False)
    ]
    is_compared = bool(given.labels) and len(versions) > 1
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
        changes=runner.changes(evaluations, classes) if is_compared else (),
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
        stored: Evaluate | None,
        progress: ProgressCallback,
        cancel: CancelToken | None,
    ) -> None:
        self._given = given
        self._settings = settings
        self._stored: Evaluate = stored or (lambda version, tomogram, measure: measure())
        self._progress = progress
        self._cancel = cancel
        self._baseline = [each.name for each in given.versions].index(given.reference)

    def evaluate_all(self) -> tuple[tuple[Evaluation, ...], ...]:
        return tuple(
            tuple(
                self._stored(v, t, lambda v=v, t=t: self._evaluate(v, t))  # type: ignore[misc]
                for t in range(len(self._given.tomograms))
            )
            for v in range(len(self._given.versions))
        )

    def changes(
        self, evaluations: tuple[tuple[Evaluation, ...], ...], classes: tuple[ClassName, ...]
    ) -> tuple[Changes, ...]:
        return tuple(
            self._change(v, t, each, evaluations)
            for v in self._candidates()
            for t in range(len(self._given.tomograms))
            for each in classes
        )

    def agreements(self, classes: tuple[ClassName, ...]) -> tuple[PairAgreement, ...]:
        return tuple(
            self._agreement(v, t, each)
            for v in self._candidates()
            for t in range(len(self._given.tomograms))
            for each in classes
        )

    def _candidates(self) -> list[int]:
        return [v for v in range(len(self._given.versions)) if v != self._baseline]

    def _evaluate(self, version: int, tomogram: int) -> Evaluation:
        return evaluate_pair(
            self._given.pair(version, tomogram),
            self._given.classes,
            threshold=self._given.predictions[version][tomogram].threshold,
            settings=self._settings,
            progress=self._named(version, tomogram),
            cancel=self._cancel,
        )

    def _change(
        self, version: int, tomogram: int, name: ClassName, evaluations: tuple[tuple[Evaluation, ...], ...]
    ) -> Changes:
        pairs = self._given.pair(self._baseline, tomogram), self._given.pair(version, tomogram)
        progress = self._named(version, tomogram)
        voxels = count_changes(*pairs, name.value, progress=progress, cancel=self._cancel)
        first, second = (
            evaluations[v][tomogram].of_class(name.value).objects for v in (self._baseline, version)
        )
        objects = None
        if first is not None and second is not None:
            objects = compare_objects(
                *pairs,
                name.value,
                (first, second),
                connectivity=self._settings.connectivity,
                min_voxels=self._settings.min_voxels,
                progress=progress,
                cancel=self._cancel,
            )
        info = self._given
        return Changes(
            info.versions[version].name, info.tomograms[tomogram].name, name.value, voxels, objects
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
            progress=self._named(version, tomogram),
            cancel=self._cancel,
        )
        found = replace(found, slices=found.slices + baseline.first_slice)
        return PairAgreement(info.versions[version].name, info.tomograms[tomogram].name, name.value, found)

    def _named(self, version: int, tomogram: int) -> ProgressCallback:
        given = self._given
        name = given.versions[version].name
        where = f" on {given.tomograms[tomogram].name}" if len(given.tomograms) > 1 else ""

        def report(progress: Progress) -> None:
            self._progress(replace(progress, stage=f"{progress.stage} of {name}{where}"))

        return report
