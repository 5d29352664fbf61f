"""The queue of jobs: kept in the workspace, run by Dask, with progress, cancelling and going on after a crash."""

from sxt.jobs.engine import WorkerStatus
from sxt.jobs.kinds import KINDS, JobContext, JobKind, JobOutcome, JobSettings
from sxt.jobs.progress_file import JobProgress
from sxt.jobs.queue import JobQueue, QueueStatus
from sxt.jobs.reverting import revert_training_round
from sxt.jobs.store import Job, JobStore

__all__ = [
    "KINDS",
    "Job",
    "JobContext",
    "JobKind",
    "JobOutcome",
    "JobProgress",
    "JobQueue",
    "JobSettings",
    "JobStore",
    "QueueStatus",
    "WorkerStatus",
    "revert_training_round",
]
