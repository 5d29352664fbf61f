"""The style of the plots: colours, dashes and symbols of versions, and empty figures."""

import html
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

FALSE_POSITIVE, FALSE_NEGATIVE = "#D55E00", "#56B4E9"
FIXED, BROKEN = "#009E73", "#D55E00"
VERSION_COLOURS = ("#0072B2", "#E69F00", "#CC79A7", "#009E73", "#56B4E9", "#D55E00")
DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")
SYMBOLS = ("circle", "square", "diamond", "triangle-up", "cross", "star")
"""Versions differ in colour and in dash and symbol, never in colour alone."""

DEFAULT_HEIGHT_PX = 360
ROW_HEIGHT_PX = 230


def add_line(
    figure: "Figure",
    i: int,
    label: str,
    x: Any,
    y: Any,
    hover: str,
    *,
    customdata: Any = None,
    mode: str = "lines",
) -> None:
    """Add the curve of version ``i``."""
    figure.add_scatter(
        name=label,
        x=x,
        y=y,
        customdata=customdata,
        mode=mode,
        line={"color": VERSION_COLOURS[i], "dash": DASHES[i], "width": 2},
        marker={"size": 6, **version_marker(i)},
        hovertemplate=hover,
    )


def add_mark(figure: "Figure", i: int, x: float, y: float, label: str) -> None:
    """Mark one point of the curve of version ``i``."""
    figure.add_scatter(
        x=[x],
        y=[y],
        mode="markers",
        marker={"size": 11, **version_marker(i)},
        hovertemplate=f"{label}<extra></extra>",
        showlegend=False,
    )


def version_marker(i: int) -> dict[str, str]:
    """Return colour and symbol of version ``i``."""
    return {"color": VERSION_COLOURS[i], "symbol": SYMBOLS[i]}


def new_figure(x_title: str, y_title: str, *, height: int = DEFAULT_HEIGHT_PX) -> "Figure":
    """Return an empty figure."""
    from plotly import graph_objects

    figure = graph_objects.Figure()
    figure.update_xaxes(title=x_title)
    figure.update_yaxes(title=y_title)
    _lay_out(figure, height)
    return figure


def new_rows(titles: list[str], *, with_second_axis: bool) -> "Figure":
    """Return an empty figure of rows that share their x axis."""
    from plotly.subplots import make_subplots

    n = len(titles)
    figure = make_subplots(
        rows=n,
        cols=1,
        shared_xaxes=True,
        vertical_spacing=0.35 / (n + 2),
        subplot_titles=titles,
        specs=[[{"secondary_y": with_second_axis}]] * n,
    )
    _lay_out(figure, 120 + ROW_HEIGHT_PX * n)
    return figure


def _lay_out(figure: "Figure", height: int) -> None:
    figure.update_layout(
        template="plotly_white",
        height=height,
        margin={"l": 70, "r": 30, "t": 40, "b": 55},
        font={"family": "system-ui, sans-serif", "size": 13},
        legend={"orientation": "h", "yanchor": "bottom", "y": 1.02, "x": 0, "xanchor": "left"},
    )


def plain_text(name: str) -> str:
    """Return a name in which Plotly finds neither HTML nor a placeholder."""
    return html.escape(name, quote=False).replace("%{", "% {")
