"""A study: what was measured of some versions on some tomograms, against labels and each other."""

from dataclasses import dataclass, field

from sxt.metrics.agreement import Agreement
from sxt.metrics.comparison import Comparison
from sxt.metrics.difference import ObjectChanges, VoxelChanges
from sxt.metrics.evaluation import Evaluation, EvaluationSettings
from sxt.metrics.pair import ClassName
from sxt.metrics.statistics import StatisticsSettings
from sxt.tomogram import VoxelSize

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
