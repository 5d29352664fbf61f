"""Bring in a tomogram."""

from pathlib import Path

from pydantic import field_validator

from sxt.errors import SettingsError
from sxt.jobs.kinds.base import JobContext, JobKind, JobOutcome, JobSettings
from sxt.tomogram import Absorbing, VoxelSize
from sxt.workspace import Workspace


class ImportSettings(JobSettings):
    """What to bring in; see `Workspace.import_tomogram`.

    Parameters
    ----------
    source : Path
        Absolute; whoever submits the job answers for its being a file that the user may read.
    removes_upload : bool
        Delete the source when it has been brought in, where it lies in the uploads of the workspace.
    """

    source: Path
    name: str | None = None
    dataset: str | None = None
    voxel_size_nm: VoxelSize | None = None
    absorbing_is: Absorbing | None = None
    removes_upload: bool = False

    @field_validator("source")
    @classmethod
    def _is_absolute(cls, source: Path) -> Path:
        if not source.is_absolute():
            raise SettingsError(f"The path {source} is not absolute; give the whole path.")
        return source

    def describe(self, workspace: Workspace) -> str:
        return f"Bring in {self.name or self.source.name}"


def run_import(context: JobContext, settings: ImportSettings) -> JobOutcome:
    """Bring in the source; a file that is there already is found, not copied."""
    workspace, job = context.workspace, context.job
    manifest = workspace.import_tomogram(
        settings.source,
        name=settings.name,
        dataset=settings.dataset,
        voxel_size_nm=settings.voxel_size_nm,
        absorbing_is=settings.absorbing_is,
        by=job.submitted_by,
        tomogram_id=job.item_id,
        progress=context.progress,
        cancel=context.cancel,
    )
    if settings.removes_upload:
        workspace.remove_upload(settings.source)
    is_new = manifest.id == job.item_id
    return JobOutcome((manifest.id,), "" if is_new else f"This file is here already, as {manifest.name!r}.")


KIND = JobKind("import", "data", ImportSettings, run_import, makes="tomogram")
