"""Home: the tomograms of the lab, what runs, and what to do next."""

import streamlit as st

from sxt.ui.fragment import fragment
from sxt.ui.home.cards import draw_cards
from sxt.ui.home.first_start import draw_first_start
from sxt.ui.home.machine import draw_machine
from sxt.ui.job_progress import draw_jobs, poll_interval, take_finished
from sxt.ui.selection import select
from sxt.ui.services import services
from sxt.ui.shell import errors_shown, page_head

PAGE = "home"
N_JOBS = 4

for job in take_finished(PAGE):
    select(tomogram=job.manifest.results[0], segmentation=None)

page_head("Tomograms", "Everything that was brought in, what is running, and what to do next.")
workspace = services().workspace
tomograms = workspace.tomograms.list()
main, side = st.columns([3, 1], gap="large")

with side, errors_shown():
    draw_machine()

with main, errors_shown():

    @fragment(run_every=poll_interval(services().jobs.list({"queued", "running"})))
    def show_jobs() -> None:
        """Draw what runs and waits."""
        draw_jobs(services().jobs.list({"queued", "running"})[:N_JOBS], key=PAGE)

    show_jobs()
    if tomograms:
        draw_cards(tomograms)
    else:
        draw_first_start(PAGE)
