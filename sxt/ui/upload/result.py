"""The upload page's result: the selected tomogram, and what is still to be settled about it."""

import streamlit as st

from sxt.ui.fragment import fragment
from sxt.ui.selection import current_selection
from sxt.ui.services import services
from sxt.ui.shell import empty_state, has_page, page_file
from sxt.ui.text import escape_markdown
from sxt.ui.tomograms import absorbing_control, draw_doubts, voxel_size_control
from sxt.ui.viewer import slice_viewer, tomogram_source

HEIGHT_PX = 480


def draw_result() -> None:
    """Draw the selected tomogram with its doubts and the controls that settle them."""
    selected = current_selection().tomogram
    tomogram = None if selected is None else services().workspace.tomograms.find(selected)
    if tomogram is None:
        empty_state("What is brought in appears here. Drop a file on the left, or simulate a cell.")
        return
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.subheader(escape_markdown(tomogram.name), anchor=False)
        if has_page("segment") and st.button("Segment it", type="primary", key="upload-segment"):
            st.switch_page(page_file("segment"))

    @fragment
    def show() -> None:
        slice_viewer("upload-viewer", source=tomogram_source(tomogram), height_px=HEIGHT_PX)

    show()
    draw_doubts(tomogram.doubts)
    if tomogram.voxel_size_nm is None:
        st.info(
            "The voxel size is not known: lengths and volumes are given in pixels and voxels until it is set."
        )
    left, right = st.columns(2)
    with left:
        voxel_size_control(tomogram, key="upload-voxel")
    with right:
        absorbing_control(tomogram, key="upload-absorbing")
