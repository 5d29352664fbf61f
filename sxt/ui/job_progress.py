"""Jobs as pages show them while they wait: how far they are, what they found, a way to stop them."""

from collections.abc import Collection, Sequence

import streamlit as st

from sxt.errors import SxtError
from sxt.jobs import Job, JobSettings
from sxt.ui.access.user import current_user
from sxt.ui.errors import show_error
from sxt.ui.jobs_chip import POLL_S, describe_job
from sxt.ui.services import services
from sxt.ui.text import escape_markdown, shorten
from sxt.workspace.clock import utc_now

TITLE_LENGTH = 120

SUBMITTED_KEY = "sxt-submitted"


def submit_job(kind: str, settings: JobSettings, *, page: str) -> Job:
    """Put a job in the queue for whoever looks at the page, and remember that this page did."""
    job = services().jobs.submit(kind, settings, by=current_user())
    _submitted(page).add(job.id)
    return job


def take_finished(page: str) -> list[Job]:
    """Return the jobs a page submitted that are done since it last asked; each is returned once."""
    finished = []
    for job in services().jobs.list({"done"}) if _submitted(page) else []:
        if job.id in _submitted(page):
            _submitted(page).discard(job.id)
            finished.append(job)
    return finished


def jobs_of_kinds(kinds: Collection[str], *, page: str) -> list[Job]:
    """Return the jobs of some kinds that run or wait, and those a page submitted that stopped without a result."""
    submitted = _submitted(page)
    jobs = [job for job in services().jobs.list() if job.manifest.kind in kinds]
    return [job for job in jobs if job.manifest.is_active or (job.id in submitted and job.state != "done")]


def draw_jobs(jobs: Sequence[Job], *, key: str) -> None:
    """Draw each job: title, stage, rate, time left, and a button to cancel it, or why it stopped.

    To be called in a fragment that runs every `POLL_S` seconds while one of them is active.

    Parameters
    ----------
    jobs : sequence of Job
    key : str
        Tells apart several lists on a page.
    """
    for job in jobs:
        with st.container(border=True, key=f"{key}-job-{job.id}"):
            _draw(job, key)


def poll_interval(jobs: Sequence[Job]) -> float | None:
    """Return how often to look at jobs, in seconds; None where none of them is active."""
    return POLL_S if any(job.manifest.is_active for job in jobs) else None


def _draw(job: Job, key: str) -> None:
    title = escape_markdown(shorten(job.manifest.title, TITLE_LENGTH))
    said = f"**{title}**  \n:gray[{escape_markdown(describe_job(job, utc_now()))}]"
    if job.manifest.is_active:
        _draw_active(job, said, key)
        return
    st.markdown(said)
    if job.manifest.error:
        st.error(escape_markdown(job.manifest.error))
    st.button("Try again", key=f"{key}-retry-{job.id}", on_click=_retry, args=(job.id,))
    with st.expander("Details"):
        st.code(f"job {job.id}\n{services().jobs.log(job.id)}", language=None)


def _draw_active(job: Job, said: str, key: str) -> None:
    """Draw a job that runs or waits in as few lines as it takes: what comes of it is shown below."""
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.markdown(said)
        st.button(
            "Cancel",
            key=f"{key}-cancel-{job.id}",
            on_click=_cancel,
            args=(job.id,),
            disabled=job.is_cancelling,
            help="It stops within a few seconds." if job.is_cancelling else None,
        )
    if job.state == "running":
        st.progress(0.0 if job.progress is None else job.progress.fraction)
        if job.progress is not None and job.progress.note:
            st.caption(escape_markdown(job.progress.note))


def _cancel(job_id: str) -> None:
    services().jobs.cancel(job_id, by=current_user())


def _retry(job_id: str) -> None:
    try:
        services().jobs.retry(job_id, by=current_user())
    except SxtError as error:
        show_error(error)


def _submitted(page: str) -> set[str]:
    """Return the ids of the jobs that a page submitted in this session and whose end it has not seen."""
    submitted: set[str] = st.session_state.setdefault(f"{SUBMITTED_KEY}-{page}", set())
    return submitted
