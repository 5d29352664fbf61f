import threading

import pytest

from sxt.errors import Cancelled, SxtError
from sxt.progress import CancelToken, Progress, ignore_progress


def test_a_fresh_token_lets_the_work_go_on():
    token = CancelToken()
    token.raise_if_cancelled()
    assert not token.is_cancelled


def test_a_cancelled_token_stops_the_work_every_time():
    token = CancelToken()
    token.cancel()
    assert token.is_cancelled
    for _ in range(2):
        with pytest.raises(Cancelled, match="nothing was written under its final name"):
            token.raise_if_cancelled()


def test_cancelling_twice_changes_nothing():
    token = CancelToken()
    token.cancel()
    token.cancel()
    assert token.is_cancelled


def test_cancellation_reaches_another_thread():
    token = CancelToken()
    is_stopped = threading.Event()

    def work():
        try:
            while True:
                token.raise_if_cancelled()
        except Cancelled:
            is_stopped.set()

    worker = threading.Thread(target=work, daemon=True)
    worker.start()
    token.cancel()
    assert is_stopped.wait(timeout=10)
    worker.join(timeout=10)
    assert not worker.is_alive()


def test_a_report_is_a_value_that_cannot_change():
    report = Progress("predict", 3, 12)
    assert report == Progress("predict", 3, 12, note="")
    with pytest.raises(AttributeError, match="cannot assign"):
        report.done = 4
    assert ignore_progress(report) is None


def test_cancelled_is_an_error_for_the_user():
    assert issubclass(Cancelled, SxtError)
