"""Make a simulated tomogram to try things with, half of it labelled."""

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from pydantic import Field

from sxt.jobs.kinds.base import JobContext, JobKind, JobOutcome, JobSettings
from sxt.labels import LabelSet, PseudoLabels, import_volume
from sxt.labels.values import UNLABELLED
from sxt.tomogram import VoxelSize
from sxt.workspace import Workspace

if TYPE_CHECKING:
    from sxt.phantom import SimulatedCell

DEMO_NAME = "Demo cell"
SLICES_A_WRITE = 16
LABELLED_FROM, HELD_OUT_FROM = 0.5, 0.75
"""Of the depth: what lies before is left to label, and what lies behind the second is held out from training."""

LABELLED_BY = "the simulation"


class DemoSettings(JobSettings):
    """Which cell to simulate: its size in voxels (z, y, x), and the seed that decides all else."""

    shape: tuple[int, int, int] = (48, 384, 384)
    seed: int = Field(default=7, ge=0)
    name: str = DEMO_NAME

    def describe(self, workspace: Workspace) -> str:
        return f"Simulate {self.name}"


def run_demo(context: JobContext, settings: DemoSettings) -> JobOutcome:
    """Simulate a cell, bring it in, and label a part of it."""
    from sxt.phantom import PhantomSettings, simulate_cell

    workspace, job = context.workspace, context.job
    cell = simulate_cell(
        PhantomSettings(settings.shape), seed=settings.seed, progress=context.progress, cancel=context.cancel
    )
    with tempfile.TemporaryDirectory(prefix="demo.", suffix=".partial", dir=workspace.uploads) as folder:
        source = Path(folder) / f"demo-{settings.seed}.tif"
        _write(source, np.asarray(cell.tomogram.data[:]), cell.tomogram.voxel_size_nm)
        manifest = workspace.import_tomogram(
            source,
            name=settings.name,
            absorbing_is=cell.tomogram.absorbing_is,
            by=job.submitted_by,
            tomogram_id=job.item_id,
            progress=context.progress,
            cancel=context.cancel,
        )
        if manifest.id == job.item_id:  # else it is there already, and so may be labels that people drew
            _label(workspace.open_labels(manifest.id, by=job.submitted_by), cell, Path(folder))
    return JobOutcome((manifest.id,))


def _label(labels: LabelSet, cell: "SimulatedCell", folder: Path) -> None:
    """Label the visible structures of a part of the slices, the last ones held out; done once, and to its end."""
    n_slices = len(cell.labels)
    if labels.hold_out.list():
        return
    visible = np.where(cell.is_in_wedge, np.uint8(UNLABELLED), cell.labels)
    visible[: int(LABELLED_FROM * n_slices)] = UNLABELLED
    truth = folder / "labels.tif"
    _write(truth, visible, cell.tomogram.voxel_size_nm)
    import_volume(labels, truth, by=LABELLED_BY)
    PseudoLabels(labels).mark_hold_out(range(int(HELD_OUT_FROM * n_slices), n_slices), by=LABELLED_BY)


def _write(path: Path, volume: np.ndarray, voxel_size_nm: VoxelSize | None) -> None:
    from sxt.io import open_volume_writer

    with open_volume_writer(
        path, shape=volume.shape, dtype=volume.dtype, voxel_size_nm=voxel_size_nm
    ) as writer:
        for start in range(0, len(volume), SLICES_A_WRITE):
            writer.write(volume[start : start + SLICES_A_WRITE])


KIND = JobKind("demo", "data", DemoSettings, run_demo, makes="tomogram")
