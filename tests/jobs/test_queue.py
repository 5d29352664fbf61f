"""Jobs with real workers."""

import os

import pytest

from sxt.errors import SettingsError
from sxt.jobs import JobQueue
from tests.jobs.conftest import wait_for, wait_until, write_tomogram
from tests.jobs.kinds import TEST_KINDS

OVER = ("done", "failed", "cancelled")


def run(queue, **settings):
    return wait_for(queue, queue.submit("probe", settings, by="ada"), *OVER)


def test_a_job_runs_and_reports(queue):
    job = run(queue)
    manifest = job.manifest
    assert (job.state, manifest.note, manifest.attempts, manifest.error) == (
        "done",
        "It ran as attempt 1.",
        1,
        None,
    )
    assert manifest.submitted_at <= manifest.started_at <= manifest.finished_at
    assert (job.progress.stage, job.progress.done, job.progress.total) == ("probe", 4, 4)
    assert job.progress.note == "one of four"
    assert manifest.worker.pid != os.getpid()
    log = queue.log(job.id)
    assert "Attempt 1 starts" in log
    assert "Stage: probe" in log
    assert log.count("one of four") == 1
    assert "It is done. It ran as attempt 1." in log


def test_errors_that_a_user_can_mend_are_shown_as_they_are(queue):
    job = run(queue, how="sxt error")
    assert (job.state, job.manifest.error) == ("failed", "The cell is too small; give a larger one.")
    assert job.manifest.is_error_expected
    assert "Traceback" not in queue.log(job.id)
    assert "memory of this machine" in run(queue, how="memory").manifest.error


def test_other_errors_are_in_the_log_with_their_traceback(queue):
    job = run(queue, how="surprise")
    assert job.state == "failed"
    assert not job.manifest.is_error_expected
    assert "nobody thought" not in job.manifest.error
    log = queue.log(job.id)
    assert "Traceback" in log
    assert "ZeroDivisionError: nobody thought of this" in log


def test_jobs_run_one_by_one_in_the_order_of_submission(queue, tmp_path):
    gate, mark = tmp_path / "gate", tmp_path / "mark"
    first = queue.submit("probe", {"how": "waits", "gate": gate, "mark": mark, "label": "1"}, by="ada")
    wait_until(mark.exists, "the first job")
    rest = [queue.submit("probe", {"mark": mark, "label": label}, by="ada") for label in "23456"]
    assert queue.get(first.id).position is None
    assert [queue.get(job.id).position for job in rest] == [1, 2, 3, 4, 5]
    listed = [each.manifest.title for each in queue.list(("running", "queued"))]
    assert listed == ["1", "2", "3", "4", "5", "6"]
    other = wait_for(queue, queue.submit("probe data", {}, by="ada"), *OVER)
    assert (other.state, queue.get(first.id).state) == ("done", "running")  # data waits for no network
    assert other.manifest.worker.pid != queue.get(first.id).manifest.worker.pid
    gate.touch()
    wait_for(queue, rest[-1], "done")
    assert mark.read_text().split() == ["1", "2", "3", "4", "5", "6"]


def test_a_running_job_stops_when_asked(queue, tmp_path):
    mark = tmp_path / "mark"
    job = queue.submit("probe", {"how": "waits", "mark": mark}, by="ada")
    wait_until(mark.exists, "the start")
    pid = wait_for(queue, job, "running").manifest.worker.pid
    assert queue.cancel(job.id, by="bob").is_cancelling
    stopped = wait_for(queue, job, *OVER)
    assert (stopped.state, stopped.manifest.cancel_requested_by) == ("cancelled", "bob")
    assert "It was cancelled." in queue.log(job.id)
    assert run(queue).manifest.worker.pid == pid  # it stopped by itself


def test_a_job_that_does_not_listen_is_ended(queue, tmp_path):
    mark = tmp_path / "mark"
    job = queue.submit("probe", {"how": "deaf", "mark": mark}, by="ada")
    wait_until(mark.exists, "the start")
    running = wait_for(queue, job, "running").manifest
    half_made = queue.workspace.tomograms.prepare_partial(running.item_id)
    queue.cancel(job.id, by="bob")
    stopped = wait_for(queue, job, *OVER)
    assert stopped.state == "cancelled"
    wait_until(lambda: not half_made.exists(), "the removal of what it left")
    assert "its worker was ended" in queue.log(job.id)
    after = run(queue)
    assert (after.state, after.manifest.worker_deaths) == ("done", 0)
    assert after.manifest.worker.pid != running.worker.pid


