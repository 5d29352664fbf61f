import streamlit as st

from sxt.ui.selection import current_selection
from sxt.ui.services import services
from sxt.ui.shell import page_columns, page_head, primary_button
from sxt.ui.viewer import slice_viewer, tomogram_source

page_head("Viewer", "Look at the slices of a tomogram and of what was made from it.")
columns = page_columns()
selection = current_selection()
with columns.controls:
    st.text(f"tomogram {selection.tomogram}")
    st.slider("Slices", 0, 100, (0, 100))
    st.text_input("Name")
    with st.expander("Advanced"):
        st.number_input("Tile (px)", 64, 1024, 512)
    primary_button("Segment 3 tomograms", key="go")
with columns.result:
    if selection.tomogram:
        slice_viewer("viewer", source=tomogram_source(services().workspace.tomograms.get(selection.tomogram)))
