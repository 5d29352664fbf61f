"""Label: paint what is where, correct what a model proposed, and find the slice that teaches most."""

import streamlit as st

from sxt.ui.label.desk_page import draw_desk
from sxt.ui.selection import current_selection
from sxt.ui.services import services
from sxt.ui.shell import empty_state, page_head

page_head("Label", "Paint what is where, slice by slice; every stroke is saved as it is drawn.")
selected = current_selection()
tomogram = None if selected.tomogram is None else services().workspace.tomograms.find(selected.tomogram)
if tomogram is None:
    empty_state("There is no tomogram to label yet.", action="Bring in a tomogram", page="upload")
    st.stop()
draw_desk(tomogram)