def test_a_waiting_job_is_cancelled_at_once_and_repeated_later(queue, tmp_path):
    gate, mark = tmp_path / "gate", tmp_path / "mark"
    first = queue.submit("probe", {"how": "waits", "gate": gate, "mark": mark, "label": "1"}, by="ada")
    second = queue.submit("probe", {"mark": mark, "label": "2"}, by="ada")
    assert queue.cancel(second.id, by="ada").state == "cancelled"
    gate.touch()
    wait_for(queue, first, "done")
    assert mark.read_text().split() == ["1"]
    with pytest.raises(SettingsError, match="is done; only a job that stopped"):
        queue.retry(first.id, by="ada")
    assert queue.retry(second.id, by="ada").state == "queued"
    assert wait_for(queue, second, *OVER).state == "done"
    assert mark.read_text().split() == ["1", "2"]


def test_a_job_whose_worker_died_is_tried_once_more(queue):
    job = run(queue, how="dies once")
    assert (job.state, job.manifest.worker_deaths, job.manifest.attempts) == ("done", 1, 2)
    assert "The worker process died." in queue.log(job.id)


def test_a_job_whose_worker_dies_again_has_failed(queue):
    job = run(queue, how="dies")
    assert (job.state, job.manifest.worker_deaths, job.manifest.attempts) == ("failed", 2, 2)
    assert "died twice" in job.manifest.error
    assert queue.log(job.id).count("The worker process died") == 2
    assert run(queue).state == "done"


def test_a_job_waits_for_the_item_that_another_makes(queue, tmp_path):
    source = write_tomogram(tmp_path / "cell.npy")
    gate, mark = tmp_path / "gate", tmp_path / "mark"
    blocking = queue.submit("probe data", {"how": "waits", "gate": gate, "mark": mark}, by="ada")
    wait_until(mark.exists, "the start")
    brought_in = queue.submit("import", {"source": source}, by="ada").manifest
    needing = queue.submit("probe", {"needs": brought_in.item_id}, by="ada")
    assert needing.manifest.inputs == (brought_in.item_id,)
    run(queue)  # submitted later, yet it need not wait
    assert queue.get(needing.id).state == "queued"
    gate.touch()
    wait_for(queue, blocking, "done")
    assert wait_for(queue, needing, *OVER).state == "done"
    assert queue.get(brought_in.id).manifest.results == (brought_in.item_id,)
    assert queue.workspace.tomograms.get(brought_in.item_id).created_by == "ada"


def test_the_status_names_owner_and_workers(queue):
    wait_until(lambda: len(queue.status().workers) == 2, "both workers")
    status = queue.status()
    assert status.is_owner
    assert status.owner.startswith(f"process {os.getpid()} on ")
    assert status.scheduler.startswith("tls://127.0.0.1:")
    assert {each.name: each.lanes for each in status.workers} == {
        "compute-0": ("compute",),
        "data-0": ("data",),
    }
    assert status.problem == ""


def test_a_job_of_an_unknown_kind_fails_alone(queue):
    job = queue.submit("probe", {}, by="ada")
    wait_for(queue, job, *OVER)
    foreign = job.manifest.model_copy(update={"kind": "of the future", "state": "queued"})
    queue.workspace.jobs.change(job.id, lambda _: foreign)
    assert "'of the future' are unknown" in wait_for(queue, job, "failed").manifest.error
    assert run(queue).state == "done"


def test_a_second_queue_hands_its_jobs_to_the_first(queue):
    with JobQueue(queue.workspace, n_gpus=0, kinds=TEST_KINDS) as second:
        status = second.status()
        assert not status.is_owner
        assert status.owner == queue.status().owner
        assert status.workers == ()
        job = second.submit("probe", {}, by="ada")
        assert wait_for(second, job, *OVER).state == "done"
        deaf = second.submit("probe", {"how": "deaf"}, by="ada")
        wait_for(second, deaf, "running")
        second.cancel(deaf.id, by="ada")
        assert wait_for(second, deaf, *OVER).state == "cancelled"
