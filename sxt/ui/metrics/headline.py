"""The headline of a comparison: each version's scores with intervals and the verdict against the baseline."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st

from sxt.metrics import Comparison, ScoreOfVersion, Study
from sxt.metrics.figures import SCORE_LABELS
from sxt.metrics.report import format_interval
from sxt.ui import format as fmt
from sxt.ui.metrics.look import current_look, look_control

if TYPE_CHECKING:
    from pandas.io.formats.style import Styler

HEADLINE_SCORES = ("dice", "precision", "recall", "surface_dice")
ROW_HEIGHT_PX = 62
SCORE_WIDTH_PX, VERSION_WIDTH_PX, DIFFERENCE_WIDTH_PX, VERDICT_WIDTH_PX = 172, 145, 90, 140
"""Narrow enough for value and difference, and interval and verdict, to be lines of their own."""

SIGNS = {"better": "▲ better", "worse": "▼ worse", "too little data to tell": "too little data"}
NO_BREAK = "\u00a0"
MINUS = "\u2212"
COLOURS = {"▲": "color: #009E73; font-weight: 600", "▼": "color: #D55E00; font-weight: 600"}
"""Beside the colour each verdict has a sign and stands in words."""

VERSION_COLUMN = "Version"


def find_comparison(study: Study, class_value: int) -> Comparison | None:
    """Return the comparison of a class; None where there were no labels."""
    return next((each for each in study.comparisons if each.class_value == class_value), None)


def draw_headline(comparison: Comparison, *, key: str) -> None:
    """Draw the table; a click on a column's head sorts by it."""
    has_others = len(comparison.versions) > 1
    differences_only = has_others and current_look().differences_only
    has_tall_rows = has_others and _has_intervals(comparison)
    table = headline_table(comparison, differences_only=differences_only)
    if len(table.columns) > 1:
        st.dataframe(
            _coloured(table),
            hide_index=True,
            row_height=ROW_HEIGHT_PX if has_tall_rows else None,
            key=f"{key}-headline-{differences_only}",
            column_config=_columns(table, differences_only=differences_only),
            height="content",
        )
    else:
        st.info("No version differs from the baseline in any of these scores.")
    said, toggle = st.columns([3, 1])
    said.caption(_explain(comparison, differences_only=differences_only))
    if has_others:
        toggle.toggle(
            "Show differences only",
            **look_control("differences_only", [True, False], False, key=f"{key}-differences"),
            help="Differences from the baseline; scores in which no version differs are left out.",
        )


def headline_table(comparison: Comparison, *, differences_only: bool) -> pd.DataFrame:
    """Return the table: one row a version, one column of text a score.

    Parameters
    ----------
    differences_only : bool
        Differences from the baseline as numbers, each followed by a column of its interval and verdict, without the
        baseline itself and without scores in which no version differs.
    """
    names = [name for name in HEADLINE_SCORES if any(each.score == name for each in comparison.scores)]
    versions = list(comparison.versions)
    if differences_only:
        versions.remove(comparison.baseline)
        names = [name for name in names if _is_different([comparison.of(each, name) for each in versions])]
    rows = []
    for version in versions:
        is_baseline = version == comparison.baseline and len(comparison.versions) > 1
        row: dict[str, str | float] = {VERSION_COLUMN: f"{version} (baseline)" if is_baseline else version}
        for name in names:
            found = comparison.of(version, name)
            if differences_only:
                row[SCORE_LABELS[name]] = found.difference.value
                row[_verdict_column(name)] = _interval_and_verdict(found)
            else:
                with_verdict = len(comparison.versions) > 1 and not is_baseline
                row[SCORE_LABELS[name]] = _cell(found, with_verdict=with_verdict)
        rows.append(row)
    columns = [
        column
        for name in names
        for column in (SCORE_LABELS[name], *([_verdict_column(name)] if differences_only else []))
    ]
    return pd.DataFrame(rows, columns=[VERSION_COLUMN, *columns])


def _verdict_column(score: str) -> str:
    return f"{SCORE_LABELS[score]}, verdict"


def _columns(table: pd.DataFrame, *, differences_only: bool) -> dict[str, Any]:
    if differences_only:
        numbers, verdicts = table.columns[1::2], table.columns[2::2]
        return {
            VERSION_COLUMN: st.column_config.TextColumn(pinned=True, width=VERSION_WIDTH_PX),
            **{
                name: st.column_config.NumberColumn(format="%+.3f", width=DIFFERENCE_WIDTH_PX)
                for name in numbers
            },
            **{name: st.column_config.TextColumn(width=VERDICT_WIDTH_PX) for name in verdicts},
        }
    return {
        name: st.column_config.TextColumn(
            pinned=name == VERSION_COLUMN,
            width=VERSION_WIDTH_PX if name == VERSION_COLUMN else SCORE_WIDTH_PX,
        )
        for name in table.columns
    }


def _has_intervals(comparison: Comparison) -> bool:
    return any(math.isfinite(each.value.low) for each in comparison.scores)


def _is_different(scores: Sequence[ScoreOfVersion]) -> bool:
    return any(each.difference.value != 0 for each in scores)


def _cell(found: ScoreOfVersion, *, with_verdict: bool) -> str:
    value = format_interval(found.value.value, found.value.low, found.value.high)
    if not with_verdict:
        return _as_lines(value)
    return _as_lines(value, f"{found.difference.value:+.3f} {_verdict(found)}")


def _interval_and_verdict(found: ScoreOfVersion) -> str:
    each = found.difference
    has_bounds = math.isfinite(each.low) and each.low < each.high
    bounds = [f"[{each.low:+.3f}, {each.high:+.3f}]"] if has_bounds else []
    return _as_lines(*bounds, _verdict(found))


def _verdict(found: ScoreOfVersion) -> str:
    return SIGNS.get(found.verdict, found.verdict)


def _as_lines(*lines: str) -> str:
    """Return text that breaks between the lines alone, where its cell is narrow."""
    return " ".join(line.replace(" ", NO_BREAK).replace("-", MINUS) for line in lines)


def _coloured(table: pd.DataFrame) -> "Styler":
    def colour(text: Any) -> str:
        return next((style for sign, style in COLOURS.items() if sign in str(text)), "")

    return table.style.map(colour, subset=list(table.columns[1:]))


def _explain(comparison: Comparison, *, differences_only: bool) -> str:
    confidence = f"{100 * comparison.settings.confidence:g} %"
    unit = fmt.count(comparison.n_units, "tomogram" if comparison.unit == "tomogram" else "block")
    units = f"{unit}{' of slices' if comparison.unit == 'block' else ''}"
    if _has_intervals(comparison):
        said = f"Intervals of {confidence}; {units} resampled."
    else:
        said = f"Without intervals: {units} {'is' if comparison.n_units == 1 else 'are'} too few for them."
    if len(comparison.versions) < 2:
        return said
    return said if differences_only else f"{said} Below a score: its difference from the baseline."
