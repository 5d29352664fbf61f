"""The dashboard's entry point: ``streamlit run app.py``.

The navigation lies in its own script: with a ``pages/`` folder beside the main script, a deep link to a fresh
server would run that page alone, without what is set up here.
"""

import streamlit as st

app = st.App("sxt/ui/main.py")
