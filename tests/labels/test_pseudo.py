import numpy as np
import pytest

from sxt.errors import SettingsError
from sxt.labels import HoldOutError, LabelSet, PseudoLabels, SliceKey, training_view
from sxt.labels.values import UNLABELLED
from tests.labels.conftest import fill

SHAPE = (20, 24)


def proposal(value, confidence=200):
    labels = np.full(SHAPE, 255, np.uint8)
    labels[:10] = value
    labels[10:15] = 0
    return labels, np.full(SHAPE, confidence, np.uint8)


@pytest.fixture
def pseudo(labels):
    return PseudoLabels(labels)


def make_round(pseudo, slices, *, value=1, model="membrane:2", confidence=200):
    with pseudo.new_round(
        by="ada", model=model, model_sha256="a" * 64, temperature=1.5, note="0.9"
    ) as writer:
        for z in slices:
            writer.add(z, *proposal(value, confidence))
    return pseudo.rounds()[-1]


def test_a_round_lies_beside_the_human_labels(labels, pseudo):
    made = make_round(pseudo, [3, 1])
    assert (made.number, made.slices, made.model, made.temperature) == (1, (1, 3), "membrane:2", 1.5)
    assert (labels.volume[:] == 255).all()
    stored = PseudoLabels(LabelSet(labels.folder)).read(3)
    np.testing.assert_array_equal(stored.labels, proposal(1)[0])
    np.testing.assert_array_equal(stored.confidence, proposal(1)[1])
    assert pseudo.read(2) is None
    entries = labels.ledger.entries()
    assert [(e.index, e.source, e.round, e.model, e.decision) for e in entries] == [
        (1, "pseudo", 1, "membrane:2", None),
        (3, "pseudo", 1, "membrane:2", None),
    ]
    assert entries[0].confidence == pytest.approx(200 / 255)
    assert entries[0].model_sha256 == "a" * 64


def test_a_round_that_fails_or_is_empty_leaves_nothing(labels, pseudo):
    with pytest.raises(SettingsError, match="no class 7"):
        make_round(pseudo, [1], value=7)
    make_round_of_nothing = pseudo.new_round(by="ada")
    with make_round_of_nothing:
        pass
    assert pseudo.rounds() == ()
    assert list(pseudo.root.iterdir()) == []
    assert labels.ledger.entries() == ()


def test_decisions_are_kept_and_can_be_changed(pseudo):
    make_round(pseudo, [1, 2, 3])
    assert [each.index for each in pseudo.review_queue(is_open=True)] == [1, 2, 3]
    pseudo.decide(1, "accepted", by="bob")
    pseudo.decide(2, "rejected", by="bob")
    item = pseudo.decide(2, "accepted", by="eve")
    assert (item.decision, item.decided_by, item.is_trained_on) == ("accepted", "eve", True)
    assert [each.index for each in pseudo.review_queue(is_open=True)] == [3]
    with pytest.raises(SettingsError, match="has no pseudo-labels"):
        pseudo.decide(9, "accepted", by="bob")
    with pytest.raises(SettingsError, match="use edit"):
        pseudo.decide(3, "edited", by="bob")


def test_the_least_confident_comes_first(pseudo):
    make_round(pseudo, [1], confidence=250)
    make_round(pseudo, [2], confidence=150)
    assert [each.index for each in pseudo.review_queue()] == [2, 1]


def test_an_edited_slice_is_what_the_person_made_of_it(labels, pseudo):
    make_round(pseudo, [4])
    new = proposal(1)[0]
    new[0] = 2
    item = pseudo.edit(4, new, by="bob")
    assert item.decision == "edited"
    stored = pseudo.read(4)
    np.testing.assert_array_equal(stored.labels, new)
    assert (stored.confidence[0] == 255).all()
    assert (stored.confidence[1:] == 200).all()
    assert (labels.volume[:] == 255).all()
    with pytest.raises(SettingsError, match="no class 9"):
        pseudo.edit(4, np.full(SHAPE, 9, np.uint8), by="bob")
    with pytest.raises(SettingsError, match="slices there are"):
        pseudo.edit(4, new[1:], by="bob")


