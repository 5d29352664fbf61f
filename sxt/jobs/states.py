"""How a job goes from one state to the next; each step is a change of its manifest under the workspace's lock."""

from typing import Any

from sxt.workspace import JobManifest, WorkerInfo
from sxt.workspace.clock import utc_now

MAX_WORKER_DEATHS = 1
"""How often a job is tried again after the worker that ran it died."""

MAX_ATTEMPTS = 5
"""How often a job is started at all, counting those starts after which the whole server died."""

RUN_LOCK = "run.lock"
"""In the job's folder; held by the worker as long as it works on the job."""

DIED = (
    "The worker process died {times} while it ran this job, most likely for lack of memory; see the log, "
    "use a smaller tomogram or tile, and try again."
)
INTERRUPTED = "The job was started {attempts} times and never came to its end; see the log, then try again."
UNEXPECTED = "An unexpected error stopped the job; its log has the details."


def begin(job: JobManifest, worker: WorkerInfo) -> JobManifest:
    """A worker takes the job up; what is not waiting for that stays as it is."""
    if job.state == "running":
        job = worker_died(job)  # it was running elsewhere, but the lock of its runner is free
    if job.state != "queued":
        return job
    if job.attempts >= MAX_ATTEMPTS:
        return fail(job, INTERRUPTED.format(attempts=job.attempts))
    return _with(
        job, state="running", attempts=job.attempts + 1, started_at=utc_now(), finished_at=None, worker=worker
    )


def succeed(job: JobManifest, results: tuple[str, ...], note: str) -> JobManifest:
    """The work is done."""
    return _with(job, state="done", finished_at=utc_now(), results=results, note=note)


def fail(job: JobManifest, error: str, *, is_expected: bool = True) -> JobManifest:
    """The work came to nothing."""
    return _with(job, state="failed", finished_at=utc_now(), error=error, is_error_expected=is_expected)


def cancel(job: JobManifest, by: str) -> JobManifest:
    """Somebody wants it to stop: at once where it waits, as soon as its worker sees it where it runs."""
    if job.state == "queued":
        now = utc_now()
        return _with(job, state="cancelled", finished_at=now, cancel_requested_at=now, cancel_requested_by=by)
    if job.state == "running" and job.cancel_requested_at is None:
        return _with(job, cancel_requested_at=utc_now(), cancel_requested_by=by)
    return job


def cancelled(job: JobManifest) -> JobManifest:
    """It has stopped as asked."""
    return _with(job, state="cancelled", finished_at=utc_now()) if job.state == "running" else job


def worker_died(job: JobManifest) -> JobManifest:
    """Its worker died: it is tried once more, then it has failed; a job somebody wanted to stop has stopped."""
    if job.state != "running":
        return job
    if job.cancel_requested_at is not None:
        return cancelled(job)
    deaths = job.worker_deaths + 1
    if deaths > MAX_WORKER_DEATHS:
        times = "once" if deaths == 1 else "twice" if deaths == 2 else f"{deaths} times"
        return fail(_with(job, worker_deaths=deaths), DIED.format(times=times))
    return _with(job, state="queued", worker_deaths=deaths)


def orphaned(job: JobManifest, *, counts: bool = True) -> JobManifest:
    """Its server stopped: it waits again; a job somebody wanted to stop has stopped.

    ``counts`` is false where the server stopped in an orderly way, so that this start does not count.
    """
    if job.state != "running":
        return job
    if job.cancel_requested_at is not None:
        return cancelled(job)
    return _with(job, state="queued", attempts=job.attempts if counts else max(0, job.attempts - 1))


def again(job: JobManifest, order: int) -> JobManifest:
    """It is put at the end of the queue once more."""
    return _with(
        job,
        state="queued",
        order=order,
        attempts=0,
        worker_deaths=0,
        started_at=None,
        finished_at=None,
        cancel_requested_at=None,
        cancel_requested_by=None,
        error=None,
        is_error_expected=True,
        results=(),
        note="",
    )


def _with(job: JobManifest, **changes: Any) -> JobManifest:
    return job.model_copy(update=changes)
