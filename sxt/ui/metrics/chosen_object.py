"""The missed or wrong object that is looked at: chosen in the list, by a click in the picture, or by the address."""

from collections.abc import Callable

import numpy as np
import streamlit as st
from scipy import ndimage

from sxt.errors import InputError
from sxt.ui.metrics.look import change_look, current_look
from sxt.ui.metrics.looked_at import LookedAt, map_overlay
from sxt.ui.metrics.object_list import (
    MISSED,
    WRONG,
    WrongObject,
    box_of,
    describe_object,
    find_object_at,
    place_of,
)
from sxt.ui.metrics.object_scene import draw_surroundings, read_surroundings
from sxt.ui.metrics.plots import in_theme
from sxt.ui.services import services
from sxt.ui.shell import errors_shown
from sxt.ui.text import escape_markdown
from sxt.ui.viewer.component import Box, Position, ViewerState
from sxt.ui.viewer.error_maps import FALSE_NEGATIVE, FALSE_POSITIVE, TRUE_POSITIVE, open_map

PLANE_AXIS = {"z": 0, "y": 1, "x": 2}


def choose_object(
    chosen: WrongObject | None,
    looked_at: LookedAt | None = None,
    *,
    on_place: Callable[[Position], None] | None = None,
) -> None:
    """Look at another object, or at none; ``on_place`` is told where it lies."""
    change_look(wrong_object=chosen)
    if chosen is not None and looked_at is not None and on_place is not None:
        on_place(_place_on(looked_at, chosen))


def _place_on(looked_at: LookedAt, chosen: WrongObject) -> Position:
    """Return the place (z, y, x) of an object's voxel nearest to its centre in the slice of that.

    The centre of a ring lies outside of it. What is largest in the object's box is taken for the object; where the
    slice has nothing there, or cannot be read any more, its centre is the place all the same.
    """
    centre, box = place_of(looked_at, chosen), box_of(looked_at, chosen)
    if box is None:
        return centre
    try:
        overlay = map_overlay(services().workspace, looked_at, "errors", looked_at.version)
        volume = open_map(services().workspace, "errors", overlay.item_id)
    except InputError:  # the picture says so
        return centre
    (_, top, left), (_, bottom, right) = box
    z = centre[0] - overlay.origin[0]
    rows, columns = slice(top, bottom + 1), slice(left, right + 1)
    codes = volume.levels[0].read((slice(z, z + 1), rows, columns))[0, 0]
    wrong = FALSE_NEGATIVE if chosen.what == MISSED else FALSE_POSITIVE
    parts, n_parts = ndimage.label((codes == TRUE_POSITIVE) | (codes == wrong), np.ones((3, 3)))
    if not n_parts:
        return centre
    y, x = np.nonzero(parts == np.argmax(np.bincount(parts.reshape(-1))[1:]) + 1)
    nearest = np.argmin((y + top - centre[1]) ** 2 + (x + left - centre[2]) ** 2)
    return centre[0], int(y[nearest]) + top, int(x[nearest]) + left


def chosen_box(looked_at: LookedAt) -> Box | None:
    """Return the box of the object that is looked at; None where there is none of this version and class."""
    chosen = current_look().wrong_object
    return None if chosen is None else box_of(looked_at, chosen)


def object_clicked(looked_at: LookedAt, before: Position, state: ViewerState) -> WrongObject | None:
    """Return the missed or wrong object that a click in the picture met; None where it met none, or nobody clicked.

    A click moves the planes within the slice that is looked at; turning the wheel moves only through it.
    """
    place = state.position
    if place is None:
        return None
    moved = {axis for axis in range(3) if place[axis] != before[axis]}
    if not moved - {PLANE_AXIS[state.plane]}:
        return None
    overlay = map_overlay(services().workspace, looked_at, "errors", looked_at.version)
    volume = open_map(services().workspace, "errors", overlay.item_id)
    z, y, x = (at - origin for at, origin in zip(place, overlay.origin, strict=True))
    if not 0 <= z < volume.shape[0]:
        return None
    code = int(volume.levels[0].read((slice(z, z + 1), slice(y, y + 1), slice(x, x + 1)))[0, 0, 0, 0])
    what = {FALSE_POSITIVE: WRONG, FALSE_NEGATIVE: MISSED}.get(code)
    return None if what is None else find_object_at(looked_at, what, place)


def draw_chosen_object(looked_at: LookedAt) -> None:
    """Draw what the chosen object is, and what is right and wrong around it in 3D."""
    chosen, box = current_look().wrong_object, chosen_box(looked_at)
    if chosen is None or box is None:
        return
    said, close = st.columns([4, 1], gap="small", vertical_alignment="center")
    said.markdown(escape_markdown(describe_object(looked_at, chosen)))
    close.button("Close", key="metrics-object-close", on_click=choose_object, args=(None,), type="tertiary")
    with errors_shown():
        found = read_surroundings(services().workspace, looked_at, box)
        figure = in_theme(draw_surroundings(found, box, looked_at.evaluation.voxel_size_nm))
        st.plotly_chart(
            figure, key=f"{looked_at.key}-scene-{chosen.to_text()}", config={"displayModeBar": False}
        )
        if not found.is_whole:
            st.caption("The object is large: only the part around its middle is shown.")
