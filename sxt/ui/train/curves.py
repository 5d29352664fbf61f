"""The curves of a training as plots."""

from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

HEIGHT_PX = 230
LOSSES = {
    "loss": ("all", "#56B4E9", "solid"),
    "label_loss": ("labels", "#E69F00", "dash"),
    "image_loss": ("images", "#009E73", "dot"),
    "consistency_loss": ("consistency", "#CC79A7", "dashdot"),
}
"""Column to name, colour and dash."""


def draw_losses(curves: pd.DataFrame) -> "Figure":
    """Return the parts of the loss over the steps, on a logarithmic axis."""
    figure = _empty("loss")
    for column, (name, colour, dash) in LOSSES.items():
        known = curves[["step", column]].dropna() if column in curves else pd.DataFrame()
        if len(known):
            figure.add_scatter(
                x=known["step"],
                y=known[column],
                name=name,
                line={"color": colour, "dash": dash, "width": 2},
                hovertemplate="step %{x}: %{y:.3g}",
            )
    figure.update_yaxes(type="log")
    return figure


def draw_dice(curves: pd.DataFrame) -> "Figure":
    """Return the Dice of the held-out slices over the steps."""
    figure = _empty("Dice on the hold-out")
    known = curves[["step", "dice"]].dropna()
    figure.add_scatter(
        x=known["step"],
        y=known["dice"],
        mode="lines+markers",
        line={"color": "#009E73", "width": 2},
        hovertemplate="step %{x}: %{y:.3f}<extra></extra>",
        showlegend=False,
    )
    return figure


def draw_learning_rate(curves: pd.DataFrame) -> "Figure":
    """Return the learning rate over the steps."""
    figure = _empty("learning rate")
    figure.add_scatter(
        x=curves["step"],
        y=curves["learning_rate"],
        line={"color": "#0072B2", "width": 2},
        hovertemplate="step %{x}: %{y:.2g}<extra></extra>",
        showlegend=False,
    )
    return figure


def _empty(y_title: str) -> "Figure":
    from plotly.graph_objects import Figure

    figure = Figure()
    figure.update_layout(
        height=HEIGHT_PX,
        margin={"l": 10, "r": 10, "t": 34, "b": 10},
        xaxis_title="step",
        yaxis_title=y_title,
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
    )
    return figure
