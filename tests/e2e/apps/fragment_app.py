"""A page with a fragment that is asked for once more while the page runs, and a server that is busy just then.

The first run after "again" gives the browser time to ask for the fragment, and then runs the page anew; that run stops
the server's event loop, so that the fragment's next run begins before the browser has got what the page drew.
"""

import time

import streamlit as st
from streamlit.runtime import get_instance

from sxt.ui.fragment import fragment

EVERY_S, ASKED_S, BUSY_S = 0.3, 0.8, 1.0

if st.button("again"):
    st.session_state.phase = "asked"
phase = st.session_state.get("phase")
if phase == "busy":
    st.session_state.phase = None
    loop = get_instance()._get_async_objs().eventloop
    loop.call_soon_threadsafe(time.sleep, BUSY_S)
    time.sleep(0.1)


@fragment(run_every=EVERY_S if phase == "asked" else None)
def watch() -> None:
    """Draw something only while it is asked for."""
    if phase == "asked":
        st.text("a job runs")
    else:
        st.session_state.n_watched = st.session_state.get("n_watched", 0) + 1


@fragment
def result() -> None:
    """Draw what stands below."""
    st.text("the result")


watch()
if phase == "asked":
    st.session_state.phase = "busy"
    time.sleep(ASKED_S)
    st.rerun()
result()


@fragment(run_every=EVERY_S)
def count() -> None:
    """Tell how often the watching fragment ran while nothing was asked for."""
    st.text(f"watched {st.session_state.get('n_watched', 0)} times")


count()
