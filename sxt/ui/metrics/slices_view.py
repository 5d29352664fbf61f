"""Errors slice by slice: a plot along z, and the viewer with right and wrong in false colour, in step."""

from collections.abc import Sequence
from typing import NamedTuple

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from sxt.metrics import Study
from sxt.ui import format as fmt
from sxt.ui.fragment import fragment
from sxt.ui.metrics.chosen_object import choose_object, chosen_box, draw_chosen_object, object_clicked
from sxt.ui.metrics.look import SEEN_KEY, change_look, current_look, look_control, write_look
from sxt.ui.metrics.looked_at import LookedAt, map_overlay, rank_slices
from sxt.ui.metrics.object_list import draw_objects
from sxt.ui.metrics.plots import draw_slice_changes, draw_slice_errors
from sxt.ui.metrics.studies import StoredStudy
from sxt.ui.services import services
from sxt.ui.shell import errors_shown
from sxt.ui.text import escape_markdown
from sxt.ui.viewer import Mark, OverlaySource, slice_viewer, tomogram_source
from sxt.ui.viewer.component import Position, ViewerState
from sxt.ui.viewer.error_maps import MapKind, labels_stamps
from sxt.workspace import TomogramManifest

ERRORS, SIDE_BY_SIDE, CHANGES, AGREEMENT = "errors", "side-by-side", "changes", "agreement"
SHOW_NAMES = {
    ERRORS: "Errors",
    SIDE_BY_SIDE: "Side by side",
    CHANGES: "Fixed and broken",
    AGREEMENT: "Agreement",
}
HEIGHT_PX = 520
LIST_HEIGHT_PX, SHORT_LIST_HEIGHT_PX = 470, 180
"""Of the objects alone, and above the 3D view of one of them."""

N_MARKED = 5
"""Slices with most wrong voxels that are marked beside the picture."""

JUMP_KEY = "metrics-jump"


class Seen(NamedTuple):
    """What the viewers show; with another one of these they are new ones, which do not know where the others were."""

    study: str
    tomogram: str
    is_pair: bool


@fragment
def draw_slices_view(stored: StoredStudy, study: Study, class_value: int) -> None:
    """Draw plot, viewer and objects of one version on one tomogram."""
    with errors_shown():
        looked_at, show = _choose(stored, study, class_value)
        tomogram = looked_at.find_tomogram(services().workspace)
        if tomogram is None:
            st.info("The tomogram of this comparison was deleted; its numbers are kept under Numbers.")
            return
        if study.has_labels:
            _draw_plot(looked_at, show)
            _say_what_changed(stored, tomogram)
        seen = Seen(stored.id, tomogram.id, show == SIDE_BY_SIDE)
        _draw_viewers(looked_at, tomogram, show, seen)
        st.session_state[SEEN_KEY] = seen
    write_look()


def _choose(stored: StoredStudy, study: Study, class_value: int) -> tuple[LookedAt, str]:
    """Draw the choice of version, tomogram and what to show."""
    names = [each.name for each in study.versions]
    others = [name for name in names if name != study.baseline]
    offered = names if study.has_labels else others
    ids = list(stored.request.tomogram_ids)
    name_of = dict(zip(ids, (each.name for each in study.tomograms), strict=True))
    columns = st.columns([3, 3, 5, 3], gap="small", vertical_alignment="bottom")
    version = columns[0].selectbox(
        "Version",
        offered,
        **look_control("version", offered, (others or names)[0], key=f"metrics-version-{stored.id}"),
    )
    tomogram_id = columns[1].selectbox(
        "Tomogram",
        ids,
        format_func=lambda each: name_of[each],
        disabled=len(ids) < 2,
        **look_control("on", ids, ids[0], key=f"metrics-tomogram-{stored.id}"),
    )
    change_look(version=version, on=tomogram_id)
    looked_at = LookedAt(stored, study, names.index(version), ids.index(tomogram_id), class_value)
    with columns[2]:
        show = _choose_show(looked_at)
    with columns[3]:
        _next_worst(looked_at)
    return looked_at, show


def _choose_show(looked_at: LookedAt) -> str:
    if not looked_at.study.has_labels:
        change_look(show=None)
        return AGREEMENT
    is_baseline = looked_at.version == looked_at.baseline
    offered = [ERRORS] if is_baseline else [ERRORS, SIDE_BY_SIDE, CHANGES]
    show: str = st.segmented_control(
        "Show",
        offered,
        format_func=lambda each: SHOW_NAMES[each],
        required=True,
        label_visibility="collapsed",
        **look_control("show", offered, ERRORS, key=f"metrics-show-{looked_at.stored.id}-{is_baseline}"),
    )
    change_look(show=show)
    return show


