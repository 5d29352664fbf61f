"""The dashboard's entry point: ``streamlit run app.py``.

The navigation lies in its own script: with a ``pages/`` folder beside the main script, a deep link to a fresh
server would run that page alone, without what is set up here.
"""

import streamlit as st

from sxt.ui import server
from sxt.ui.errors import show_script_error

app = st.App(
    "sxt/ui/main.py",
    routes=server.routes(),
    middleware=server.middleware(),
    lifespan=server.lifespan,
    on_script_error=show_script_error,
)
