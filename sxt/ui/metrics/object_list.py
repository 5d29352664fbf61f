"""The objects that a version missed or invented; a click on one centres the viewer on it."""

from collections.abc import Callable
from math import prod

import pandas as pd
import streamlit as st

from sxt.metrics.objects import ObjectTable
from sxt.tomogram import VoxelSize
from sxt.ui.metrics.looked_at import LookedAt
from sxt.ui.viewer.component import Box, Position

MISSED, WRONG = "missed", "wrong"
MOST_ROWS = 2000
HEIGHT_PX = 470
NM3_PER_UM3 = 1e9
PLACE = ("z", "y", "x")
FIRST, LAST = ("z0", "y0", "x0"), ("z1", "y1", "x1")
"""Corners of the box around an object, both within it; not shown."""


def list_wrong_objects(looked_at: LookedAt) -> pd.DataFrame | None:
    """Return one row for each missed or wrong object, the largest first; None where objects were not measured.

    Columns: ``what`` (``missed`` of the labels, ``wrong`` of the version), ``voxels`` or ``um3``, ``best_iou``, and the
    centre as ``z``, ``y``, ``x`` and the corners of its box, in voxels of the tomogram.
    """
    objects = looked_at.evaluation.of_class(looked_at.class_value).objects
    if objects is None:
        return None
    first, size = int(looked_at.evaluation.slices[0]), looked_at.evaluation.voxel_size_nm
    rows = [*_rows(objects.truth, MISSED, first, size), *_rows(objects.prediction, WRONG, first, size)]
    measure = "voxels" if size is None else "um3"
    table = pd.DataFrame(rows, columns=["what", measure, "best_iou", *PLACE, *FIRST, *LAST])
    return table.sort_values(measure, ascending=False, kind="stable", ignore_index=True).head(MOST_ROWS)


def draw_objects(looked_at: LookedAt, *, on_choose: Callable[[Position, Box], None]) -> None:
    """Draw the list; ``on_choose`` is called with centre and box of the object that is chosen."""
    table = list_wrong_objects(looked_at)
    if table is None:
        st.caption("Objects were not measured.")
        return
    if table.empty:
        st.caption("Every object was found, and none was invented.")
        return
    n_missed = int((table["what"] == MISSED).sum())
    st.caption(f"{n_missed} missed and {len(table) - n_missed} wrong objects; choose one to see it.")
    key = f"{looked_at.key}-objects"

    def take() -> None:
        rows = st.session_state[key]["selection"]["rows"]
        if rows and rows[0] < len(table):
            row = table.iloc[rows[0]]
            on_choose(_place(row, PLACE), (_place(row, FIRST), _place(row, LAST)))

    st.dataframe(
        table.drop(columns=[*FIRST, *LAST]),
        key=key,
        height=HEIGHT_PX,
        hide_index=True,
        on_select=take,
        selection_mode="single-row",
        column_config={
            "what": st.column_config.TextColumn("What", width=58),
            "voxels": st.column_config.NumberColumn("Voxels", format="localized"),
            "um3": st.column_config.NumberColumn("µm³", format="%.3g", width=58),
            "best_iou": st.column_config.NumberColumn(
                "Overlap", format="%.2f", width=54, help="With the best partner, IoU."
            ),
            **{axis: st.column_config.NumberColumn(axis, format="%d", width=36) for axis in PLACE},
        },
    )


def _place(row: pd.Series, axes: tuple[str, ...]) -> Position:
    z, y, x = (int(row[axis]) for axis in axes)
    return z, y, x


def _rows(
    table: ObjectTable, what: str, first_slice: int, size: VoxelSize | None
) -> list[tuple[object, ...]]:
    measure = 1.0 if size is None else prod(size) / NM3_PER_UM3
    return [
        (
            what,
            int(table.voxels[i]) if size is None else float(table.voxels[i]) * measure,
            float(table.best_iou[i]),
            round(float(table.centre_px[i, 0])) + first_slice,
            round(float(table.centre_px[i, 1])),
            round(float(table.centre_px[i, 2])),
            *(int(at) + (first_slice if axis == 0 else 0) for axis, at in enumerate(table.first_px[i])),
            *(int(at) + (first_slice if axis == 0 else 0) for axis, at in enumerate(table.last_px[i])),
        )
        for i in range(len(table))
        if not table.partner[i]
    ]
