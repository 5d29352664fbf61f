"""Shares: links to read-only views, made, listed and revoked."""

import streamlit as st

from sxt.ui.selection import current_selection
from sxt.ui.services import services
from sxt.ui.share_list import draw_shares, list_shareable
from sxt.ui.sharing import share_form
from sxt.ui.shell import empty_state, page_columns, page_head
from sxt.ui.text import escape_markdown

page_head(
    "Shares", "Links to read-only views, which open without an account until they expire or you revoke them."
)

workspace = services().workspace
segmentation_id = current_selection().segmentation
segmentation = workspace.segmentations.find(segmentation_id) if segmentation_id else None

if segmentation is None and not workspace.shares.list():
    empty_state(
        "There is nothing to share yet: segment a tomogram and make its surface first.",
        action="Make a surface",
        page="surface",
    )
    st.stop()

columns = page_columns("shares")
with columns.controls:
    st.subheader("New link", anchor=False)
    if segmentation is None:
        st.caption("The selected tomogram has no segmentation to share.")
    else:
        items = list_shareable(workspace, segmentation)
        chosen = st.selectbox(
            "What to show",
            range(len(items)),
            format_func=lambda index: items[index].label,
            key=f"sxt-share-item-{segmentation.id}",
        )
        share_form(
            surface_id=items[chosen].surface_id,
            segmentation_id=items[chosen].segmentation_id,
            view=None,
            default_title=segmentation.name,
            key="sxt-shares",
        )
        if len(items) == 1:
            st.caption(
                f"{escape_markdown(segmentation.name)} has no surface yet; with one, the link shows it in 3D."
            )
with columns.result:
    st.subheader("Links", anchor=False)
    if workspace.shares.list():
        draw_shares(workspace)
    else:
        empty_state("No link was made yet. The form beside this makes the first one.", key="no-links")
