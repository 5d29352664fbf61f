"""Derive the mask of a segmentation with another threshold."""

from collections.abc import Mapping

from pydantic import Field

from sxt.jobs.kinds.base import JobContext, JobKind, JobOutcome, JobSettings
from sxt.workspace import ItemKind, Workspace
from sxt.workspace.ids import ItemId


class ThresholdSettings(JobSettings):
    """Which segmentation, and the new threshold."""

    segmentation_id: ItemId
    threshold: float = Field(ge=0.0, lt=1.0)

    def describe(self, workspace: Workspace) -> str:
        found = workspace.segmentations.find(self.segmentation_id)
        return f"Threshold {'a segmentation' if found is None else found.name} at {self.threshold:g}"

    def inputs(self) -> Mapping[str, ItemKind]:
        return {self.segmentation_id: "segmentation"}


def run_threshold(context: JobContext, settings: ThresholdSettings) -> JobOutcome:
    """Derive the mask anew."""
    manifest = context.workspace.rethreshold(
        settings.segmentation_id,
        settings.threshold,
        by=context.job.submitted_by,
        job_id=context.job.id,
        progress=context.progress,
        cancel=context.cancel,
    )
    return JobOutcome((manifest.id,))


KIND = JobKind("threshold", "data", ThresholdSettings, run_threshold)
