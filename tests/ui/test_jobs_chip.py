from datetime import timedelta

import pytest
from streamlit.testing.v1 import AppTest

from sxt.jobs import Job, JobProgress
from sxt.ui.jobs_chip import chip_label, describe_job
from sxt.workspace import JobManifest
from sxt.workspace.clock import utc_now

NOW = utc_now()
"""Fixed, since cases are made long before they run."""


def make_job(
    state="running", *, progress=None, position=None, title="Segment cell.mrc with membrane:1", **more
):
    manifest = JobManifest(
        id=more.pop("job_id", "job0000000"),
        kind="segment",
        title=title,
        settings={},
        lane="compute",
        state=state,
        submitted_by="ada",
        submitted_at=NOW,
        order=1,
        **more,
    )
    return Job(manifest, progress, position)


HALF_WAY = JobProgress("segment", 78, 190, 1.3, 130.2, "")


def test_the_chip_names_one_job_with_percent_and_time_left():
    assert chip_label([make_job(progress=HALF_WAY)]) == "Segment ce…embrane\\:1 · 41 % · 2 min 10 s left"


def test_the_chip_counts_several_jobs():
    jobs = [make_job(progress=HALF_WAY), make_job("queued", position=1), make_job("done")]
    assert chip_label(jobs) == "2 jobs · 41 % · 2 min 10 s left"


def test_the_chip_says_when_nothing_runs():
    assert chip_label([make_job("done"), make_job("failed")]) == "No jobs"


def test_a_waiting_job_has_no_percent():
    assert chip_label([make_job("queued", position=1, title="Import")]) == "Import · waiting"


@pytest.mark.parametrize(
    ("job", "words"),
    [
        (make_job("queued", position=3), "waiting, number 3 in the queue"),
        (make_job("running"), "starting"),
        (make_job("running", progress=HALF_WAY), "segment: 78 of 190 · 1.30 a second · 2 min 10 s left"),
        (make_job("running", progress=JobProgress("write", 9, 9, None, None, "")), "write: 9 of 9"),
        (
            make_job("running", progress=JobProgress("write", 8, 9, 0.05, None, "")),
            "write: 8 of 9 · 3.00 a minute",
        ),
        (make_job("running", progress=JobProgress("write", 8, 9, None, 0.2, "")), "write: 8 of 9"),
        (
            make_job("running", progress=JobProgress("write", 8, 9, None, None, "", "GPU 0", 2_340_000_000)),
            "write: 8 of 9 · GPU 0, 2.34 GB",
        ),
        (make_job("running", cancel_requested_at=NOW), "being cancelled"),
        (make_job("failed", finished_at=NOW - timedelta(minutes=12)), "failed 12 min ago"),
    ],
)
def test_a_job_is_described_in_a_line(job, words):
    assert describe_job(job, NOW) == words


def page():
    import streamlit as st

    from sxt.ui.jobs_chip import jobs_chip
    from sxt.ui.services import services

    store = services().jobs
    jobs_chip(store.list, lambda job_id: store.cancel(job_id, by="tester"))
    st.text("page")


def test_a_job_can_be_cancelled_from_the_panel(opened):
    job = opened.jobs.submit("demo", {}, by="ada")
    app = AppTest.from_function(page, default_timeout=20).run()
    assert not app.exception
    (button,) = app.button
    assert button.label == "Cancel"
    button.click().run()
    assert opened.jobs.get(job.id).state == "cancelled"
    assert not app.button


def test_names_in_the_panel_are_not_markdown(opened):
    job = opened.jobs.submit("demo", {}, by="ada")
    opened.workspace.jobs.change(job.id, lambda old: old.model_copy(update={"title": "*x* :red[y] <b>"}))
    app = AppTest.from_function(page, default_timeout=20).run()
    assert r"\*x\* \:red\[y\] \<b\>" in app.markdown[0].value
