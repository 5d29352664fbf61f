import pytest

from sxt.workspace.activity import BLOCK_BYTES, ActivityLog
from sxt.workspace.locks import PathLock


@pytest.fixture
def log(tmp_path):
    return ActivityLog(tmp_path / "activity.jsonl", lock=lambda: PathLock(tmp_path / "lock"))


def test_the_latest_come_first(log):
    assert log.read() == []
    for number in range(5):
        log.add("renamed", by="ada", kind="tomogram", item_id=str(number), name=f"Zelle {number} ü\n")
    assert [each.id for each in log.read(limit=2)] == ["4", "3"]
    assert [each.name for each in log.read(item_id="1")] == ["Zelle 1 ü\n"]
    assert log.read()[0].when >= log.read()[-1].when
    assert log.read(limit=0) == []


def test_long_logs_are_read_from_their_end(log):
    detail = "x" * 1000
    n = 3 * BLOCK_BYTES // 1000
    for number in range(n):
        log.add("did", by="ada", kind="job", item_id=str(number), detail=detail)
    assert [int(each.id) for each in log.read(limit=10 * n)] == list(range(n))[::-1]


def test_half_a_line_of_a_killed_writer_costs_only_itself(log, tmp_path):
    log.add("first", by="ada", kind="job")
    with (tmp_path / "activity.jsonl").open("a") as stream:
        stream.write('{"when": "2026-')
    log.add("second", by="ada", kind="job")
    assert [each.action for each in log.read()] == ["second", "first"]
