"""The kinds of jobs: what each takes, where it runs, and what it does."""

from sxt.jobs.kinds.base import JobContext, JobKind, JobOutcome, JobSettings
from sxt.jobs.kinds.registry import KINDS, find_kind, load_kind

__all__ = ["KINDS", "JobContext", "JobKind", "JobOutcome", "JobSettings", "find_kind", "load_kind"]
