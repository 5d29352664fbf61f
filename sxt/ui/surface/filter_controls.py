"""The controls that decide which components are shown: histograms with ranges, classes, the border."""

import numpy as np
import pandas as pd
import streamlit as st

from sxt.ui import format as fmt
from sxt.ui.surface.filters import ComponentFilter, make_filter
from sxt.ui.surface.histogram import HEIGHT_PX, histogram
from sxt.ui.surface.table import volume_column
from sxt.ui.text import escape_markdown
from sxt.workspace import SurfaceManifest

N_STEPS = 200
"""Positions of a slider; they lie at values that occur, closer where there are more."""

PLOT_CONFIG = {"displayModeBar": False}


def filter_controls(
    surface: SurfaceManifest, table: pd.DataFrame, *, has_plots: bool, key: str
) -> ComponentFilter:
    """Draw the controls and return the filter they describe; without plots, room is left for them."""
    from sxt.surface.scene_content import list_columns

    headings = {
        each.name: each.heading
        for each in list_columns(list(table.columns))
        if table[each.name].dtype != bool and table[each.name].notna().any()
    }
    defaults = [name for name in (volume_column(table), "sphericity") if name in headings]
    names = st.multiselect(
        "Filter by",
        list(headings),
        default=defaults,
        format_func=lambda name: headings[name],
        key=f"{key}-measures",
    )
    classes = _choose_classes(surface, table, key=key)
    is_whole = bool(
        "touches_border" in table
        and table["touches_border"].any()
        and st.checkbox("Leave out what the border cuts", key=f"{key}-whole")
    )
    chosen = {name: _range(table, name, key=key) for name in names if f"{key}-{name}" in st.session_state}
    wanted = make_filter(table, chosen, classes=classes, is_whole=is_whole)
    passed = wanted.passes(table)
    for name in names:
        _draw_measure(table, passed, name, headings[name], has_plot=has_plots, key=key)
    return wanted


def describe_count(table: pd.DataFrame, passed: np.ndarray) -> str:
    """Return how much passed: ``41 of 87 components, 3.20 of 4.10 µm³``."""
    column = volume_column(table)
    unit = "voxels" if column == "voxels" else "µm³"
    volume = table[column].to_numpy(np.float64)
    total = fmt.quantity(float(volume.sum()), unit)
    if passed.all():
        return f"{fmt.count(len(table), 'component')}, {total}"
    shown = fmt.number(float(volume[passed].sum()))
    return f"{fmt.count(int(passed.sum()))} of {fmt.count(len(table), 'component')}, {shown} of {total}"


def _choose_classes(surface: SurfaceManifest, table: pd.DataFrame, *, key: str) -> list[int]:
    present = sorted(table["class"].unique().tolist())
    if len(present) < 2:
        return []
    names = class_names(surface)
    return list(
        st.pills(
            "Classes",
            present,
            selection_mode="multi",
            default=present,
            format_func=lambda value: escape_markdown(names.get(value, f"class {value}")),
            key=f"{key}-classes",
            wrap=True,
        )
    )


def class_names(surface: SurfaceManifest) -> dict[int, str]:
    """Return the name of each class by its value."""
    return {each.value: each.name for each in surface.classes}


def _draw_measure(
    table: pd.DataFrame, passed: np.ndarray, name: str, heading: str, *, has_plot: bool, key: str
) -> None:
    values = table[name].to_numpy(np.float64)
    is_finite = np.isfinite(values)
    with st.container(height=HEIGHT_PX, border=False, gap=None):
        if has_plot:
            figure = histogram(values[is_finite], passed[is_finite], heading)
            st.plotly_chart(figure, key=f"{key}-{name}-histogram", config=PLOT_CONFIG)
    options = slider_values(values)
    if len(options) < 2:
        return
    st.select_slider(
        heading,
        options,
        value=(options[0], options[-1]),
        format_func=fmt.number,
        key=f"{key}-{name}",
        label_visibility="collapsed",
    )


def slider_values(values: np.ndarray) -> list[float]:
    """Return the places of a slider for (n,) values: up to `N_STEPS` of those that occur, in rising order."""
    present = np.unique(values[np.isfinite(values)])
    if len(present) > N_STEPS:
        present = present[np.unique(np.linspace(0, len(present) - 1, N_STEPS).round().astype(int))]
    return [float(each) for each in present]


def _range(table: pd.DataFrame, name: str, *, key: str) -> tuple[float, float]:
    """Return what a slider is set to; everything where it holds no value of this table."""
    options = slider_values(table[name].to_numpy(np.float64))
    chosen = st.session_state[f"{key}-{name}"]
    if not isinstance(chosen, tuple) or not set(chosen) <= set(options):
        return options[0], options[-1]
    return chosen
