import pytest
from streamlit.testing.v1 import AppTest

from sxt.jobs import states
from sxt.jobs.kinds.demo import DemoSettings
from tests.ui.items import add_segmentation
from tests.ui.pages.conftest import SHAPE, run_page, segmentation, texts, tomogram  # noqa: F401  fixtures


def page():
    import streamlit as st

    from sxt.jobs.kinds.demo import DemoSettings
    from sxt.ui.job_progress import draw_jobs, jobs_of_kinds, poll_interval, submit_job, take_finished

    finished = take_finished("here")
    st.text(f"finished {len(finished)}")
    if st.button("go"):
        submit_job("demo", DemoSettings(), page="here")
    jobs = jobs_of_kinds(("demo",), page="here")
    st.text(f"poll {poll_interval(jobs)}")
    draw_jobs(jobs, key="here")


@pytest.fixture
def app(opened):
    return AppTest.from_function(page, default_timeout=30).run()


def only_job(opened):
    (job,) = opened.jobs.list()
    return job


def said(app):
    return [each.value for each in app.text]


def test_nothing_is_polled_while_nothing_runs(app):
    assert said(app) == ["finished 0", "poll None"]


def test_a_job_is_followed_until_it_is_done_and_told_once(app, opened):
    app.button[0].click().run()
    app.run()
    assert said(app) == ["finished 0", "poll 2.0"]
    job = only_job(opened)
    opened.workspace.jobs.change(
        job.id, lambda old: old.model_copy(update={"state": "done", "results": ("abcdefghij",)})
    )
    assert said(app.run()) == ["finished 1", "poll None"]
    assert said(app.run()) == ["finished 0", "poll None"]


def test_a_failed_job_says_why_with_its_log_and_is_repeated(app, opened):
    app.button[0].click().run()
    job = only_job(opened)
    opened.workspace.jobs.change(job.id, lambda old: states.fail(old, "The disk is *full*; free some space."))
    app.run()
    assert app.error[0].value == r"The disk is \*full\*; free some space\."
    assert job.id in app.code[0].value
    next(each for each in app.button if each.label == "Try again").click().run()
    assert only_job(opened).state == "queued"


def test_what_another_session_submitted_is_seen_while_it_runs_and_not_after(app, opened):
    job = opened.jobs.submit("demo", DemoSettings(), by="ada")
    app.run()
    assert said(app)[1] == "poll 2.0"
    opened.jobs.cancel(job.id, by="ada")
    assert said(app.run())[1] == "poll None"
    assert not app.error


def test_a_finished_segmentation_is_selected_with_its_tomogram(run_page, opened, tomogram, segmentation):  # noqa: F811
    import numpy as np

    app = run_page("segment")
    next(each for each in app.button if each.label == "Segment 1 tomogram").click().run()
    made = add_segmentation(opened.workspace, tomogram, np.ones(SHAPE, np.uint8), name="made by the job")
    job = only_job(opened)
    opened.workspace.jobs.change(
        job.id, lambda old: old.model_copy(update={"state": "done", "results": (made.id,)})
    )
    app.run()
    assert not app.exception
    shown = next(each for each in app.selectbox if each.label == "Segmentation")
    assert shown.value == made.id
    assert "Share of the voxels" in texts(app)
