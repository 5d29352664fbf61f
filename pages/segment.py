"""Segment: find membranes and organelles in tomograms with a model version, and settle the threshold."""

import streamlit as st

from sxt.ui.fragment import fragment
from sxt.ui.job_progress import draw_jobs, jobs_of_kinds, poll_interval, submit_job, take_finished
from sxt.ui.segment.form import (
    SegmentRequest,
    choose_settings,
    choose_tomograms,
    count_waiting,
    draw_estimate,
)
from sxt.ui.segment.model_card import draw_model_summary
from sxt.ui.segment.result import PAGE, describe_queue, draw_finished, draw_partial, running_job
from sxt.ui.segment.show import choose_segmentation, select_what_was_made
from sxt.ui.selection import current_selection
from sxt.ui.services import services
from sxt.ui.shell import empty_state, errors_shown, page_columns, page_head, primary_button
from sxt.workspace import TomogramManifest

KINDS = ("segment", "threshold")

select_what_was_made(take_finished(PAGE))
page_head(
    "Segment", "Find membranes and organelles with a model version; the result can be looked at as it grows."
)
selected = current_selection()
workspace = services().workspace
tomogram = None if selected.tomogram is None else workspace.tomograms.find(selected.tomogram)
if tomogram is None:
    empty_state("There is no tomogram to segment yet.", action="Bring in a tomogram", page="upload")
    st.stop()
if selected.model is None:
    empty_state("There is no model version to segment with.", action="Import a model", page="models")
    st.stop()
columns = page_columns()

with columns.controls, errors_shown():
    draw_model_summary(selected.model)
    chosen = choose_tomograms()
    settings = choose_settings(chosen)
    if settings is not None:
        request = SegmentRequest(chosen, selected.model, selected.device or "auto", settings)
        if chosen:
            draw_estimate(request)
        is_waiting = 0 < len(chosen) == count_waiting(request)
        pressed = primary_button(
            describe_queue(len(chosen)),
            key="segment-go",
            disabled=not chosen or is_waiting,
            reason="It is in the queue already with these settings." if is_waiting else "",
        )
        if pressed:
            for job_settings in request.jobs():
                submit_job("segment", job_settings, page=PAGE)
            st.rerun()

with columns.result, errors_shown():
    jobs = jobs_of_kinds(KINDS, page=PAGE)
    is_running = running_job(jobs, tomogram.id) is not None
    shown = None if is_running else choose_segmentation(tomogram)

    @fragment(run_every=poll_interval(jobs))
    def show_jobs(tomogram: TomogramManifest = tomogram, was_running: bool = is_running) -> None:
        """Draw what runs, and what is done of the selected tomogram."""
        now = jobs_of_kinds(KINDS, page=PAGE)
        running = running_job(now, tomogram.id)
        if (running is not None) != was_running:
            st.rerun()  # the viewer of what is finished gives way to that of what is in the making, or comes back
        draw_jobs(now, key=PAGE)
        if running is not None:
            draw_partial(tomogram, running)

    show_jobs()
    if not is_running:
        draw_finished(tomogram, shown)
