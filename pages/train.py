"""Train: make a better model version from labelled slices and unlabelled tomograms, and watch it learn."""

import streamlit as st

from sxt.ui.fragment import fragment
from sxt.ui.job_progress import submit_job, take_finished
from sxt.ui.jobs_chip import POLL_S
from sxt.ui.selection import current_selection
from sxt.ui.services import services
from sxt.ui.shell import empty_state, errors_shown, page_columns, page_head, primary_button
from sxt.ui.text import escape_markdown
from sxt.ui.train.form import describe_request, draw_form
from sxt.ui.train.labelled import list_labelled
from sxt.ui.train.live import PAGE, draw_training, is_going_on, list_trainings

take_finished(PAGE)
page_head("Train", "Make a better model version from your labels, on the hold-out measured while it learns.")
selected = current_selection()
labelled = list_labelled(services().workspace)
trainings = list_trainings()
columns = page_columns()

with columns.controls, errors_shown():
    if labelled:
        request = draw_form(labelled, model=selected.model, device=selected.device or "auto")
        if request is not None:
            st.info(escape_markdown(describe_request(request)))
        if (
            primary_button("Train a version", key="train-go", disabled=request is None)
            and request is not None
        ):
            submit_job("train", request.settings, page=PAGE)
            st.rerun()
    else:
        empty_state(
            "There are no labelled slices yet; three to twenty are a good start.",
            action="Label some slices",
            page="label",
        )

with columns.result, errors_shown():
    if not trainings:
        empty_state(
            "Trainings appear here, with their curves and what they find on slices held out.", key="none"
        )
        st.stop()
    names = {each.id: each.manifest.title for each in trainings}
    shown_id = trainings[0].id
    if len(trainings) > 1:
        shown_id = st.selectbox(
            "Training", list(names), format_func=lambda each: f"{names[each]} ({each[:4]})", key="train-shown"
        )

    was_going_on = is_going_on(shown_id)

    @fragment(run_every=POLL_S if was_going_on else None)
    def show() -> None:
        """Draw the training that was chosen, and look again while something goes on."""
        draw_training(services().jobs.get(shown_id))
        if is_going_on(shown_id) != was_going_on:
            st.rerun()

    show()
