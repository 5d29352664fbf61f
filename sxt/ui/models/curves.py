"""The curves of a training, from a version's ``curves.csv``."""

from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from sxt.errors import InputError
from sxt.ui.text import escape_markdown

if TYPE_CHECKING:
    import pandas as pd

MOST_BYTES = 16 << 20
MOST_POINTS = 2000
HEIGHT_PX = 360
RATE_COLUMN = "learning_rate"


def read_curves(path: Path) -> "pd.DataFrame":
    """Return a table of numbers: the first column says when, the others what; thinned out where it is long.

    Raises
    ------
    InputError
        Where the file is too large, or no such table.
    """
    import pandas as pd

    if path.stat().st_size > MOST_BYTES:
        raise InputError(
            f"The training curves have {path.stat().st_size / 1e6:.0f} MB; export them to look at them."
        )
    try:
        table = pd.read_csv(path)
    except (ValueError, OSError) as error:  # pandas' own errors are ValueErrors
        raise InputError(
            "The training curves of this version cannot be read; export it to look at them."
        ) from error
    numbers = table.select_dtypes("number")
    if len(numbers.columns) < 2 or numbers.empty:
        raise InputError("The training curves of this version hold no numbers.")
    return numbers.iloc[:: max(1, -(-len(numbers) // MOST_POINTS))]


def draw_curves(table: "pd.DataFrame", *, key: str) -> None:
    """Draw the chosen columns over the first one."""
    import plotly.graph_objects as go

    when, *columns = [str(name) for name in table.columns]
    usual = [name for name in columns if name != RATE_COLUMN] or columns
    shown = usual
    if len(columns) > 1:
        shown = st.pills(
            "Curves",
            columns,
            selection_mode="multi",
            format_func=lambda name: escape_markdown(_in_words(name)),
            default=usual,
            key=f"{key}-columns",
            label_visibility="collapsed",
            wrap=True,
        )
    figure = go.Figure(
        [
            go.Scatter(x=table[when], y=table[name], name=_plot_text(name), mode="lines")
            for name in columns
            if name in shown
        ]
    )
    figure.update_layout(
        height=HEIGHT_PX,
        margin={"l": 0, "r": 0, "t": 10, "b": 0},
        xaxis_title=_plot_text(when),
        yaxis_title=_plot_text(shown[0]) if len(shown) == 1 else None,
        showlegend=len(shown) > 1,
    )
    st.plotly_chart(figure, key=f"{key}-chart", config={"displayModeBar": False})


def _in_words(column: str) -> str:
    return column.replace("_", " ")


def _plot_text(column: str) -> str:
    """Return a column's name for a plot, which takes some HTML."""
    return escape(_in_words(column))
