"""What is selected on every page: tomogram, segmentation or model version, device; kept in the address of the page.

The address has ids (``?tomogram=k3x…&segmentation=…``), so a bookmark means the same thing tomorrow. Where the address
and the session differ, an address that was opened or gone back to wins over what was selected before.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import streamlit as st

from sxt.ui.text import shorten

Selectable = Literal["tomogram", "segmentation", "model", "device"]

LABELS: Mapping[Selectable, str] = {
    "tomogram": "Tomogram",
    "segmentation": "Segmentation",
    "model": "Model version",
    "device": "Device",
}
NONE_YET: Mapping[Selectable, str] = {
    "tomogram": "No tomogram yet",
    "segmentation": "Not segmented yet",
    "model": "No model yet",
    "device": "CPU",
}
STATE_KEY = "sxt-selection"
ADDRESS_KEY = "sxt-selection-address"
LABEL_LENGTH = 44
ID_SHOWN = 4


@dataclass(frozen=True)
class Choice:
    """Something that can be selected; ``parent`` is the tomogram of a segmentation."""

    id: str
    name: str
    parent: str = ""


@dataclass(frozen=True)
class Choices:
    """What can be selected, newest first; the first of each is selected where nothing else is."""

    tomograms: Sequence[Choice] = ()
    segmentations: Sequence[Choice] = ()
    models: Sequence[Choice] = ()
    devices: Sequence[Choice] = field(default=(Choice("auto", "Automatic"), Choice("cpu", "CPU")))

    def of(self, what: Selectable, tomogram_id: str | None) -> Sequence[Choice]:
        """Return the choices of one control; segmentations are those of the tomogram."""
        if what == "segmentation":
            return [each for each in self.segmentations if each.parent == tomogram_id]
        return {"tomogram": self.tomograms, "model": self.models, "device": self.devices}[what]


@dataclass(frozen=True)
class Selection:
    """What is selected; None where there is nothing to select."""

    tomogram: str | None = None
    segmentation: str | None = None
    model: str | None = None
    device: str | None = None


def current_selection() -> Selection:
    """Return what is selected, for pages and fragments."""
    return Selection(**st.session_state.get(STATE_KEY, {}))


def select(**changes: str | None) -> None:
    """Select other things, by id; call it in a callback or before ``st.rerun``.

    A segmentation that belongs to another tomogram than the one selected is let go when the page runs again.
    """
    st.session_state[STATE_KEY] = st.session_state.get(STATE_KEY, {}) | changes


def settle(choices: Choices, shown: Sequence[Selectable]) -> Selection:
    """Bring selection, address and what there is to select into agreement.

    Parameters
    ----------
    choices : Choices
    shown : sequence of str
        What has a control on this page, in the bar or below; the rest is kept as it is and stays out of the address.

    Returns
    -------
    Selection
    """
    chosen: dict[Selectable, str | None] = dict(st.session_state.get(STATE_KEY, {}))
    chosen |= _news_in_address()
    _follow_segmentation(chosen, choices)
    for what in shown:
        ids = [each.id for each in choices.of(what, chosen.get("tomogram"))]
        if chosen.get(what) not in ids:
            chosen[what] = ids[0] if ids else None
    st.session_state[STATE_KEY] = chosen
    defaults = {what: offered[0].id for what in shown if (offered := choices.of(what, chosen["tomogram"]))}
    _write_address(
        {what: chosen[what] for what in shown if what != "device" or chosen[what] != defaults.get(what)}
    )
    return current_selection()


def draw_control(what: Selectable, choices: Choices) -> None:
    """Draw the control that selects one thing; to be called after `settle`."""
    selection = st.session_state[STATE_KEY]
    offered = choices.of(what, selection.get("tomogram"))
    labels = unique_labels(offered)
    key = f"sxt-select-{what}"
    st.session_state[key] = selection.get(what)
    st.selectbox(
        LABELS[what],
        [each.id for each in offered],
        format_func=lambda choice_id: labels.get(choice_id, choice_id),
        key=key,
        label_visibility="collapsed",
        placeholder=NONE_YET[what],
        disabled=not offered,
        on_change=_take,
        args=(what, key),
    )


def unique_labels(choices: Sequence[Choice]) -> dict[str, str]:
    """Return a label for each id; choices of the same name also show the beginning of their id."""
    names = {each.id: shorten(each.name, LABEL_LENGTH) for each in choices}
    repeated = {name for name in names.values() if list(names.values()).count(name) > 1}
    return {
        choice_id: f"{name} ({choice_id[:ID_SHOWN]})" if name in repeated else name
        for choice_id, name in names.items()
    }


def _take(what: Selectable, key: str) -> None:
    chosen = st.session_state[key]
    if chosen is not None:
        select(**{what: chosen})


def _news_in_address() -> dict[Selectable, str | None]:
    """Return what the address asks for that this session did not write there itself."""
    written = st.session_state.get(ADDRESS_KEY, {})
    asked = {what: st.query_params.get(what) for what in LABELS}
    return {what: value for what, value in asked.items() if value and value != written.get(what)}


def _follow_segmentation(chosen: dict[Selectable, str | None], choices: Choices) -> None:
    """Select the tomogram of a segmentation that the address asks for without naming the tomogram."""
    asked = _news_in_address()
    if "segmentation" not in asked or "tomogram" in asked:
        return
    parents = [each.parent for each in choices.segmentations if each.id == asked["segmentation"]]
    if parents:
        chosen["tomogram"] = parents[0]


def _write_address(values: Mapping[Selectable, str | None]) -> None:
    for what in LABELS:
        value = values.get(what)
        if value is None:
            st.query_params.pop(what, None)
        elif st.query_params.get(what) != value:
            st.query_params[what] = value
    st.session_state[ADDRESS_KEY] = {what: value for what, value in values.items() if value is not None}


ChoicesGetter = Callable[[], Choices]