def _next_worst(looked_at: LookedAt) -> None:
    """Draw the button that goes through the slices, those with most wrong voxels first."""
    if not looked_at.study.has_labels:
        return
    ranked = rank_slices(looked_at.counts, looked_at.evaluation.slices)
    key = f"{looked_at.key}-worst"
    rank = _rank(ranked, key)
    st.button(
        "Next worst slice" if rank is None else f"Next worst slice ({rank + 1} of {len(ranked)})",
        key=key,
        on_click=_go_on,
        args=(ranked, key),
        disabled=not ranked,
        help="Goes through the slices, those with most wrong voxels first."
        if ranked
        else "No voxel is wrong.",
        width="stretch",
    )


def _rank(ranked: Sequence[int], key: str) -> int | None:
    """Return the place in the ranking that the button has led to, at first the worst; None where the viewer left it."""
    rank, at = st.session_state.get(f"{key}-rank", 0), current_look().at
    if at is None:  # at first the viewer is to go to the worst
        return 0 if ranked else None
    if rank < len(ranked) and at[0] == ranked[rank]:
        return int(rank)
    return 0 if ranked and at[0] == ranked[0] else None


def _go_on(ranked: Sequence[int], key: str) -> None:
    """Go to the next slice of the ranking, and from the last or from elsewhere to the worst."""
    before = _rank(ranked, key)
    rank = 0 if before is None else (before + 1) % len(ranked)
    st.session_state[f"{key}-rank"] = rank
    _jump_to_slice(ranked[rank])


def _jump_to_slice(z: int) -> None:
    _, y, x = current_look().at or (None, None, None)
    change_look(at=None if y is None or x is None else (z, y, x))
    st.session_state[JUMP_KEY] = (z, y, x)


def _jump_to(place: Position) -> None:
    st.session_state[JUMP_KEY] = place


def _draw_plot(looked_at: LookedAt, show: str) -> None:
    draw = draw_slice_changes if show == CHANGES else draw_slice_errors
    draw(
        looked_at.study,
        looked_at.version,
        looked_at.tomogram,
        looked_at.class_value,
        key=f"{looked_at.key}-{draw.__name__}",
        on_click=_jump_to_slice,
    )


def _say_what_changed(stored: StoredStudy, tomogram: TomogramManifest) -> None:
    """Say where labels are newer than the numbers."""
    newest = max(labels_stamps(services().workspace, tomogram.id)) / 1e9
    if newest > stored.made_at.timestamp():
        st.warning(
            "The labels have changed since this was measured; compare again for numbers that fit the picture."
        )


def _draw_viewers(looked_at: LookedAt, tomogram: TomogramManifest, show: str, seen: Seen) -> None:
    if seen.is_pair:
        _draw_pair(looked_at, tomogram, seen)
        _draw_objects(looked_at, *st.columns(2, gap="small"))
    elif looked_at.study.has_labels:
        picture, objects = st.columns([8, 5], gap="small")
        with picture:
            _draw_single(looked_at, tomogram, show, seen)
        _draw_objects(looked_at, objects, objects)
    else:
        _draw_single(looked_at, tomogram, show, seen)
    st.session_state.pop(JUMP_KEY, None)  # a place is given once: given again, the viewer would go back there


def _draw_pair(looked_at: LookedAt, tomogram: TomogramManifest, seen: Seen) -> None:
    """Draw baseline and version beside each other; a click in either chooses among the version's objects."""
    workspace, version, baseline = services().workspace, looked_at.version, looked_at.baseline
    pair = [map_overlay(workspace, looked_at, "errors", each) for each in (baseline, version)]
    for column, overlay, side in zip(st.columns(2, gap="small"), pair, ("left", "right"), strict=True):
        with column:
            st.caption(escape_markdown(overlay.name + (" (baseline)" if side == "left" else "")))
            _draw_viewer(looked_at, tomogram, overlay, seen, key=f"metrics-viewer-{side}", link="metrics")


