"""How a measurement is distributed: what passes the filters against all."""

from typing import Any

import numpy as np

from sxt.ui import format as fmt

HEIGHT_PX = 128
N_BINS = 24
LOG_ABOVE = 100.0
"""Ratio of the largest to the smallest value from which bins grow by a factor."""

ALL_COLOUR = "#8a9097"
PASSED_COLOUR = "#56B4E9"


def bin_edges(values: np.ndarray) -> np.ndarray:
    """Return the edges of the bins for (n,) finite values, n at least 1; equal in ratio where values spread."""
    low, high = float(values.min()), float(values.max())
    if low == high:
        margin = abs(low) * 0.5 or 0.5
        return np.array([low - margin, high + margin])
    n_bins = min(N_BINS, max(6, len(values) // 2))
    edges = (
        np.geomspace(low, high, n_bins + 1) if is_spread(low, high) else np.linspace(low, high, n_bins + 1)
    )
    edges[[0, -1]] = low, high
    return edges


def is_spread(low: float, high: float) -> bool:
    """Return whether values lie so far apart that a logarithmic axis shows them better."""
    return low > 0 and high / low > LOG_ABOVE


def histogram(values: np.ndarray, passed: np.ndarray, heading: str) -> Any:
    """Return a Plotly figure of (n,) finite values, those that passed in front of all.

    Parameters
    ----------
    values : np.ndarray
        (n,), n at least 1.
    passed : np.ndarray
        (n,) bool.
    heading : str
        Measurement and unit, for the axis.
    """
    import plotly.graph_objects as go

    edges = bin_edges(values)
    every, shown = (np.histogram(part, edges)[0] for part in (values, values[passed]))
    hover = [
        f"{fmt.number(low)} to {fmt.number(high)}: {n} of {of} components"
        for low, high, n, of in zip(edges[:-1], edges[1:], shown, every, strict=True)
    ]
    is_log = is_spread(float(edges[0]), float(edges[-1]))
    places = np.log10(edges) if is_log else edges
    figure = go.Figure()
    for counts, colour, opacity in ((every, ALL_COLOUR, 0.45), (shown, PASSED_COLOUR, 1.0)):
        figure.add_bar(
            x=(places[:-1] + places[1:]) / 2,
            y=counts,
            width=np.diff(places),
            marker={"color": colour, "line": {"width": 0}, "opacity": opacity},
            hovertext=hover,
            hoverinfo="text",
        )
    figure.update_layout(
        barmode="overlay",
        height=HEIGHT_PX,
        margin={"l": 8, "r": 8, "t": 4, "b": 4},
        showlegend=False,
        dragmode=False,
    )
    figure.update_xaxes(
        title={"text": heading, "standoff": 4}, automargin=True, nticks=6, **_log_ticks(places, is_log)
    )
    figure.update_yaxes(title={"text": "components", "standoff": 4}, automargin=True, nticks=4)
    return figure


def _log_ticks(places: np.ndarray, is_log: bool) -> dict[str, Any]:
    """Return the ticks of an axis whose places are logarithms: at powers of ten."""
    if not is_log:
        return {}
    powers = np.arange(np.ceil(places[0]), np.floor(places[-1]) + 1)
    return {"tickvals": powers, "ticktext": [fmt.number(10.0**power) for power in powers]}
