"""Make a simulated tomogram to try things with."""

import tempfile
from pathlib import Path

import numpy as np
from pydantic import Field

from sxt.jobs.kinds.base import JobContext, JobKind, JobOutcome, JobSettings
from sxt.workspace import Workspace

DEMO_NAME = "Demo cell"
SLICES_A_WRITE = 16


class DemoSettings(JobSettings):
    """Which cell to simulate: its size in voxels (z, y, x), and the seed that decides all else."""

    shape: tuple[int, int, int] = (48, 384, 384)
    seed: int = Field(default=7, ge=0)
    name: str = DEMO_NAME

    def describe(self, workspace: Workspace) -> str:
        return f"Simulate {self.name}"


def run_demo(context: JobContext, settings: DemoSettings) -> JobOutcome:
    """Simulate a cell and bring it in."""
    from sxt.io import open_volume_writer
    from sxt.phantom import PhantomSettings, simulate_cell

    workspace, job = context.workspace, context.job
    cell = simulate_cell(
        PhantomSettings(settings.shape), seed=settings.seed, progress=context.progress, cancel=context.cancel
    )
    volume = np.asarray(cell.tomogram.data[:])
    with tempfile.TemporaryDirectory(prefix="demo.", suffix=".partial", dir=workspace.uploads) as folder:
        source = Path(folder) / f"demo-{settings.seed}.tif"
        with open_volume_writer(
            source, shape=cell.tomogram.shape, dtype=volume.dtype, voxel_size_nm=cell.tomogram.voxel_size_nm
        ) as writer:
            for start in range(0, len(volume), SLICES_A_WRITE):
                writer.write(volume[start : start + SLICES_A_WRITE])
        manifest = workspace.import_tomogram(
            source,
            name=settings.name,
            absorbing_is=cell.tomogram.absorbing_is,
            by=job.submitted_by,
            tomogram_id=job.item_id,
            progress=context.progress,
            cancel=context.cancel,
        )
    return JobOutcome((manifest.id,))


KIND = JobKind("demo", "data", DemoSettings, run_demo, makes="tomogram")
