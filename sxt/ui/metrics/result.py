"""What is shown of a comparison: jobs on the way to it, headline, and one of several views."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from sxt.metrics import Study
from sxt.metrics.figures import draw_intervals
from sxt.metrics.tables import list_agreements
from sxt.ui.fragment import fragment
from sxt.ui.job_progress import draw_jobs, jobs_of_kinds, poll_interval
from sxt.ui.metrics.form import KIND, PAGE
from sxt.ui.metrics.headline import draw_headline, find_comparison
from sxt.ui.metrics.history import collect_versions, draw_history
from sxt.ui.metrics.look import change_look, look_control, write_look
from sxt.ui.metrics.numbers import AGREEMENT_COLUMNS, draw_files, draw_numbers, readable_table
from sxt.ui.metrics.plots import CHART_SETTINGS, draw_curves, in_theme
from sxt.ui.metrics.slices_view import draw_slices_view
from sxt.ui.metrics.studies import StoredStudy, open_study
from sxt.ui.services import services
from sxt.ui.text import escape_markdown

SLICES, CURVES, VERSIONS, NUMBERS = "slices", "curves", "versions", "numbers"
VIEW_NAMES = {SLICES: "Slices", CURVES: "Curves", VERSIONS: "Versions", NUMBERS: "Numbers and files"}
VIEW_KEY = "metrics-view"


def watch_jobs() -> bool:
    """Draw the comparisons that run; the page runs again when one ends. Return whether there are any."""
    jobs = jobs_of_kinds({KIND}, page=PAGE)
    if jobs:
        fragment(_watch, run_every=poll_interval(jobs))([job.id for job in jobs])
    return bool(jobs)


def draw_study(studies: Sequence[StoredStudy], shown: StoredStudy) -> None:
    """Draw a comparison."""
    study = open_study(services().workspace, shown.id)
    class_value = _choose_class(study, shown)
    comparison = find_comparison(study, class_value)
    if comparison is None:
        _draw_agreement(study, class_value)
    else:
        draw_headline(comparison, key=f"metrics-{shown.id}")
    views = (SLICES, CURVES, VERSIONS, NUMBERS) if study.has_labels else (SLICES, NUMBERS)
    view = st.segmented_control(
        "View",
        views,
        format_func=lambda each: VIEW_NAMES[each],
        required=True,
        label_visibility="collapsed",
        **look_control("view", list(views), SLICES, key=VIEW_KEY),
    )
    change_look(view=view, class_value=class_value)
    write_look()
    if view == SLICES:
        draw_slices_view(shown, study, class_value)
    elif view == CURVES:
        draw_curves(study, class_value, key=f"metrics-{shown.id}-{class_value}")
    elif view == VERSIONS:
        _draw_versions(studies, shown, study, class_value)
    else:
        draw_files(shown)
        draw_numbers(study, class_value)


def _watch(ids: list[str]) -> None:
    jobs = jobs_of_kinds({KIND}, page=PAGE)
    if [job.id for job in jobs] != ids:
        st.rerun()
    draw_jobs(jobs, key=PAGE)


def _choose_class(study: Study, shown: StoredStudy) -> int:
    names = {each.value: each.name for each in study.classes}
    if len(names) < 2:
        return study.classes[0].value
    chosen: int = st.segmented_control(
        "Class",
        list(names),
        format_func=lambda value: escape_markdown(names[value]),
        required=True,
        **look_control("class_value", list(names), study.classes[0].value, key=f"metrics-class-{shown.id}"),
    )
    return chosen


def _draw_agreement(study: Study, class_value: int) -> None:
    name = next(each.name for each in study.classes if each.value == class_value)
    rows = [row for row in list_agreements(study) if row["class"] == name]
    table: pd.DataFrame = readable_table(rows, AGREEMENT_COLUMNS)
    st.dataframe(table, hide_index=True)
    st.caption(
        escape_markdown(
            f"Without labels: how far each version agrees with {study.baseline}, not which one is right."
        )
    )


def _draw_versions(
    studies: Sequence[StoredStudy], shown: StoredStudy, study: Study, class_value: int
) -> None:
    versions = collect_versions(services().workspace, studies, shown, class_value)
    st.caption(
        "Dice of every version measured on these labels; lines lead from a version to those trained from it."
    )
    st.plotly_chart(
        in_theme(draw_history(versions)), key=f"metrics-{shown.id}-history", config=CHART_SETTINGS
    )
    intervals = draw_intervals(study, class_value)
    if intervals is not None:
        if len(study.versions) > 1:
            st.caption(
                escape_markdown(f"Differences from {study.baseline}; in the grey band they do not matter.")
            )
        st.plotly_chart(in_theme(intervals), key=f"metrics-{shown.id}-intervals", config=CHART_SETTINGS)
