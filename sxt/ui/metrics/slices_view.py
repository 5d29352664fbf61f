"""Errors slice by slice: a plot along z, and the viewer with right and wrong in false colour, in step."""

from collections.abc import Sequence

import streamlit as st

from sxt.metrics import Study
from sxt.ui import format as fmt
from sxt.ui.metrics.looked_at import LookedAt, map_overlay, rank_slices
from sxt.ui.metrics.object_list import draw_objects
from sxt.ui.metrics.plots import draw_slice_changes, draw_slice_errors
from sxt.ui.metrics.studies import StoredStudy
from sxt.ui.services import services
from sxt.ui.shell import errors_shown
from sxt.ui.text import escape_markdown
from sxt.ui.viewer import Mark, OverlaySource, slice_viewer, tomogram_source
from sxt.ui.viewer.component import Box, Position
from sxt.ui.viewer.error_maps import labels_stamps
from sxt.workspace import TomogramManifest

ERRORS, SIDE_BY_SIDE, CHANGES, AGREEMENT = "Errors", "Side by side", "Fixed and broken", "Agreement"
HEIGHT_PX = 520
N_MARKED = 5
"""Slices with most wrong voxels that are marked beside the picture."""

JUMP_KEY = "metrics-jump"
BOX_KEY = "metrics-box"
POSITION_KEY = "metrics-position"
SEEN_KEY = "metrics-seen"
"""Holds the tomogram that the viewer has shown last."""


@st.fragment
def draw_slices_view(stored: StoredStudy, study: Study, class_value: int) -> None:
    """Draw plot, viewer and objects of one version on one tomogram."""
    with errors_shown():
        looked_at, mode = _choose(stored, study, class_value)
        tomogram = looked_at.find_tomogram(services().workspace)
        if tomogram is None:
            st.info("The tomogram of this comparison was deleted; its numbers are kept under Numbers.")
            return
        if study.has_labels:
            _draw_plot(looked_at, tomogram, mode)
            _say_what_changed(stored, tomogram)
        _draw_viewers(looked_at, tomogram, mode)
        if st.session_state.get(SEEN_KEY) != tomogram.id:
            st.session_state.pop(POSITION_KEY, None)
        st.session_state[SEEN_KEY] = tomogram.id


def jump_to(place: Position, box: Box) -> None:
    """Move the viewer to a place when the fragment runs again, with a box around it in the middle."""
    st.session_state[JUMP_KEY] = place
    st.session_state[BOX_KEY] = box


def _choose(stored: StoredStudy, study: Study, class_value: int) -> tuple[LookedAt, str]:
    """Draw the choice of version, tomogram and what to show."""
    names = [each.name for each in study.versions]
    baseline = names.index(study.baseline)
    others = [v for v in range(len(names)) if v != baseline]
    offered = list(range(len(names))) if study.has_labels else others
    columns = st.columns([3, 3, 5, 3], gap="small", vertical_alignment="bottom")
    version = columns[0].selectbox(
        "Version",
        offered,
        index=offered.index(others[0] if others else baseline),
        format_func=lambda v: names[v],
        key=f"metrics-version-{stored.id}",
    )
    tomogram = columns[1].selectbox(
        "Tomogram",
        range(len(study.tomograms)),
        format_func=lambda t: study.tomograms[t].name,
        key=f"metrics-tomogram-{stored.id}",
        disabled=len(study.tomograms) < 2,
    )
    looked_at = LookedAt(stored, study, version, tomogram, class_value)
    with columns[2]:
        mode = _choose_mode(looked_at)
    with columns[3]:
        _next_worst(looked_at)
    return looked_at, mode


def _choose_mode(looked_at: LookedAt) -> str:
    if not looked_at.study.has_labels:
        return AGREEMENT
    is_baseline = looked_at.version == looked_at.baseline
    modes = (ERRORS,) if is_baseline else (ERRORS, SIDE_BY_SIDE, CHANGES)
    mode: str = st.segmented_control(
        "Show",
        modes,
        default=ERRORS,
        required=True,
        key=f"metrics-mode-{looked_at.stored.id}-{is_baseline}",
        label_visibility="collapsed",
    )
    return mode


