"""The upload control as a page uses it: drop or choose files, watch them arrive, go on after an interruption."""

from functools import cache
from pathlib import Path
from typing import Any

import streamlit as st

from sxt.ui.format import file_size
from sxt.ui.routes.uploads import API_PATH
from sxt.ui.services import base_path
from sxt.ui.upload.store import ID, UploadStore
from sxt.ui.upload.upload import UploadState

WEB_DIR = Path(__file__).with_name("web")
PIECE_BYTES = 8 << 20
"""Sent in one request: some tenths of a second on a fast network, some seconds on a slow one."""


def upload_files(
    store: UploadStore,
    *,
    key: str = "uploads",
    piece_bytes: int = PIECE_BYTES,
    api_path: str = API_PATH,
    call: str = "Drop tomograms here",
    takes_folders: bool = True,
) -> list[UploadState]:
    """Show the upload control, and return the uploads that are whole and wait to be brought in.

    Files go from the browser straight to the disk (see `sxt.ui.routes.uploads`), several one after the other, and go on
    while other pages are looked at. After a reload or a lost connection they go on where they stopped. The page runs
    again when an upload has arrived.

    Parameters
    ----------
    store : UploadStore
    key : str
        Names the control.
    piece_bytes : int
        Sent in one request.
    api_path : str
        Where the routes of that store are.
    call : str
        What to drop, in words.
    takes_folders : bool
        Whether to offer a folder too.

    Returns
    -------
    list of UploadState
        The newest first, whoever sent them. An upload leaves the list when it is removed, which a job that imports it
        with ``removes_upload`` does at its end; until then, a page leaves out those that it gave to a job.
    """
    complete = [state for state in store.list_states() if state.is_complete]
    told = _told(st.session_state.get(key))
    _renderer()(
        key=key,
        data={
            "key": key,
            "api": f"{base_path()}{api_path}",
            "call": call,
            "takes_folders": takes_folders,
            "piece_bytes": piece_bytes,
            "hint": f"Up to {file_size(store.limit_bytes)} each; an upload that breaks off goes on where it stopped.",
            "present": [state.upload.id for state in complete],
            "told": told,
        },
        on_finished_change=_ignore,
    )
    return complete


def _told(state: Any) -> list[str]:
    """Return the ids that the browser said have arrived."""
    ids = state.get("finished") if state is not None else None
    if not isinstance(ids, list):
        return []
    return [each for each in ids if isinstance(each, str) and ID.fullmatch(each)]


def _ignore() -> None:
    """Stand for a callback: what changed is in the result."""


@cache
def _renderer() -> Any:
    """Register the component once; its scripts are one module, joined in the order of their names."""
    scripts = [path.read_text(encoding="utf-8") for path in sorted(WEB_DIR.glob("*.js"))]
    return st.components.v2.component(
        "sxt.upload",
        html=(WEB_DIR / "upload.html").read_text(encoding="utf-8"),
        css=(WEB_DIR / "upload.css").read_text(encoding="utf-8"),
        js="\n".join(scripts),
    )
