"""What comes of a segmentation: its first slabs while it runs, then the whole with a threshold to settle."""

import streamlit as st

from sxt.jobs import Job
from sxt.jobs.kinds.threshold import ThresholdSettings
from sxt.segment.settings import UNLIKE_TRAINING_DATA
from sxt.ui.fragment import fragment
from sxt.ui.job_progress import submit_job
from sxt.ui.services import services
from sxt.ui.shell import errors_shown, has_page, page_file
from sxt.ui.text import escape_markdown
from sxt.ui.tomograms import draw_facts
from sxt.ui.tomograms.downloads import segmentation_downloads
from sxt.ui.tomograms.facts import segmentation_facts
from sxt.ui.viewer import ViewerState, partial_overlay, probability_overlay, slice_viewer, tomogram_source
from sxt.workspace import SegmentationManifest, TomogramManifest
from sxt.workspace.segmenting import segmentation_name

PAGE = "segment"
HEIGHT_PX = 560
PARTIAL_HEIGHT_PX = 440
"""Below the job, so that the first slabs can be seen without scrolling."""

LEAST_STEP = 0.005
"""Smaller differences of the threshold are none."""


def running_job(jobs: list[Job], tomogram_id: str) -> Job | None:
    """Return the job that segments a tomogram now."""
    return next(
        (
            job
            for job in jobs
            if job.state == "running"
            and job.manifest.kind == "segment"
            and tomogram_id in job.manifest.inputs
        ),
        None,
    )


def draw_partial(tomogram: TomogramManifest, job: Job) -> None:
    """Draw the slabs that are done so far; to be called again as there are more."""
    item_id = job.manifest.item_id
    partial = None if item_id is None else services().workspace.find_partial_segmentation(item_id)
    overlay = None
    if partial is not None and item_id is not None and partial.n_done:
        model = str(job.manifest.settings["model"])
        overlay = partial_overlay(partial, item_id, segmentation_name(tomogram, model, None))
        first = partial.begun.first_slice
        st.caption(f"Slices {first} to {first + partial.n_done - 1} are done and shown.")
    slice_viewer(
        "segment-viewer", source=tomogram_source(tomogram), overlay=overlay, height_px=PARTIAL_HEIGHT_PX
    )


@fragment
def draw_finished(tomogram: TomogramManifest, segmentation: SegmentationManifest | None) -> None:
    """Draw a segmentation with its threshold, what can be done with it, and what is known of it."""
    if segmentation is None:
        slice_viewer("segment-viewer", source=tomogram_source(tomogram), height_px=HEIGHT_PX)
        return
    if UNLIKE_TRAINING_DATA in segmentation.notes:
        st.warning(UNLIKE_TRAINING_DATA, icon=":material/help:")
    overlay = probability_overlay(services().workspace, segmentation)
    state = slice_viewer(
        "segment-viewer", source=tomogram_source(tomogram), overlay=overlay, height_px=HEIGHT_PX
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        _threshold_button(segmentation, state)
        if has_page("surface") and st.button("See it in 3D", key="segment-to-surface"):
            st.switch_page(page_file("surface"))
        with st.popover("Save to this computer"):
            segmentation_downloads(segmentation)
        with st.popover("About this segmentation"):
            draw_facts(segmentation_facts(segmentation))
            for note in segmentation.notes:
                st.caption(escape_markdown(note))


def _threshold_button(segmentation: SegmentationManifest, state: ViewerState) -> None:
    """Offer to keep the threshold that the viewer shows; the mask is made anew by a job."""
    shown = segmentation.threshold if state.threshold is None else round(state.threshold, 2)
    is_same = abs(shown - segmentation.threshold) < LEAST_STEP
    label = (
        f"The mask has threshold {segmentation.threshold:.2f}" if is_same else f"Keep threshold {shown:.2f}"
    )
    pressed = st.button(
        label,
        key="segment-keep-threshold",
        disabled=is_same,
        help="Move the threshold above the slices; surfaces and downloads use the one that is kept.",
    )
    if pressed:
        with errors_shown():
            settings = ThresholdSettings(segmentation_id=segmentation.id, threshold=shown)
            submit_job("threshold", settings, page=PAGE)
            st.rerun()


def describe_queue(n: int) -> str:
    """Return what the main button says."""
    return f"Segment {n} tomogram{'' if n == 1 else 's'}"