def _next_worst(looked_at: LookedAt) -> None:
    """Draw the button that goes through the slices, those with most wrong voxels first."""
    if not looked_at.study.has_labels:
        return
    ranked = rank_slices(looked_at.counts, looked_at.evaluation.slices)
    st.button(
        "Next worst slice",
        key=f"{looked_at.key}-worst",
        on_click=_go_on,
        args=(f"{looked_at.key}-rank", ranked),
        disabled=not ranked,
        help="Goes through the slices, those with most wrong voxels first."
        if ranked
        else "No voxel is wrong.",
        width="stretch",
    )


def _go_on(key: str, ranked: Sequence[int]) -> None:
    rank = st.session_state.get(key, -1) + 1
    st.session_state[key] = rank if rank < len(ranked) else 0
    _jump_to_slice(ranked[st.session_state[key]])


def _jump_to_slice(z: int) -> None:
    _, y, x = st.session_state.get(POSITION_KEY, (None, None, None))
    st.session_state[JUMP_KEY] = (z, y, x)


def _draw_plot(looked_at: LookedAt, tomogram: TomogramManifest, mode: str) -> None:
    draw = draw_slice_changes if mode == CHANGES else draw_slice_errors
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


def _draw_viewers(looked_at: LookedAt, tomogram: TomogramManifest, mode: str) -> None:
    workspace, version, baseline = services().workspace, looked_at.version, looked_at.baseline
    if mode == SIDE_BY_SIDE:
        pair = [map_overlay(workspace, looked_at, "errors", each) for each in (baseline, version)]
        for column, overlay, side in zip(st.columns(2, gap="small"), pair, ("left", "right"), strict=True):
            with column:
                st.caption(escape_markdown(overlay.name + (" (baseline)" if side == "left" else "")))
                _draw_viewer(looked_at, tomogram, overlay, key=f"metrics-viewer-{side}", link="metrics")
        _take_jump()
        draw_objects(looked_at, on_choose=jump_to)
        return
    picture, objects = (
        st.columns([8, 5], gap="small") if looked_at.study.has_labels else (st.container(), None)
    )
    with picture:
        if mode == ERRORS:
            overlay = map_overlay(workspace, looked_at, "errors", version)
            before = None if version == baseline else map_overlay(workspace, looked_at, "errors", baseline)
        else:
            overlay = map_overlay(
                workspace, looked_at, "changes" if mode == CHANGES else "agreement", version
            )
            before = None
        _draw_viewer(looked_at, tomogram, overlay, before=before, key="metrics-viewer")
        if before is not None:
            st.caption(
                escape_markdown(
                    f"The divider in the bar compares with {before.name}, which is left of it then."
                )
            )
    _take_jump()
    if objects is not None:
        with objects:
            draw_objects(looked_at, on_choose=jump_to)


def _draw_viewer(
    looked_at: LookedAt,
    tomogram: TomogramManifest,
    overlay: OverlaySource,
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
        position=_wanted_position(looked_at, tomogram),
        marks=_marks(looked_at) if looked_at.study.has_labels else (),
        link=link,
        box=st.session_state.get(BOX_KEY),
    )
    if state.position is not None and st.session_state.get(SEEN_KEY) == tomogram.id:
        st.session_state[POSITION_KEY] = state.position


def _wanted_position(looked_at: LookedAt, tomogram: TomogramManifest) -> Position | None:
    """Return where the viewer is to go now; None where it stays. At first it shows the worst slice."""
    wanted = st.session_state.get(JUMP_KEY)
    if wanted is None and st.session_state.get(SEEN_KEY) != tomogram.id and looked_at.study.has_labels:
        ranked = rank_slices(looked_at.counts, looked_at.evaluation.slices)
        wanted = (ranked[0], None, None) if ranked else None
    if wanted is None:
        return None
    z, y, x = (size // 2 if at is None else at for at, size in zip(wanted, tomogram.shape, strict=True))
    return z, y, x


def _take_jump() -> None:
    """A place is given once: given again, the viewer would go back there."""
    st.session_state.pop(JUMP_KEY, None)
    st.session_state.pop(BOX_KEY, None)


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
