"""The list of classes: names, colours, order; adding and merging."""

from collections.abc import Callable

import streamlit as st

from sxt.errors import SxtError
from sxt.labels import ClassList, LabelClass
from sxt.ui.errors import show_error
from sxt.ui.label.session import LabelSession
from sxt.ui.text import escape_markdown


def draw_classes(session: LabelSession) -> None:
    """Draw the controls of the class list."""
    classes = list(session.labels.classes)
    for number, each in enumerate(classes):
        _draw_class(session, each, number)
    with st.form("label-class-new", clear_on_submit=True, border=False):
        field, go = st.columns([3, 1], vertical_alignment="bottom")
        name = field.text_input("Another class", key="label-class-name", placeholder="Its name")
        if go.form_submit_button("Add", width="stretch") and name.strip():
            _change(session, lambda old: old.add(name))
    if len(classes) > 1:
        with st.popover("Merge two classes", width="stretch"):
            _draw_merge(session, classes)


def _draw_class(session: LabelSession, each: LabelClass, number: int) -> None:
    swatch, field, up = st.columns([1, 5, 1], vertical_alignment="center")
    key = f"label-class-{session.tomogram.id}-{each.value}"
    colour = swatch.color_picker(
        f"Colour of {each.name}", each.colour, key=f"{key}-colour-{each.colour}", label_visibility="collapsed"
    )
    name = field.text_input(
        f"Name of class {each.value}", each.name, key=f"{key}-name-{each.name}", label_visibility="collapsed"
    )
    if up.button("↑", key=f"{key}-up", help="Move up", disabled=number == 0, type="tertiary"):
        values = [other.value for other in session.labels.classes]
        values[number - 1], values[number] = values[number], values[number - 1]
        _change(session, lambda old: old.reorder(values))
    if colour.casefold() != each.colour.casefold():
        _change(session, lambda old: old.recolour(each.value, colour))
    if name.strip() and name.strip() != each.name:
        _change(session, lambda old: old.rename(each.value, name))


def _draw_merge(session: LabelSession, classes: list[LabelClass]) -> None:
    names = {each.value: each.name for each in classes}
    source = st.selectbox("Merge", list(names), format_func=names.__getitem__, key="label-merge-source")
    rest = [value for value in names if value != source]
    target = st.selectbox("into", rest, format_func=names.__getitem__, key="label-merge-target")
    st.caption(
        f"Every voxel of {escape_markdown(names[source])} becomes {escape_markdown(names[target])}, "
        "in pseudo-labels and in what can be undone too. It cannot be taken back."
    )
    if st.button("Merge", key="label-merge-go", type="primary"):
        try:
            session.labels.merge_classes(source, target)
        except SxtError as error:
            show_error(error)
            return
        session.workspace.log(
            "merged classes in the labels of",
            "tomogram",
            session.tomogram,
            by=session.by,
            detail=f"{names[source]} into {names[target]}",
        )
        st.rerun()


def _change(session: LabelSession, change: Callable[[ClassList], ClassList]) -> None:
    """Change the list and draw the page anew; what is refused is said."""
    try:
        session.labels.change_classes(change)
    except SxtError as error:
        show_error(error)
        return
    st.rerun()
