"""The table of components on the page: sorted by a click, one row selected, in step with the scene."""

from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from sxt.ui.surface.filter_controls import class_names
from sxt.workspace import SurfaceManifest

HEIGHT_PX = 300
CLASS_WIDTH_PX = 110
NUMBER_FORMAT = "%.3g"


def component_table(surface: SurfaceManifest, table: pd.DataFrame, passed: np.ndarray, *, key: str) -> None:
    """Draw the components that passed; `selected_id` says which one is selected."""
    shown = table[passed]
    ids = shown["id"].to_numpy().tolist()
    st.session_state[_ids_key(key)] = ids
    selected = selected_id(key)
    rows = [ids.index(selected)] if selected in ids else []
    # A table takes a selection from outside only when it is new: its name counts the clicks in the scene.
    widget = f"{key}-table-{st.session_state.get(_clicks_key(key), 0)}"
    st.dataframe(
        _readable(surface, shown),
        key=widget,
        height=HEIGHT_PX,
        hide_index=True,
        column_config=_columns(shown),
        on_select=lambda: _take_row(key, widget),
        selection_mode="single-row",
        selection_default={"selection": {"rows": rows}} if rows else None,
    )


def selected_id(key: str) -> int | None:
    """Return the id of the selected component."""
    found = st.session_state.get(_selected_key(key))
    return found if isinstance(found, int) else None


def select_component(key: str, component_id: int | None) -> None:
    """Select a component from outside the table."""
    st.session_state[_selected_key(key)] = component_id
    st.session_state[_clicks_key(key)] = st.session_state.get(_clicks_key(key), 0) + 1


def _take_row(key: str, widget: str) -> None:
    rows = st.session_state[widget]["selection"]["rows"]
    ids = st.session_state[_ids_key(key)]
    st.session_state[_selected_key(key)] = ids[rows[0]] if rows and rows[0] < len(ids) else None


def _readable(surface: SurfaceManifest, shown: pd.DataFrame) -> pd.DataFrame:
    names = class_names(surface)
    hidden = [name for name in shown.columns if str(name).startswith(("min_", "max_", "std_"))]
    readable = shown.drop(columns=hidden)
    return readable.assign(**{"class": [names.get(each, f"class {each}") for each in shown["class"]]})


def _columns(shown: pd.DataFrame) -> dict[str, Any]:
    from sxt.surface.scene_content import list_columns

    config: dict[str, Any] = {
        "id": st.column_config.NumberColumn("id", width="small", pinned=True),
        "class": st.column_config.TextColumn("class", width=CLASS_WIDTH_PX),
    }
    for each in list_columns(list(shown.columns)):
        if shown[each.name].dtype == bool:
            config[each.name] = st.column_config.CheckboxColumn(each.heading)
        else:
            number_format = "localized" if each.name == "voxels" else NUMBER_FORMAT
            config[each.name] = st.column_config.NumberColumn(each.heading, format=number_format)
    return config


def _ids_key(key: str) -> str:
    return f"{key}-shown-ids"


def _selected_key(key: str) -> str:
    return f"{key}-selected"


def _clicks_key(key: str) -> str:
    return f"{key}-clicks"
