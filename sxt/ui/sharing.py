"""Making a shared link on a page, and showing it."""

from datetime import timedelta
from urllib.parse import urlsplit

import streamlit as st

from sxt.ui.access.user import current_user
from sxt.ui.errors import errors_shown
from sxt.ui.format import ago
from sxt.ui.routes.shares import share_address
from sxt.ui.services import base_path, services
from sxt.workspace import SceneView, ShareManifest
from sxt.workspace.clock import utc_now
from sxt.workspace.manifests import MAX_NAME_LENGTH, MAX_NOTE_LENGTH
from sxt.workspace.shares import DEFAULT_EXPIRY

EXPIRIES: dict[str, timedelta] = {
    "7 days": timedelta(days=7),
    "30 days": timedelta(days=30),
    "90 days": timedelta(days=90),
    "1 year": timedelta(days=365),
}
DEFAULT_CHOICE = next(label for label, span in EXPIRIES.items() if span == DEFAULT_EXPIRY)
NOTE_HEIGHT_PX = 90
LOCAL_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})


def share_form(
    *,
    surface_id: str | None,
    segmentation_id: str | None,
    view: SceneView | None,
    default_title: str,
    key: str,
) -> None:
    """Draw a small form that makes a link to a read-only view, and the link once it is made.

    Parameters
    ----------
    surface_id, segmentation_id : str or None
        What the link shows; a sentence says that there is nothing to share where both are None.
    view : SceneView or None
        What it opens with; None for the scene's own.
    default_title : str
        What stands in the title field at first.
    key : str
        Tells apart the forms of one page.
    """
    if surface_id is None and segmentation_id is None:
        st.caption("There is nothing to share yet.")
        return
    item = f"{key}-{surface_id or ''}-{segmentation_id or ''}"
    with st.form(f"{item}-form", border=False):
        title = st.text_input(
            "Title", value=default_title[:MAX_NAME_LENGTH], max_chars=MAX_NAME_LENGTH, key=f"{item}-title"
        )
        note = st.text_area(
            "Note",
            max_chars=MAX_NOTE_LENGTH,
            height=NOTE_HEIGHT_PX,
            placeholder="What to look at (may stay empty)",
            key=f"{item}-note",
        )
        expiry = st.segmented_control(
            "Works for", list(EXPIRIES), default=DEFAULT_CHOICE, required=True, key=f"{item}-expiry"
        )
        st.caption(describe_access(has_surface=surface_id is not None, has_view=view is not None))
        is_asked = st.form_submit_button("Make link", type="primary", key=f"{item}-make", width="stretch")
    if is_asked:
        with errors_shown():
            share = services().workspace.shares.create(
                title=title,
                note=note,
                by=current_user(),
                surface_id=surface_id,
                segmentation_id=segmentation_id,
                view=view,
                expires_after=EXPIRIES[expiry or DEFAULT_CHOICE],
            )
            st.session_state[f"{item}-made"] = share.token
    made = services().workspace.shares.look_up(st.session_state.get(f"{item}-made"))
    if made is not None:
        st.success(f"The link works until {made.expires_at:%Y-%m-%d}.")
        link = share_link(made.token)
        st.code(link, language=None, wrap_lines=True)
        st.link_button("Open", link)
        draw_reach()


def describe_access(*, has_surface: bool, has_view: bool) -> str:
    """Return who can open a link and what they see, in one sentence."""
    seen = "the interactive 3D view and the measurements" if has_surface else "slices in false colour"
    first = ", first from the view you have now" if has_view else ""
    return (
        f"Whoever has the link sees {seen}{first}, with title, note, your name and the names and hashes of tomogram "
        "and model version; it needs no account."
    )


def draw_reach() -> None:
    """Say so where links made here work on this machine alone."""
    if is_local(server_origin()):
        st.caption("You reach this server at an address of your own machine, so links work there alone.")


def share_link(token: str) -> str:
    """Return the whole address behind a token, as the browser that asks reaches the server.

    Without a browser (a page under test) it begins with the path.
    """
    return f"{server_origin()}{share_address(token, prefix=base_path())}"


def server_origin() -> str:
    """Return by what the browser reaches the server, as ``https://sxt.lab.org``; empty where that is unknown."""
    asked = urlsplit(st.context.url or "")
    if asked.scheme and asked.netloc:
        return f"{asked.scheme}://{asked.netloc}"
    host = st.context.headers.get("Host")
    return f"http://{host}" if host else ""


def is_local(link: str) -> bool:
    """Return whether an address names the machine that the browser runs on."""
    host = urlsplit(link).hostname or ""
    return host in LOCAL_HOSTS or host.startswith("127.")


def describe_share(share: ShareManifest) -> str:
    """Return how a link stands, in words: open, expired or revoked, and since or until when."""
    now = utc_now()
    if share.revoked_at is not None:
        return f"revoked {ago(share.revoked_at, now)}"
    if not share.is_open(now):
        return f"expired on {share.expires_at:%Y-%m-%d}"
    return f"open until {share.expires_at:%Y-%m-%d}"
