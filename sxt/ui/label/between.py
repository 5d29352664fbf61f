"""What carries labels from slice to slice: copy, interpolate, propagate; and which slices are held out."""

import streamlit as st

from sxt.errors import SxtError
from sxt.labels import SliceKey, copy_slice, interpolate_between, undo_group
from sxt.ui.errors import show_error
from sxt.ui.format import count
from sxt.ui.label.session import LabelSession, ask_canvas
from sxt.ui.text import escape_markdown

GROUP_KEY = "label-last-group"
TOLD_KEY = "label-told"
MAX_REACH = 20


def draw_between(session: LabelSession) -> None:
    """Draw the controls for other slices of the plane that is looked at."""
    key = session.key
    others = _labelled_elsewhere(session, key)
    if told := st.session_state.pop(TOLD_KEY, ""):
        st.success(escape_markdown(told))
    if not others:
        st.caption(
            f"Label a slice along {key.plane}, then another: what lies between can be filled from both."
        )
    else:
        _draw_pair(session, key, others)
    _draw_propagate(session, key)
    group = st.session_state.get(GROUP_KEY)
    if group:
        st.button("Undo the interpolation", key="label-undo-group", on_click=_undo, args=(session, group))


def draw_hold_out(session: LabelSession) -> None:
    """Draw the switch that keeps a slice for measuring."""
    key = session.key
    if key.plane != "z":
        return
    is_held_out = key.index in session.labels.hold_out.list()
    widget = f"label-hold-out-{session.tomogram.id}-{key.index}-{is_held_out}"
    st.toggle(
        f"Hold slice {key.index} out for measuring",
        is_held_out,
        key=widget,
        on_change=_hold_out,
        args=(session, key.index, not is_held_out),
        help="Labelled by people alone: it never receives labels of a model, and training never sees it.",
    )


def _labelled_elsewhere(session: LabelSession, key: SliceKey) -> list[int]:
    """Return the slices of this plane, other than this one, that may be labelled."""
    if key.plane == "z":
        return [z for z in session.labelled if z != key.index]
    touched = {
        each.index
        for each in session.labels.ledger.entries()
        if each.plane == key.plane and each.source != "pseudo"
    }
    return sorted(touched - {key.index})


def _draw_pair(session: LabelSession, key: SliceKey, others: list[int]) -> None:
    nearest = min(others, key=lambda other: abs(other - key.index))
    other = st.selectbox(
        f"This slice ({key}) and slice",
        others,
        index=others.index(nearest),
        key=f"label-other-{key.plane}-{key.index}",
    )
    copy, fill = st.columns(2)
    copy.button(
        "Copy it here",
        key="label-copy",
        on_click=_copy,
        args=(session, SliceKey(key.plane, other), key),
        width="stretch",
        help="Lays its labels over this slice; classes that are here already stay.",
    )
    n_between = abs(other - key.index) - 1
    fill.button(
        "Fill between",
        key="label-interpolate",
        on_click=_interpolate,
        args=(session, key, SliceKey(key.plane, other)),
        disabled=n_between < 1,
        width="stretch",
        help=f"Interpolates each class on the {count(n_between, 'slice')} between, where nothing is labelled yet.",
    )


def _draw_propagate(session: LabelSession, key: SliceKey) -> None:
    if key.plane != "z" or key.index not in session.labelled:
        return
    field, go = st.columns([1, 1], vertical_alignment="bottom")
    reach = field.number_input("Slices on each side", 1, MAX_REACH, 2, key="label-reach")
    go.button(
        "Propagate",
        key="label-propagate",
        on_click=_propagate,
        args=(session, key.index, int(reach)),
        width="stretch",
        help="Carries these labels to the neighbours as pseudo-labels, to be reviewed.",
    )


def _copy(session: LabelSession, source: SliceKey, target: SliceKey) -> None:
    try:
        saved = copy_slice(session.labels, source, target, by=session.by)
    except SxtError as error:
        show_error(error)
        return
    st.session_state[TOLD_KEY] = (
        f"Copied slice {source}." if saved else "Nothing to copy: all of it is here already."
    )


def _interpolate(session: LabelSession, first: SliceKey, last: SliceKey) -> None:
    try:
        saved = interpolate_between(session.labels, first, last, by=session.by)
    except SxtError as error:
        show_error(error)
        return
    if saved:
        st.session_state[GROUP_KEY] = saved[0].entry.group
    st.session_state[TOLD_KEY] = f"Filled {count(len(saved), 'slice')} between {first} and {last}."


def _undo(session: LabelSession, group: str) -> None:
    try:
        undone = undo_group(session.labels, group, by=session.by)
    except SxtError as error:
        show_error(error)
        return
    del st.session_state[GROUP_KEY]
    st.session_state[TOLD_KEY] = f"Took {count(len(undone), 'slice')} back."


def _propagate(session: LabelSession, z: int, reach: int) -> None:
    try:
        made = session.pseudo.propagate(z, reach=reach, by=session.by)
    except SxtError as error:
        show_error(error)
        return
    if made is None:
        st.session_state[TOLD_KEY] = "All neighbours are held out; nothing was propagated."
        return
    st.session_state[TOLD_KEY] = (
        f"Pseudo-labels on {count(len(made.slices), 'slice')}: review them under Propose."
    )
    ask_canvas(view="pseudo")


def _hold_out(session: LabelSession, z: int, is_held_out: bool) -> None:
    try:
        if is_held_out:
            session.pseudo.mark_hold_out([z], by=session.by)
        else:
            session.pseudo.unmark_hold_out([z], by=session.by)
    except SxtError as error:
        show_error(error)
