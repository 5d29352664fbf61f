"""Kinds of jobs whose end is known."""

import os
import signal
import time
from pathlib import Path
from typing import Literal

from sxt.errors import InputError
from sxt.jobs import KINDS, JobContext, JobKind, JobOutcome, JobSettings
from sxt.progress import Progress
from sxt.workspace import ItemKind, Workspace

How = Literal["done", "sxt error", "surprise", "memory", "dies", "dies once", "waits", "deaf"]


class ProbeSettings(JobSettings):
    """How the job ends; ``gate`` is a file it waits for, ``mark`` one to which it adds a line."""

    how: How = "done"
    label: str = "probe"
    gate: Path | None = None
    mark: Path | None = None
    needs: str | None = None

    def inputs(self) -> dict[str, ItemKind]:
        return {} if self.needs is None else {self.needs: "tomogram"}

    def describe(self, workspace: Workspace) -> str:
        return self.label


def run_probe(context: JobContext, settings: ProbeSettings) -> JobOutcome:
    if settings.mark is not None:
        with settings.mark.open("a") as stream:
            stream.write(settings.label + "\n")
    context.progress(Progress("probe", 1, 4, "one of four"))
    if settings.how == "sxt error":
        raise InputError("The cell is too small; give a larger one.")
    if settings.how == "surprise":
        raise ZeroDivisionError("nobody thought of this")
    if settings.how == "memory":
        raise MemoryError
    if settings.how == "dies" or (settings.how == "dies once" and context.job.worker_deaths == 0):
        os.kill(os.getpid(), signal.SIGKILL)
    while settings.how == "deaf":
        time.sleep(0.1)
    while settings.how == "waits" and not (settings.gate and settings.gate.exists()):
        context.cancel.raise_if_cancelled()
        time.sleep(0.02)
    context.progress(Progress("probe", 4, 4))
    return JobOutcome((), f"It ran as attempt {context.job.attempts}.")


PROBE = JobKind("probe", "compute", ProbeSettings, run_probe, makes="tomogram")
PROBE_DATA = JobKind("probe data", "data", ProbeSettings, run_probe)

TEST_KINDS = {**KINDS, "probe": "tests.jobs.kinds:PROBE", "probe data": "tests.jobs.kinds:PROBE_DATA"}
