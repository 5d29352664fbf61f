"""Rename and delete what lies in the workspace."""

import streamlit as st

from sxt.errors import SxtError
from sxt.ui.access.user import current_user
from sxt.ui.errors import show_error
from sxt.ui.services import services
from sxt.ui.text import escape_markdown
from sxt.workspace import ItemKind
from sxt.workspace.manifests import MAX_NAME_LENGTH, ItemManifest


def manage_item(kind: ItemKind, item: ItemManifest, *, key: str) -> None:
    """Draw a field to rename an item and a button to delete it; what is deleted can be restored from the trash."""
    widget = f"{key}-name-{item.id}"
    st.text_input(
        f"Name of the {kind}",
        item.name,
        max_chars=MAX_NAME_LENGTH,
        key=widget,
        on_change=_rename,
        args=(kind, item.id, widget),
    )
    if st.button(f"Delete this {kind}", key=f"{key}-delete-{item.id}"):
        _confirm_delete(kind, item)


def _rename(kind: ItemKind, item_id: str, widget: str) -> None:
    try:
        services().workspace.rename(kind, item_id, st.session_state[widget], by=current_user())
    except SxtError as error:
        show_error(error)


@st.dialog("Delete")
def _confirm_delete(kind: ItemKind, item: ItemManifest) -> None:
    st.write(f"**{escape_markdown(item.name)}** goes to the trash, from where it can be restored.")
    users = services().workspace.list_users(kind, item.id)
    if users:
        st.warning(f"It is used by {escape_markdown(', '.join(users))}; these stay, but lose what they show.")
    pressed = st.button(
        f"Delete the {kind}",
        type="primary",
        key=f"confirm-delete-{item.id}",
        on_click=_delete,
        args=(kind, item.id, bool(users)),
    )
    if pressed:
        st.rerun()


def _delete(kind: ItemKind, item_id: str, force: bool) -> None:
    try:
        services().workspace.delete(kind, item_id, by=current_user(), force=force)
    except SxtError as error:
        show_error(error)
