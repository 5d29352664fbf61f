"""The navigation script: what every page shares, and which pages there are."""

from pathlib import Path

import streamlit as st

PAGES_DIR = Path(__file__).resolve().parents[2] / "pages"

st.set_page_config(page_title="sxt", layout="wide")
st.navigation([st.Page(PAGES_DIR / "home.py", title="Home", default=True)]).run()
