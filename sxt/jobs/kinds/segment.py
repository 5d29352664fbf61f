"""Segment a tomogram."""

from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from sxt.jobs.kinds.base import JobContext, JobKind, JobOutcome, JobSettings
from sxt.progress import Progress
from sxt.segment.settings import SegmentSettings
from sxt.workspace import ItemKind, Workspace
from sxt.workspace.ids import ItemId

LOAD_STAGE = "load the model"


class SegmentJobSettings(JobSettings):
    """What to segment with what; see `Workspace.segment`.

    Parameters
    ----------
    tomogram_id : str
    model : str
        ``name:version``, or ``name`` for its newest version when the job starts.
    segment : SegmentSettings
    device : {"auto", "cpu"}
        ``auto`` takes the GPU of the worker.
    name : str, optional
        For lists.
    """

    tomogram_id: ItemId
    model: str
    segment: SegmentSettings = Field(default_factory=SegmentSettings)
    device: Literal["auto", "cpu"] = "auto"
    name: str | None = None

    def describe(self, workspace: Workspace) -> str:
        tomogram = workspace.tomograms.find(self.tomogram_id)
        return f"Segment {'a tomogram' if tomogram is None else tomogram.name} with {self.model}"

    def inputs(self) -> Mapping[str, ItemKind]:
        return {self.tomogram_id: "tomogram"}


def run_segment(context: JobContext, settings: SegmentJobSettings) -> JobOutcome:
    """Segment, going on after the slabs that an interrupted run finished."""
    context.progress(Progress(LOAD_STAGE, 0, 1))
    import torch

    from sxt.models import SHIPPED_ROOT, load_model

    workspace, job = context.workspace, context.job
    device = context.device if settings.device == "auto" else settings.device
    if device.startswith("cuda:"):
        torch.cuda.set_device(device)  # so that nothing takes memory of another GPU
    model = load_model(settings.model, root=(workspace.models_root, SHIPPED_ROOT))
    try:
        manifest = workspace.segment(
            settings.tomogram_id,
            model,
            settings=settings.segment,
            device=device,
            name=settings.name,
            by=job.submitted_by,
            segmentation_id=job.item_id,
            job_id=job.id,
            progress=context.progress,
            cancel=context.cancel,
        )
    finally:
        if torch.cuda.is_initialized():
            torch.cuda.empty_cache()
    return JobOutcome((manifest.id,))


KIND = JobKind("segment", "compute", SegmentJobSettings, run_segment, makes="segmentation")
