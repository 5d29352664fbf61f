"""Jobs run in this process, as a worker does it."""

import errno
import os
import threading

import pytest

from sxt.jobs import JobKind, JobOutcome, runner, states
from sxt.jobs.runner import run_job_here
from sxt.workspace import WorkerInfo
from sxt.workspace.locks import PathLock
from tests.jobs.kinds import PROBE, ProbeSettings

WORKER = WorkerInfo(host="here", pid=os.getpid(), address="tls://127.0.0.1:1")


@pytest.fixture
def run(store):
    def run(job, kind=PROBE, **options):
        run_job_here(store.workspace, job.id, kind, WORKER, **options)
        return store.get(job.id)

    return run


def kind_that(work, settings=ProbeSettings):
    return JobKind("probe", "compute", settings, work)


def test_a_finished_job_names_its_results(store, run):
    kind = kind_that(lambda context, settings: JobOutcome((context.job.item_id,), settings.label))
    job = run(store.submit("probe", {"label": "seven"}, by="ada"), kind)
    assert (job.state, job.manifest.note, job.manifest.results) == ("done", "seven", (job.manifest.item_id,))
    assert job.manifest.worker == WORKER


def test_the_job_is_given_the_device_of_its_worker(store, run):
    kind = kind_that(lambda context, _: JobOutcome(note=context.device))
    assert run(store.submit("probe", {}, by="ada"), kind, device="cuda:1").manifest.note == "cuda:1"
    assert run(store.submit("probe", {}, by="ada"), kind).manifest.note == "auto"


def test_a_job_that_is_over_is_not_run_again(store, run):
    job = store.submit("probe", {}, by="ada")
    store.cancel(job.id, by="ada")
    assert run(job).state == "cancelled"
    assert store.log(job.id) == ""


def test_a_job_that_another_process_runs_is_left_alone(store, run, monkeypatch):
    monkeypatch.setattr(runner, "LOCK_WAIT_S", 0.01)
    job = store.submit("probe", {}, by="ada")
    with PathLock(store.workspace.jobs.path(job.id) / states.RUN_LOCK):
        assert run(job).state == "queued"
    assert run(job).state == "done"


def test_a_full_disk_is_named(store, run):
    def fill(context, settings):
        raise OSError(errno.ENOSPC, "No space left on device")

    job = run(store.submit("probe", {}, by="ada"), kind_that(fill))
    assert (job.state, job.manifest.is_error_expected) == ("failed", True)
    assert job.manifest.error.startswith("The disk is full")


def test_a_job_that_was_given_up_meanwhile_stays_as_it_is(store, run):
    def be_given_up(context, settings):
        context.workspace.jobs.change(context.job.id, lambda old: states.fail(old, "given up"))
        return JobOutcome()

    assert run(store.submit("probe", {}, by="ada"), kind_that(be_given_up)).manifest.error == "given up"


def test_cancelling_reaches_the_work_and_removes_what_is_half_made(store, run):
    job = store.submit("probe", {"how": "waits"}, by="ada")
    folder = store.workspace.tomograms.prepare_partial(job.manifest.item_id)
    threading.Timer(0.3, lambda: store.cancel(job.id, by="bob")).start()
    assert run(job).state == "cancelled"
    assert not folder.exists()
