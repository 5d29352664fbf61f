"""The viewer page: what is laid over a tomogram, facts about both, and the viewer itself."""

from dataclasses import dataclass

import streamlit as st

from sxt.ui.fragment import fragment
from sxt.ui.segment.overlays import segmentation_choices
from sxt.ui.selection import unique_labels
from sxt.ui.services import services
from sxt.ui.text import escape_markdown
from sxt.ui.tomograms import absorbing_control, draw_doubts, draw_facts, voxel_size_control
from sxt.ui.tomograms.downloads import segmentation_downloads, tomogram_downloads
from sxt.ui.tomograms.facts import segmentation_facts, tomogram_facts
from sxt.ui.tomograms.manage import manage_item
from sxt.ui.viewer import OverlaySource, mask_overlay, probability_overlay, slice_viewer, tomogram_source
from sxt.workspace import SegmentationManifest, TomogramManifest

HEIGHT_PX = 700
NOTHING, MASK, PROBABILITY = "nothing", "mask", "probability"
GREY_VALUES = ""
"""Stands for no segmentation in the comparison: the grey values alone."""


@dataclass(frozen=True)
class ViewChoice:
    """What is laid over the tomogram, and what it is compared with."""

    overlay: OverlaySource | None
    before: OverlaySource | None


def draw_controls(tomogram: TomogramManifest, segmentation: SegmentationManifest | None) -> ViewChoice:
    """Draw the choice of overlays and what is known of the tomogram; return what to show."""
    choice = _choose(tomogram, segmentation)
    with st.expander("Tomogram", expanded=segmentation is None):
        draw_facts(tomogram_facts(tomogram))
        voxel_size_control(tomogram, key="viewer-voxel")
        absorbing_control(tomogram, key="viewer-absorbing")
    if segmentation is not None:
        with st.expander("Segmentation", expanded=True):
            draw_facts(segmentation_facts(segmentation))
            for note in segmentation.notes:
                st.caption(escape_markdown(note))
    with st.expander("Save to this computer"):
        tomogram_downloads(tomogram)
        if segmentation is not None:
            segmentation_downloads(segmentation)
    with st.expander("Rename or delete"):
        manage_item("tomogram", tomogram, key="viewer")
        if segmentation is not None:
            manage_item("segmentation", segmentation, key="viewer")
    draw_doubts(tomogram.doubts)
    return choice


@fragment
def draw_viewer(tomogram: TomogramManifest, choice: ViewChoice) -> None:
    """Draw the viewer."""
    slice_viewer(
        "viewer",
        source=tomogram_source(tomogram),
        overlay=choice.overlay,
        before=choice.before,
        height_px=HEIGHT_PX,
    )


def _choose(tomogram: TomogramManifest, segmentation: SegmentationManifest | None) -> ViewChoice:
    if segmentation is None:
        return ViewChoice(None, None)
    shown = st.segmented_control(
        "Over the slices", (MASK, PROBABILITY, NOTHING), default=MASK, required=True, key="viewer-overlay"
    )
    if shown == NOTHING:
        return ViewChoice(None, None)
    choices = [each for each in segmentation_choices(tomogram.id) if each.id != segmentation.id]
    labels = {GREY_VALUES: "the grey values alone", **unique_labels(choices)}
    other = st.selectbox(
        "Left of the divider, when comparing",
        list(labels),
        format_func=lambda each: labels[each],
        key=f"viewer-before-{segmentation.id}",
    )
    return ViewChoice(
        _overlay(segmentation, shown),
        None if other == GREY_VALUES else _overlay(services().workspace.segmentations.get(other), shown),
    )


def _overlay(segmentation: SegmentationManifest, shown: str) -> OverlaySource:
    make = mask_overlay if shown == MASK else probability_overlay
    return make(services().workspace, segmentation)
