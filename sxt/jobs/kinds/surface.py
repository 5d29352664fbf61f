"""Reconstruct the surfaces of a segmentation."""

from collections.abc import Mapping

from pydantic import Field

from sxt.jobs.kinds.base import JobContext, JobKind, JobOutcome, JobSettings
from sxt.surface import SurfaceSettings
from sxt.workspace import ItemKind, Workspace
from sxt.workspace.ids import ItemId


class SurfaceJobSettings(JobSettings):
    """What to reconstruct; see `Workspace.reconstruct`."""

    segmentation_id: ItemId
    surface: SurfaceSettings = Field(default_factory=SurfaceSettings)
    with_grey: bool = True
    with_scene: bool = True
    name: str | None = None

    def describe(self, workspace: Workspace) -> str:
        found = workspace.segmentations.find(self.segmentation_id)
        return f"Surfaces of {'a segmentation' if found is None else found.name}"

    def inputs(self) -> Mapping[str, ItemKind]:
        return {self.segmentation_id: "segmentation"}


def run_surface(context: JobContext, settings: SurfaceJobSettings) -> JobOutcome:
    """Reconstruct and measure."""
    manifest = context.workspace.reconstruct(
        settings.segmentation_id,
        settings=settings.surface,
        name=settings.name,
        with_grey=settings.with_grey,
        with_scene=settings.with_scene,
        by=context.job.submitted_by,
        surface_id=context.job.item_id,
        job_id=context.job.id,
        progress=context.progress,
        cancel=context.cancel,
    )
    return JobOutcome((manifest.id,))


KIND = JobKind("surface", "data", SurfaceJobSettings, run_surface, makes="surface")
