"""Jobs on a cluster that somebody else started."""

import os
import signal

import pytest

from sxt.jobs import JobQueue, engine
from tests.jobs.conftest import wait_for, wait_until
from tests.jobs.kinds import TEST_KINDS

OVER = ("done", "failed", "cancelled")


@pytest.fixture
def scheduler():
    from distributed import LocalCluster

    options = {"n_workers": 1, "threads_per_worker": 1, "resources": {"GPU": 1}, "memory_limit": 0}
    with LocalCluster(**options, dashboard_address=None, silence_logs=50) as cluster:
        yield cluster.scheduler_address
        for nanny in cluster.workers.values():
            nanny.close_gracefully()
            os.kill(nanny.pid, signal.SIGKILL)


def test_jobs_run_on_an_outside_cluster(workspace, scheduler, tmp_path):
    with JobQueue(workspace, scheduler, kinds=TEST_KINDS) as queue:
        status = queue.status()
        assert (status.scheduler, status.problem) == (scheduler, "")
        assert [each.lanes for each in status.workers] == [("compute", "data")]
        compute = queue.submit("probe", {}, by="ada")
        data = queue.submit("probe data", {}, by="ada")
        assert [wait_for(queue, job, *OVER).state for job in (compute, data)] == ["done", "done"]
        once = wait_for(queue, queue.submit("probe", {"how": "dies once"}, by="ada"), *OVER).manifest
        assert (once.state, once.worker_deaths, once.attempts) == ("done", 1, 2)
        always = wait_for(queue, queue.submit("probe", {"how": "dies"}, by="ada"), *OVER).manifest
        assert (always.state, always.worker_deaths) == ("failed", 2)
        mark = tmp_path / "mark"
        deaf = queue.submit("probe", {"how": "deaf", "mark": mark}, by="ada")
        wait_until(mark.exists, "the start")
        queue.cancel(deaf.id, by="ada")
        assert wait_for(queue, deaf, *OVER).state == "cancelled"
        assert wait_for(queue, queue.submit("probe", {}, by="ada"), *OVER).state == "done"


def test_a_scheduler_that_does_not_answer_is_named(workspace, monkeypatch):
    monkeypatch.setattr(engine, "CONNECT_LIMIT_S", 0.3)
    with JobQueue(workspace, "tcp://127.0.0.1:9", kinds=TEST_KINDS) as queue:
        problem = queue.status().problem
        job = queue.submit("probe", {}, by="ada")
        assert queue.get(job.id).state == "queued"
    assert problem.startswith("The scheduler tcp://127.0.0.1:9 cannot be started or reached (")
    assert queue.list()[0].position == 1
