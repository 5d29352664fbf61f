"""Dask as the engine of the queue: a cluster in processes of this machine, or one that runs elsewhere."""

import contextlib
import logging
import os
import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sxt.errors import ResourceError
from sxt.jobs.runner import run_job
from sxt.jobs.spawning import leave_out_main_module
from sxt.workspace import Lane, WorkerInfo

COMPUTE_RESOURCE, DATA_RESOURCE = "GPU", "DATA"
"""What workers declare: ``GPU`` for jobs with the network, also where it runs on a CPU; ``DATA`` for the rest."""

NO_DASHBOARD = {"dashboard": False, "dashboard_address": "127.0.0.1:0"}
"""Dask opens a port for pages in any case: on this machine alone, and without pages."""

CONNECT_LIMIT_S = 10
CLOSE_LIMIT_S = 20
WORKERS_LIMIT_S = 60
WORKER_ENVIRONMENT = {"THP_MEM_ALLOC_ENABLE": "1"}
"""Lets torch back large arrays with huge pages, which saves up to half of the time of a slice on a CPU."""

EMBEDDED_SETTINGS = {
    "distributed.nanny.pre-spawn-environ": {},  # Dask would otherwise keep torch to a single thread
    "distributed.worker.multiprocessing-method": "spawn",
    "distributed.worker.preload": ["sxt.jobs.worker_setup"],
    "distributed.deploy.lost-worker-timeout": "1 day",  # Dask would otherwise give up one that starts slowly
    "distributed.scheduler.http.routes": [],
    "distributed.worker.http.routes": [],
    # What only Dask's own pages would show takes a few percent of a core while nothing runs.
    "distributed.worker.profile.enabled": False,
    "distributed.admin.system-monitor.interval": "10s",
    "distributed.admin.tick.interval": "500ms",
    # One job a worker: there is nothing to move about.
    "distributed.scheduler.work-stealing": False,
    "distributed.scheduler.active-memory-manager.start": False,
}


@dataclass(frozen=True)
class WorkerStatus:
    """A worker: its name, its address, and the lanes whose jobs it takes."""

    name: str
    address: str
    lanes: tuple[Lane, ...]


