import streamlit as st

from sxt.ui.shell import empty_state, page_head

page_head("Home", "What there is in this workspace, and what to do next.")
empty_state(
    "There is no tomogram yet; bring in a file or start with the demo.",
    action="Look at slices",
    page="viewer",
)
st.text("home is here")
