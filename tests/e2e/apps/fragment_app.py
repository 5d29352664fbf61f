"""A page with a fragment that is run once more right after the page, on a server that is busy just then.

The first run after "again" draws the fragment and runs the page anew. That run stops the server's event loop and asks
for the fragment once more; the loop goes on when the fragment has run alone, so that run begins, always, before the
browser has got what the page drew.
"""

import threading
import time

import streamlit as st
from streamlit.runtime import get_instance
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.scriptrunner_utils.script_requests import RerunData
from streamlit.runtime.scriptrunner_utils.script_run_context import ThreadState

from sxt.ui.fragment import fragment

SHOWN_S, MOST_S = 0.5, 60.0

if st.button("again"):
    st.session_state.phase = "asked"
phase = st.session_state.get("phase")
is_asked_for = False
has_stopped, has_run_alone = threading.Event(), threading.Event()


def stop_loop() -> None:
    """Keep the server from sending anything until the fragment has run alone."""
    has_stopped.set()
    has_run_alone.wait(MOST_S)


if phase == "busy":
    st.session_state.phase = None
    get_instance()._get_async_objs().eventloop.call_soon_threadsafe(stop_loop)
    has_stopped.wait(MOST_S)


@fragment
def watch() -> None:
    """Draw something only while it is asked for."""
    global is_asked_for
    if phase == "asked":
        st.text("a job runs")
    elif phase == "busy" and not is_asked_for:
        is_asked_for, context = True, get_script_run_ctx()
        rerun = RerunData(
            fragment_id=ThreadState.get().fragment_id, page_script_hash=context.page_script_hash
        )
        context.script_requests.request_rerun(rerun)
    elif phase == "busy":
        st.session_state.n_alone = st.session_state.get("n_alone", 0) + 1
        has_run_alone.set()


@fragment
def result() -> None:
    """Draw what stands below."""
    st.text("the result")


watch()
if phase == "asked":
    st.session_state.phase = "busy"
    time.sleep(SHOWN_S)
    st.rerun()
result()


@fragment(run_every=0.3)
def count() -> None:
    """Tell how often the watching fragment ran alone."""
    st.text(f"ran alone {st.session_state.get('n_alone', 0)} times")


count()
