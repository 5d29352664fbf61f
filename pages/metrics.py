"""Metrics: how good model versions are, where they are wrong, and whether one is better than another."""

import streamlit as st

from sxt.ui.job_progress import take_finished
from sxt.ui.metrics.about import draw_about, draw_warnings
from sxt.ui.metrics.form import PAGE, compare_form
from sxt.ui.metrics.labelled import list_labelled
from sxt.ui.metrics.look import follow_look, forget_look
from sxt.ui.metrics.result import draw_study, watch_jobs
from sxt.ui.metrics.studies import choose_study, current_study, follow_address, list_studies, want_study
from sxt.ui.models.catalogue import list_versions
from sxt.ui.services import services
from sxt.ui.shell import empty_state, errors_shown, page_head
from sxt.ui.theme import COLUMNS_KEY

for job in take_finished(PAGE):
    if job.manifest.results:
        want_study(job.manifest.results[0])
page_head(
    "Metrics",
    "How good model versions are, where they are wrong, and whether one is better by more than chance.",
)
workspace = services().workspace
if not workspace.tomograms.list_ids():
    empty_state("There is no tomogram yet.", action="Bring in a tomogram", page="upload")
    st.stop()
catalogue = list_versions(workspace)
if not catalogue.sound:
    empty_state("There is no model version yet.", action="Import a model", page="models")
    st.stop()
studies = list_studies(workspace)
follow_address(studies)
follow_look()
shown, labelled = current_study(studies), list_labelled(workspace)
with st.container(key=f"{COLUMNS_KEY}-metrics"):
    controls, result = st.columns([1, 3], gap="large")
with controls, errors_shown():
    if shown is not None:
        choose_study(studies, shown)
    with st.expander("New comparison", expanded=shown is None):
        compare_form(labelled, catalogue)
    if shown is not None:
        draw_about(catalogue, shown)
    else:
        forget_look()
with result, errors_shown():
    is_running = watch_jobs()
    if shown is not None:
        draw_warnings(catalogue, shown)
        draw_study(studies, shown)
    elif not labelled:
        empty_state(
            "No tomogram has labels yet, so that nothing can be measured. Label some slices, or import a label volume "
            "there; without labels, versions can still be compared with each other.",
            action="Label slices",
            page="label",
        )
    elif not is_running:
        empty_state("Nothing is compared yet. What is chosen beside this suits as a beginning.")
