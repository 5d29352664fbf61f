"""The objects that a version missed or invented: a list, one of them chosen there, in the picture or by an address."""

from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from typing import Literal, get_args

import numpy as np
import pandas as pd
import streamlit as st

from sxt.metrics.objects import MAIN_THRESHOLD, ObjectTable
from sxt.tomogram import VoxelSize
from sxt.ui import format as fmt
from sxt.ui.metrics.looked_at import LookedAt
from sxt.ui.viewer.component import Box, Position

What = Literal["missed", "wrong"]
"""Missed of the labels, wrong of the version."""

MISSED: What = "missed"
WRONG: What = "wrong"
PARTLY = {MISSED: "partly found", WRONG: "partly right"}
"""What they are called where they share more than `PARTLY_FROM` with an object of the other side."""

PARTLY_FROM = 0.1
MOST_ROWS = 2000
NM3_PER_UM3 = 1e9
PLACE = ("z", "y", "x")
NUMBER = "number"
"""Position in the evaluation's table of objects, counted from 1; not shown."""

Choose = Callable[["WrongObject | None"], None]


@dataclass(frozen=True)
class WrongObject:
    """A missed or wrong object: its number in the evaluation's table, from 1."""

    what: What
    number: int

    def to_text(self) -> str:
        """Return it as a part of an address."""
        return f"{self.what}-{self.number}"


def parse_wrong_object(text: str) -> WrongObject | None:
    """Return what `WrongObject.to_text` made the text of; None for anything else."""
    word, _, number = text.partition("-")
    for what in get_args(What):
        if word == what and number.isdecimal() and int(number) > 0:
            return WrongObject(what, int(number))
    return None


def list_wrong_objects(looked_at: LookedAt) -> pd.DataFrame | None:
    """Return one row for each missed or wrong object, the largest first; None where objects were not measured.

    Columns: ``what``, ``number`` (see `WrongObject`), ``voxels`` or ``um3``, ``best_iou``, and the centre as ``z``,
    ``y``, ``x`` in voxels of the tomogram.
    """
    first, size = int(looked_at.evaluation.slices[0]), looked_at.evaluation.voxel_size_nm
    tables = {what: objects_of(looked_at, what) for what in get_args(What)}
    if None in tables.values():
        return None
    rows = [
        row for what, table in tables.items() if table is not None for row in _rows(table, what, first, size)
    ]
    measure = "voxels" if size is None else "um3"
    table = pd.DataFrame(rows, columns=["what", NUMBER, measure, "best_iou", *PLACE])
    return table.sort_values(measure, ascending=False, kind="stable", ignore_index=True).head(MOST_ROWS)


def objects_of(looked_at: LookedAt, what: What) -> ObjectTable | None:
    """Return the table that missed or wrong objects stand in; None where objects were not measured."""
    objects = looked_at.evaluation.of_class(looked_at.class_value).objects
    if objects is None:
        return None
    return objects.truth if what == MISSED else objects.prediction


def box_of(looked_at: LookedAt, chosen: WrongObject) -> Box | None:
    """Return the corners (z, y, x) of an object's box in the tomogram, both within it; None where there is none."""
    table = objects_of(looked_at, chosen.what)
    if table is None or chosen.number > len(table) or table.partner[chosen.number - 1]:
        return None
    shift = np.array([int(looked_at.evaluation.slices[0]), 0, 0])
    first, last = ((at[chosen.number - 1] + shift).tolist() for at in (table.first_px, table.last_px))
    return (first[0], first[1], first[2]), (last[0], last[1], last[2])


def place_of(looked_at: LookedAt, chosen: WrongObject) -> Position:
    """Return the centre (z, y, x) of an object in the tomogram."""
    table = objects_of(looked_at, chosen.what)
    assert table is not None, "an object with a box stands in a table"
    z, y, x = (round(float(each)) for each in table.centre_px[chosen.number - 1])
    return z + int(looked_at.evaluation.slices[0]), y, x


