import contextlib

import pytest

from sxt.labels.files import ScratchFolder
from sxt.labels.slice_locks import EXPIRY_S, SliceHeldError, SliceLocks
from sxt.labels.values import SliceKey

KEY = SliceKey("z", 7)


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def locks(tmp_path, clock):
    return SliceLocks(
        tmp_path / "locks", scratch=ScratchFolder(tmp_path / "s"), lock=contextlib.nullcontext, clock=clock
    )


def test_the_first_has_the_slice_and_the_second_learns_who(locks):
    assert locks.take(KEY, by="ada").person == "ada"
    assert locks.take(KEY, by="bob").person == "ada"
    assert locks.take(SliceKey("y", 7), by="bob").person == "bob"
    with pytest.raises(SliceHeldError, match="being labelled by ada"):
        locks.check(KEY, by="bob")
    locks.check(KEY, by="ada")


def test_the_same_person_may_hold_it_from_two_windows(locks, clock):
    first = locks.take(KEY, by="ada")
    clock.now += 3
    second = locks.take(KEY, by="ada")
    assert (second.since_s, second.heard_s) == (first.since_s, clock.now)


def test_a_silent_holder_loses_the_slice(locks, clock):
    locks.take(KEY, by="ada")
    clock.now += EXPIRY_S - 1
    assert locks.take(KEY, by="ada").person == "ada"
    clock.now += EXPIRY_S
    assert locks.take(KEY, by="bob").person == "ada"
    clock.now += 1
    assert locks.find(KEY) is None
    assert locks.take(KEY, by="bob").person == "bob"


def test_only_the_holder_gives_it_back(locks):
    locks.take(KEY, by="ada")
    locks.give_back(KEY, by="bob")
    assert locks.find(KEY).person == "ada"
    locks.give_back(KEY, by="ada")
    assert locks.find(KEY) is None


def test_half_a_file_holds_nothing(locks, tmp_path):
    locks.take(KEY, by="ada")
    for content in ("", "{", "[]", '{"person": "ada"}'):
        (tmp_path / "locks" / "z-7.json").write_text(content)
        assert locks.find(KEY) is None
