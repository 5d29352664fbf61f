import numpy as np
import pytest

from sxt.errors import SettingsError
from sxt.tomogram import Tomogram
from sxt.train import ArrayLabels, LeakageError, SplitSettings, TrainingTomogram, make_split
from sxt.train.leakage import SlicePrint, find_copies_of_hold_out, refuse_leakage
from sxt.train.split import SliceRef, Split
from tests.train.conftest import draw_cell, make_tomogram


def places(references):
    return [(each.tomogram, each.z) for each in references]


def test_a_block_keeps_its_distance():
    split = make_split([make_tomogram(slices=(0, 2, 9, 12, 20))], SplitSettings("block", gap_slices=4))
    assert places(split.hold_out) == [("cell", 20)]
    assert places(split.train) == [("cell", z) for z in (0, 2, 9, 12)]
    assert split.left_out == ()
    assert [split.is_near_hold_out("cell", z) for z in (15, 16, 23)] == [False, True, True]


def test_neighbours_of_a_block_are_left_out():
    split = make_split([make_tomogram(slices=(0, 3, 6))], SplitSettings("block", gap_slices=4))
    assert places(split.hold_out) == [("cell", 0)]
    assert (places(split.left_out), places(split.train)) == ([("cell", 3)], [("cell", 6)])
    assert "1 labelled slice within 4" in split.note


def test_of_five_tomograms_one_is_held_out_whole():
    cells = [make_tomogram(seed, name=f"c{seed}") for seed in range(5)]
    split = make_split(cells, SplitSettings())
    assert split.rule == "tomogram"
    assert {each.tomogram for each in split.hold_out} == {"c0"}
    assert split.is_near_hold_out("c0", 23)


def test_marked_slices_come_first():
    cells = [make_tomogram(seed, name=f"c{seed}", marked=(20,) if seed == 2 else ()) for seed in range(4)]
    split = make_split(cells, SplitSettings())
    assert (split.rule, places(split.hold_out)) == ("marked", [("c2", 20)])


def test_too_few_slices_hold_nothing_out():
    split = make_split([make_tomogram(slices=(4, 6))], SplitSettings())
    assert (split.rule, split.hold_out) == ("none", ())
    with pytest.raises(SettingsError, match="more than 8 slices"):
        make_split([make_tomogram(slices=(4, 6))], SplitSettings("block"))


@pytest.mark.parametrize("rule", ["marked", "tomogram"])
def test_a_rule_that_cannot_be_kept_is_refused(rule):
    with pytest.raises(SettingsError, match=r"mark|Only one"):
        make_split([make_tomogram()], SplitSettings(rule))


def with_slices(name, slices):
    labels = np.zeros(slices.shape[1:], np.uint8)
    return TrainingTomogram(name, Tomogram(slices), ArrayLabels(dict.fromkeys(range(len(slices)), labels)))


@pytest.mark.parametrize(
    "change",
    [
        lambda s: s,
        lambda s: 3 * s + 100,
        lambda s: np.rot90(s),
        lambda s: s[:, ::-1],
        lambda s: -s,
        lambda s: s + np.random.default_rng(5).normal(0, 0.05, s.shape),
    ],
    ids=["same", "brighter", "turned", "mirrored", "inverted", "noisy"],
)
def test_a_planted_duplicate_is_refused(change):
    grey, _ = draw_cell(3)
    planted = with_slices("copy", np.stack([draw_cell(4)[0][0], change(grey[5])]))
    split = Split("tomogram", (SliceRef("copy", 0), SliceRef("copy", 1)), (SliceRef("cell", 5),))
    with pytest.raises(LeakageError, match=r"Slice 1 of copy.*slice 5 of cell"):
        refuse_leakage(split, {"cell": with_slices("cell", grey), "copy": planted})


def test_slices_that_overlap_the_hold_out_are_refused():
    cell = make_tomogram()
    split = Split("block", (SliceRef("cell", 4),), (SliceRef("cell", 1),), gap_slices=3)
    with pytest.raises(LeakageError, match="within 3 slices"):
        refuse_leakage(split, {"cell": cell})


def test_different_slices_pass():
    cells = {name: with_slices(name, draw_cell(seed)[0][:3]) for name, seed in (("a", 1), ("b", 2))}
    split = Split(
        "tomogram", tuple(SliceRef("a", z) for z in range(3)), tuple(SliceRef("b", z) for z in range(3))
    )
    refuse_leakage(split, cells)


def test_unlabelled_copies_of_the_hold_out_are_found():
    grey, _ = draw_cell(1)
    cells = {"a": with_slices("a", grey), "b": with_slices("b", grey[4:8])}
    split = Split("tomogram", (), (SliceRef("a", 5),))
    candidates = [SliceRef("b", z) for z in range(4)]
    assert find_copies_of_hold_out(candidates, split, cells) == {SliceRef("b", 1)}


def test_a_constant_slice_is_like_no_other():
    assert not SlicePrint.of_slice(np.zeros((9, 9))).is_duplicate_of(SlicePrint.of_slice(draw_cell(0)[0][0]))
