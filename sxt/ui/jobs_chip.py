"""The chip in the top bar that tells what runs, and the panel it opens."""

from collections.abc import Callable, Sequence
from datetime import datetime

import streamlit as st

from sxt.jobs import Job, JobProgress
from sxt.ui import format as fmt
from sxt.ui.fragment import fragment
from sxt.ui.shell import has_page, page_file
from sxt.ui.text import escape_markdown, shorten
from sxt.workspace.clock import utc_now

POLL_S = 2.0
"""Ten sessions that ask each second would cost 40 % of a core."""

ACTIVE_KEY = "sxt-active-jobs"
NAME_LENGTH = 20
TITLE_LENGTH = 90
RECENT_S = 3600
SLOW_PER_S = 0.5
N_RECENT = 3
STATE_WORDS = {"done": "done", "failed": "failed", "cancelled": "cancelled"}

ListJobs = Callable[[], Sequence[Job]]
CancelJob = Callable[[str], None]


def jobs_chip(list_jobs: ListJobs, cancel: CancelJob) -> None:
    """Draw the chip; while a job runs or waits it is drawn anew every two seconds, otherwise nothing is asked.

    When a job ends the whole page runs again, so that its result appears.

    Parameters
    ----------
    list_jobs : callable
        Returns the jobs: those that run, those that wait, then those that are over, newest first.
    cancel : callable
        Stops the job of an id.
    """
    active = _active_ids(list_jobs())
    st.session_state[ACTIVE_KEY] = active
    draw = fragment(_draw, run_every=POLL_S if active else None)
    draw(list_jobs, cancel)


def chip_label(jobs: Sequence[Job]) -> str:
    """Return the chip's words: name, percent and time left of one job, or how many there are."""
    active = [job for job in jobs if job.manifest.is_active]
    if not active:
        return "No jobs"
    first = active[0]
    words = [
        escape_markdown(shorten(first.manifest.title, NAME_LENGTH))
        if len(active) == 1
        else fmt.count(len(active), "job")
    ]
    if first.state == "queued":
        return " · ".join([*words, "waiting"])
    if first.progress is not None:
        words.append(fmt.percent(first.progress.fraction))
        words += _time_left(first.progress)
    return " · ".join(words)


def describe_job(job: Job, now: datetime) -> str:
    """Return how a job stands, in one line."""
    if job.state == "queued":
        return f"waiting, number {job.position} in the queue" if job.position else "waiting"
    if job.state != "running":
        ended = job.manifest.finished_at or job.manifest.submitted_at
        return f"{STATE_WORDS.get(job.state, job.state)} {fmt.ago(ended, now)}"
    if job.is_cancelling:
        return "being cancelled"
    if job.progress is None:
        return "starting"
    progress = job.progress
    words = [f"{progress.stage}: {fmt.count(progress.done)} of {fmt.count(progress.total)}"]
    if progress.rate is not None:
        words.append(_speed(progress.rate))
    words += _time_left(progress)
    if progress.memory_bytes is not None:
        words.append(f"{progress.device}, {fmt.file_size(progress.memory_bytes)}")
    return " · ".join(words)


def _draw(list_jobs: ListJobs, cancel: CancelJob) -> None:
    jobs = list_jobs()
    active = _active_ids(jobs)
    if st.session_state.get(ACTIVE_KEY, set()) - active:
        st.rerun()  # which notes what is active now; a page that did not get so far is asked again
    st.session_state[ACTIVE_KEY] = active
    with st.popover(chip_label(jobs), key="sxt-jobs-chip", width="stretch"):
        _draw_panel(jobs, cancel)


def _draw_panel(jobs: Sequence[Job], cancel: CancelJob) -> None:
    now = utc_now()
    active = [job for job in jobs if job.manifest.is_active]
    recent = [job for job in jobs if not job.manifest.is_active and _is_recent(job, now)][:N_RECENT]
    for job in active:
        _draw_active(job, cancel, now)
    for job in recent:
        title = escape_markdown(shorten(job.manifest.title, TITLE_LENGTH))
        st.markdown(f"{title}  \n:gray[{escape_markdown(describe_job(job, now))}]")
        if job.manifest.error:
            st.caption(escape_markdown(job.manifest.error))
    if not active and not recent:
        st.caption("Nothing runs or waits.")
    if has_page("jobs"):
        st.page_link(page_file("jobs"), label="All jobs")


def _draw_active(job: Job, cancel: CancelJob, now: datetime) -> None:
    title = escape_markdown(shorten(job.manifest.title, TITLE_LENGTH))
    st.markdown(f"**{title}**  \n:gray[{escape_markdown(describe_job(job, now))}]")
    if job.state == "running" and job.progress is not None:
        st.progress(job.progress.fraction)
        if job.progress.note:
            st.caption(escape_markdown(job.progress.note))
    st.button(
        "Cancel",
        key=f"sxt-cancel-{job.id}",
        on_click=cancel,
        args=(job.id,),
        disabled=job.is_cancelling,
        help=None if not job.is_cancelling else "It stops within a few seconds.",
    )


def _speed(per_s: float) -> str:
    return f"{fmt.number(per_s)} a second" if per_s >= SLOW_PER_S else f"{fmt.number(60 * per_s)} a minute"


def _time_left(progress: JobProgress) -> list[str]:
    """Return the time left in words, or nothing where there is no estimate or it has run out."""
    if progress.seconds_left is None or progress.seconds_left < 1:
        return []
    return [f"{fmt.duration(progress.seconds_left)} left"]


def _active_ids(jobs: Sequence[Job]) -> set[str]:
    return {job.id for job in jobs if job.manifest.is_active}


def _is_recent(job: Job, now: datetime) -> bool:
    ended = job.manifest.finished_at or job.manifest.submitted_at
    return (now - ended).total_seconds() < RECENT_S
