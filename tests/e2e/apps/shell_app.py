"""A server with the shell over a few small pages, on the workspace ``SXT_WORKSPACE``."""

from pathlib import Path

import streamlit as st

from sxt.ui.index_page import index_routes
from sxt.ui.services import services
from sxt.ui.shell import show_script_error
from sxt.ui.viewer import viewer_routes

app = st.App(
    Path(__file__).with_name("shell_main.py"),
    routes=[*index_routes(), *viewer_routes(lambda: services().workspace)],
    on_script_error=show_script_error,
)
