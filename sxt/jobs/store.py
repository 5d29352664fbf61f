"""The jobs on disk: submitted, listed, cancelled and tried again, without anything that runs them."""

import builtins
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from sxt.errors import InputError, SettingsError
from sxt.jobs import states
from sxt.jobs.kinds import KINDS, JobKind, JobSettings, find_kind
from sxt.jobs.log import JobLog
from sxt.jobs.progress_file import JobProgress, read_progress
from sxt.workspace import JobManifest, JobState, Workspace
from sxt.workspace.clock import utc_now
from sxt.workspace.leftovers import remove_path
from sxt.workspace.manifest_files import MANIFEST_FILE, write_manifest
from sxt.workspace.names import shorten_name


@dataclass(frozen=True)
class Job:
    """A job as it stands now.

    Parameters
    ----------
    manifest : JobManifest
    progress : JobProgress or None
        None before the first report.
    position : int or None
        1 for the queued job that is next among those for the same workers; None where it is not queued.
    """

    manifest: JobManifest
    progress: JobProgress | None
    position: int | None

    @property
    def id(self) -> str:
        return self.manifest.id

    @property
    def state(self) -> JobState:
        return self.manifest.state

    @property
    def is_cancelling(self) -> bool:
        """Whether it runs but was asked to stop."""
        return self.state == "running" and self.manifest.cancel_requested_at is not None