def test_reverting_a_round_brings_the_one_before_back_with_its_decisions(labels, pseudo):
    make_round(pseudo, [1, 2], value=1)
    pseudo.decide(1, "accepted", by="bob")
    make_round(pseudo, [1, 3], value=2, model="membrane:3")
    assert pseudo.find(1).round.model == "membrane:3"
    assert pseudo.find(1).decision is None
    pseudo.edit(1, proposal(2)[0], by="bob")
    reverted = pseudo.revert_round(2, by="eve")
    assert reverted.reverted_by == "eve"
    assert (pseudo.find(1).decision, pseudo.find(1).round.number) == ("accepted", 1)
    assert (pseudo.read(1).labels[0] == 1).all()
    assert pseudo.find(3) is None
    assert [each.is_reverted for each in pseudo.rounds()] == [False, True]
    assert not list((pseudo.root / "2").glob("*.zarr"))
    with pytest.raises(SettingsError, match="no round 2 to revert"):
        pseudo.revert_round(2, by="eve")
    assert make_round(pseudo, [5]).number == 3
    last = [entry for entry in labels.ledger.entries() if entry.round == 2 and entry.tool == "revert round"]
    assert [(entry.index, entry.by, entry.decision) for entry in last] == [
        (1, "eve", "rejected"),
        (3, "eve", "rejected"),
    ]


def test_merged_classes_have_their_new_value(labels, pseudo):
    make_round(pseudo, [1], value=2)
    labels.merge_classes(2, 1)
    assert sorted(np.unique(pseudo.read(1).labels)) == [0, 1, 255]


def test_the_hold_out_receives_nothing(labels, pseudo):
    assert pseudo.mark_hold_out([5, 3, 5], by="ada") == (3, 5)
    with pytest.raises(HoldOutError, match="hold-out slices z 5"):
        make_round(pseudo, [4, 5])
    assert pseudo.rounds() == ()
    labels.change(SliceKey("z", 4), fill(1), by="ada", tool="brush")
    pseudo.propagate(4, reach=2, by="ada")
    assert pseudo.rounds()[-1].slices == (2, 6)
    assert pseudo.unmark_hold_out([5], by="ada") == (3,)
    assert make_round(pseudo, [5]).slices == (5,)


def test_slices_put_into_the_hold_out_while_a_round_is_made_stop_it(labels, pseudo):
    writing = pseudo.new_round(by="ada", model="membrane:2")
    writer = writing.__enter__()
    writer.add(5, *proposal(1))
    pseudo.mark_hold_out([5], by="bob")
    with pytest.raises(HoldOutError):
        writing.__exit__(None, None, None)
    assert pseudo.rounds() == ()


def test_the_hold_out_becomes_no_pseudo_labels(labels, pseudo):
    labels.change(SliceKey("z", 4), fill(1), by="ada", tool="brush")
    pseudo.mark_hold_out([4], by="ada")
    with pytest.raises(HoldOutError, match="Propagating slice 4"):
        pseudo.propagate(4, reach=2, by="ada")


def test_only_what_people_drew_can_be_held_out(labels, pseudo):
    make_round(pseudo, [1, 2])
    pseudo.decide(1, "accepted", by="bob")
    pseudo.decide(2, "rejected", by="bob")
    with pytest.raises(SettingsError, match="z 1 has pseudo-labels of round 1"):
        pseudo.mark_hold_out([1], by="ada")
    assert pseudo.mark_hold_out([2], by="ada") == (2,)
    with pytest.raises(HoldOutError, match="Reviewing"):
        pseudo.decide(2, "accepted", by="bob")
    labels.change(SliceKey("z", 7), fill(1), by="ada", tool="interpolate")
    with pytest.raises(SettingsError, match="z 7 has labels that were interpolated"):
        pseudo.mark_hold_out([7], by="ada")
    with pytest.raises(SettingsError, match="no slice z 12"):
        pseudo.mark_hold_out([12], by="ada")


