import pytest

from sxt.jobs import QueueStatus, WorkerStatus
from sxt.ui.jobs_panel.queue_status import NOBODY, describe_problem, describe_worker


@pytest.mark.parametrize(
    ("status", "sentence"),
    [
        (QueueStatus(False, "", "", (), ""), NOBODY),
        (QueueStatus(False, "process 7 on gpu", "", (), ""), ""),
        (QueueStatus(True, "process 7 on gpu", "tcp://x", (), ""), ""),
        (QueueStatus(True, "process 7 on gpu", "tcp://x", (), "No worker."), "No worker."),
    ],
)
def test_what_is_in_the_way_is_a_sentence(status, sentence):
    assert describe_problem(status) == sentence


def test_a_worker_says_what_it_does_and_on_what():
    both = WorkerStatus("compute-0", "tcp://x", ("compute", "data"))
    assert describe_worker(both, "GPU") == (
        "compute-0 (GPU): segments and trains, brings in, reconstructs and measures"
    )
    assert describe_worker(WorkerStatus("w", "tcp://x", ()), "GPU") == "w: takes no jobs"
    data = WorkerStatus("data-0", "tcp://x", ("data",))
    assert describe_worker(data, "GPU") == "data-0: brings in, reconstructs and measures"