class JobStore:
    """The jobs of a workspace; several processes may use it at the same time.

    Parameters
    ----------
    workspace : Workspace
    kinds : mapping
        The kinds of jobs there are, name to ``module:attribute``.
    """

    def __init__(self, workspace: Workspace, *, kinds: Mapping[str, str] = KINDS) -> None:
        self.workspace = workspace
        self._kinds = kinds

    def submit(self, kind: str, settings: JobSettings | Mapping[str, Any], *, by: str) -> Job:
        """Put a job at the end of the queue.

        A job may need an item that another queued or running job is making (its ``item_id``); it waits for that.

        Parameters
        ----------
        kind : str
            ``import``, ``demo``, ``segment``, ``threshold`` or ``surface``.
        settings : JobSettings or mapping
            As the kind defines them.
        by : str
            Who wants it done.

        Raises
        ------
        SettingsError
            An unknown kind, or settings that do not fit it.
        InputError
            Where an item that it needs is not there.
        """
        job_kind = find_kind(kind, self._kinds)
        checked = _check_settings(job_kind, settings)
        self._check_inputs(checked)
        workspace = self.workspace
        job = JobManifest(
            id=workspace.jobs.draw_id(),
            kind=kind,
            title=shorten_name(checked.describe(workspace)),
            settings=checked.model_dump(mode="json"),
            lane=job_kind.lane,
            item_id=None if job_kind.makes is None else workspace.items(job_kind.makes).draw_id(),
            inputs=tuple(checked.inputs()),
            submitted_by=by,
            submitted_at=utc_now(),
            order=0,
        )
        job = self._publish(job)
        workspace.activity.add("submitted", by=by, kind="job", item_id=job.id, name=job.title)
        return self._view(job)

    def list(self, states: Collection[JobState] | None = None) -> builtins.list[Job]:
        """Return all jobs, or those in some states: those that run, then those that wait in their order, then the rest.

        Those that are over come newest first.
        """
        rank = {"running": 0, "queued": 1}
        every = self.workspace.jobs.list()
        found = [job for job in every if states is None or job.state in states]
        found.sort(key=lambda job: (rank.get(job.state, 2), job.order if job.is_active else -_ended(job)))
        positions = _positions(every)
        return [Job(job, self._progress(job), positions.get(job.id)) for job in found]

    def get(self, job_id: str) -> Job:
        """Return a job; raise `InputError` where there is none."""
        return self._view(self.workspace.jobs.get(job_id))

    def cancel(self, job_id: str, *, by: str) -> Job:
        """Stop a job: at once where it waits, within three seconds where it runs; one that is over stays as it is."""
        before = self.workspace.jobs.get(job_id)
        job = self.workspace.jobs.change(job_id, lambda old: states.cancel(old, by))
        if job.state == "cancelled":
            self.remove_half_made(job)
        if before.is_active and before.cancel_requested_at is None:
            self.workspace.activity.add("cancelled", by=by, kind="job", item_id=job.id, name=job.title)
        return self._view(job)

    def retry(self, job_id: str, *, by: str) -> Job:
        """Put a failed or cancelled job at the end of the queue again; what it finished before it failed is kept.

        Raises
        ------
        SettingsError
            Where it is in another state.
        """

        def queue_again(job: JobManifest) -> JobManifest:
            if job.state not in ("failed", "cancelled"):
                raise SettingsError(
                    f"The job {job.title!r} is {job.state}; only a job that stopped can be repeated."
                )
            return states.again(job, self._next_order())

        job = self.workspace.jobs.change(job_id, queue_again)
        JobLog(self.workspace.jobs.path(job_id)).write(f"{by} tries it again.")
        self.workspace.activity.add("tried again", by=by, kind="job", item_id=job.id, name=job.title)
        return self._view(job)

    def log(self, job_id: str) -> str:
        """Return the log of a job, or its end where it is long."""
        self.workspace.jobs.get(job_id)
        return JobLog(self.workspace.jobs.path(job_id)).read()

    def remove(self, job_id: str, *, by: str) -> None:
        """Forget a job that is over, with its log and what it left half made; its results stay.

        Raises
        ------
        SettingsError
            Where it is not over.
        """
        with self.workspace.lock():
            job = self.workspace.jobs.get(job_id)
            if job.is_active:
                raise SettingsError(f"The job {job.title!r} is {job.state}; cancel it first.")
            doomed = self.workspace.jobs.partial_path(job_id)
            self.workspace.jobs.path(job_id).rename(doomed)
        remove_path(doomed)
        self.remove_half_made(job)
        self.workspace.activity.add("removed", by=by, kind="job", item_id=job.id, name=job.title)

    def remove_half_made(self, job: JobManifest) -> None:
        """Remove what a job left half made, if anything."""
        makes = find_kind(job.kind, self._kinds).makes if job.kind in self._kinds else None
        if makes is not None and job.item_id is not None:
            self.workspace.items(makes).remove_partial(job.item_id)

    def _view(self, job: JobManifest) -> Job:
        position = _positions(self.workspace.jobs.list()).get(job.id) if job.state == "queued" else None
        return Job(job, self._progress(job), position)

    def _progress(self, job: JobManifest) -> JobProgress | None:
        has_begun = job.state == "running" or job.finished_at is not None
        return read_progress(self.workspace.jobs.path(job.id)) if has_begun else None

    def _publish(self, job: JobManifest) -> JobManifest:
        """Give a job its place in the order and its folder its name, both at once."""
        jobs = self.workspace.jobs
        folder = jobs.prepare_partial(job.id)
        try:
            with self.workspace.lock():
                ordered = job.model_copy(update={"order": self._next_order()})
                write_manifest(folder / MANIFEST_FILE, ordered)
                jobs.move_into_place(folder, job.id)
        finally:
            jobs.remove_partial(job.id)
        return ordered

    def _next_order(self) -> int:
        """Return a number above those of all jobs; the workspace's lock must be held."""
        return max([time.time_ns(), *(job.order + 1 for job in self.workspace.jobs.list())])

    def _check_inputs(self, settings: JobSettings) -> None:
        being_made = {job.item_id for job in self.workspace.jobs.list() if job.is_active}
        for item_id, kind in settings.inputs().items():
            if item_id not in being_made and self.workspace.items(kind).find(item_id) is None:
                raise InputError(f"There is no {kind} {item_id!r}; it may have been deleted.")


def _check_settings(kind: JobKind, settings: JobSettings | Mapping[str, Any]) -> JobSettings:
    if isinstance(settings, kind.settings):
        return settings
    values = settings.model_dump() if isinstance(settings, JobSettings) else dict(settings)
    try:
        return kind.settings.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(each) for each in first["loc"]) or "settings"
        raise SettingsError(
            f"The job {kind.name} cannot be made of this ({place}: {first['msg']})."
        ) from error


def _positions(jobs: Sequence[JobManifest]) -> dict[str, int]:
    """Return the id of each queued job with its place among those of the same lane, from 1."""
    counts: dict[str, int] = {}
    positions = {}
    for job in sorted(jobs, key=lambda job: job.order):
        if job.state == "queued":
            counts[job.lane] = counts.get(job.lane, 0) + 1
            positions[job.id] = counts[job.lane]
    return positions


def _ended(job: JobManifest) -> float:
    return (job.finished_at or job.submitted_at).timestamp()
