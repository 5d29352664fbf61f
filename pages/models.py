"""Models: the versions there are, their cards, the default one, import, export and deleting."""

import streamlit as st

from sxt.ui.models.catalogue import list_deleted, list_versions
from sxt.ui.models.panel import draw_damaged, draw_trash, draw_version, summarise
from sxt.ui.models.take_in import SAID_KEY, draw_import
from sxt.ui.selection import current_selection, select
from sxt.ui.services import services
from sxt.ui.shell import empty_state, page_columns, page_head
from sxt.ui.text import escape_markdown

page_head(
    "Models",
    "Model versions, shipped and your own: what they are, which one is the default, import and export.",
)

CHOICE_KEY = "sxt-model-choice"
workspace = services().workspace
catalogue = list_versions(workspace)
shown = catalogue.find(current_selection().model) or next(iter(catalogue.sound), None)


def choose() -> None:
    select(model=st.session_state[CHOICE_KEY])


columns = page_columns("models")
with columns.controls:
    if shown is not None:
        st.session_state[CHOICE_KEY] = shown.spec
        st.radio(
            "Versions",
            [each.spec for each in catalogue.sound],
            format_func=escape_markdown,
            captions=[escape_markdown(summarise(each)) for each in catalogue.sound],
            key=CHOICE_KEY,
            on_change=choose,
        )
    with st.expander("Import a version", expanded=shown is None):
        draw_import()
    if list_deleted(workspace):
        with st.expander("In the trash"):
            draw_trash()
with columns.result:
    with st.container():  # always there, so that what comes below it keeps its place
        if said := st.session_state.pop(SAID_KEY, None):
            st.success(escape_markdown(said))
    if shown is None:
        empty_state(
            "There is no model version that can be used. Import one beside this, or train one.",
            page="train",
            action="Train a model",
        )
    else:
        draw_version(shown)
    for version in catalogue.damaged:
        draw_damaged(version)
