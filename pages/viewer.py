"""Viewer: the slices of a tomogram, with what was found in it in false colour."""

import streamlit as st

from sxt.ui.selection import current_selection
from sxt.ui.services import services
from sxt.ui.shell import empty_state, errors_shown, page_head
from sxt.ui.view_page import draw_controls, draw_viewer

page_head("Viewer", "Look through a tomogram, with a segmentation in false colour over it.")
selected = current_selection()
workspace = services().workspace
tomogram = None if selected.tomogram is None else workspace.tomograms.find(selected.tomogram)
if tomogram is None:
    empty_state("There is no tomogram yet.", action="Bring in a tomogram", page="upload")
    st.stop()

segmentation = None if selected.segmentation is None else workspace.segmentations.find(selected.segmentation)
controls, result = st.columns([1, 3], gap="large")
with controls, errors_shown():
    choice = draw_controls(tomogram, segmentation)
with result, errors_shown():
    draw_viewer(tomogram, choice)
