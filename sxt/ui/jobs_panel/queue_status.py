"""Who runs the jobs, on what, and what is in the way."""

from collections.abc import Sequence

import streamlit as st

from sxt.jobs import Job, QueueStatus, WorkerStatus
from sxt.ui.choices import list_devices
from sxt.ui.format import count
from sxt.ui.services import services
from sxt.ui.text import escape_markdown

NOBODY = "Nobody runs jobs: they wait until the dashboard is started on this workspace."
DUTIES = {"compute": "segments and trains", "data": "brings in, reconstructs and measures"}


def draw_queue(jobs: Sequence[Job]) -> None:
    """Draw how the queue stands: problems first, then who runs it, with which workers, and how much there is to do."""
    status = services().jobs.status()
    problem = describe_problem(status)
    if problem:
        st.warning(escape_markdown(problem))
    running = sum(job.state == "running" for job in jobs)
    waiting = sum(job.state == "queued" for job in jobs)
    st.markdown(f"{count(running, 'job')} running, {count(waiting)} waiting.")
    if status.is_owner:
        has_cluster = services().settings.scheduler is not None
        devices = [each.name for each in list_devices(has_cluster=has_cluster)]
        lines = [describe_worker(each, devices[0]) for each in status.workers]
        if not lines and not problem:
            lines = ["The workers are starting."]
        st.caption("  \n".join(escape_markdown(line) for line in lines))
        place = f"the cluster at {status.scheduler}" if has_cluster else "this server"
        st.caption(escape_markdown(f"Jobs run on {place}, handed out by {status.owner}."))
    elif status.owner:
        st.caption(escape_markdown(f"Jobs are handed out by {status.owner}, which uses the same workspace."))


def describe_problem(status: QueueStatus) -> str:
    """Return why jobs do not run, as a sentence; empty where they do."""
    if status.problem:
        return status.problem
    return "" if status.owner or status.is_owner else NOBODY


def describe_worker(worker: WorkerStatus, device: str) -> str:
    """Return what a worker does: ``compute-0 (CPU): segments and trains``."""
    duties = ", ".join(DUTIES[lane] for lane in worker.lanes) or "takes no jobs"
    place = f" ({device})" if "compute" in worker.lanes else ""
    return f"{worker.name}{place}: {duties}"
