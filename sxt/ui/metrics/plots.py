"""The figures of the report as the page shows them: in the page's theme, with what a click on a slice does."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import streamlit as st

from sxt.metrics import Study, curve_figures, figures
from sxt.ui.text import escape_markdown

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

SLICES_HEIGHT_PX = 200
CHART_SETTINGS = {"displaylogo": False, "modeBarButtonsToRemove": ["select2d", "lasso2d"]}

Draw = Callable[[Study, int], "Figure | None"]

CURVES: dict[str, tuple[Draw, str]] = {
    "precision-recall": (
        curve_figures.draw_precision_recall,
        "Precision and recall at every threshold; the mark is the one in use.",
    ),
    "dice": (curve_figures.draw_dice_by_threshold, "Dice at every threshold; the mark is the one in use."),
    "distribution": (figures.draw_distribution, "Dice of single slices."),
    "reliability": (
        curve_figures.draw_reliability,
        "Reliability: on the diagonal a probability is as often right as it says.",
    ),
    "wedge": (
        curve_figures.draw_wedge,
        "Recall of surfaces by the angle between their normal and the beam: at 0° the missing wedge hides them.",
    ),
    "distances": (
        curve_figures.draw_distances,
        "Surfaces within a distance of each other; dotted: the tolerance.",
    ),
    "objects": (curve_figures.draw_objects, "Objects found, by the overlap that is asked for."),
    "roc": (curve_figures.draw_roc, "ROC; the mark is the threshold in use."),
}


def draw_curves(study: Study, class_value: int, *, key: str) -> None:
    """Draw all curves and confusion matrices, two beside each other."""
    shown = [
        (name, figure, caption)
        for name, (draw, caption) in CURVES.items()
        if (figure := draw(study, class_value)) is not None
    ]
    for position, version in enumerate(study.versions):
        figure = figures.draw_confusion(study, position)
        if figure is not None:
            caption = f"Confusion of classes by {version.name}; each row adds up to 100 %."
            shown.append((f"confusion-{position}", figure, caption))
    for start in range(0, len(shown), 2):
        for column, (name, figure, caption) in zip(st.columns(2), shown[start : start + 2], strict=False):
            with column:
                st.caption(escape_markdown(caption))
                st.plotly_chart(in_theme(figure), key=f"{key}-{name}", config=CHART_SETTINGS)


def draw_slice_errors(
    study: Study, version: int, tomogram: int, class_value: int, *, key: str, on_click: Callable[[int], None]
) -> None:
    """Draw a version's false positives and negatives slice by slice; a click on a slice calls ``on_click`` with it."""
    figure = figures.draw_slices(_of_version(study, version), tomogram, class_value)
    if figure is None:
        return
    _make_low(figure)
    _clickable(figure, key=key, on_click=on_click)


def draw_slice_changes(
    study: Study, version: int, tomogram: int, class_value: int, *, key: str, on_click: Callable[[int], None]
) -> None:
    """Draw what a version fixed and broke slice by slice; clicks as in `draw_slice_errors`."""
    name = study.versions[version].name
    chosen = replace(study, changes=tuple(each for each in study.changes if each.version == name))
    figure = figures.draw_changes(chosen, tomogram, class_value)
    if figure is None:
        return
    _make_low(figure)
    _clickable(figure, key=key, on_click=on_click)


def in_theme(figure: "Figure") -> "Figure":
    """Return a figure in the colours of the page instead of those of the report's white paper."""
    figure.update_layout(template="streamlit", font={"family": None, "size": 13})
    return figure


def clicked_slice(event: Any) -> int | None:
    """Return the slice that a click on a chart chose."""
    points = event.get("selection", {}).get("points", []) if event else []
    x = points[0].get("x") if points else None
    return round(x) if isinstance(x, int | float) else None


def _clickable(figure: "Figure", *, key: str, on_click: Callable[[int], None]) -> None:
    # What is not selected stays as it is: a click goes somewhere, it does not pick out.
    figure.update_traces(unselected={"marker": {"opacity": 1}}, selected={"marker": {"opacity": 1}})

    def take() -> None:
        # A second click on the same slice takes the selection back, but means to go there again.
        chosen = clicked_slice(st.session_state.get(key))
        chosen = st.session_state.get(f"{key}-last") if chosen is None else chosen
        st.session_state[f"{key}-last"] = chosen
        if chosen is not None:
            on_click(chosen)

    st.plotly_chart(in_theme(figure), key=key, config=CHART_SETTINGS, on_select=take, selection_mode="points")


def _make_low(figure: "Figure") -> None:
    """Make room for the picture below; which version it is stands above."""
    figure.layout.annotations = ()
    figure.update_layout(height=SLICES_HEIGHT_PX, margin={"l": 60, "r": 50, "t": 24, "b": 48})
    figure.update_xaxes(title_standoff=10)


def _of_version(study: Study, version: int) -> Study:
    return replace(study, versions=(study.versions[version],), evaluations=(study.evaluations[version],))