class Engine:
    """A Dask cluster that runs jobs.

    Parameters
    ----------
    scheduler : str or None
        Address of a scheduler; None starts a cluster on this machine that ends with this process.
    n_gpus : int
        GPUs of this machine, each of which gets a worker; with none there is one worker for the CPU.

    Notes
    -----
    The cluster on this machine listens on 127.0.0.1 alone and takes only connections that present its certificate,
    which is made anew at each start and stays in memory: other users of the machine cannot have it run their code.
    """

    def __init__(self, scheduler: str | None, *, n_gpus: int = 0) -> None:
        self._scheduler = scheduler
        self._n_gpus = n_gpus
        self._cluster: Any = None
        self._client: Any = None
        self._workers: Mapping[str, Any] = {}

    @property
    def is_embedded(self) -> bool:
        return self._scheduler is None

    @property
    def is_connected(self) -> bool:
        """Whether there is a client whose scheduler answers and, on this machine, somebody who restarts each worker."""
        if self._client is None or self._client.status != "running":
            return False
        return self._cluster is None or len(self._cluster.workers) == max(1, self._n_gpus) + 1

    @property
    def address(self) -> str:
        """The scheduler's address; empty where it does not run yet."""
        if self._scheduler is not None:
            return self._scheduler
        return "" if self._cluster is None else str(self._cluster.scheduler_address)

    def start(self) -> None:
        """Start the cluster, or connect to it.

        Raises
        ------
        ResourceError
            Where that fails.
        """
        from distributed import Client

        self.close()
        try:
            if self.is_embedded:
                self._cluster = _start_cluster(max(1, self._n_gpus))
                self._client = Client(self._cluster, set_as_default=False)
                self._client.wait_for_workers(len(self._cluster.workers), timeout=WORKERS_LIMIT_S)
            else:
                self._client = Client(self._scheduler, timeout=CONNECT_LIMIT_S, set_as_default=False)
            self.refresh()
        except (OSError, TimeoutError, ValueError, RuntimeError) as error:
            self.close()
            where = "The workers on this machine" if self.is_embedded else f"The scheduler {self._scheduler}"
            raise ResourceError(
                f"{where} cannot be started or reached ({error}); jobs wait until that is mended."
            ) from error

    def close(self) -> None:
        """End the workers of this machine at once, or disconnect from a cluster elsewhere."""
        if self._cluster is not None:
            for nanny in self._cluster.workers.values():
                nanny.close_gracefully()  # so that it does not start its worker again
                _kill(nanny.pid)
        if self._client is not None:
            with contextlib.suppress(OSError, TimeoutError):
                self._client.close(timeout=CLOSE_LIMIT_S)
        if self._cluster is not None:
            with contextlib.suppress(OSError, TimeoutError):
                self._cluster.close(timeout=CLOSE_LIMIT_S)
        self._client = self._cluster = None
        self._workers = {}

    def refresh(self) -> None:
        """Ask the scheduler which workers there are; the rest of this class goes by its last answer."""
        self._workers = self._client.scheduler_info()["workers"]

    def submit(
        self, root: str, job_id: str, kind_place: str, lane: Lane, *, when_done: Callable[[], None]
    ) -> Any:
        """Hand a job to the workers; returns Dask's future."""
        devices = {_worker_name("compute", index): f"cuda:{index}" for index in range(self._n_gpus)}
        future = self._client.submit(
            run_job,
            root,
            job_id,
            kind_place,
            devices if self.is_embedded else {},
            resources={self.resource(lane): 1},
            pure=False,
        )
        future.add_done_callback(lambda _: when_done())
        return future

    def resource(self, lane: Lane) -> str:
        """Return what a worker must offer to take jobs of a lane: those without one of their own share a GPU's."""
        if lane == "data" and self.is_embedded:
            return DATA_RESOURCE
        offers_data = lane == "data" and any(DATA_RESOURCE in each for each in self._resources().values())
        return DATA_RESOURCE if offers_data else COMPUTE_RESOURCE

    def count_slots(self, resource: str) -> int:
        """Return how many jobs that need a resource can run at the same time."""
        return sum(int(each.get(resource, 0)) for each in self._resources().values())

    def list_workers(self) -> list[WorkerStatus]:
        """Return the workers there are."""
        lanes: dict[Lane, str] = {lane: self.resource(lane) for lane in ("compute", "data")}
        return [
            WorkerStatus(
                str(info["name"]),
                address,
                tuple(lane for lane, resource in lanes.items() if resource in info["resources"]),
            )
            for address, info in self._workers.items()
        ]

    def kill_worker(self, worker: WorkerInfo) -> bool:
        """End the process of a worker at once, where something starts it again; return whether that was so."""
        if self.is_embedded:
            is_ours = worker.pid in {nanny.pid for nanny in self._cluster.workers.values()}
            return is_ours and _kill(worker.pid)
        info = self._workers.get(worker.address)
        if info is None or info.get("nanny") is None:
            return False
        self._client.run(_end_this_process, workers=[worker.address], wait=False)
        return True

    def _resources(self) -> dict[str, Mapping[str, float]]:
        return {address: info["resources"] for address, info in self._workers.items()}


def _start_cluster(n_compute: int) -> Any:
    import dask
    from distributed import Nanny, Scheduler, Security, SpecCluster

    security = Security.temporary()
    common = {"host": "127.0.0.1", "protocol": "tls://", "security": security, **NO_DASHBOARD}
    worker = {
        **common,
        "nthreads": 1,
        "memory_limit": 0,  # the operating system ends what takes too much, and the job is tried again
        "env": WORKER_ENVIRONMENT,
        "silence_logs": logging.ERROR,
    }
    names = {_worker_name("compute", index): COMPUTE_RESOURCE for index in range(n_compute)}
    names[_worker_name("data", 0)] = DATA_RESOURCE
    workers = {
        name: {"cls": Nanny, "options": {**worker, "name": name, "resources": {resource: 1}}}
        for name, resource in names.items()
    }
    scheduler = {
        "cls": Scheduler,
        "options": {**common, "port": 0, "allowed_failures": 0},
    }
    leave_out_main_module()
    dask.config.set(EMBEDDED_SETTINGS)  # for good: some are read only when a worker is lost
    return SpecCluster(workers=workers, scheduler=scheduler, security=security, silence_logs=logging.CRITICAL)


async def _end_this_process() -> None:
    """Run by a worker's event loop, also while a job keeps its other thread busy."""
    os._exit(1)


def _worker_name(lane: Lane, index: int) -> str:
    return f"{lane}-{index}"


def _kill(pid: int | None) -> bool:
    if pid is None:
        return False
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True
