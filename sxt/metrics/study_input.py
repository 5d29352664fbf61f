"""What a study is made of: versions with their predictions, tomograms, labels."""

from dataclasses import dataclass

from sxt.errors import SettingsError
from sxt.metrics.pair import ClassName, MaskPair, Reading
from sxt.metrics.study import MAX_VERSIONS, TomogramInfo, VersionInfo
from sxt.tomogram import VolumeSource


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
