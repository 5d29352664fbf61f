"""How far a job is: written by its worker, read by everybody."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from sxt.files import write_text_atomically
from sxt.jobs.usage import Usage, measure_usage
from sxt.progress import Progress

PROGRESS_FILE = "progress.json"
WRITE_INTERVAL_S = 0.5
LEAST_RATE_TIME_S = 0.5
"""A rate over a shorter time says little."""


class ProgressRecord(BaseModel):
    """What the file holds; times are seconds since 1970."""

    model_config = ConfigDict(frozen=True)

    stage: str
    done: int
    total: int
    note: str
    stage_started_at: float
    done_at_start: int
    updated_at: float
    device: str = ""
    memory_bytes: int | None = None


@dataclass(frozen=True)
class JobProgress:
    """How far a job is.

    Parameters
    ----------
    stage : str
    done, total : int
        Units of the stage.
    rate : float or None
        Units a second, over the stage so far.
    seconds_left : float or None
        Of the stage.
    note : str
        The last sentence worth telling.
    device : str
        What computes, empty where it is not told.
    memory_bytes : int or None
        What the worker holds in the device's memory.
    """

    stage: str
    done: int
    total: int
    rate: float | None
    seconds_left: float | None
    note: str
    device: str = ""
    memory_bytes: int | None = None

    @property
    def fraction(self) -> float:
        """Share of the stage that is done, 0 to 1."""
        return min(1.0, self.done / self.total) if self.total > 0 else 0.0


class ProgressWriter:
    """A progress callback that keeps the file up to date, at most twice a second within a stage.

    Parameters
    ----------
    folder : Path
        Of the job.
    clock : callable
        Returns seconds since 1970.
    measure : callable
        Returns what the worker uses.
    """

    def __init__(
        self,
        folder: Path,
        *,
        clock: Callable[[], float] = time.time,
        measure: Callable[[], Usage] = measure_usage,
    ) -> None:
        self._path = folder / PROGRESS_FILE
        self._clock = clock
        self._measure = measure
        self._stage: str | None = None
        self._stage_started_at = 0.0
        self._done_at_start = 0
        self._note = ""
        self._written_at = float("-inf")

    def __call__(self, progress: Progress) -> None:
        now = self._clock()
        is_news = progress.stage != self._stage or progress.done >= progress.total
        if progress.stage != self._stage:
            self._stage, self._stage_started_at, self._done_at_start = progress.stage, now, progress.done
        if progress.note and progress.note != self._note:
            self._note, is_news = progress.note, True
        if not is_news and now - self._written_at < WRITE_INTERVAL_S:
            return
        usage = self._measure()
        record = ProgressRecord(
            stage=progress.stage,
            done=progress.done,
            total=progress.total,
            note=self._note,
            stage_started_at=self._stage_started_at,
            done_at_start=self._done_at_start,
            updated_at=now,
            device=usage.device,
            memory_bytes=usage.memory_bytes,
        )
        write_text_atomically(self._path, record.model_dump_json())
        self._written_at = now


def read_progress(folder: Path, *, now: float | None = None) -> JobProgress | None:
    """Return how far the job of a folder is; None where it has not reported yet."""
    try:
        record = ProgressRecord.model_validate_json((folder / PROGRESS_FILE).read_bytes())
    except (FileNotFoundError, NotADirectoryError, ValidationError):
        return None
    return _judge(record, time.time() if now is None else now)


def forget_progress(folder: Path) -> None:
    """Remove what an earlier run reported."""
    (folder / PROGRESS_FILE).unlink(missing_ok=True)


def _judge(record: ProgressRecord, now: float) -> JobProgress:
    taken_s = record.updated_at - record.stage_started_at
    n_done = record.done - record.done_at_start
    rate = n_done / taken_s if n_done > 0 and taken_s >= LEAST_RATE_TIME_S else None
    left = None
    if rate is not None:
        left = max(0.0, (record.total - record.done) / rate - max(0.0, now - record.updated_at))
    return JobProgress(
        record.stage,
        record.done,
        record.total,
        rate,
        left,
        record.note,
        record.device,
        record.memory_bytes,
    )
