"""The queue: hands waiting jobs to the workers in their order, and sees to those whose worker or server died."""

import json
import logging
import os
import socket
import threading
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from sxt.errors import SxtError
from sxt.files import write_text_atomically
from sxt.jobs import states
from sxt.jobs.engine import Engine, WorkerStatus
from sxt.jobs.gpus import count_gpus
from sxt.jobs.kinds import KINDS, JobSettings
from sxt.jobs.log import JobLog
from sxt.jobs.store import Job, JobStore
from sxt.workspace import JobManifest, Workspace
from sxt.workspace.clock import utc_now
from sxt.workspace.locks import PathLock, is_free

SERVER_LOCK = ".server.lock"
SERVER_FILE = ".server.json"
TICK_S = 0.5
CANCEL_GRACE_S = 1.5
"""How long a running job may take to stop by itself; then its worker is ended, and started anew."""

RECONNECT_S = 5.0
REFRESH_S = 10.0
"""How often to look at the workers while there is nothing to do."""

HAND_OVER_S = 5.0
"""How long the operating system may take to end a worker."""

NO_WORKER = (
    "No worker takes jobs with the network; wait for it to start, or start workers with --resources GPU=1."
)

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class QueueStatus:
    """How the queue stands.

    Parameters
    ----------
    is_owner : bool
        Whether this process hands out the jobs; otherwise another one does.
    owner : str
        Who does, in words; empty where nobody does.
    scheduler : str
        Address of the Dask scheduler; empty where it does not run here.
    workers : tuple of WorkerStatus
    problem : str
        Why jobs do not run, as a sentence; empty where they do.
    """

    is_owner: bool
    owner: str
    scheduler: str
    workers: tuple[WorkerStatus, ...]
    problem: str


