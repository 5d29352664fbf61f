"""Rank slices by disagreement: between two stored segmentations, or of one model version under turns."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from itertools import islice

import numpy as np
from pydantic import Field

from sxt.errors import SettingsError
from sxt.jobs.kinds.base import JobContext, JobKind, JobOutcome, JobSettings
from sxt.labels import (
    SliceKey,
    disagreement_between,
    disagreement_of,
    find_regions,
    predict_turned,
    score_slices,
)
from sxt.labels.values import slice_box
from sxt.progress import Progress
from sxt.workspace import ItemKind, SegmentationManifest, Workspace
from sxt.workspace.ids import ItemId
from sxt.workspace.suggesting import (
    DisagreementScores,
    ScoredSlice,
    corners,
    new_maps,
    write_scores,
)

STAGE = "rank slices"
N_TURNS = 4
LARGEST_SPREAD = 0.5
"""Of probabilities: half of them 0, half 1."""


class CompareVersionsSettings(JobSettings):
    """Which two segmentations of one tomogram to compare."""

    first: ItemId
    second: ItemId

    def describe(self, workspace: Workspace) -> str:
        return "Rank slices by how two segmentations disagree"

    def inputs(self) -> Mapping[str, ItemKind]:
        return {self.first: "segmentation", self.second: "segmentation"}


class TurnedSettings(JobSettings):
    """Which model version to run on turned slices.

    Parameters
    ----------
    tomogram_id : str
    model : str
        ``name:version``.
    step : int
        Every so many slices are looked at.
    """

    tomogram_id: ItemId
    model: str
    step: int = Field(4, ge=1)

    def describe(self, workspace: Workspace) -> str:
        return f"Rank slices by how {self.model} disagrees with itself under turns"

    def inputs(self) -> Mapping[str, ItemKind]:
        return {self.tomogram_id: "tomogram"}


def run_versions(context: JobContext, settings: CompareVersionsSettings) -> JobOutcome:
    """Compare two stored probabilities slice by slice."""
    workspace = context.workspace
    first, second = (workspace.segmentations.get(each) for each in (settings.first, settings.second))
    if first.tomogram_id != second.tomogram_id or first.id == second.id:
        raise SettingsError("The two must be different segmentations of one tomogram; choose others.")
    pairs = _shared_channels(first, second)
    arrays = [workspace.open_probability(each.id) for each in (first, second)]

    def read(which: int, z: int) -> np.ndarray:
        local = z - (first, second)[which].first_slice
        return np.asarray(arrays[which][:, local : local + 1])[[pair[which] for pair in pairs]]

    def disagree(z: int) -> np.ndarray:
        return disagreement_between(read(0, z), read(1, z))

    start = max(first.first_slice, second.first_slice)
    stop = min(each.first_slice + each.shape[0] for each in (first, second))
    scores = DisagreementScores(
        source=f"{first.name} and {second.name}",
        segmentations=(first.id, second.id),
        slices=_score(context, disagree, range(start, stop)),
    )
    return _keep(context, first.tomogram_id, scores)


def run_turned(context: JobContext, settings: TurnedSettings) -> JobOutcome:
    """Segment some slices in four orientations and compare what comes out."""
    from sxt.models import SHIPPED_ROOT, load_model
    from sxt.segment import SegmentSettings, segment_tomogram
    from sxt.segment.orient import recognise_absorbing

    workspace = context.workspace
    tomogram = workspace.open_tomogram(settings.tomogram_id)
    model = load_model(settings.model, root=(workspace.models_root, SHIPPED_ROOT))
    absorbing = tomogram.absorbing_is or recognise_absorbing(tomogram)

    def predict(slab: np.ndarray) -> np.ndarray:
        turned = replace(tomogram, data=slab, absorbing_is=absorbing)
        found = segment_tomogram(
            turned, model, settings=SegmentSettings(), device=context.device, cancel=context.cancel
        )
        return found.probability

    def disagree(z: int) -> np.ndarray:
        return disagreement_of(islice(predict_turned(predict, tomogram.read_slices(z, z + 1)), N_TURNS))

    n_slices = tomogram.shape[0]
    looked_at = sorted({*range(0, n_slices, settings.step), n_slices - 1})
    labels = workspace.open_labels(settings.tomogram_id, by=context.job.submitted_by)
    with new_maps(labels) as (name, maps):

        def keep(z: int, gap: np.ndarray) -> None:
            values = np.rint(gap * (255 / LARGEST_SPREAD)).clip(0, 255).astype(np.uint8)
            maps.write_box(slice_box(maps.shape, SliceKey("z", z)), values[None])

        scores = DisagreementScores(
            source=f"{settings.model} under four turns",
            slices=_score(context, disagree, looked_at, keep=keep),
            maps=name,
        )
    return _keep(context, settings.tomogram_id, scores)


def _score(
    context: JobContext,
    disagree: Callable[[int], np.ndarray],
    slices: Iterable[int],
    *,
    keep: Callable[[int, np.ndarray], None] | None = None,
) -> tuple[ScoredSlice, ...]:
    """Return the scores of slices, where ``disagree`` gives (c, 1, y, x) in [0, 1]; ``keep`` is given its largest."""
    wanted, found = list(slices), []
    for done, z in enumerate(wanted, start=1):
        context.cancel.raise_if_cancelled()
        gap = disagree(z)
        largest = gap.max(axis=0)[0]  # (y, x)
        regions = corners(find_regions(largest))
        if keep is not None:
            keep(z, largest)
        found.append(ScoredSlice(z=z, scores=tuple(score_slices(gap)[:, 0].clip(0.0, 1.0)), regions=regions))
        context.progress(Progress(STAGE, done, len(wanted)))
    return tuple(found)


def _keep(context: JobContext, tomogram_id: str, scores: DisagreementScores) -> JobOutcome:
    if not scores.slices:
        raise SettingsError("There is no slice that both segmentations have; choose others.")
    labels = context.workspace.open_labels(tomogram_id, by=context.job.submitted_by)
    write_scores(labels, scores)
    return JobOutcome((), f"Ranked by {scores.source}.")


def _shared_channels(first: SegmentationManifest, second: SegmentationManifest) -> list[tuple[int, int]]:
    """Return the channels of the classes that both have, as pairs."""
    other = {each.name.casefold(): channel for channel, each in enumerate(second.classes)}
    pairs = [
        (channel, other[each.name.casefold()])
        for channel, each in enumerate(first.classes)
        if each.name.casefold() in other
    ]
    if not pairs:
        raise SettingsError("The two segmentations share no class; choose others to compare.")
    return pairs


VERSIONS_KIND = JobKind("suggest", "data", CompareVersionsSettings, run_versions)
TURNED_KIND = JobKind("suggest-turned", "compute", TurnedSettings, run_turned)
