import mmap

import numpy as np
import pytest

from sxt.jobs.progress_file import PROGRESS_FILE, ProgressWriter, forget_progress, read_progress
from sxt.jobs.usage import Usage, measure_usage
from sxt.progress import Progress


class Clock:
    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def report(tmp_path, clock):
    writer = ProgressWriter(tmp_path, clock=clock)

    def at(seconds, *progress):
        clock.now = 1000.0 + seconds
        writer(Progress(*progress))
        return read_progress(tmp_path, now=clock.now)

    return at


def test_the_device_and_the_memory_it_takes_are_told(tmp_path):
    writer = ProgressWriter(tmp_path, measure=lambda: Usage("GPU 1", 3_000_000_000))
    writer(Progress("segment", 1, 10))
    found = read_progress(tmp_path)
    assert (found.device, found.memory_bytes) == ("GPU 1", 3_000_000_000)


def test_a_process_holds_what_it_has_filled():
    # Mapped, for the allocator may hand out pages that the process holds already.
    with mmap.mmap(-1, 50_000_000) as held:
        before = measure_usage()
        np.frombuffer(held, np.uint8).fill(1)
        after = measure_usage()
    assert before.device == after.device == "CPU"
    assert after.memory_bytes - before.memory_bytes == pytest.approx(50_000_000, rel=0.2)


def test_there_is_none_before_the_first_report(tmp_path):
    assert read_progress(tmp_path) is None
    (tmp_path / PROGRESS_FILE).write_text("{")
    assert read_progress(tmp_path) is None


def test_rate_and_time_left_are_those_of_the_stage(report, tmp_path):
    report(0, "read", 10, 10)
    first = report(5, "segment", 0, 100)
    assert (first.stage, first.fraction, first.rate, first.seconds_left) == ("segment", 0.0, None, None)
    half = report(15, "segment", 50, 100)
    assert (half.rate, half.seconds_left, half.fraction) == (5.0, 10.0, 0.5)
    later = read_progress(tmp_path, now=1018.0)
    assert later.seconds_left == 7.0
    assert read_progress(tmp_path, now=2000.0).seconds_left == 0.0


def test_what_an_earlier_run_did_does_not_count_for_the_rate(report):
    report(0, "segment", 60, 100)
    assert report(10, "segment", 80, 100).rate == 2.0


def test_it_is_written_twice_a_second_and_for_every_stage_note_and_end(report):
    report(0, "segment", 0, 100)
    assert report(0.1, "segment", 1, 100).done == 0
    assert report(0.2, "segment", 2, 100, "smaller tiles").done == 2
    assert report(0.3, "segment", 3, 100, "smaller tiles").done == 2
    assert report(0.8, "segment", 4, 100).done == 4
    assert report(0.9, "segment", 100, 100).done == 100
    last = report(0.95, "write", 0, 9)
    assert (last.stage, last.done, last.note) == ("write", 0, "smaller tiles")


def test_a_stage_without_units_has_no_fraction(report):
    assert report(0, "read", 0, 0).fraction == 0.0


def test_an_earlier_report_is_forgotten(report, tmp_path):
    report(0, "segment", 5, 10)
    forget_progress(tmp_path)
    forget_progress(tmp_path)
    assert read_progress(tmp_path) is None
