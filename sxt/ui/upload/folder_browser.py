"""Look through the server's data folders and choose a tomogram."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import streamlit as st

from sxt.errors import InputError
from sxt.ui import format as fmt
from sxt.ui.errors import show_error
from sxt.ui.shell import empty_state
from sxt.ui.text import escape_markdown
from sxt.ui.upload.data_folders import FolderEntry, FolderListing, list_data_folder, resolve_data_path

FOLDER_KEY = "sxt-data-folder"
CHOSEN_KEY = "sxt-data-chosen"
SLICE_ENDINGS = (".tif", ".tiff", ".png")
LIST_HEIGHT_PX = 420
NAME_WIDTH_PX = 190
KIND_WORDS = {"folder": "folder", "zarr": "Zarr volume"}


def browse(roots: Sequence[Path]) -> Path | None:
    """Draw the list of a folder and return what was chosen in it, None before that.

    Parameters
    ----------
    roots : sequence of Path
        The data folders; nothing outside of them is shown or can be chosen.
    """
    listing = _open(st.session_state.get(FOLDER_KEY), roots)
    _draw_place(listing)
    if not listing.entries:
        empty_state("There is nothing in this folder that can be read.", key="folder")
        return None
    chosen = _draw_list(listing)
    if chosen is not None and chosen.kind == "folder":
        _go(chosen.path)
        st.rerun()
    if chosen is not None:
        st.session_state[CHOSEN_KEY] = str(chosen.path)
    if _is_stack(listing) and st.button("Use this folder as one stack of slices", width="stretch"):
        st.session_state[CHOSEN_KEY] = str(listing.path)
    return _chosen(roots)


def _open(folder: str | None, roots: Sequence[Path]) -> FolderListing:
    if folder is None and len(roots) == 1:
        folder = str(roots[0].resolve())
    try:
        return list_data_folder(folder, roots=roots)
    except InputError as error:
        show_error(error)
        return list_data_folder(None, roots=roots)


def _draw_place(listing: FolderListing) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        can_go_up = listing.path is not None
        st.button("Up", key="folder-up", disabled=not can_go_up, on_click=_go, args=(listing.parent,))
        place = "Data folders" if listing.path is None else str(listing.path)
        st.caption(escape_markdown(place))
    if listing.n_left_out:
        st.caption(f"{fmt.count(listing.n_left_out)} more are not shown; put them into subfolders.")


def _draw_list(listing: FolderListing) -> FolderEntry | None:
    """Draw what lies in a folder and return what was clicked, wherever in its row that was."""
    table = pd.DataFrame(
        {
            "Name": [each.name for each in listing.entries],
            "Size": [KIND_WORDS.get(each.kind) or fmt.file_size(each.size_bytes) for each in listing.entries],
            "Changed": [each.changed_at for each in listing.entries],
        }
    )
    state = st.dataframe(
        table,
        hide_index=True,
        height=min(LIST_HEIGHT_PX, 35 * (len(table) + 1) + 3),
        on_select="rerun",
        selection_mode="single-cell",
        column_config={
            "Name": st.column_config.TextColumn(width=NAME_WIDTH_PX),
            "Size": st.column_config.TextColumn(width="small"),
            "Changed": st.column_config.DatetimeColumn(format="YYYY-MM-DD"),
        },
        key=f"folder-list-{listing.path}",
    )
    rows = [row for row, _ in state.selection.cells]
    return listing.entries[rows[0]] if rows and rows[0] < len(listing.entries) else None


def _is_stack(listing: FolderListing) -> bool:
    names = [each.name.lower() for each in listing.entries if each.kind == "file"]
    return sum(name.endswith(SLICE_ENDINGS) for name in names) > 1 and listing.path is not None


def _chosen(roots: Sequence[Path]) -> Path | None:
    chosen = st.session_state.get(CHOSEN_KEY)
    if chosen is None:
        return None
    return resolve_data_path(chosen, roots=roots)


def _go(folder: Path | None) -> None:
    st.session_state[FOLDER_KEY] = None if folder is None else str(folder)
    st.session_state.pop(CHOSEN_KEY, None)
