"""The page Label put together: controls on the left, the canvas on the right, in one fragment."""

from collections.abc import Sequence

import streamlit as st

from sxt.labels import Suggestion
from sxt.ui.format import count
from sxt.ui.fragment import fragment
from sxt.ui.job_progress import draw_jobs, jobs_of_kinds, poll_interval, take_finished
from sxt.ui.label.between import draw_between, draw_hold_out
from sxt.ui.label.class_list import draw_classes
from sxt.ui.label.component import CanvasContent, label_canvas
from sxt.ui.label.exchange import draw_export, draw_import
from sxt.ui.label.proposals import choose_segmentation, draw_propose, draw_review, slice_to_review
from sxt.ui.label.session import PAGE, LabelSession, ask_canvas, asked_of_canvas, open_session
from sxt.ui.label.suggestions import (
    draw_suggestions,
    find_suggestions,
    load_scores,
    shown_disagreement,
    shown_regions,
)
from sxt.ui.shell import errors_shown
from sxt.ui.text import escape_markdown
from sxt.ui.viewer import Mark, probability_overlay, tomogram_source
from sxt.workspace import SegmentationManifest, TomogramManifest
from sxt.workspace.suggesting import DisagreementScores

PROPOSING = ("propose", "segment-propose")
KINDS = (*PROPOSING, "suggest", "suggest-turned", "import-labels")


@fragment
def draw_desk(tomogram: TomogramManifest) -> None:
    """Draw controls and canvas of a tomogram's labels."""
    session = open_session(tomogram)
    controls, result = st.columns([1, 3], gap="medium")
    segmentation: SegmentationManifest | None = None
    scores: DisagreementScores | None = None
    found: tuple[Suggestion, ...] = ()
    with controls, errors_shown():
        _draw_progress(session)
        _draw_jobs(tomogram)
        draw, propose, following, files = st.tabs(["Draw", "Propose", "Next", "Files"])
        with draw, errors_shown():
            _draw_drawing(session)
        with propose, errors_shown():
            segmentation = choose_segmentation(session)
            draw_propose(session, segmentation)
            draw_review(session)
        with following, errors_shown():
            scores = load_scores(session)
            found = find_suggestions(session, scores)
            draw_suggestions(session, scores, found)
        with files, errors_shown():
            draw_export(session)
            draw_import(session)
    with result, errors_shown():
        content = _content(session, segmentation, scores, found)
        label_canvas(session.canvas_key, content, request=asked_of_canvas())


def _draw_progress(session: LabelSession) -> None:
    n_slices, n_labelled = session.tomogram.shape[0], len(session.labelled)
    n_held_out = len(session.labels.hold_out.list())
    held_out = f" · {n_held_out} held out" if n_held_out else ""
    st.progress(n_labelled / n_slices, f"**{n_labelled} of {count(n_slices, 'slice')} labelled**{held_out}")


def _draw_drawing(session: LabelSession) -> None:
    draw_hold_out(session)
    with st.expander("Classes"):
        draw_classes(session)
    with st.expander("From slice to slice", expanded=True):
        draw_between(session)


def _draw_jobs(tomogram: TomogramManifest) -> None:
    """Draw the jobs of this page while they run, and say what came of them."""
    jobs = jobs_of_kinds(KINDS, page=PAGE)

    @fragment(run_every=poll_interval(jobs))
    def show() -> None:
        now = jobs_of_kinds(KINDS, page=PAGE)
        draw_jobs(now, key="label")
        finished = take_finished(PAGE)
        for job in finished:
            if job.manifest.note:
                st.toast(escape_markdown(job.manifest.note))
            if job.manifest.kind in PROPOSING:
                ask_canvas(z=slice_to_review(open_session(tomogram)), view="pseudo")
        if finished:
            st.rerun()

    show()


def _content(
    session: LabelSession,
    segmentation: SegmentationManifest | None,
    scores: DisagreementScores | None,
    found: Sequence[Suggestion],
) -> CanvasContent:
    proposal = None if segmentation is None else probability_overlay(session.workspace, segmentation)
    return CanvasContent(
        tomogram_source(session.tomogram),
        tuple(session.labels.classes),
        proposal=proposal,
        marks=_marks(session, found),
        suggestions=[each.index for each in found],
        regions=shown_regions(scores, found),
        has_pseudo=bool(session.queue),
        disagreement=shown_disagreement(session, scores),
    )


def _marks(session: LabelSession, found: Sequence[Suggestion]) -> list[Mark]:
    """Return what the rail beside the slices shows."""
    held_out = set(session.labels.hold_out.list())
    marks = [
        Mark(item.index, "pseudo", f"pseudo-labels, {item.decision or 'to be reviewed'}")
        for item in session.queue
    ]
    marks += [
        Mark(z, "note", "held out") if z in held_out else Mark(z, "label", "labelled")
        for z in session.labelled
    ]
    return [*marks, *(Mark(each.index, "suggestion", each.reason) for each in found)]
