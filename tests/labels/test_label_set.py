import functools
import multiprocessing
import os
import random
import shutil
import signal
import time

import numpy as np
import pytest

from sxt.errors import InputError, ResourceError, SettingsError
from sxt.labels.label_set import LabelSet
from sxt.labels.slice_locks import SliceHeldError
from sxt.labels.tools import Paint, paint_stroke
from sxt.labels.values import SliceKey
from tests.labels.conftest import fill, put

SPAWN = multiprocessing.get_context("spawn")
KEY = SliceKey("z", 5)


class Stop(Exception):
    """Stands for the end of the process."""


def test_a_stroke_is_on_disk_when_change_returns(labels):
    saved = labels.change(KEY, fill(1, slice(2, 6), slice(3, 9)), by="ada", tool="brush")
    assert (saved.n_undo, saved.n_redo, saved.entry.n_voxels) == (1, 0, 24)
    assert (saved.entry.start, saved.entry.stop) == ((5, 2, 3), (6, 6, 9))
    again = LabelSet(labels.folder)
    assert (again.read(KEY)[2:6, 3:9] == 1).all()
    assert np.count_nonzero(again.volume[:] != 255) == 24
    (entry,) = again.ledger.entries()
    assert entry == saved.entry
    assert (entry.by, entry.tool, entry.source, entry.key) == ("ada", "brush", "human", KEY)


def test_a_stroke_that_changes_nothing_is_no_change(labels):
    assert labels.change(KEY, fill(255), by="ada", tool="eraser") is None
    assert labels.ledger.entries() == ()
    assert labels.state(KEY).n_undo == 0


def test_the_three_planes_show_one_volume(labels):
    labels.change(SliceKey("y", 4), fill(2, 3, slice(5, 7)), by="ada", tool="brush")
    labels.change(SliceKey("x", 6), fill(1, slice(2, 5), 4), by="ada", tool="brush")
    assert labels.read(SliceKey("z", 3))[4, 5:7].tolist() == [2, 1]
    assert labels.read(SliceKey("y", 4)).shape == (12, 24)
    assert labels.read(SliceKey("x", 6)).shape == (12, 20)
    assert labels.volume.list_slices() == [2, 3, 4]


