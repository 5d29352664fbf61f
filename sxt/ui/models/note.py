"""The note on a model version: what it says, by whom and when, and a place to write it."""

from typing import TYPE_CHECKING

import streamlit as st

from sxt.ui import format as fmt
from sxt.ui.access.user import current_user
from sxt.ui.errors import errors_shown
from sxt.ui.services import services
from sxt.ui.text import escape_markdown
from sxt.workspace.clock import utc_now
from sxt.workspace.version_notes import LONGEST_NOTE, find_note, write_note

if TYPE_CHECKING:
    from sxt.models import ModelSummary
    from sxt.workspace.version_notes import VersionNote

HEIGHT_PX = 140


def read_note(version: "ModelSummary") -> "VersionNote | None":
    """Return the note on a sound version; None where there is none."""
    assert version.config is not None, "a sound version has a configuration"
    return find_note(services().workspace, version.spec, version.config.weights_sha256)


def draw_note(note: "VersionNote | None") -> None:
    """Draw what a note says, and who left it when; nothing where there is none."""
    if note is not None:
        st.markdown("  \n".join(escape_markdown(line) for line in note.text.splitlines()))
        st.caption(f"{escape_markdown(note.who)}, {fmt.ago(note.when, utc_now())}")


def edit_note(version: "ModelSummary", note: "VersionNote | None", *, key: str) -> None:
    """Draw the button that opens a place to write the note."""
    with st.popover("Write a note" if note is None else "Change the note", key=key):
        field = f"{key}-text-{'' if note is None else note.when.isoformat()}"
        st.text_area(
            f"Note on {escape_markdown(version.spec)}",
            "" if note is None else note.text,
            max_chars=LONGEST_NOTE,
            height=HEIGHT_PX,
            key=field,
            placeholder="What it is good for, and what not",
        )
        st.button("Save the note", key=f"{key}-save", on_click=_save, args=(version, field))


def _save(version: "ModelSummary", field: str) -> None:
    assert version.config is not None, "a sound version has a configuration"
    sha256 = version.config.weights_sha256
    with errors_shown():
        write_note(services().workspace, version.spec, sha256, st.session_state[field], by=current_user())
