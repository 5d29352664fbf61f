"""The dashboard's entry point: ``streamlit run app.py``.

The navigation lies in its own script: with a ``pages/`` folder beside the main script, a deep link to a fresh
server would run that page alone, without what is set up here.
"""

import streamlit as st

from sxt.ui import server

app = st.App(
    "sxt/ui/main.py", routes=server.routes(), middleware=server.middleware(), lifespan=server.lifespan
)
