"""Making a surface: its settings, the button, and how far the job is."""

import math
from typing import Any

import streamlit as st

from sxt.errors import SxtError
from sxt.jobs import Job
from sxt.tomogram import VoxelSize
from sxt.ui import format as fmt
from sxt.ui.errors import show_error
from sxt.ui.fragment import fragment
from sxt.ui.job_progress import draw_jobs, jobs_of_kinds, poll_interval, submit_job
from sxt.ui.shell import primary_button
from sxt.ui.surface.choose import want_surface
from sxt.workspace import SegmentationManifest

KIND = "surface"
PAGE = "surface"
BUDGETS = (50_000, 100_000, 200_000, 400_000)
DEFAULT_BUDGET = 200_000
CONNECTIVITIES = {26: "corners (26 neighbours)", 6: "faces (6 neighbours)"}
ALL_CLASSES = 0
NM3_PER_UM3 = 1e9


def make_form(segmentation: SegmentationManifest, voxel_size_nm: VoxelSize | None, *, key: str) -> None:
    """Draw the settings of a new surface and the button that makes it."""
    smooth_z = st.slider(
        "Smooth along z",
        0.0,
        4.0,
        0.0,
        0.5,
        format="%.1f slices",
        key=f"{key}-smooth",
        help="Standard deviation of a Gaussian across slices: evens out steps, thins what is a slice or two thick.",
    )
    smallest = _smallest_volume(voxel_size_nm, key=key)
    only_class = _choose_class(segmentation, key=key)
    with st.expander("Advanced"):
        connectivity = st.radio(
            "Voxels of one component share",
            list(CONNECTIVITIES),
            format_func=lambda n: CONNECTIVITIES[n],
            key=f"{key}-connectivity",
        )
        budget = st.select_slider(
            "Triangles to display",
            BUDGETS,
            DEFAULT_BUDGET,
            format_func=fmt.count,
            key=f"{key}-budget",
            help="Of the 3D view; saved meshes have full resolution.",
        )
    chosen: dict[str, Any] = {"smooth_z": smooth_z, "connectivity": connectivity, "max_triangles": budget}
    chosen |= smallest | ({} if only_class == ALL_CLASSES else {"only_class": only_class})
    if primary_button("Reconstruct surface", key=f"{key}-go"):
        _submit(segmentation, chosen)


def _smallest_volume(voxel_size_nm: VoxelSize | None, *, key: str) -> dict[str, Any]:
    """Draw the smallest size that is kept, in µm³ where the voxel size is known."""
    from sxt.surface.settings import DEFAULT_MIN_VOXELS

    if voxel_size_nm is None:
        voxels = st.number_input(
            "Smallest component (voxels)", 0, None, DEFAULT_MIN_VOXELS, key=f"{key}-voxels"
        )
        return {"min_voxels": int(voxels)}
    usual = DEFAULT_MIN_VOXELS * math.prod(voxel_size_nm) / NM3_PER_UM3
    volume = st.number_input(
        "Smallest component (µm³)",
        0.0,
        None,
        float(f"{usual:.3g}"),
        step=float(f"{usual:.1g}"),
        format="%.3g",
        key=f"{key}-volume",
    )
    return {"min_volume_um3": float(volume)}


def _choose_class(segmentation: SegmentationManifest, *, key: str) -> int:
    names = {each.value: each.name for each in segmentation.classes}
    if len(names) < 2:
        return ALL_CLASSES
    return int(
        st.selectbox(
            "Class",
            [ALL_CLASSES, *names],
            format_func=lambda value: names.get(value, "All classes"),
            key=f"{key}-class",
        )
    )


def _submit(segmentation: SegmentationManifest, chosen: dict[str, Any]) -> None:
    from sxt.jobs.kinds.surface import SurfaceJobSettings
    from sxt.surface.settings import SurfaceSettings

    try:
        settings = SurfaceJobSettings(segmentation_id=segmentation.id, surface=SurfaceSettings(**chosen))
        job = submit_job(KIND, settings, page=PAGE)
    except SxtError as error:
        show_error(error)
        return
    if job.manifest.item_id is not None:
        want_surface(job.manifest.item_id)
    st.rerun()


def surface_jobs(segmentation_id: str) -> list[Job]:
    """Return the jobs that make surfaces of a segmentation, and those of this session that failed."""
    jobs = jobs_of_kinds({KIND}, page=PAGE)
    return [job for job in jobs if job.manifest.settings.get("segmentation_id") == segmentation_id]


def watch_jobs(segmentation_id: str, *, key: str) -> bool:
    """Draw the jobs of a segmentation while they run; the page runs again when one ends. Return if any is left."""
    jobs = surface_jobs(segmentation_id)
    if jobs:
        fragment(_watch, run_every=poll_interval(jobs))(segmentation_id, [job.id for job in jobs], key)
    return bool(jobs)


def _watch(segmentation_id: str, ids: list[str], key: str) -> None:
    jobs = surface_jobs(segmentation_id)
    if [job.id for job in jobs] != ids:
        st.rerun()
    draw_jobs(jobs, key=key)