def test_undo_and_redo_go_back_and_forth_over_fifty_steps(labels):
    states = [labels.read(KEY)]
    for step in range(60):
        labels.change(
            KEY, fill((step + step // 20) % 2 + 1, step % 20, slice(step % 7, None)), by="ada", tool="brush"
        )
        states.append(labels.read(KEY))
    reopened = LabelSet(labels.folder)
    for expected in reversed(states[:-1]):
        reopened.undo(KEY, by="ada")
        np.testing.assert_array_equal(reopened.read(KEY), expected)
    assert reopened.undo(KEY, by="ada") is None
    for expected in states[1:]:
        labels.redo(KEY, by="ada")
        np.testing.assert_array_equal(labels.read(KEY), expected)
    assert labels.redo(KEY, by="ada") is None
    assert [entry.tool for entry in labels.ledger.entries()[-2:]] == ["redo", "redo"]


def test_undo_acts_on_its_own_slice_alone(labels):
    other = SliceKey("z", 6)
    labels.change(KEY, fill(1), by="ada", tool="brush")
    labels.change(other, fill(2), by="ada", tool="brush")
    labels.undo(KEY, by="ada")
    assert (labels.read(KEY) == 255).all()
    assert (labels.read(other) == 2).all()


def test_a_new_stroke_forgets_what_was_undone(labels):
    labels.change(KEY, fill(1, 0), by="ada", tool="brush")
    labels.undo(KEY, by="ada")
    saved = labels.change(KEY, fill(2, 1), by="ada", tool="brush")
    assert (saved.n_undo, saved.n_redo) == (1, 0)
    assert labels.redo(KEY, by="ada") is None


@pytest.mark.parametrize(
    ("edit", "sentence"),
    [
        (fill(3), "no class 3"),
        (lambda old: old[:5], r"has shape \(5, 24\)"),
        (lambda old: old.astype(np.int64), "is int64|int64"),
    ],
)
def test_what_is_no_slice_of_labels_is_refused(labels, edit, sentence):
    with pytest.raises(SettingsError, match=sentence):
        labels.change(KEY, edit, by="ada", tool="brush")
    assert (labels.volume[:] == 255).all()
    assert not (labels.folder / "pending").exists()


def test_an_edit_cannot_reach_what_is_stored_but_by_returning(labels):
    labels.change(KEY, fill(1, 0), by="ada", tool="brush")

    def fail(old):
        old[:] = 2
        raise Stop

    with pytest.raises(Stop):
        labels.change(KEY, fail, by="ada", tool="brush")
    assert (labels.read(KEY)[0] == 1).all()
    assert (labels.read(KEY)[1:] == 255).all()


def test_somebody_elses_slice_cannot_be_changed(labels):
    labels.locks.take(KEY, by="bob")
    with pytest.raises(SliceHeldError, match="z 5 is being labelled by bob") as caught:
        labels.change(KEY, fill(1), by="ada", tool="brush")
    assert caught.value.holder == "bob"
    with pytest.raises(SliceHeldError):
        labels.undo(KEY, by="ada")
    assert labels.change(KEY, fill(1), by="bob", tool="brush") is not None
    assert labels.change(SliceKey("z", 6), fill(1), by="ada", tool="brush") is not None


def test_merging_rewrites_the_volume_and_what_undo_brings_back(labels):
    labels.change(KEY, fill(2, slice(0, 5)), by="ada", tool="brush")
    labels.change(KEY, fill(1, slice(0, 3)), by="ada", tool="brush")
    assert labels.merge_classes(2, 1).values == (1,)
    assert sorted(np.unique(labels.volume[:])) == [1, 255]
    labels.undo(KEY, by="ada")
    assert (labels.read(KEY)[:5] == 1).all()
    with pytest.raises(SettingsError, match="'droplet' was merged into 'membrane'"):
        labels.change(KEY, fill(2), by="ada", tool="brush")
    assert labels.classes.unfinished == ()


def test_an_interrupted_merge_goes_on(labels, monkeypatch):
    for z in (1, 5, 9):
        labels.change(SliceKey("z", z), fill(2), by="ada", tool="brush")
    write, n_written = labels.volume.write_box, []

    def stop_at_second(box, voxels):
        if n_written:
            raise Stop
        n_written.append(box)
        write(box, voxels)

    monkeypatch.setattr(labels.volume, "write_box", stop_at_second)
    with pytest.raises(Stop):
        labels.merge_classes(2, 1)
    reopened = LabelSet(labels.folder)
    assert sorted(np.unique(reopened.volume[:])) == [1, 255]
    assert reopened.classes.unfinished == ()


def test_classes_change_without_touching_the_volume(labels):
    labels.change(KEY, fill(2), by="ada", tool="brush")
    labels.change_classes(lambda c: c.add("bead").rename(2, "oil").reorder([3, 2, 1]))
    assert [each.name for each in LabelSet(labels.folder).classes] == ["bead", "oil", "membrane"]
    assert (labels.read(KEY) == 2).all()
    with pytest.raises(SettingsError, match="merged through the label set"):
        labels.change_classes(lambda c: c.merge(1, 2))


@pytest.mark.parametrize("method", ["write_step", "write_box", "write_state", "append"])
@pytest.mark.parametrize("is_before", [True, False])
def test_a_change_interrupted_anywhere_is_finished_when_opened(labels, monkeypatch, method, is_before):
    labels.change(KEY, fill(1, slice(0, 4)), by="ada", tool="brush")
    owner = {"write_box": labels.volume, "append": labels.ledger}.get(method, labels.history)
    original = getattr(owner, method)

    def interrupt(*arguments):
        if not is_before:
            original(*arguments)
        raise Stop

    monkeypatch.setattr(owner, method, interrupt)
    with pytest.raises(Stop):
        labels.change(KEY, fill(2, slice(2, 8)), by="ada", tool="brush")
    reopened = LabelSet(labels.folder)
    assert reopened.read(KEY)[:, 0].tolist() == [1] * 2 + [2] * 6 + [255] * 12
    assert [entry.n_voxels for entry in reopened.ledger.entries()] == [96, 144]
    assert reopened.state(KEY).n_undo == 2
    assert not (labels.folder / "pending").exists()
    assert not (labels.folder / "scratch").exists()
    reopened.undo(KEY, by="ada")
    assert reopened.read(KEY)[:, 0].tolist() == [1] * 4 + [255] * 16


def test_a_stroke_cut_short_by_a_full_disk_leaves_the_slice(labels, monkeypatch):
    def refuse(final, content):
        raise ResourceError(f"{final} cannot be written; free disk space.")

    labels.change(KEY, fill(1), by="ada", tool="brush")
    monkeypatch.setattr(labels.scratch, "replace", refuse)
    with pytest.raises(ResourceError, match="free disk space"):
        labels.change(KEY, fill(2), by="ada", tool="brush")
    assert (LabelSet(labels.folder).read(KEY) == 1).all()


def test_a_thousand_random_edits_equal_a_replay_on_an_array(tmp_path, classes):
    labels = LabelSet.create(tmp_path / "small", (5, 12, 14), classes=classes)
    rng = random.Random(7)
    expected = np.full(labels.shape, 255, np.uint8)
    undone: dict[SliceKey, list] = {}
    done: dict[SliceKey, list] = {}
    for step in range(1000):
        axis = rng.randrange(3)
        key = SliceKey("zyx"[axis], rng.randrange(3) + 2)
        view = np.moveaxis(expected, axis, 0)[key.index]
        action = rng.random()
        if action < 0.7:
            paint = Paint(rng.choice([0, 1, 2, 255]), protects_others=rng.random() < 0.5)
            line = [(rng.uniform(0, view.shape[0]), rng.uniform(0, view.shape[1])) for _ in range(3)]
            edit = functools.partial(paint_stroke, points=line, radius_px=rng.uniform(0.5, 3), paint=paint)
            new = edit(view)
            saved = labels.change(key, edit, by="ada", tool="brush")
            assert (saved is None) == np.array_equal(new, view)
            if saved is not None:
                where = np.nonzero(new != view)
                done.setdefault(key, []).append((where, view[where].copy(), new[where].copy()))
                undone[key] = []
                view[...] = new
        else:
            is_undo = action < 0.87
            source, target = (done, undone) if is_undo else (undone, done)
            saved = labels.undo(key, by="ada") if is_undo else labels.redo(key, by="ada")
            assert (saved is None) == (not source.get(key))
            if saved is not None:
                change = source[key].pop()
                target.setdefault(key, []).append(change)
                where, before, after = change
                old, new = (after, before) if is_undo else (before, after)
                view[where] = np.where(view[where] == old, new, view[where])
        if step % 250 == 249:
            labels = LabelSet(labels.folder)
    np.testing.assert_array_equal(labels.volume[:], expected)


def paint_until_killed(folder, counter):
    labels = LabelSet(folder)
    step = counter.value
    while True:
        value = step % 2 + 1
        labels.change(SliceKey("z", 0), put(np.full((600, 600), value, np.uint8)), by="ada", tool="fill")
        step += 1
        counter.value = step


def test_a_killed_process_loses_at_most_the_stroke_in_the_air(tmp_path, classes):
    folder = tmp_path / "labels"
    LabelSet.create(folder, (2, 600, 600), classes=classes)
    counter = SPAWN.Value("i", 0)
    rng = random.Random(3)
    for _ in range(5):
        before = counter.value
        painter = SPAWN.Process(target=paint_until_killed, args=(folder, counter))
        painter.start()
        while counter.value < before + 2:
            time.sleep(0.005)
        time.sleep(rng.uniform(0, 0.05))
        os.kill(painter.pid, signal.SIGKILL)
        painter.join()
        acknowledged = counter.value
        labels = LabelSet(folder)
        stored = labels.read(SliceKey("z", 0))
        assert (stored == stored[0, 0]).all()
        n_done = len(labels.ledger.entries())
        assert n_done in (acknowledged, acknowledged + 1)
        assert stored[0, 0] == (n_done - 1) % 2 + 1
        labels.undo(SliceKey("z", 0), by="ada")
        assert (labels.read(SliceKey("z", 0)) == n_done % 2 + 1).all()
        labels.redo(SliceKey("z", 0), by="ada")
        shutil.rmtree(folder)
        LabelSet.create(folder, (2, 600, 600), classes=classes)
        counter.value = 0


def test_labels_are_made_once(tmp_path, labels):
    with pytest.raises(SettingsError, match=r"labels in .* already"):
        LabelSet.create(labels.folder, (1, 2, 3))
    with pytest.raises(SettingsError, match="cannot be made"):
        LabelSet.create(tmp_path / "other", (0, 2, 3))
    assert not (tmp_path / "other").exists()
    with pytest.raises(InputError, match="no labels in"):
        LabelSet(tmp_path / "absent")


def test_a_damaged_record_of_a_change_is_told(labels):
    (labels.folder / "pending").write_bytes(b"{}\n")
    with pytest.raises(InputError, match="its record is damaged"):
        LabelSet(labels.folder)
