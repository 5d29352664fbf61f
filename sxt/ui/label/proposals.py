"""Pseudo-labels on the page: propose them from a segmentation, review them slice by slice, take a round back."""

import streamlit as st

from sxt.errors import SxtError
from sxt.labels import ClassList, ReviewItem, RoundInfo
from sxt.labels.confidence import BACKGROUND_CONFIDENCE, FOREGROUND_CONFIDENCE
from sxt.labels.ledger import Decision
from sxt.ui.access.user import current_user
from sxt.ui.choices import list_model_choices
from sxt.ui.errors import show_error
from sxt.ui.format import count, number
from sxt.ui.job_progress import submit_job
from sxt.ui.label.session import PAGE, LabelSession, ask_canvas
from sxt.ui.selection import Choice, unique_labels
from sxt.ui.services import services
from sxt.ui.text import escape_markdown
from sxt.workspace import SegmentationManifest
from sxt.workspace.matching import missing_classes

HERE, RANGE, REST = "this slice", "a range", "all without labels"
SHOWN_OPEN = 200
"""Slices that wait for review and are listed; the least sure come first."""


def choose_segmentation(session: LabelSession) -> SegmentationManifest | None:
    """Draw the choice of the segmentation that proposes; None where there is none."""
    found = session.segmentations
    if not found:
        return None
    labels = unique_labels([Choice(each.id, each.name) for each in found])
    chosen = st.selectbox(
        "Proposals from",
        [each.id for each in found],
        format_func=lambda each: labels[each],
        key=f"label-segmentation-{session.tomogram.id}",
        help="Its regions are drawn under the labels; the assist tool (a) accepts or rejects one with a click.",
    )
    segmentation = next(each for each in found if each.id == chosen)
    missing = missing_classes(session.labels.classes, segmentation.classes)
    if missing:
        names = ", ".join(each.name for each in missing)
        st.button(
            f"Add its {count(len(missing), 'class', 'classes')} to the labels",
            key="label-add-classes",
            help=escape_markdown(names),
            on_click=_add_classes,
            args=(session, segmentation),
        )
    return segmentation


def draw_propose(session: LabelSession, segmentation: SegmentationManifest | None) -> None:
    """Draw what starts a round of pseudo-labels."""
    where = st.segmented_control(
        "Propose labels on", (HERE, RANGE, REST), default=REST, required=True, key="label-propose-where"
    )
    bounds = _choose_range(session) if where == RANGE else None
    with st.expander("How sure the model must be"):
        foreground = st.slider("for a class", 0.5, 0.99, FOREGROUND_CONFIDENCE, 0.01, key="label-foreground")
        background = st.slider(
            "for background", 0.5, 0.99, BACKGROUND_CONFIDENCE, 0.01, key="label-background"
        )
        st.caption("Voxels between stay unlabelled. Calibrated on your labels where there are enough.")
    if where == HERE and session.key.plane != "z":
        st.caption("Choose a slice along z.")
        return
    slices = (session.key.index,) if where == HERE else bounds
    proposal: dict[str, object] = {"slices": slices, "foreground": foreground, "background": background}
    if segmentation is None:
        _offer_segmenting(session, proposal)
        return
    is_ready = not missing_classes(session.labels.classes, segmentation.classes)
    st.button(
        "Propose labels",
        key="label-propose",
        type="primary",
        width="stretch",
        disabled=not is_ready,
        on_click=_propose,
        args=(segmentation.id, proposal),
    )
    with st.expander("From another model version"):
        _offer_segmenting(session, proposal)


def _choose_range(session: LabelSession) -> tuple[int, ...] | None:
    """Draw the choice of a range of slices along z, both ends included; None where there is but one slice."""
    last = session.tomogram.shape[0] - 1
    if last < 1:
        return None
    first, final = st.slider("Slices along z", 0, last, (0, last), key=f"label-range-{session.tomogram.id}")
    return tuple(range(first, final + 1))


def draw_review(session: LabelSession) -> None:
    """Draw the queue of slices with pseudo-labels, and the rounds."""
    waiting = [each for each in session.queue if each.decision is None]
    if not session.queue:
        st.caption("Pseudo-labels lie beside your labels until somebody has looked at them.")
        return
    n_decided = len(session.queue) - len(waiting)
    st.markdown(f"**{n_decided} of {count(len(session.queue), 'slice')} reviewed**")
    if waiting:
        st.selectbox(
            "Waiting, the least sure first",
            [None, *(each.index for each in waiting[:SHOWN_OPEN])],
            format_func=lambda z: "go to …" if z is None else _describe(waiting, z),
            key=f"label-waiting-{len(waiting)}-{waiting[0].index}",
            on_change=_go_to_chosen,
            args=(f"label-waiting-{len(waiting)}-{waiting[0].index}",),
        )
    _draw_item(session, waiting)
    rounds = [each for each in session.pseudo.rounds() if not each.is_reverted]
    if rounds:
        with st.expander(f"Rounds ({len(rounds)})"):
            for each in reversed(rounds):
                _draw_round(session, each)


