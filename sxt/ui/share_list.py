"""The links that were made, as the Shares page lists them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import streamlit as st

from sxt.ui.access.user import current_user
from sxt.ui.errors import errors_shown
from sxt.ui.format import ago
from sxt.ui.services import services
from sxt.ui.sharing import describe_share, draw_reach, share_link
from sxt.ui.text import escape_markdown, shorten
from sxt.workspace import SegmentationManifest, ShareManifest, SurfaceManifest, Workspace
from sxt.workspace.clock import utc_now

ShareState = Literal["open", "item deleted", "expired", "revoked"]

BADGE_COLOURS: dict[ShareState, Literal["green", "orange", "gray", "red"]] = {
    "open": "green",
    "item deleted": "orange",
    "expired": "gray",
    "revoked": "red",
}
MOST_SHOWN = 50
NOTE_LENGTH = 300
MINE, EVERYBODYS = "Mine", "Everybody's"
ALL, OPEN = "All", "Open"


@dataclass(frozen=True)
class SharedItem:
    """Something that can be shared: its ids, and what to call it."""

    label: str
    surface_id: str | None
    segmentation_id: str | None


def list_shareable(workspace: Workspace, segmentation: SegmentationManifest) -> list[SharedItem]:
    """Return what can be shared of a segmentation: its surfaces, newest first, with its slices; or the slices alone."""
    surfaces = [each for each in workspace.surfaces.list() if each.segmentation_id == segmentation.id]
    items = [SharedItem(_surface_label(each, surfaces), each.id, segmentation.id) for each in surfaces]
    return [*items, SharedItem("Slices in false colour, without a surface", None, segmentation.id)]


def draw_shares(workspace: Workspace) -> None:
    """Draw the links of whoever looks, or everybody's where several people made some; newest first."""
    me = current_user()
    every = workspace.shares.list()
    shown = _filter(workspace, every, me)
    if not shown:
        st.caption("There is no such link.")
    for share in shown[:MOST_SHOWN]:
        with st.container(border=True, key=f"sxt-share-{share.token}"):
            _draw_share(workspace, share, is_mine=share.created_by == me)
    if len(shown) > MOST_SHOWN:
        st.caption(f"The newest {MOST_SHOWN} of {len(shown)}.")
    if any(state_of(workspace, share) == "open" for share in shown):
        draw_reach()


def state_of(workspace: Workspace, share: ShareManifest) -> ShareState:
    """Return whether a link works, and if not, why."""
    if share.revoked_at is not None:
        return "revoked"
    if not share.is_open(utc_now()):
        return "expired"
    return "open" if workspace.shares.look_up(share.token) is not None else "item deleted"


def describe_item(workspace: Workspace, share: ShareManifest) -> str:
    """Return what a link shows, in words."""
    if share.surface_id is not None:
        surface = workspace.surfaces.find(share.surface_id)
        return "3D view, deleted since" if surface is None else f"3D view of {surface.name}"
    segmentation = workspace.segmentations.find(share.segmentation_id or "")
    return "slices, deleted since" if segmentation is None else f"slices of {segmentation.name}"


def _filter(workspace: Workspace, every: Sequence[ShareManifest], me: str) -> list[ShareManifest]:
    """Draw the switches that make sense, and return the links that they leave."""
    whose, state = MINE, ALL
    with st.container(horizontal=True):
        if any(share.created_by != me for share in every):
            whose = st.segmented_control(
                "Whose",
                [MINE, EVERYBODYS],
                default=MINE if any(share.created_by == me for share in every) else EVERYBODYS,
                required=True,
                label_visibility="collapsed",
                key="sxt-shares-whose",
            )
        state = st.segmented_control(
            "Which",
            [ALL, OPEN],
            default=ALL,
            required=True,
            label_visibility="collapsed",
            key="sxt-shares-state",
        )
    return [
        share
        for share in every
        if (whose == EVERYBODYS or share.created_by == me)
        and (state == ALL or state_of(workspace, share) == "open")
    ]


def _draw_share(workspace: Workspace, share: ShareManifest, *, is_mine: bool) -> None:
    state = state_of(workspace, share)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{escape_markdown(share.title)}**")
        st.badge(state, color=BADGE_COLOURS[state])
    maker = "" if is_mine else f" by {share.created_by}"
    facts = [
        describe_item(workspace, share),
        f"made {ago(share.created_at, utc_now())}{maker}",
        describe_share(share),
    ]
    st.caption(escape_markdown(" · ".join(facts)))
    if share.note.strip():
        st.text(shorten(share.note, NOTE_LENGTH))
    if state == "item deleted":
        st.caption("The link works again when what it shows is restored from the trash.")
    link = share_link(share.token)
    if state == "open":
        st.code(link, language=None, wrap_lines=True)
    if state in ("open", "item deleted"):
        with st.container(horizontal=True):
            if state == "open":
                st.link_button("Open", link)
            _draw_revoke(share)


def _draw_revoke(share: ShareManifest) -> None:
    with st.popover("Revoke", key=f"sxt-revoke-{share.token}"):
        st.write("Whoever opens the link then finds nothing. This cannot be undone; a new link can be made.")
        st.button(
            "Revoke this link",
            key=f"sxt-revoke-now-{share.token}",
            on_click=_revoke,
            args=(share.token,),
        )


def _revoke(token: str) -> None:
    with errors_shown():
        services().workspace.shares.revoke(token, by=current_user())


def _surface_label(surface: SurfaceManifest, others: Sequence[SurfaceManifest]) -> str:
    is_repeated = sum(each.name == surface.name for each in others) > 1
    when = f", made {surface.created_at:%Y-%m-%d %H:%M}" if is_repeated else ""
    return f"3D view of {shorten(surface.name, 60)}{when}"
