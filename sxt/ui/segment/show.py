"""Which segmentation the segment page shows."""

from collections.abc import Sequence

import streamlit as st

from sxt.jobs import Job
from sxt.ui.segment.overlays import segmentation_choices
from sxt.ui.selection import current_selection, select, unique_labels
from sxt.ui.services import services
from sxt.workspace import SegmentationManifest, TomogramManifest


def select_what_was_made(jobs: Sequence[Job]) -> None:
    """Select the newest segmentation that a job has finished, with its tomogram."""
    made = [job for job in jobs if job.manifest.results]
    if not made:
        return
    segmentation = services().workspace.segmentations.find(made[0].manifest.results[0])
    if segmentation is not None:
        select(tomogram=segmentation.tomogram_id, segmentation=segmentation.id)
        st.rerun()


def choose_segmentation(tomogram: TomogramManifest) -> SegmentationManifest | None:
    """Draw the choice among several segmentations of a tomogram; returns the one to show, None where there is none."""
    choices = segmentation_choices(tomogram.id)
    if not choices:
        return None
    ids = [each.id for each in choices]
    selected = current_selection().segmentation
    if len(ids) > 1:
        labels = unique_labels(choices)
        key = f"segment-shown-{tomogram.id}"
        st.session_state[key] = selected if selected in ids else ids[0]
        st.selectbox(
            "Segmentation",
            ids,
            format_func=lambda each: labels.get(each, each),
            key=key,
            on_change=_take,
            args=(key,),
        )
        selected = st.session_state[key]
    return services().workspace.segmentations.find(selected if selected in ids else ids[0])


def _take(key: str) -> None:
    select(segmentation=st.session_state[key])