def find_object_at(looked_at: LookedAt, what: What, place: Position) -> WrongObject | None:
    """Return the missed or wrong object at a place (z, y, x) of the tomogram: the smallest whose box holds it."""
    table = objects_of(looked_at, what)
    if table is None or not len(table):
        return None
    at = np.array(place) - [int(looked_at.evaluation.slices[0]), 0, 0]
    is_there = ((table.first_px <= at) & (at <= table.last_px)).all(axis=1) & (table.partner == 0)
    sides = (table.last_px - table.first_px + 1).prod(axis=1)
    found = np.flatnonzero(is_there)
    return WrongObject(what, int(found[np.argmin(sides[found])]) + 1) if len(found) else None


def draw_objects(
    looked_at: LookedAt, chosen: WrongObject | None, *, on_choose: Choose, height_px: int
) -> None:
    """Draw the list with the chosen object marked; ``on_choose`` is called with another one, or None."""
    table = list_wrong_objects(looked_at)
    if table is None:
        st.caption("Objects were not measured.")
        return
    if table.empty:
        st.caption("Every object was found, and none was invented.")
        return
    n_missed = int((table["what"] == MISSED).sum())
    st.caption(
        f"{fmt.count(n_missed, 'object')} of the labels and {len(table) - n_missed} of the version without a partner "
        f"of an overlap (IoU) of {MAIN_THRESHOLD:g}; choose one here or in the picture."
    )
    shown = table.drop(columns=[NUMBER])
    shown["what"] = [_name_of(*each) for each in zip(table["what"], table["best_iou"], strict=True)]
    # A table takes a selection from outside only when it is new: its name holds what was chosen elsewhere.
    key = f"{looked_at.key}-objects-{'' if chosen is None else chosen.to_text()}"
    row = None if chosen is None else _row_of(table, chosen)

    def take() -> None:
        rows = st.session_state[key]["selection"]["rows"]
        if rows and rows[0] < len(table):
            picked = table.iloc[rows[0]]
            on_choose(WrongObject(picked["what"], int(picked[NUMBER])))
        else:
            on_choose(None)

    st.dataframe(
        shown,
        key=key,
        height=height_px,
        hide_index=True,
        on_select=take,
        selection_mode="single-row",
        selection_default=None if row is None else {"selection": {"rows": [row]}},
        column_config={
            "what": st.column_config.TextColumn("What", width=88),
            "voxels": st.column_config.NumberColumn("Voxels", format="localized"),
            "um3": st.column_config.NumberColumn("µm³", format="%.3g", width=58),
            "best_iou": st.column_config.NumberColumn(
                "Overlap", format="%.3f", width=58, help="With the best partner, IoU."
            ),
            **{axis: st.column_config.NumberColumn(axis, format="%d", width=36) for axis in PLACE},
        },
    )


def describe_object(looked_at: LookedAt, chosen: WrongObject) -> str:
    """Return an object in a few words: what it is, how large, where."""
    table, size = objects_of(looked_at, chosen.what), looked_at.evaluation.voxel_size_nm
    assert table is not None, "an object with a box stands in a table"
    voxels = int(table.voxels[chosen.number - 1])
    large = (
        fmt.count(voxels, "voxel") if size is None else fmt.quantity(voxels * prod(size) / NM3_PER_UM3, "µm³")
    )
    z, y, x = place_of(looked_at, chosen)
    what = _name_of(chosen.what, float(table.best_iou[chosen.number - 1])).capitalize()
    return f"{what} object of {large} around z {z}, y {y}, x {x}"


def _name_of(what: What, best_iou: float) -> str:
    return PARTLY[what] if best_iou >= PARTLY_FROM else what


def _row_of(table: pd.DataFrame, chosen: WrongObject) -> int | None:
    rows = np.flatnonzero((table["what"] == chosen.what) & (table[NUMBER] == chosen.number))
    return int(rows[0]) if len(rows) else None


def _rows(
    table: ObjectTable, what: What, first_slice: int, size: VoxelSize | None
) -> list[tuple[object, ...]]:
    measure = 1.0 if size is None else prod(size) / NM3_PER_UM3
    return [
        (
            what,
            i + 1,
            int(table.voxels[i]) if size is None else float(table.voxels[i]) * measure,
            float(table.best_iou[i]),
            round(float(table.centre_px[i, 0])) + first_slice,
            round(float(table.centre_px[i, 1])),
            round(float(table.centre_px[i, 2])),
        )
        for i in range(len(table))
        if not table.partner[i]
    ]