@pytest.mark.parametrize("tool", ["interpolate", "copy", "accept", "reject"])
def test_what_a_model_gave_can_be_held_out_only_once_it_is_undone(labels, pseudo, tool):
    key = SliceKey("z", 5)
    labels.change(key, fill(1), by="ada", tool=tool)
    with pytest.raises(SettingsError, match="z 5 has labels that were interpolated"):
        pseudo.mark_hold_out([5], by="ada")
    labels.undo(key, by="ada")
    labels.redo(key, by="ada")
    with pytest.raises(SettingsError, match="z 5 has labels"):
        pseudo.mark_hold_out([5], by="ada")
    labels.undo(key, by="ada")
    assert pseudo.mark_hold_out([5], by="ada") == (5,)
    assert labels.redo(key, by="ada") is None
    assert (labels.read(key) == UNLABELLED).all()


def test_what_was_undone_elsewhere_can_still_be_done_again(labels, pseudo):
    for key in (SliceKey("z", 4), SliceKey("y", 2)):
        labels.change(key, fill(1), by="ada", tool="accept")
        labels.undo(key, by="ada")
    pseudo.mark_hold_out([5], by="ada")
    assert labels.redo(SliceKey("z", 4), by="ada") is not None
    assert labels.redo(SliceKey("y", 2), by="ada") is None  # it crosses the slice that is held out


def test_what_was_accepted_in_another_plane_keeps_the_slices_it_crosses(labels, pseudo):
    labels.change(SliceKey("y", 2), fill(1), by="ada", tool="accept")
    labels.change(SliceKey("z", 5), fill(2), by="ada", tool="brush")
    labels.undo(SliceKey("z", 5), by="ada")
    with pytest.raises(SettingsError, match="z 5 has labels"):
        pseudo.mark_hold_out([5], by="ada")


def test_propagated_labels_say_where_they_come_from(labels, pseudo):
    labels.change(SliceKey("z", 4), fill(0), by="ada", tool="brush")
    labels.change(SliceKey("z", 4), fill(1, slice(0, 12)), by="ada", tool="brush")
    made = pseudo.propagate(4, reach=1, by="ada")
    assert (made.slices, made.model, made.source) == ((3, 5), "", "propagated from slice 4")
    stored = pseudo.read(3)
    assert (stored.labels[0], stored.labels[19]) == (pytest.approx([1] * 24), pytest.approx([0] * 24))
    assert (stored.labels[11:13] == 255).all()
    assert labels.ledger.entries()[-1].tool == "propagate"
    with pytest.raises(SettingsError, match="z 9 is not labelled"):
        pseudo.propagate(9, reach=1, by="ada")


def test_training_sees_human_labels_over_accepted_pseudo_labels(labels, pseudo):
    labels.change(SliceKey("z", 1), fill(2, slice(0, 5)), by="ada", tool="brush")
    labels.change(SliceKey("z", 8), fill(1), by="eve", tool="import", source="imported")
    labels.change(SliceKey("z", 9), fill(1), by="ada", tool="brush")
    make_round(pseudo, [1, 2, 3])
    pseudo.decide(1, "accepted", by="bob")
    pseudo.edit(2, proposal(1)[0], by="bob")
    pseudo.decide(3, "rejected", by="bob")
    pseudo.mark_hold_out([9], by="ada")
    view = training_view(labels)
    assert [(s.index, s.whose, s.by, s.round, s.model) for s in view.slices] == [
        (1, "human and pseudo", "ada", 1, "membrane:2"),
        (2, "pseudo", "bob", 1, "membrane:2"),
        (8, "imported", "eve", None, ""),
    ]
    merged = view.read(1)
    assert [int(v) for v in merged.labels[:, 0]] == [2] * 5 + [1] * 5 + [0] * 5 + [255] * 5
    assert [int(v) for v in merged.confidence[:, 0]] == [255] * 5 + [200] * 10 + [0] * 5
    assert merged.is_pseudo[:, 0].tolist() == [False] * 5 + [True] * 10 + [False] * 5
    assert not view.read(8).is_pseudo.any()
    assert [s.index for s in training_view(labels, with_pseudo=False).slices] == [1, 8]
    with pytest.raises(SettingsError, match="z 9 is not among those"):
        view.read(9)
    pseudo.mark_hold_out([8], by="ada")
    with pytest.raises(HoldOutError, match="held out meanwhile"):
        view.read(8)
