"""Compare model versions on the same labelled tomograms: differences with intervals and verdicts."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from sxt.errors import SettingsError
from sxt.metrics.centreline import centreline_dice
from sxt.metrics.evaluation import Evaluation
from sxt.metrics.scores import BinaryCounts, ScoreName, score
from sxt.metrics.statistics import (
    Aggregate,
    Interval,
    Metric,
    StatisticsSettings,
    Verdict,
    bootstrap_difference,
    bootstrap_interval,
    choose_block_length,
    cut_into_blocks,
    holm,
    judge,
    sign_flip_test,
)

ComparedScore = Literal["dice", "iou", "precision", "recall", "surface_dice", "centreline_dice"]
COMPARED_SCORES: tuple[ComparedScore, ...] = get_args(ComparedScore)

UnitKind = Literal["tomogram", "block"]

FEW_TOMOGRAMS = 2


@dataclass(frozen=True)
class EvaluatedVersion:
    """A version with its evaluations, one for each tomogram, in the same order for all versions."""

    name: str
    sha256: str
    evaluations: tuple[Evaluation, ...]


@dataclass(frozen=True)
class ScoreOfVersion:
    """One score of one version: its value, and its difference from the baseline.

    Parameters
    ----------
    version : str
    score : str
    value : Interval
        Mean over tomograms; of a single tomogram all slices pooled.
    difference : Interval
        Version minus baseline; exactly 0 for the baseline itself.
    p, p_adjusted : float
        Two-sided, of the sign-flip test, and adjusted for the number of versions by Holm's rule.
    verdict : str
        Against the baseline; see `sxt.metrics.statistics.judge`.
    """

    version: str
    score: str
    value: Interval
    difference: Interval
    p: float
    p_adjusted: float
    verdict: Verdict


@dataclass(frozen=True)
class Comparison:
    """Versions against a baseline, for one class.

    Parameters
    ----------
    class_value : int
    baseline : str
    versions : tuple of str
        The baseline among them.
    unit : {"tomogram", "block"}
        What is resampled.
    n_units : int
    block_slices : int or None
        Labelled slices of a block.
    scores : tuple of ScoreOfVersion
        Score by score, version by version.
    warnings : tuple of str
        What limits the conclusions, one sentence each.
    """

    class_value: int
    baseline: str
    versions: tuple[str, ...]
    unit: UnitKind
    n_units: int
    block_slices: int | None
    scores: tuple[ScoreOfVersion, ...]
    warnings: tuple[str, ...]
    settings: StatisticsSettings

    def of(self, version: str, score: str) -> ScoreOfVersion:
        """Return one score of one version; raise `SettingsError` where there is none."""
        for each in self.scores:
            if (each.version, each.score) == (version, score):
                return each
        raise SettingsError(f"There is no {score!r} of {version!r}; there are {', '.join(self.versions)}.")


def compare_versions(
    versions: tuple[EvaluatedVersion, ...],
    class_value: int,
    *,
    baseline: str | None = None,
    settings: StatisticsSettings | None = None,
) -> Comparison:
    """Compare versions with a baseline.

    Parameters
    ----------
    versions : tuple of EvaluatedVersion
        Each measured on the same labelled slices of the same tomograms.
    class_value : int
        The class.
    baseline : str, optional
        Name of the version that the others are compared with; the first one by default.
    settings : StatisticsSettings, optional

    Raises
    ------
    SettingsError
        Where names repeat, the baseline is not among them, or the versions were not measured on the same data.

    Notes
    -----
    With two or more tomograms these are resampled, and each has the same say. Of a single one blocks of labelled slices
    are resampled and pooled, which says nothing of other tomograms; a warning says so.
    """
    settings = settings or StatisticsSettings()
    names = tuple(each.name for each in versions)
    reference = names[0] if baseline is None else baseline
    _check(versions, names, reference)
    is_blocks = len(versions[0].evaluations) < FEW_TOMOGRAMS
    block_slices = _block_length(versions, names.index(reference), class_value) if is_blocks else None
    available = [name for name in COMPARED_SCORES if _has_score(versions, class_value, name)]
    scores: list[ScoreOfVersion] = []
    n_units = 0
    for name in available:
        tallies = [_tallies_of_units(each, class_value, name, block_slices) for each in versions]
        n_units = len(tallies[0])
        aggregate = Aggregate(_METRICS[name], is_pooled=is_blocks)
        scores += _compare_score(name, names, tallies, names.index(reference), aggregate, settings)
    return Comparison(
        class_value=class_value,
        baseline=reference,
        versions=names,
        unit="block" if is_blocks else "tomogram",
        n_units=n_units,
        block_slices=block_slices,
        scores=tuple(scores),
        warnings=_warnings(n_units, block_slices, settings) if len(versions) > 1 else (),
        settings=settings,
    )


def _compare_score(
    score_name: str,
    names: tuple[str, ...],
    tallies: list[np.ndarray],
    baseline: int,
    aggregate: Aggregate,
    settings: StatisticsSettings,
) -> list[ScoreOfVersion]:
    others = [i for i in range(len(names)) if i != baseline]
    p_of = {i: sign_flip_test(tallies[baseline], tallies[i], aggregate, settings) for i in others}
    adjusted = dict(zip(others, holm([p_of[i] for i in others]), strict=True))
    found = []
    for i, name in enumerate(names):
        difference = bootstrap_difference(tallies[baseline], tallies[i], aggregate, settings)
        verdict = judge(
            difference,
            adjusted.get(i, 1.0),
            n_units=len(tallies[i]),
            is_identical=np.array_equal(tallies[baseline], tallies[i]),
            settings=settings,
        )
        value = bootstrap_interval(tallies[i], aggregate, settings)
        found.append(
            ScoreOfVersion(
                name, score_name, value, difference, p_of.get(i, 1.0), adjusted.get(i, 1.0), verdict
            )
        )
    return found


def _tallies(evaluation: Evaluation, class_value: int, score_name: str) -> np.ndarray:
    """Return the counts (slices, 4) that a score is made of, labelled slices only."""
    measured = evaluation.of_class(class_value)
    counts = evaluation.counts(class_value)
    if score_name == "surface_dice" and measured.surface is not None:
        s = measured.surface
        table = np.stack([s.truth_voxels, s.truth_found, s.prediction_voxels, s.prediction_right], axis=1)
    elif score_name == "centreline_dice" and measured.centreline is not None:
        c = measured.centreline
        table = np.stack([c.truth_px, c.truth_found_px, c.prediction_px, c.prediction_right_px], axis=1)
    else:
        table = counts.as_array()
    kept: np.ndarray = table[counts.total > 0].astype(np.float64)
    return kept


def _tallies_of_units(
    version: EvaluatedVersion, class_value: int, score_name: str, block_slices: int | None
) -> np.ndarray:
    """Return the counts (units, 4): of tomograms, or of the blocks of the only one."""
    tables = [_tallies(each, class_value, score_name) for each in version.evaluations]
    if block_slices is None:
        return np.array([table.sum(axis=0) for table in tables])
    blocks = cut_into_blocks(len(tables[0]), block_slices)
    return np.array([tables[0][block.start : block.stop].sum(axis=0) for block in blocks])


def _block_length(versions: tuple[EvaluatedVersion, ...], baseline: int, class_value: int) -> int:
    """Return a block length at which the differences of all versions are nearly independent."""
    per_slice = [
        _voxel_metric("dice")(_tallies(each.evaluations[0], class_value, "dice")) for each in versions
    ]
    series = [each - per_slice[baseline] for i, each in enumerate(per_slice) if i != baseline] or per_slice
    return max(choose_block_length(each) for each in series)


def _voxel_metric(name: ScoreName) -> Metric:
    def metric(tallies: np.ndarray) -> np.ndarray:
        return score(BinaryCounts(*np.moveaxis(tallies, -1, 0)), name)

    return metric


def surface_dice(tallies: np.ndarray) -> np.ndarray:
    """Return the surface Dice of tallies (..., 4): truth, truth found, prediction, prediction right; 1 of none."""
    total = tallies[..., 0] + tallies[..., 2]
    near = tallies[..., 1] + tallies[..., 3]
    return np.where(total == 0, 1.0, near / np.where(total == 0, 1, total))


_METRICS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "dice": _voxel_metric("dice"),
    "iou": _voxel_metric("iou"),
    "precision": _voxel_metric("precision"),
    "recall": _voxel_metric("recall"),
    "surface_dice": surface_dice,
    "centreline_dice": centreline_dice,
}


def _has_score(versions: tuple[EvaluatedVersion, ...], class_value: int, score_name: str) -> bool:
    part = {"surface_dice": "surface", "centreline_dice": "centreline"}.get(score_name)
    return part is None or all(
        getattr(evaluation.of_class(class_value), part) is not None
        for version in versions
        for evaluation in version.evaluations
    )


def _check(versions: tuple[EvaluatedVersion, ...], names: tuple[str, ...], baseline: str) -> None:
    if len(set(names)) != len(names):
        raise SettingsError(f"The names {', '.join(names)} repeat themselves; give every version its own.")
    if baseline not in names:
        raise SettingsError(f"The baseline {baseline!r} is not among {', '.join(names)}; name one of these.")
    if not versions[0].evaluations:
        raise SettingsError("No tomogram was evaluated; give at least one with labels.")
    expected = [_fingerprint(each) for each in versions[0].evaluations]
    for version in versions[1:]:
        if [_fingerprint(each) for each in version.evaluations] != expected:
            raise SettingsError(
                f"{version.name} and {names[0]} were not measured on the same labelled voxels; "
                "evaluate both on the same slices with the same labels."
            )


def _fingerprint(evaluation: Evaluation) -> tuple[int, int, str]:
    """What must be equal for two versions to be compared: the slices, and the labels in them."""
    return int(evaluation.slices[0]), len(evaluation.slices), evaluation.truth_sha256


def _warnings(n_units: int, block_slices: int | None, settings: StatisticsSettings) -> tuple[str, ...]:
    found = []
    if block_slices is not None:
        blocks, slices = _count(n_units, "block"), _count(block_slices, "slice")
        found.append(
            f"There is one tomogram: {blocks} of about {slices} {_were(n_units)} resampled, so that nothing is said of "
            "other tomograms."
        )
    if n_units < settings.min_units:
        what = _count(n_units, "block" if block_slices is not None else "tomogram")
        needed = f"{settings.min_units} are the fewest that can"
        if block_slices is not None:
            enough = _count(settings.min_units * block_slices, "labelled slice")
            needed += f", here about {enough}, or {settings.min_units} tomograms"
        found.append(f"{what} {'is' if n_units == 1 else 'are'} too few to tell versions apart; {needed}.")
    return tuple(found)


def _were(n: int) -> str:
    return "was" if n == 1 else "were"


def _count(n: int, noun: str) -> str:
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"