def _draw_single(looked_at: LookedAt, tomogram: TomogramManifest, show: str, seen: Seen) -> None:
    workspace, version, baseline = services().workspace, looked_at.version, looked_at.baseline
    if show != ERRORS:
        kind: MapKind = "changes" if show == CHANGES else "agreement"
        overlay = map_overlay(workspace, looked_at, kind, version)
        _draw_viewer(looked_at, tomogram, overlay, seen, key="metrics-viewer")
        return
    overlay = map_overlay(workspace, looked_at, "errors", version)
    before = None if version == baseline else map_overlay(workspace, looked_at, "errors", baseline)
    _draw_viewer(looked_at, tomogram, overlay, seen, before=before, key="metrics-viewer")
    if before is not None:
        st.caption(
            escape_markdown(f"The divider in the bar compares with {before.name}, which is left of it then.")
        )


def _draw_viewer(
    looked_at: LookedAt,
    tomogram: TomogramManifest,
    overlay: OverlaySource,
    seen: Seen,
    *,
    key: str,
    before: OverlaySource | None = None,
    link: str | None = None,
) -> None:
    state = slice_viewer(
        key,
        source=tomogram_source(tomogram),
        overlay=overlay,
        before=before,
        height_px=HEIGHT_PX,
        position=_wanted_position(looked_at, tomogram, seen),
        marks=_marks(looked_at) if looked_at.study.has_labels else (),
        link=link,
        box=chosen_box(looked_at) if looked_at.study.has_labels else None,
    )
    if state.position is not None and st.session_state.get(SEEN_KEY) == seen:
        _take_state(looked_at, state, key=key)


def _take_state(looked_at: LookedAt, state: ViewerState, *, key: str) -> None:
    """Remember where the viewer is when that is news; a click on an object chooses it."""
    told = f"{key}-told"
    if state.position is None or st.session_state.get(told) == state.position:
        return
    before, st.session_state[told] = current_look().at, state.position
    change_look(at=state.position)
    if looked_at.study.has_labels and before is not None:
        clicked = object_clicked(looked_at, before, state)
        if clicked is not None and clicked != current_look().wrong_object:
            choose_object(clicked)
            st.rerun(scope="fragment")


def _draw_objects(looked_at: LookedAt, place: DeltaGenerator, place_of_scene: DeltaGenerator) -> None:
    """Draw the list and, of an object that is chosen, what is around it in 3D."""
    is_chosen = chosen_box(looked_at) is not None
    with place:
        draw_objects(
            looked_at,
            current_look().wrong_object if is_chosen else None,
            on_choose=lambda each: choose_object(each, looked_at, on_place=_jump_to),
            height_px=SHORT_LIST_HEIGHT_PX if is_chosen else LIST_HEIGHT_PX,
        )
    if is_chosen:
        with place_of_scene:
            draw_chosen_object(looked_at)


def _wanted_position(looked_at: LookedAt, tomogram: TomogramManifest, seen: Seen) -> Position | None:
    """Return where the viewer is to go now; None where it stays.

    At first it goes where the address says, or to the worst slice; another one of the same comparison goes where the
    one before was.
    """
    wanted = st.session_state.get(JUMP_KEY)
    before: Seen | None = st.session_state.get(SEEN_KEY)
    if wanted is None and before != seen:
        wanted = current_look().at if before is None or before[:2] == seen[:2] else None
        if wanted is None and looked_at.study.has_labels:
            ranked = rank_slices(looked_at.counts, looked_at.evaluation.slices)
            wanted = (ranked[0], None, None) if ranked else None
    if wanted is None:
        return None
    z, y, x = (
        size // 2 if at is None else min(at, size - 1)
        for at, size in zip(wanted, tomogram.shape, strict=True)
    )
    change_look(at=(z, y, x))
    return z, y, x


def _marks(looked_at: LookedAt) -> list[Mark]:
    """Mark what was measured, where that is not every slice, and the worst slices."""
    counts, slices = looked_at.counts, looked_at.evaluation.slices
    tomogram_slices = len(slices)
    measured = [int(z) for z in slices[counts.total > 0]]
    marks = [] if len(measured) == tomogram_slices else [Mark(z, "label", "measured") for z in measured]
    dice = looked_at.evaluation.confusion.per_slice(looked_at.class_value)["dice"]
    for z in rank_slices(counts, slices)[:N_MARKED]:
        at = z - int(slices[0])
        wrong = fmt.count(int(counts.fp[at] + counts.fn[at]), "wrong voxel")
        marks.append(Mark(z, "error", f"Dice {dice[at]:.3f}, {wrong}"))
    return marks
