from datetime import timedelta

import pytest

from sxt.jobs import states
from sxt.workspace import JobManifest, WorkerInfo
from sxt.workspace.clock import utc_now

WORKER = WorkerInfo(host="here", pid=7, address="tls://127.0.0.1:1")


def job(**changes):
    values = {"kind": "probe", "title": "probe", "settings": {}, "lane": "compute", "order": 1}
    submitted = {"submitted_by": "ada", "submitted_at": utc_now() - timedelta(hours=1)}
    return JobManifest(id="abcdefghij", **{**values, **submitted, **changes})


def test_a_worker_begins_only_what_waits():
    begun = states.begin(job(), WORKER)
    assert (begun.state, begun.attempts, begun.worker) == ("running", 1, WORKER)
    assert begun.started_at >= begun.submitted_at
    for state in ("done", "failed", "cancelled"):
        over = job(state=state)
        assert states.begin(over, WORKER) is over


def test_a_job_is_not_started_for_ever():
    tired = states.begin(job(attempts=states.MAX_ATTEMPTS), WORKER)
    assert tired.state == "failed"
    assert "started 5 times" in tired.error


def test_a_worker_may_die_once():
    running = job(state="running", attempts=1)
    again = states.worker_died(running)
    assert (again.state, again.worker_deaths) == ("queued", 1)
    dead = states.worker_died(states.begin(again, WORKER))
    assert (dead.state, dead.worker_deaths) == ("failed", 2)
    assert "died twice" in dead.error
    assert dead.is_error_expected


def test_a_runner_that_finds_the_lock_of_a_running_job_free_counts_a_death():
    taken = states.begin(job(state="running", attempts=1), WORKER)
    assert (taken.state, taken.worker_deaths, taken.attempts) == ("running", 1, 2)


def test_an_interrupted_job_waits_again():
    running = job(state="running", attempts=2)
    assert (states.orphaned(running).state, states.orphaned(running).attempts) == ("queued", 2)
    assert states.orphaned(running, counts=False).attempts == 1
    assert states.orphaned(running).worker_deaths == 0


@pytest.mark.parametrize("step", [states.orphaned, states.worker_died, states.cancelled])
def test_what_was_to_be_cancelled_is_cancelled_however_it_ends(step):
    asked = states.cancel(job(state="running"), "bob")
    assert (asked.state, asked.cancel_requested_by) == ("running", "bob")
    assert states.cancel(asked, "eve") is asked
    assert step(asked).state == "cancelled"
    for state in ("queued", "done", "failed", "cancelled"):
        other = job(state=state)
        assert step(other) is other


def test_cancelling_what_waits_needs_no_worker():
    assert states.cancel(job(), "bob").state == "cancelled"
    over = job(state="done")
    assert states.cancel(over, "bob") is over


def test_a_repeated_job_begins_afresh():
    over = states.fail(job(state="running", attempts=4, worker_deaths=2), "It broke.", is_expected=False)
    again = states.again(over, 99)
    assert again == job(order=99, submitted_at=again.submitted_at)
