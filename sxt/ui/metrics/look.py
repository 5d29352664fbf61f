"""What of a comparison is looked at, kept in the address: whoever opens the link sees the same."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

import streamlit as st

from sxt.ui.metrics.object_list import WrongObject, parse_wrong_object
from sxt.ui.viewer.component import Position

LOOK_KEY = "metrics-look"
WRITTEN_KEY = "metrics-look-written"
SEEN_KEY = "metrics-seen"
"""Holds what the viewers have shown last; without it they go where the address says."""

N_AXES = 3
OBJECTS_BELONG_TO = ("class_value", "version", "on")
"""With another one of these there are other objects."""


@dataclass(frozen=True)
class Look:
    """What is looked at; None where nothing was chosen, so that the page chooses.

    Parameters
    ----------
    view : str or None
        Which of the page's views.
    class_value : int or None
    version, on : str or None
        Name of the version, and id of the tomogram.
    show : str or None
        How the slices are shown: errors, two versions beside each other, what changed.
    at : tuple of int or None
        The place (z, y, x) in the tomogram.
    wrong_object : WrongObject or None
        The missed or wrong object that was chosen.
    differences_only : bool
        Of the headline.
    """

    view: str | None = None
    class_value: int | None = None
    version: str | None = None
    on: str | None = None
    show: str | None = None
    at: Position | None = None
    wrong_object: WrongObject | None = None
    differences_only: bool = False


PARAMETERS: Mapping[str, str] = {
    "view": "view",
    "class_value": "class",
    "version": "version",
    "on": "on",
    "show": "show",
    "at": "at",
    "wrong_object": "object",
    "differences_only": "differences",
}
"""By field: its name in the address."""


def current_look() -> Look:
    """Return what is looked at."""
    found: Look = st.session_state.get(LOOK_KEY, Look())
    return found


def change_look(**changes: Any) -> None:
    """Look at something else, in the page and in its address."""
    st.session_state[LOOK_KEY] = replace(current_look(), **changes)


def follow_look() -> None:
    """Look at what the address asks for, as far as this session did not write it there itself."""
    written = st.session_state.get(WRITTEN_KEY, {})
    asked = {name: st.query_params.get(name) for name in PARAMETERS.values()}
    news = {name: text for name, text in asked.items() if text and text != written.get(name)}
    if news:
        found = parse_look(news)
        changes = {
            name: getattr(found, name)
            for name in PARAMETERS
            if PARAMETERS[name] in news and getattr(found, name) is not None
        }
        change_look(**changes)
        st.session_state.pop(SEEN_KEY, None)
        st.session_state[WRITTEN_KEY] = written | news


def write_look() -> None:
    """Write what is looked at into the address."""
    texts = format_look(current_look())
    for name in PARAMETERS.values():
        text = texts.get(name)
        if text is None:
            st.query_params.pop(name, None)
        elif st.query_params.get(name) != text:
            st.query_params[name] = text
    st.session_state[WRITTEN_KEY] = texts


def forget_look() -> None:
    """Take it out of the address, where nothing is shown."""
    for name in PARAMETERS.values():
        st.query_params.pop(name, None)
    st.session_state[WRITTEN_KEY] = {}


def format_look(look: Look) -> dict[str, str]:
    """Return what was chosen as texts for an address."""
    values = {each.name: getattr(look, each.name) for each in fields(look)}
    found = {PARAMETERS[name]: value for name, value in values.items() if value not in (None, False)}
    texts = {name: str(value) for name, value in found.items()}
    if look.at is not None:
        texts["at"] = "-".join(map(str, look.at))
    if look.wrong_object is not None:
        texts["object"] = look.wrong_object.to_text()
    if look.differences_only:
        texts["differences"] = "1"
    return texts


def parse_look(texts: Mapping[str, str]) -> Look:
    """Return what an address asks for; what is not of the right form is taken for not chosen."""
    at = texts.get("at", "").split("-")
    is_place = len(at) == N_AXES and all(each.isdecimal() for each in at)
    value = texts.get("class", "")
    return Look(
        view=texts.get("view"),
        class_value=int(value) if value.isdecimal() else None,
        version=texts.get("version"),
        on=texts.get("on"),
        show=texts.get("show"),
        at=(int(at[0]), int(at[1]), int(at[2])) if is_place else None,
        wrong_object=parse_wrong_object(texts.get("object", "")),
        differences_only=texts.get("differences") == "1",
    )


def look_control(field: str, offered: list[Any], default: Any, *, key: str) -> dict[str, Any]:
    """Return key and callback for a control that chooses a field of what is looked at, set to what is chosen now.

    Parameters
    ----------
    offered : list
        What can be chosen; anything else is replaced by ``default``.
    """
    chosen = getattr(current_look(), field)
    wanted = chosen if chosen in offered else default
    if (
        key not in st.session_state or st.session_state[key] != wanted
    ):  # set anew it could undo a click under way
        st.session_state[key] = wanted
    return {"key": key, "on_change": _take, "args": (field, key)}


def _take(field: str, key: str) -> None:
    changes = {field: st.session_state[key]}
    change_look(**changes, **({"wrong_object": None} if field in OBJECTS_BELONG_TO else {}))
