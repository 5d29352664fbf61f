"""Bring labels of a tomogram in from a file."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from sxt.jobs.kinds.base import JobContext, JobKind, JobOutcome, JobSettings
from sxt.labels import import_pairs, import_volume
from sxt.workspace import ItemKind, Workspace
from sxt.workspace.ids import ItemId

LabelValue = Annotated[int, Field(ge=0, le=255)]


class ImportLabelsSettings(JobSettings):
    """What to bring in; see `sxt.labels.import_volume` and `sxt.labels.import_pairs`.

    Parameters
    ----------
    tomogram_id : str
    source : Path
        Absolute; whoever submits the job answers for its being a file that the user may read.
    values : dict or None
        What each value of a volume becomes; None takes them as they are.
    pair_value : int or None
        Where given, the source is a folder of pairs, and this the class of their structure.
    overlap : {"keep", "replace"}
    removes_upload : bool
    """

    tomogram_id: ItemId
    source: Path
    values: dict[int, LabelValue] | None = None
    pair_value: LabelValue | None = None
    overlap: Literal["keep", "replace"] = "keep"
    removes_upload: bool = False

    def describe(self, workspace: Workspace) -> str:
        return f"Bring in labels from {self.source.name}"

    def inputs(self) -> Mapping[str, ItemKind]:
        return {self.tomogram_id: "tomogram"}


def run_import_labels(context: JobContext, settings: ImportLabelsSettings) -> JobOutcome:
    """Check the file to the last voxel, then take it over."""
    workspace, by = context.workspace, context.job.submitted_by
    labels = workspace.open_labels(settings.tomogram_id, by=by)
    if settings.pair_value is not None:
        found = import_pairs(
            labels,
            settings.source,
            value=settings.pair_value,
            by=by,
            overlap=settings.overlap,
            progress=context.progress,
            cancel=context.cancel,
        )
    else:
        found = import_volume(
            labels,
            settings.source,
            by=by,
            values=settings.values,
            overlap=settings.overlap,
            progress=context.progress,
            cancel=context.cancel,
        )
    if settings.removes_upload:
        workspace.remove_upload(settings.source)
    tomogram = workspace.tomograms.get(settings.tomogram_id)
    workspace.log("imported labels of", "tomogram", tomogram, by=by, detail=settings.source.name)
    n_slices = len(found.slices)
    return JobOutcome((), f"{n_slices} slice{'' if n_slices == 1 else 's'} changed.")


KIND = JobKind("import-labels", "data", ImportLabelsSettings, run_import_labels)
