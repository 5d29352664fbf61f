import numpy as np
import pytest

from sxt.errors import SettingsError
from sxt.labels import (
    HoldOutError,
    PseudoLabels,
    SliceHeldError,
    SliceKey,
    copy_slice,
    interpolate_between,
    list_labelled_slices,
    undo_group,
)
from tests.labels.conftest import fill, put


def z(index):
    return SliceKey("z", index)


@pytest.fixture
def two_ends(labels):
    background = np.zeros((20, 24), np.uint8)
    for index, size in ((2, 4), (6, 8)):
        values = background.copy()
        values[10 - size : 10 + size, 12 - size : 12 + size] = 1
        labels.change(z(index), put(values), by="ada", tool="polygon")
    return labels


def test_slices_between_are_filled_and_taken_back_together(two_ends):
    saved = interpolate_between(two_ends, z(6), z(2), by="ada")
    assert [each.entry.index for each in saved] == [3, 4, 5]
    areas = [np.count_nonzero(two_ends.read(z(index)) == 1) for index in range(2, 7)]
    assert areas == sorted(areas)
    assert len(set(areas)) == 5
    assert (two_ends.read(z(4)) != 255).all()
    (group,) = {each.entry.group for each in saved}
    assert len(undo_group(two_ends, group, by="ada")) == 3
    assert [index for index in range(12) if (two_ends.read(z(index)) != 255).any()] == [2, 6]


def test_what_is_labelled_between_stays_unless_asked_otherwise(two_ends):
    two_ends.change(z(4), fill(2, slice(8, 12), slice(10, 14)), by="bob", tool="brush")
    interpolate_between(two_ends, z(2), z(6), by="ada")
    assert np.count_nonzero(two_ends.read(z(4)) == 2) == 16
    interpolate_between(two_ends, z(2), z(6), by="ada", protects_others=False)
    assert np.count_nonzero(two_ends.read(z(4)) == 2) == 0


def test_interpolation_needs_two_labelled_ends_and_room_between(two_ends):
    with pytest.raises(SettingsError, match="no slice between"):
        interpolate_between(two_ends, z(2), z(3), by="ada")
    with pytest.raises(SettingsError, match="z 9 is not labelled"):
        interpolate_between(two_ends, z(2), z(9), by="ada")
    with pytest.raises(SettingsError, match="two slices of one plane"):
        interpolate_between(two_ends, z(2), SliceKey("y", 6), by="ada")


def test_a_held_slice_between_stops_all_of_it(two_ends):
    two_ends.locks.take(z(5), by="bob")
    with pytest.raises(SliceHeldError):
        interpolate_between(two_ends, z(2), z(6), by="ada")
    assert (two_ends.read(z(3)) == 255).all()


def test_hold_out_slices_give_and_take_nothing(two_ends):
    pseudo = PseudoLabels(two_ends)
    for held_out in (2, 4):
        pseudo.mark_hold_out([held_out], by="ada")
        with pytest.raises(HoldOutError, match=f"hold-out slices z {held_out}"):
            interpolate_between(two_ends, z(2), z(6), by="ada")
        pseudo.unmark_hold_out([held_out], by="ada")
    pseudo.mark_hold_out([2], by="ada")
    with pytest.raises(HoldOutError):
        copy_slice(two_ends, z(2), z(3), by="ada")
    with pytest.raises(HoldOutError):
        copy_slice(two_ends, SliceKey("y", 2), SliceKey("y", 3), by="ada")


def test_a_copy_spares_other_classes(two_ends):
    two_ends.change(z(3), fill(2, 10, slice(10, 14)), by="ada", tool="brush")
    saved = copy_slice(two_ends, z(2), z(3), by="ada")
    assert (saved.entry.tool, saved.entry.note) == ("copy", "from z 2")
    expected = two_ends.read(z(2))
    expected[10, 10:14] = 2
    np.testing.assert_array_equal(two_ends.read(z(3)), expected)
    assert copy_slice(two_ends, z(2), z(3), by="ada") is None


def test_the_table_says_who_labelled_what(two_ends):
    two_ends.change(SliceKey("y", 0), fill(2, slice(1, 4), 0), by="bob", tool="brush")
    two_ends.change(
        z(8), fill(1), by="eve", tool="import", source="imported"
    )  # fmt: skip
    two_ends.change(z(9), fill(1), by="eve", tool="brush")
    two_ends.undo(z(9), by="eve")
    PseudoLabels(two_ends).mark_hold_out([8], by="ada")
    table = {each.index: each for each in list_labelled_slices(two_ends)}
    assert sorted(table) == [1, 2, 3, 6, 8]
    assert (table[2].by, table[2].n_changes, table[2].last.plane) == ("bob", 2, "y")
    assert (table[6].by, table[6].source, table[6].is_hold_out) == ("ada", "human", False)
    assert (table[8].by, table[8].source, table[8].is_hold_out) == ("eve", "imported", True)