def slice_to_review(session: LabelSession) -> int | None:
    """Return the slice to look at when pseudo-labels came: None where the one that is looked at has some."""
    waiting = [each.index for each in session.queue if each.decision is None]
    if session.key.plane == "z" and session.key.index in waiting:
        return None
    return waiting[0] if waiting else None


def _draw_item(session: LabelSession, waiting: list[ReviewItem]) -> None:
    """Draw the decision on the slice that is looked at."""
    key = session.key
    item = (
        next((each for each in session.queue if each.index == key.index), None) if key.plane == "z" else None
    )
    if item is None:
        st.caption("This slice has no pseudo-labels.")
        return
    said = f"round {item.round.number}, {item.round.source}, {_confidence(item)}"
    decision = f" · **{item.decision}** by {escape_markdown(item.decided_by)}" if item.decision else ""
    st.markdown(f"Slice {key.index}: {escape_markdown(said)}{decision}")
    accept, reject = st.columns(2)
    for column, label, wanted, shortcut in (
        (accept, "Accept", "accepted", "Alt+Y"),
        (reject, "Reject", "rejected", "Alt+N"),
    ):
        column.button(
            label,
            key=f"label-{wanted}",
            shortcut=shortcut,
            width="stretch",
            disabled=item.decision == wanted,
            on_click=_decide,
            args=(session, item.index, wanted, [each.index for each in waiting]),
        )
    st.caption("To correct them, show pseudo-labels on the canvas, press “correct them” and draw.")


def _draw_round(session: LabelSession, info: RoundInfo) -> None:
    text, go = st.columns([3, 1], vertical_alignment="center")
    text.markdown(
        f"**{info.number}** · {escape_markdown(info.source)}  \n"
        f":gray[{count(len(info.slices), 'slice')}, by {escape_markdown(info.by)}. {escape_markdown(info.note)}]"
    )
    go.button(
        "Revert",
        key=f"label-revert-{info.number}",
        on_click=_revert,
        args=(session, info.number),
        help="Takes the round back with all that was decided on it.",
    )


def _describe(waiting: list[ReviewItem], z: int) -> str:
    item = next(each for each in waiting if each.index == z)
    return f"slice {z} · {_confidence(item)}"


def _confidence(item: ReviewItem) -> str:
    return f"confidence {number(item.confidence)}" if item.confidence else "nothing was sure enough"


def _offer_segmenting(session: LabelSession, proposal: dict[str, object]) -> None:
    """Offer to segment first, where nothing is segmented yet."""
    models = list_model_choices(services())
    if not models:
        st.caption("There is no segmentation to propose from, and no model version to make one.")
        return
    names = unique_labels(models)
    model = st.selectbox(
        "Model version", list(names), format_func=names.__getitem__, key="label-propose-model"
    )
    st.button(
        "Segment and propose labels",
        key="label-segment-propose",
        type="primary" if not session.segmentations else "secondary",
        width="stretch",
        on_click=_segment_and_propose,
        args=(session.tomogram.id, model, proposal),
    )


def _propose(segmentation_id: str, proposal: dict[str, object]) -> None:
    from sxt.jobs.kinds.propose import ProposalSettings, ProposeJobSettings

    settings = ProposeJobSettings(
        segmentation_id=segmentation_id, proposal=ProposalSettings.model_validate(proposal)
    )
    submit_job("propose", settings, page=PAGE)


def _segment_and_propose(tomogram_id: str, model: str, proposal: dict[str, object]) -> None:
    from sxt.jobs.kinds.propose import ProposalSettings, SegmentProposeJobSettings
    from sxt.jobs.kinds.segment import SegmentJobSettings

    settings = SegmentProposeJobSettings(
        segment=SegmentJobSettings(tomogram_id=tomogram_id, model=model),
        proposal=ProposalSettings.model_validate(proposal),
    )
    submit_job("segment-propose", settings, page=PAGE)


def _go_to_chosen(key: str) -> None:
    if st.session_state[key] is not None:
        ask_canvas(z=st.session_state[key], view="pseudo")


def _decide(session: LabelSession, z: int, decision: Decision, waiting: list[int]) -> None:
    """Note the decision and go to the slice that waits next."""
    try:
        session.pseudo.decide(z, decision, by=session.by)
    except SxtError as error:
        show_error(error)
        return
    rest = [each for each in waiting if each != z]
    ask_canvas(z=rest[0] if rest else None, view="pseudo")


def _revert(session: LabelSession, round_number: int) -> None:
    try:
        session.pseudo.revert_round(round_number, by=session.by)
    except SxtError as error:
        show_error(error)


def _add_classes(session: LabelSession, segmentation: SegmentationManifest) -> None:
    def add(old: ClassList) -> ClassList:
        for each in missing_classes(old, segmentation.classes):
            is_free = each.colour.casefold() not in {other.colour.casefold() for other in old}
            old = old.add(each.name, each.colour if is_free else None)
        return old

    try:
        session.labels.change_classes(add)
    except SxtError as error:
        show_error(error)
        return
    session.workspace.log("added classes to the labels of", "tomogram", session.tomogram, by=current_user())
