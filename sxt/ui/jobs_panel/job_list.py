"""The jobs, one below the other: how far they are, what they made, why they failed, and what to do about it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import streamlit as st

from sxt.jobs import Job
from sxt.ui.access.user import current_user
from sxt.ui.choices import list_devices
from sxt.ui.errors import errors_shown
from sxt.ui.format import ago, count, duration
from sxt.ui.fragment import fragment
from sxt.ui.jobs_chip import POLL_S, describe_job
from sxt.ui.services import Services, services
from sxt.ui.shell import empty_state, has_page, page_file
from sxt.ui.text import escape_markdown, shorten
from sxt.workspace import JobState, Workspace
from sxt.workspace.clock import utc_now

BADGES: dict[JobState, tuple[str, Literal["blue", "gray", "green", "red", "orange"]]] = {
    "running": ("running", "blue"),
    "queued": ("waiting", "gray"),
    "done": ("done", "green"),
    "failed": ("failed", "red"),
    "cancelled": ("cancelled", "orange"),
}
FILTERS: dict[str, frozenset[JobState]] = {
    "All": frozenset(BADGES),
    "Running": frozenset({"running", "queued"}),
    "Done": frozenset({"done"}),
    "Failed": frozenset({"failed"}),
    "Cancelled": frozenset({"cancelled"}),
}
KIND_WORDS = {
    "import": "bring in",
    "demo": "simulate",
    "segment": "segment",
    "threshold": "threshold",
    "surface": "surfaces",
    "import-labels": "bring in labels",
    "propose": "propose labels",
    "segment-propose": "segment and propose labels",
    "suggest": "what to label next",
    "suggest-turned": "what to label next",
    "train": "train",
    "revert-round": "revert a round",
    "compare": "compare",
}
JOB_PARAM = "job"
PAGE_SIZE = 20
SHOWN_KEY = "sxt-jobs-shown"
FILTER_KEY, MINE_KEY = "sxt-jobs-filter", "sxt-jobs-mine"
TITLE_LENGTH = 120
LINK_LENGTH = 60
LOG_HEIGHT_PX = 320
LINES_THAT_FIT = 14


@dataclass(frozen=True)
class ResultLink:
    """A page that shows what a job made: its name, and what to select there."""

    page: str
    label: str
    params: dict[str, str]


def draw_filters(jobs: Sequence[Job]) -> None:
    """Draw the switches that say which jobs are listed; `draw_jobs` goes by them."""
    st.segmented_control(
        "State",
        list(FILTERS),
        default="All",
        required=True,
        format_func=lambda name: f"{name} ({sum(job.state in FILTERS[name] for job in jobs)})",
        wrap=True,
        key=FILTER_KEY,
    )
    if any(job.manifest.submitted_by != current_user() for job in jobs):
        st.toggle("Only mine", key=MINE_KEY)
    over = [job for job in jobs if not job.manifest.is_active]
    if over:
        with st.popover("Forget jobs that are over"):
            st.write("Their logs go; what they made stays. Failed jobs can then not be tried again.")
            st.button(f"Forget {count(len(over), 'job')}", key="sxt-jobs-forget", on_click=_forget_over)


def draw_jobs() -> None:
    """Draw the jobs; anew every two seconds while one runs or waits."""
    is_busy = any(job.manifest.is_active for job in services().jobs.list())
    fragment(_draw, run_every=POLL_S if is_busy else None)()


def list_results(workspace: Workspace, job: Job) -> list[ResultLink]:
    """Return the pages that show what a job made, as far as it is still there."""
    links = []
    for item_id in job.manifest.results:
        if tomogram := workspace.tomograms.find(item_id):
            links.append(ResultLink("viewer", tomogram.name, {"tomogram": item_id}))
        elif segmentation := workspace.segmentations.find(item_id):
            links.append(ResultLink("segment", segmentation.name, {"segmentation": item_id}))
        elif surface := workspace.surfaces.find(item_id):
            params = {"segmentation": surface.segmentation_id, "surface": item_id}
            links.append(ResultLink("surface", surface.name, params))
    return links


def find_device(opened: Services, job: Job) -> str:
    """Return what a job with the network ran on, or runs or will run on; empty for other jobs."""
    for item_id in job.manifest.results:
        if segmentation := opened.workspace.segmentations.find(item_id):
            return segmentation.device
    if job.manifest.lane != "compute":
        return ""
    if job.manifest.settings.get("device") == "cpu":
        return "CPU"
    return list_devices(has_cluster=opened.settings.scheduler is not None)[0].name


def describe_facts(job: Job, now: datetime, device: str = "") -> str:
    """Return what kind of job it is, whose, since when, how long it took, and on what, in a line."""
    manifest = job.manifest
    parts = [
        KIND_WORDS.get(manifest.kind, manifest.kind),
        f"by {manifest.submitted_by}",
        f"submitted {ago(manifest.submitted_at, now)}",
    ]
    if manifest.started_at is not None:
        until = manifest.finished_at or now
        took = duration((until - manifest.started_at).total_seconds())
        parts.append(f"took {took}" if manifest.finished_at else f"for {took}")
    host = "" if manifest.worker is None else manifest.worker.host
    if device or host:
        parts.append(f"on {device} ({host})" if device and host else f"on {device or host}")
    if manifest.attempts > 1:
        parts.append(f"started {manifest.attempts} times")
    return " · ".join(parts)


def _draw() -> None:
    jobs = services().jobs.list()
    asked = st.query_params.get(JOB_PARAM)
    found = next((job for job in jobs if job.id == asked), None)
    if found is not None:
        st.button("All jobs", key="sxt-jobs-all", on_click=_show_all)
        _draw_job(found, is_open=True)
        return
    if asked:
        st.info("There is no such job; it may have been forgotten.")
    shown = _filtered(jobs)
    if not jobs:
        empty_state(
            "Nothing was asked for yet. What takes time runs as a job and appears here.",
            action="Bring in a tomogram",
            page="upload",
            key="no-jobs",
        )
    elif not shown:
        st.caption("There is no such job.")
    n_shown = st.session_state.get(SHOWN_KEY, PAGE_SIZE)
    for job in shown[:n_shown]:
        _draw_job(job, is_open=False)
    if len(shown) > n_shown:
        label = f"Show more of {count(len(shown), 'job')}"
        st.button(label, key="sxt-jobs-more", on_click=_show_more, args=(n_shown,))


def _filtered(jobs: Sequence[Job]) -> list[Job]:
    states = FILTERS[st.session_state.get(FILTER_KEY) or "All"]
    is_mine_only = st.session_state.get(MINE_KEY, False)
    me = current_user()
    return [
        job for job in jobs if job.state in states and (not is_mine_only or job.manifest.submitted_by == me)
    ]


def _draw_job(job: Job, *, is_open: bool) -> None:
    now = utc_now()
    word, colour = BADGES[job.state]
    with st.container(border=True, gap="xsmall", key=f"sxt-job-{job.id}"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{escape_markdown(shorten(job.manifest.title, TITLE_LENGTH))}**")
            st.badge(word, color=colour)
        if job.manifest.is_active:
            _draw_progress(job, now)
        if job.manifest.error:
            st.error(escape_markdown(job.manifest.error))
        if job.manifest.note:
            st.write(escape_markdown(job.manifest.note))
        st.caption(escape_markdown(describe_facts(job, now, find_device(services(), job))))
        _draw_actions(job)
        _draw_log(job, is_open=is_open)


def _draw_progress(job: Job, now: datetime) -> None:
    state = escape_markdown(describe_job(job, now))
    if job.state == "queued":
        st.markdown(state)
        return
    st.progress(0.0 if job.progress is None else job.progress.fraction, text=state)
    if job.progress is not None and job.progress.note:
        st.caption(escape_markdown(job.progress.note))


def _draw_actions(job: Job) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        for link in list_results(services().workspace, job):
            if has_page(link.page):
                label = f"Open {escape_markdown(shorten(link.label, LINK_LENGTH))}"
                st.page_link(page_file(link.page), label=label, query_params=link.params)
        if job.manifest.is_active:
            _button("Cancel", job, _cancel, disabled=job.is_cancelling)
        if job.state in ("failed", "cancelled"):
            _button("Try again", job, _retry)
        if not job.manifest.is_active:
            _button("Forget", job, _forget)


def _button(label: str, job: Job, act: Callable[[str], None], *, disabled: bool = False) -> None:
    key = f"sxt-job-{label.lower().replace(' ', '-')}-{job.id}"
    st.button(label, key=key, on_click=act, args=(job.id,), disabled=disabled)


def _draw_log(job: Job, *, is_open: bool) -> None:
    """Draw the fold of the log, which is read only when it is open."""
    fold = st.expander(
        "Log", expanded=is_open, key=f"sxt-job-log-{job.id}-{is_open}", type="compact", on_change="rerun"
    )
    if not fold.open:
        return
    with fold:
        text = services().jobs.log(job.id)
        height: int | Literal["content"] = LOG_HEIGHT_PX if text.count("\n") > LINES_THAT_FIT else "content"
        st.code(text or "Nothing was logged.", language=None, height=height)
        st.caption(f"job {job.id}")


def _cancel(job_id: str) -> None:
    with errors_shown():
        services().jobs.cancel(job_id, by=current_user())


def _retry(job_id: str) -> None:
    with errors_shown():
        services().jobs.retry(job_id, by=current_user())


def _forget(job_id: str) -> None:
    with errors_shown():
        services().jobs.remove(job_id, by=current_user())
    if st.query_params.get(JOB_PARAM) == job_id:
        _show_all()


def _forget_over() -> None:
    store = services().jobs
    with errors_shown():
        for job in store.list(states=("done", "failed", "cancelled")):
            store.remove(job.id, by=current_user())


def _show_all() -> None:
    st.query_params.pop(JOB_PARAM, None)


def _show_more(n_shown: int) -> None:
    st.session_state[SHOWN_KEY] = n_shown + PAGE_SIZE
