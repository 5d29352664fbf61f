"""What a worker does with a job; runs in the worker's process."""

import contextlib
import errno
import os
import socket
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

from sxt.errors import Cancelled, SxtError
from sxt.jobs import states
from sxt.jobs.kinds import JobContext, JobKind, JobOutcome, load_kind
from sxt.jobs.log import JobLog
from sxt.jobs.progress_file import ProgressWriter, forget_progress
from sxt.progress import CancelToken, Progress
from sxt.workspace import JobManifest, WorkerInfo, Workspace
from sxt.workspace.locks import PathLock

POLL_S = 0.2
LOCK_WAIT_S = 20.0
"""How long to wait for a worker of a killed server to end."""

ANY_DEVICE = "auto"


def run_job(root: str, job_id: str, kind_place: str, devices: Mapping[str, str]) -> None:
    """Run a job of the workspace at ``root``; how it ended stands in its manifest.

    Parameters
    ----------
    root : str
    job_id : str
    kind_place : str
        ``module:attribute`` of its kind.
    devices : mapping
        Name of a worker to the device it uses.
    """
    from distributed import get_worker

    dask_worker = get_worker()
    worker = WorkerInfo(host=socket.gethostname(), pid=os.getpid(), address=dask_worker.address)
    device = devices.get(str(dask_worker.name), ANY_DEVICE)
    run_job_here(Workspace(root), job_id, load_kind(kind_place), worker, device=device)


def run_job_here(
    workspace: Workspace,
    job_id: str,
    kind: JobKind,
    worker: WorkerInfo,
    *,
    device: str = ANY_DEVICE,
) -> None:
    """Run a job in this process, unless another process is at it."""
    folder = workspace.jobs.path(job_id)
    lock = PathLock(folder / states.RUN_LOCK)
    if not lock.acquire(timeout_s=LOCK_WAIT_S):
        return
    try:
        job = workspace.jobs.change(job_id, lambda old: states.begin(old, worker))
        if job.state == "running" and job.worker == worker:
            _Run(workspace, job, kind, device).go()
    finally:
        lock.release()


class _Run:
    """One attempt at one job."""

    def __init__(self, workspace: Workspace, job: JobManifest, kind: JobKind, device: str) -> None:
        self._workspace = workspace
        self._job = job
        self._kind = kind
        self._device = device
        self._folder = workspace.jobs.path(job.id)
        self._log = JobLog(self._folder)
        self._cancel = CancelToken()

    def go(self) -> None:
        worker = self._job.worker
        assert worker is not None
        self._log.write(f"Attempt {self._job.attempts} starts in process {worker.pid} on {worker.host}.")
        forget_progress(self._folder)
        try:
            with self._log.collecting_warnings(), self._watching():
                outcome = self._work()
        except Cancelled:
            self._log.write("It was cancelled.")
            self._remove_half_made()
            self._workspace.jobs.change(self._job.id, states.cancelled)
        except Exception as error:
            self._finish_failed(error)
        else:
            self._log.write(f"It is done. {outcome.note}".rstrip())
            self._workspace.jobs.change(
                self._job.id,
                lambda job: states.succeed(job, outcome.results, outcome.note) if self._is_mine(job) else job,
            )

    def _work(self) -> JobOutcome:
        settings = self._kind.settings.model_validate(self._job.settings)
        context = JobContext(
            workspace=self._workspace,
            job=self._job,
            device=self._device,
            progress=_LoggedProgress(self._folder, self._log),
            cancel=self._cancel,
        )
        return self._kind.run(context, settings)

    def _finish_failed(self, error: Exception) -> None:
        message = _explain(error)
        if isinstance(error, SxtError):
            self._log.write(f"It failed: {error}")
        else:
            self._log.write_traceback(error)
        self._workspace.jobs.change(
            self._job.id,
            lambda job: (
                states.fail(job, message or states.UNEXPECTED, is_expected=message is not None)
                if self._is_mine(job)
                else job
            ),
        )

    def _is_mine(self, job: JobManifest) -> bool:
        """Return whether this attempt is still the one that counts."""
        return job.state == "running" and job.attempts == self._job.attempts

    def _remove_half_made(self) -> None:
        if self._kind.makes is not None and self._job.item_id is not None:
            self._workspace.items(self._kind.makes).remove_partial(self._job.item_id)

    @contextlib.contextmanager
    def _watching(self) -> Iterator[None]:
        """Set the cancel token when somebody asks for it, or the job is gone."""
        is_over = threading.Event()

        def watch() -> None:
            while not is_over.wait(POLL_S):
                job = self._workspace.jobs.find(self._job.id)
                if job is None or job.cancel_requested_at is not None:
                    self._cancel.cancel()

        watcher = threading.Thread(target=watch, name="job-watch", daemon=True)
        watcher.start()
        try:
            yield
        finally:
            is_over.set()
            watcher.join()


class _LoggedProgress:
    """A progress callback that keeps the job's progress file and logs each stage and note."""

    def __init__(self, folder: Path, log: JobLog) -> None:
        self._write = ProgressWriter(folder)
        self._log = log
        self._stage = ""
        self._note = ""

    def __call__(self, progress: Progress) -> None:
        if progress.stage != self._stage:
            self._stage = progress.stage
            self._log.write(f"Stage: {progress.stage}")
        if progress.note and progress.note != self._note:
            self._note = progress.note
            self._log.write(progress.note)
        self._write(progress)


def _explain(error: Exception) -> str | None:
    """Return what a user can do about an error; None for one that nobody expected."""
    if isinstance(error, SxtError):
        return str(error)
    if isinstance(error, MemoryError):
        return "The memory of this machine is not enough for this job; use a smaller tomogram or tile."
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "The disk is full; free some space or empty the trash, then try again."
    return None
