import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from sxt.errors import InputError
from sxt.labels import history
from sxt.labels.files import ScratchFolder
from sxt.labels.history import Change, History, HistoryState
from sxt.labels.values import SliceKey

KEY = SliceKey("y", 3)
SLICES = hnp.arrays(np.uint8, (7, 9), elements=st.sampled_from([0, 1, 2, 255]))


@settings(max_examples=60, deadline=None)
@given(old=SLICES, new=SLICES)
def test_undoing_what_was_done_changes_nothing(old, new):
    change = Change.between(KEY, old, new)
    if change is None:
        np.testing.assert_array_equal(old, new)
        return
    stored = Change.decode(KEY, change.encode())
    np.testing.assert_array_equal(stored.undo(new), old)
    np.testing.assert_array_equal(stored.redo(old), new)
    np.testing.assert_array_equal(stored.redo(stored.undo(new)), new)
    assert stored.n_voxels == np.count_nonzero(old != new)
    outside = np.ones(old.shape, bool)
    outside[stored.window] = False
    np.testing.assert_array_equal(old[outside], new[outside])


def test_undo_leaves_alone_what_was_changed_since():
    old = np.zeros((4, 4), np.uint8)
    new = old.copy()
    new[1, 1:3] = 5
    later = new.copy()
    later[1, 1] = 7
    undone = Change.between(KEY, old, new).undo(later)
    assert undone[1].tolist() == [0, 7, 0, 0]


def test_the_box_lies_in_the_slice():
    old, new = np.zeros((6, 8), np.uint8), np.zeros((6, 8), np.uint8)
    new[2:4, 5] = 1
    change = Change.between(KEY, old, new)
    assert (change.box.start, change.box.stop) == ((2, 3, 5), (4, 4, 6))


def test_fifty_steps_stay_however_large_and_small_ones_longer():
    state = HistoryState()
    for _ in range(120):
        state = state.push(history.MAX_SLICE_BYTES)
    assert (state.n_undo, state.steps[-1]) == (history.MIN_STEPS, 119)
    state = HistoryState()
    for _ in range(history.MAX_STEPS + 5):
        state = state.push(100)
    assert state.n_undo == history.MAX_STEPS


def test_a_new_step_drops_what_was_undone(tmp_path):
    store = History(tmp_path / "h", scratch=ScratchFolder(tmp_path / "s"))
    state = HistoryState().push(3).push(3).push(3)
    for number in state.steps:
        store.write_step(KEY, number, b"abc")
    store.write_state(KEY, state)
    undone = HistoryState(state.steps, state.sizes, 1)
    store.write_state(KEY, undone)
    assert (store.state(KEY).n_undo, store.state(KEY).n_redo) == (1, 2)
    pushed = undone.push(4)
    store.write_step(KEY, pushed.steps[-1], b"abcd")
    store.write_state(KEY, pushed)
    assert sorted(each.name for each in (tmp_path / "h/y/3").glob("*.step")) == ["0.step", "3.step"]
    assert store.size_bytes() == 7


def test_a_damaged_history_costs_no_labels(tmp_path):
    store = History(tmp_path / "h", scratch=ScratchFolder(tmp_path / "s"))
    for content in ("{", "[]", '{"steps": [1], "sizes": [], "n_done": 1}', '{"steps": 3}'):
        (tmp_path / "h/y/3").mkdir(parents=True, exist_ok=True)
        (tmp_path / "h/y/3/state.json").write_text(content)
        assert store.state(KEY) == HistoryState()
    for content in (b"", b"short", b"\0" * 40):
        store.write_step(KEY, 0, content)
        with pytest.raises(InputError, match="cannot be undone any more"):
            store.read_step(KEY, 0)


def test_the_slices_edited_longest_ago_lose_their_history(tmp_path):
    import os

    store = History(tmp_path / "h", scratch=ScratchFolder(tmp_path / "s"))
    for index in range(3):
        key = SliceKey("z", index)
        store.write_step(key, 0, b"x" * 100)
        store.write_state(key, HistoryState((0,), (100,), 1))
        os.utime(tmp_path / f"h/z/{index}/state.json", (1000 + index, 1000 + index))
    store.prune(250)
    assert [store.state(SliceKey("z", index)).n_undo for index in range(3)] == [0, 1, 1]