class JobQueue(JobStore):
    """The jobs of a workspace, and what runs them.

    Of several processes that start the queue of the same workspace one runs the jobs; the others can submit, watch and
    cancel, and one of them takes over when it ends.

    Parameters
    ----------
    workspace : Workspace
    scheduler : str or None
        Address of a Dask scheduler whose workers see the workspace under the same path; None starts workers on this
        machine: one a GPU (one for the CPU where there is none), and one for what needs no network.
    n_gpus : int or None
        GPUs of this machine to use; None finds out.
    kinds : mapping
        As for `JobStore`.
    """

    def __init__(
        self,
        workspace: Workspace,
        scheduler: str | None = None,
        *,
        n_gpus: int | None = None,
        kinds: Mapping[str, str] = KINDS,
    ) -> None:
        super().__init__(workspace, kinds=kinds)
        self._scheduler = scheduler
        self._n_gpus = n_gpus
        self._engine: Engine | None = None
        self._lock = PathLock(workspace.jobs.root / SERVER_LOCK)
        self._futures: dict[str, Any] = {}
        self._resource_of: dict[str, str] = {}
        self._half_made: dict[str, JobManifest] = {}
        self._problem = ""
        self._refreshed_at = 0.0
        self._thread: threading.Thread | None = None
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._is_settled = threading.Event()

    def start(self) -> None:
        """Begin to run jobs; returns once the workers are up, or another process turns out to run the jobs."""
        if self._thread is not None:
            raise RuntimeError("the queue runs already")
        self._stopping.clear()
        self._is_settled.clear()
        self._thread = threading.Thread(target=self._serve, name="job-queue", daemon=True)
        self._thread.start()
        self._is_settled.wait()

    def stop(self) -> None:
        """Stop running jobs; those that run wait for the next start and go on then. May be called again."""
        if self._thread is None:
            return
        self._stopping.set()
        self._wake.set()
        self._thread.join()
        self._thread = None

    def __enter__(self) -> "JobQueue":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def status(self) -> QueueStatus:
        """Return who runs the jobs, with which workers, and what is in the way."""
        engine = self._engine
        workers: tuple[WorkerStatus, ...] = ()
        problem = self._problem
        if engine is not None:
            workers = tuple(engine.list_workers())
            if not problem and not any("compute" in each.lanes for each in workers):
                problem = NO_WORKER
        return QueueStatus(
            is_owner=self._lock.is_held,
            owner=self._describe_owner(),
            scheduler="" if engine is None else engine.address,
            workers=workers,
            problem=problem,
        )

    def submit(self, kind: str, settings: JobSettings | Mapping[str, Any], *, by: str) -> Job:
        """Put a job at the end of the queue; see `JobStore.submit`."""
        job = super().submit(kind, settings, by=by)
        self._wake.set()
        return job

    def cancel(self, job_id: str, *, by: str) -> Job:
        """Stop a job; see `JobStore.cancel`."""
        job = super().cancel(job_id, by=by)
        self._wake.set()
        return job

    def retry(self, job_id: str, *, by: str) -> Job:
        """Put a job that stopped at the end of the queue again; see `JobStore.retry`."""
        job = super().retry(job_id, by=by)
        self._wake.set()
        return job

    def _serve(self) -> None:
        """Run until `stop` is called; the thread's whole life."""
        wait_s = 0.0
        try:
            while not self._stopping.is_set():
                self._wake.wait(wait_s)
                self._wake.clear()
                wait_s = self._try_tick()
                self._is_settled.set()
        finally:
            self._is_settled.set()
            self._hand_over()

    def _try_tick(self) -> float:
        """Do what is due; return after how many seconds to look again."""
        try:
            if self._stopping.is_set() or not self._own():
                return TICK_S
            if self._engine is None or not self._engine.is_connected:
                self._connect()
            self._tick()
        except SxtError as error:
            self._problem = str(error)
            return RECONNECT_S
        except Exception:
            _log.exception("The queue of jobs stumbled")
            self._problem = "The queue of jobs met an unexpected error; the server's log has the details."
            return RECONNECT_S
        self._problem = ""
        return TICK_S

    def _own(self) -> bool:
        """Return whether this process runs the jobs; become the one that does where nobody else is."""
        if self._lock.is_held:
            return True
        if not self._lock.acquire(timeout_s=0):
            return False
        owner = {"host": socket.gethostname(), "pid": os.getpid(), "since": utc_now().isoformat()}
        write_text_atomically(self.workspace.jobs.root / SERVER_FILE, json.dumps(owner))
        removed = self.workspace.clean_leftovers()
        if removed:
            _log.info("Removed %d leftovers", len(removed))
        return True

    def _connect(self) -> None:
        self._futures.clear()
        self._resource_of.clear()
        if self._engine is None:
            n_gpus = 0 if self._scheduler is not None else self._n_gpus
            self._engine = Engine(self._scheduler, n_gpus=count_gpus() if n_gpus is None else n_gpus)
        self._engine.start()

    def _hand_over(self) -> None:
        """End the workers, let the jobs they ran wait again, and let another process take over."""
        if self._engine is not None:
            self._engine.close()
            self._engine = None
        if not self._lock.is_held:
            return
        for job in self._active():
            run_lock = PathLock(self.workspace.jobs.path(job.id) / states.RUN_LOCK)
            if job.state == "running" and run_lock.acquire(timeout_s=HAND_OVER_S):
                self.workspace.jobs.change(job.id, lambda old: states.orphaned(old, counts=False))
                run_lock.release()
        self._remove_what_cancelled_jobs_left()
        self._futures.clear()
        self._lock.release()

    def _tick(self) -> None:
        assert self._engine is not None
        self._harvest()
        jobs = self._active()
        if jobs or time.monotonic() - self._refreshed_at > REFRESH_S:
            self._engine.refresh()
            self._refreshed_at = time.monotonic()
        for job in jobs:
            if job.state == "running":
                self._look_after(job)
        self._remove_what_cancelled_jobs_left()
        self._hand_out(jobs)

    def _active(self) -> list[JobManifest]:
        """Return queued and running jobs in their order."""
        jobs = [job for job in self.workspace.jobs.list() if job.is_active]
        return sorted(jobs, key=lambda job: job.order)

    def _harvest(self) -> None:
        """Take note of the jobs that the workers are through with, in whatever way."""
        for job_id in [each for each, future in self._futures.items() if future.done()]:
            future = self._futures.pop(job_id)
            self._resource_of.pop(job_id)
            if future.status == "error":
                self._note_death(job_id, future)

    def _note_death(self, job_id: str, future: Any) -> None:
        """A task failed as a whole: its worker died, or could not even begin."""
        from distributed import KilledWorker

        if self.workspace.jobs.find(job_id) is None:
            return
        error = future.exception()
        log = JobLog(self.workspace.jobs.path(job_id))
        if isinstance(error, KilledWorker):
            if self.workspace.jobs.get(job_id).state == "running":
                log.write("The worker process died.")
            job = self.workspace.jobs.change(job_id, states.worker_died)
        else:
            log.write_traceback(error)
            job = self.workspace.jobs.change(
                job_id,
                lambda old: states.fail(old, states.UNEXPECTED, is_expected=False) if old.is_active else old,
            )
        if job.state == "cancelled":
            self._half_made[job_id] = job

    def _look_after(self, job: JobManifest) -> None:
        """See to a running job that was left alone or does not stop."""
        run_lock = self.workspace.jobs.path(job.id) / states.RUN_LOCK
        if job.id not in self._futures and is_free(run_lock):
            orphan = self.workspace.jobs.change(job.id, states.orphaned)
            JobLog(self.workspace.jobs.path(job.id)).write("It was interrupted.")
            if orphan.state == "cancelled":
                self._half_made[job.id] = orphan
            return
        asked_at = job.cancel_requested_at
        if asked_at is not None and (utc_now() - asked_at).total_seconds() >= CANCEL_GRACE_S:
            self._end_by_force(job)

    def _end_by_force(self, job: JobManifest) -> None:
        assert self._engine is not None
        if job.worker is None or not self._engine.kill_worker(job.worker):
            return
        JobLog(self.workspace.jobs.path(job.id)).write("It did not stop by itself; its worker was ended.")
        self._half_made[job.id] = self.workspace.jobs.change(job.id, states.cancelled)

    def _remove_what_cancelled_jobs_left(self) -> None:
        """Remove half-made items once the worker that made them has ended."""
        for job_id, job in list(self._half_made.items()):
            folder = self.workspace.jobs.path(job_id)
            if is_free(folder / states.RUN_LOCK):
                del self._half_made[job_id]
                now = self.workspace.jobs.find(job_id)
                if now is None or now.state == "cancelled":
                    self.remove_half_made(job)

    def _hand_out(self, jobs: Collection[JobManifest]) -> None:
        """Give waiting jobs to the workers, as many as can run, in their order."""
        assert self._engine is not None
        being_made = {job.item_id for job in jobs if job.item_id is not None}
        free: dict[str, int] = {}
        for job in jobs:
            if job.state != "queued" or job.id in self._futures or being_made & set(job.inputs):
                continue
            resource = self._engine.resource(job.lane)
            if resource not in free:
                taken = sum(each == resource for each in self._resource_of.values())
                free[resource] = self._engine.count_slots(resource) - taken
            if free[resource] > 0:
                self._submit(job, resource)
                free[resource] -= 1

    def _submit(self, job: JobManifest, resource: str) -> None:
        assert self._engine is not None
        if job.kind not in self._kinds:
            error = f"Jobs of the kind {job.kind!r} are unknown to this program; use a newer version of it."
            self.workspace.jobs.change(job.id, lambda old: states.fail(old, error))
            return
        self._resource_of[job.id] = resource
        self._futures[job.id] = self._engine.submit(
            str(self.workspace.root), job.id, self._kinds[job.kind], job.lane, when_done=self._wake.set
        )

    def _describe_owner(self) -> str:
        if self._lock.is_held:
            return f"process {os.getpid()} on {socket.gethostname()}"
        if is_free(self._lock.path):
            return ""
        try:
            owner = json.loads((self.workspace.jobs.root / SERVER_FILE).read_bytes())
        except (OSError, ValueError):
            return "another process"
        return f"process {owner['pid']} on {owner['host']}"
