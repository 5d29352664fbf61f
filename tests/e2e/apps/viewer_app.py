"""A server with one page that shows a tomogram of the workspace ``SXT_WORKSPACE`` in the slice viewer."""

import os
from functools import cache
from pathlib import Path

import streamlit as st

from sxt.ui.viewer import viewer_routes
from sxt.workspace.workspace import Workspace


@cache
def workspace() -> Workspace:
    return Workspace(Path(os.environ["SXT_WORKSPACE"]))


app = st.App(Path(__file__).with_name("viewer_page.py"), routes=viewer_routes(workspace))
