"""The curves of a training and its rounds of pseudo-labels as plots."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from sxt.ui import format as fmt

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

HEIGHT_PX, TIMELINE_HEIGHT_PX = 230, 120
NO_BAR = {"displayModeBar": False}
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
    figure.update_yaxes(type="log", dtick="D2")  # labels 1, 2 and 5 of each power of ten
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


def draw_timeline(rounds: Sequence[Mapping[str, Any]], *, last_step: int) -> "Figure":
    """Return the stretches of a training along its steps: before any pseudo-labels, then each round.

    Rounds that the result does not contain are hatched.
    """
    starts = [0, *(int(each["first_step"]) for each in rounds)]
    stops = [*starts[1:], max(last_step, starts[-1] + 1)]
    figure = _empty("")
    for index, (start, stop) in enumerate(zip(starts, stops, strict=True)):
        each = rounds[index - 1] if index else None
        name, said, colour, hatching = _describe_stretch(each)
        figure.add_bar(
            y=[""],
            x=[stop - start],
            base=[start],
            orientation="h",
            text=[name],
            insidetextanchor="middle",
            textposition="inside",
            marker={
                "color": colour,
                "line": {"color": "rgba(128,128,128,0.6)", "width": 1},
                "pattern": {"shape": hatching, "bgcolor": colour, "fgcolor": "rgba(0,0,0,0.2)"},
            },
            textfont={"color": "black"},
            hovertemplate=f"steps {start} to {stop}: {said}<extra></extra>",
            showlegend=False,
        )
    figure.update_layout(height=TIMELINE_HEIGHT_PX, barmode="overlay", bargap=0.1)
    figure.update_xaxes(range=[0, stops[-1]])
    figure.update_yaxes(visible=False)
    return figure


def _describe_stretch(each: Mapping[str, Any] | None) -> tuple[str, str, str, str]:
    """Return the name, what hovering says, the colour and the hatching of a stretch."""
    if each is None:
        return "before pseudo-labels", "labels and consistency", "#56B4E9", ""
    taken = fmt.count(int(each["voxels"]), "voxel")
    name = f"round {each['number']}: {taken}"
    if "reverted" in each:
        return name, f"{taken} taken, reverted", "#BBBBBB", "/"
    if each.get("dice_after") is None:
        return name, f"{taken} taken, under way", "#F0E442", ""
    if each.get("is_kept"):
        return name, f"{taken} taken, kept", "#009E73", ""
    return name, f"{taken} taken, not kept", "#BBBBBB", "/"


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
