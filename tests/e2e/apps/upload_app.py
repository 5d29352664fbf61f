"""A server with one page that takes uploads into ``SXT_WORKSPACE`` and lists what has arrived."""

import streamlit as st

from sxt.ui import server
from sxt.ui.routes.uploads import upload_routes
from sxt.ui.services import base_path, services

app = st.App(
    "upload_page.py",
    routes=upload_routes(lambda: services().uploads, prefix=base_path()),
    middleware=server.middleware(),
)
