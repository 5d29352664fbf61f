"""What to label next on the page: a ranking, one sentence for each slice, and a way there."""

from collections.abc import Sequence
from urllib.parse import urlencode

import streamlit as st

from sxt.labels import Suggestion
from sxt.ui.choices import list_model_choices
from sxt.ui.job_progress import submit_job
from sxt.ui.label.component import ShownDisagreement, ShownRegion
from sxt.ui.label.session import PAGE, LabelSession, ask_canvas
from sxt.ui.selection import Choice, unique_labels
from sxt.ui.services import services
from sxt.ui.text import escape_markdown
from sxt.workspace.suggesting import DisagreementScores, read_scores, suggest_slices

VERSIONS, TURNED = "two segmentations", "one model, turned"
MAX_LOOKED_AT = 24
"""Slices that a model version is run on, four times each."""


def find_suggestions(session: LabelSession, scores: DisagreementScores | None) -> tuple[Suggestion, ...]:
    """Return the slices to label next, best first; none where nothing was compared."""
    if scores is None or len(session.labelled) >= session.tomogram.shape[0]:
        return ()
    return suggest_slices(session.labels, scores, session.labelled)


def load_scores(session: LabelSession) -> DisagreementScores | None:
    """Return the disagreement kept beside the labels."""
    return read_scores(session.labels)


def shown_regions(scores: DisagreementScores | None, found: Sequence[Suggestion]) -> list[ShownRegion]:
    """Return the squares worth a look on the suggested slices."""
    if scores is None:
        return []
    return [
        ShownRegion(each.index, start, stop)
        for each in found
        for start, stop in scores.regions_of(each.index)
    ]


def shown_disagreement(session: LabelSession, scores: DisagreementScores | None) -> ShownDisagreement | None:
    """Return what can be laid over the slices: of two segmentations that are still there, or the kept maps."""
    if scores is None:
        return None
    if scores.maps:
        query = urlencode({"maps": scores.maps})
        return ShownDisagreement(query, tuple(each.z for each in scores.slices))
    known = {each.id for each in session.segmentations}
    if len(scores.segmentations) != 2 or not known.issuperset(scores.segmentations):
        return None
    return ShownDisagreement(urlencode(dict(zip(("first", "second"), scores.segmentations, strict=True))))


def draw_suggestions(
    session: LabelSession, scores: DisagreementScores | None, found: Sequence[Suggestion]
) -> None:
    """Draw the ranking and what makes a new one."""
    if found:
        later = [each.index for each in found if each.index != session.key.index]
        st.button(
            f"Next: slice {later[0]}" if later else "Next",
            key="label-next",
            type="primary",
            width="stretch",
            disabled=not later,
            on_click=ask_canvas,
            kwargs={"z": later[0] if later else None},
        )
        for each in found:
            _draw_suggestion(each)
        if scores is not None:
            st.caption(f"By {escape_markdown(scores.source)}.")
    elif scores is not None:
        st.caption("No slice is left to suggest.")
    else:
        st.caption("Predictions that disagree show where a label teaches most.")
    with st.expander("Rank the slices", expanded=scores is None):
        _draw_rank(session)


def _draw_suggestion(each: Suggestion) -> None:
    go, reason = st.columns([1, 3], vertical_alignment="center")
    go.button(
        f"z {each.index}",
        key=f"label-suggestion-{each.index}",
        on_click=ask_canvas,
        kwargs={"z": each.index},
        width="stretch",
    )
    reason.caption(escape_markdown(each.reason))


def _draw_rank(session: LabelSession) -> None:
    segmentations = session.segmentations
    models = list_model_choices(services())
    ways = [VERSIONS] * (len(segmentations) > 1) + [TURNED] * bool(models)
    if not ways:
        st.caption("Segment the tomogram with two model versions, or import a model, to rank slices.")
        return
    way = st.segmented_control(
        "Rank slices by", ways, default=ways[0], required=True, key=f"label-rank-{len(ways)}"
    )
    if way == VERSIONS:
        names = unique_labels([Choice(each.id, each.name) for each in segmentations])
        first = st.selectbox("First", list(names), format_func=names.__getitem__, key="label-rank-first")
        others = [each for each in names if each != first]
        second = st.selectbox("Second", others, format_func=names.__getitem__, key="label-rank-second")
        st.button("Rank slices", key="label-rank", on_click=_compare, args=(first, second))
    else:
        names = unique_labels(models)
        model = st.selectbox(
            "Model version", list(names), format_func=names.__getitem__, key="label-rank-model"
        )
        step = max(1, session.tomogram.shape[0] // MAX_LOOKED_AT)
        st.button("Rank slices", key="label-rank", on_click=_turn, args=(session.tomogram.id, model, step))


def _compare(first: str, second: str) -> None:
    from sxt.jobs.kinds.suggest import CompareVersionsSettings

    submit_job("suggest", CompareVersionsSettings(first=first, second=second), page=PAGE)


def _turn(tomogram_id: str, model: str, step: int) -> None:
    from sxt.jobs.kinds.suggest import TurnedSettings

    settings = TurnedSettings(tomogram_id=tomogram_id, model=model, step=step)
    submit_job("suggest-turned", settings, page=PAGE)
