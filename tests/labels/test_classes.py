import numpy as np
import pytest

from sxt.errors import InputError, SettingsError
from sxt.labels.classes import ClassList, LabelClass, read_classes, write_classes
from sxt.labels.files import ScratchFolder


@pytest.fixture
def three():
    return ClassList().add("membrane").add("mitochondrion").add("droplet")


def test_values_rise_and_colours_differ(three):
    assert [(each.value, each.name) for each in three] == [
        (1, "membrane"),
        (2, "mitochondrion"),
        (3, "droplet"),
    ]
    assert len({each.colour for each in three}) == 3


def test_a_value_keeps_its_meaning_through_every_change(three):
    changed = three.rename(2, " inner  membrane ").recolour(2, "#123456").reorder([3, 1, 2])
    assert changed.get(2) == LabelClass(2, "inner membrane", "#123456")
    assert changed.values == (3, 1, 2)
    assert three.get(2).name == "mitochondrion"


def test_a_merged_class_is_gone_and_its_value_is_never_given_again(three):
    merged = three.merge(3, 1)
    assert merged.values == (1, 2)
    assert merged.unfinished == (3,)
    assert merged.add("bead").values == (1, 2, 4)
    assert merged.add("droplet").get(4).name == "droplet"
    with pytest.raises(SettingsError, match="'droplet' was merged into 'membrane'"):
        merged.get(3)


def test_merges_follow_each_other(three):
    table = three.merge(3, 2).merge(2, 1).resolve_table()
    assert table[[0, 1, 2, 3, 4, 255]].tolist() == [0, 1, 1, 1, 4, 255]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda c: c.add("Membrane"), "several classes 'membrane'"),
        (lambda c: c.add("  "), "name '' is not usable"),
        (lambda c: c.add("x" * 101), "101 characters"),
        (lambda c: c.rename(9, "x"), "no class 9"),
        (lambda c: c.recolour(1, "red"), "'#RRGGBB'"),
        (lambda c: c.reorder([1, 2]), "must name each of"),
        (lambda c: c.merge(1, 1), "into itself"),
        (lambda c: c.merge(1, 7), "no class 7"),
        (lambda c: c.check_values([0, 255, 4]), "no class 4"),
    ],
)
def test_what_makes_no_sense_is_told(three, change, sentence):
    with pytest.raises(SettingsError, match=sentence):
        change(three)


def test_there_are_254_classes_at_most():
    classes = ClassList(tuple(LabelClass(v, f"class {v}", "#000000") for v in range(1, 255)))
    with pytest.raises(SettingsError, match="254 classes already"):
        classes.add("one more")


def test_the_list_survives_a_round_trip(tmp_path, three):
    path = tmp_path / "classes.json"
    merged = three.merge(3, 1).reorder([2, 1])
    write_classes(path, merged, ScratchFolder(tmp_path / "s"))
    assert read_classes(path) == merged
    np.testing.assert_array_equal(read_classes(path).resolve_table(), merged.resolve_table())
    path.write_text('{"classes": [{"value": 0, "name": "x", "colour": "#000000"}], "unfinished": []}')
    with pytest.raises(InputError, match="is damaged"):
        read_classes(path)
    path.unlink()
    with pytest.raises(InputError, match="is missing"):
        read_classes(path)
