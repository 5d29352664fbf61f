import streamlit as st

from sxt.errors import SettingsError
from sxt.ui.selection import current_selection
from sxt.ui.shell import page_head

page_head("Segment", "Find structures in one or more tomograms.")
st.text(f"model {current_selection().model}")
is_foreseen = st.button("Fail as foreseen")
is_unforeseen = st.button("Fail unforeseen")
if is_foreseen:
    raise SettingsError("Tile 600 px exceeds the *512 px* slice; use 512 or less.")
if is_unforeseen:
    raise ZeroDivisionError("secret of the code")
