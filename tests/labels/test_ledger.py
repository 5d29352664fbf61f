from dataclasses import replace
from datetime import UTC, datetime

import pytest

from sxt.errors import SettingsError
from sxt.labels.ledger import Ledger, LedgerEntry, parse_entry
from sxt.labels.values import SliceKey

ENTRY = LedgerEntry(
    id="a1",
    when=datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=UTC),
    plane="y",
    index=4,
    start=(0, 4, 2),
    stop=(3, 5, 9),
    source="pseudo",
    by="Ada Ö.",
    tool="review",
    n_voxels=12,
    model="membrane:3",
    model_sha256="f" * 64,
    confidence=0.75,
    round=2,
    decision="accepted",
)


def test_an_entry_survives_its_line():
    assert parse_entry(ENTRY.to_json().encode()) == ENTRY
    human = replace(
        ENTRY, source="human", model="", model_sha256="", confidence=None, round=None, decision=None
    )
    assert parse_entry(human.to_json().encode()) == human
    assert "decision" not in human.to_json()
    assert ENTRY.key == SliceKey("y", 4)
    assert ENTRY.box.covers_slice(SliceKey("z", 2))
    assert not ENTRY.box.covers_slice(SliceKey("z", 3))


def test_half_a_line_is_left_out_and_does_not_spoil_the_next(tmp_path):
    path = tmp_path / "ledger.jsonl"
    Ledger(path).append([ENTRY])
    with path.open("ab") as stream:
        stream.write(replace(ENTRY, id="b2").to_json().encode()[:40])
    ledger = Ledger(path)
    assert ledger.entries() == (ENTRY,)
    third = replace(ENTRY, id="c3")
    ledger.append([third])
    assert ledger.entries() == (ENTRY, third)
    assert Ledger(path).entries() == (ENTRY, third)


def test_an_entry_is_added_once(tmp_path):
    ledger = Ledger(tmp_path / "ledger.jsonl")
    ledger.append([ENTRY])
    ledger.append([ENTRY, replace(ENTRY, id="b2")])
    assert [each.id for each in Ledger(tmp_path / "ledger.jsonl").entries()] == ["a1", "b2"]


def test_what_another_process_appends_is_seen(tmp_path):
    first, second = Ledger(tmp_path / "l"), Ledger(tmp_path / "l")
    assert first.entries() == ()
    second.append([ENTRY])
    assert first.entries() == (ENTRY,)
    second.append([replace(ENTRY, id="b2")])
    assert len(first.entries()) == 2


@pytest.mark.parametrize("line", [b"", b"[]", b"{}", b'{"id": 3}', b"\xff", b"null"])
def test_what_is_no_entry_is_none(line):
    assert parse_entry(line) is None


def test_sources_and_decisions_are_known_ones():
    with pytest.raises(SettingsError, match="Labels are human, imported, pseudo"):
        replace(ENTRY, source="robot")
    with pytest.raises(SettingsError, match="decisions accepted, edited, rejected"):
        replace(ENTRY, decision="maybe")
