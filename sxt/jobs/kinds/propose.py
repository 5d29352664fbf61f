"""Propose pseudo-labels from a stored segmentation, or segment first and then propose."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from sxt.errors import SettingsError
from sxt.jobs.kinds.base import JobContext, JobKind, JobOutcome, JobSettings
from sxt.jobs.kinds.segment import SegmentJobSettings, run_segment
from sxt.labels import ConfidenceThresholds, propose_labels
from sxt.labels.confidence import BACKGROUND_CONFIDENCE, FOREGROUND_CONFIDENCE
from sxt.workspace import ItemKind, Workspace
from sxt.workspace.ids import ItemId
from sxt.workspace.matching import match_classes

Confidence = Annotated[float, Field(ge=0.5, lt=1.0)]


class ProposalSettings(JobSettings):
    """How sure the model must be, and which slices are wanted.

    Parameters
    ----------
    slices : tuple of int or None
        Along z; None for all that nobody has labelled. Held-out slices are left out.
    foreground, background : float
        Smallest confidence of a class, and of its absence.
    """

    slices: tuple[int, ...] | None = None
    foreground: Confidence = FOREGROUND_CONFIDENCE
    background: Confidence = BACKGROUND_CONFIDENCE

    def describe(self, workspace: Workspace) -> str:
        return "Propose labels"


class ProposeJobSettings(JobSettings):
    """From which segmentation to propose labels of its tomogram."""

    segmentation_id: ItemId
    proposal: ProposalSettings = ProposalSettings()

    def describe(self, workspace: Workspace) -> str:
        found = workspace.segmentations.find(self.segmentation_id)
        return f"Propose labels from {'a segmentation' if found is None else found.name}"

    def inputs(self) -> Mapping[str, ItemKind]:
        return {self.segmentation_id: "segmentation"}


class SegmentProposeJobSettings(JobSettings):
    """What to segment first, and how to propose from that."""

    segment: SegmentJobSettings
    proposal: ProposalSettings = ProposalSettings()

    def describe(self, workspace: Workspace) -> str:
        return f"{self.segment.describe(workspace)} and propose labels"

    def inputs(self) -> Mapping[str, ItemKind]:
        return self.segment.inputs()


def run_propose(context: JobContext, settings: ProposeJobSettings) -> JobOutcome:
    """Propose labels from a stored probability."""
    return JobOutcome((), _propose(context, settings.segmentation_id, settings.proposal))


def run_segment_propose(context: JobContext, settings: SegmentProposeJobSettings) -> JobOutcome:
    """Segment, then propose labels; a segmentation that is finished already is used as it is."""
    made = run_segment(context, settings.segment)
    return JobOutcome(made.results, _propose(context, made.results[0], settings.proposal))


def _propose(context: JobContext, segmentation_id: str, wanted: ProposalSettings) -> str:
    workspace, by = context.workspace, context.job.submitted_by
    segmentation = workspace.segmentations.get(segmentation_id)
    labels = workspace.open_labels(segmentation.tomogram_id, by=by)
    stored, first = workspace.open_probability(segmentation_id), segmentation.first_slice
    available = set(range(first, first + segmentation.shape[0]))
    available -= set(labels.hold_out.list())
    chosen = set(range(labels.shape[0])) - set(labels.volume.list_slices())
    slices = sorted(available & (chosen if wanted.slices is None else set(wanted.slices)))
    if not slices:
        raise SettingsError(
            "None of the slices can get proposals: they are labelled, held out, or outside the segmentation; "
            "choose others."
        )
    info = propose_labels(
        labels,
        lambda z: stored[:, z - first],
        slices,
        class_values=match_classes(labels.classes, segmentation.classes),
        by=by,
        model=segmentation.model.spec,
        model_sha256=segmentation.model.sha256,
        thresholds=ConfidenceThresholds(wanted.foreground, wanted.background),
        is_calibrated=available >= set(labels.volume.list_slices()) - set(labels.hold_out.list()),
        progress=context.progress,
        cancel=context.cancel,
    )
    tomogram = workspace.tomograms.get(segmentation.tomogram_id)
    workspace.log("proposed labels of", "tomogram", tomogram, by=by, detail=f"round {info.number}")
    return f"Round {info.number}: {len(info.slices)} slices. {info.note}"


KIND = JobKind("propose", "data", ProposeJobSettings, run_propose)
SEGMENT_KIND = JobKind(
    "segment-propose", "compute", SegmentProposeJobSettings, run_segment_propose, makes="segmentation"
)
