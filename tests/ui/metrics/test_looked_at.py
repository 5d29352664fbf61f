import numpy as np
import pytest

from sxt.errors import InputError
from sxt.metrics import BinaryCounts
from sxt.ui.metrics.looked_at import CLASSES, LookedAt, map_overlay, rank_slices
from sxt.ui.metrics.object_list import (
    WrongObject,
    box_of,
    describe_object,
    find_object_at,
    list_wrong_objects,
    parse_wrong_object,
    place_of,
)
from sxt.ui.metrics.studies import open_study
from sxt.ui.viewer.error_maps import open_map, parse_map_id


@pytest.fixture
def looked_at(bench, stored):
    return LookedAt(stored, open_study(bench.workspace, stored.id), 1, 0, 1)


def count_codes(bench, overlay):
    volume = open_map(bench.workspace, overlay.volume, overlay.item_id)
    codes = volume.levels[0].read((slice(0, 8), slice(0, 40), slice(0, 44)))
    return np.bincount(codes[codes != 255], minlength=4)


def test_slices_are_ranked_by_their_wrong_voxels():
    counts = BinaryCounts(
        *(np.array(each) for each in ([9, 0, 9, 9], [1, 0, 0, 4], [1, 0, 3, 0], [0, 0, 0, 0]))
    )
    assert rank_slices(counts, np.array([10, 11, 12, 13])) == [13, 12, 10]


def test_the_error_map_has_the_counts_of_the_comparison(bench, looked_at):
    overlay = map_overlay(bench.workspace, looked_at, "errors", 1)
    assert parse_map_id("errors", overlay.item_id).parts[0].threshold == 0.62
    counts = looked_at.counts.pooled()
    assert count_codes(bench, overlay)[1:].tolist() == [counts.tp, counts.fp, counts.fn]


def test_the_map_of_changes_has_the_counts_of_the_comparison(bench, looked_at):
    overlay = map_overlay(bench.workspace, looked_at, "changes", 1)
    (changes,) = [each.voxels for each in looked_at.study.changes if each.class_value == 1]
    expected = [changes.fixed.sum(), changes.broken.sum(), changes.still_wrong.sum()]
    assert count_codes(bench, overlay)[1:].tolist() == expected


def test_the_map_of_agreement_needs_no_labels(bench):
    stored = bench.compare(with_labels=False)
    study = open_study(bench.workspace, stored.id)
    overlay = map_overlay(bench.workspace, LookedAt(stored, study, 1, 0, 1), "agreement", 1)
    (found,) = [each.agreement for each in study.agreements if each.class_value == 1]
    expected = [found.both.sum(), found.only_candidate.sum(), found.only_baseline.sum()]
    assert count_codes(bench, overlay)[1:].tolist() == expected


def test_another_version_of_the_labels_is_another_version_of_the_map(bench, looked_at):
    from sxt.labels import SliceKey

    before = map_overlay(bench.workspace, looked_at, "errors", 1).version
    labels = bench.workspace.find_labels(bench.tomogram.id)
    labels.change(SliceKey("z", 7), np.ones_like, by="ada", tool="fill")
    assert map_overlay(bench.workspace, looked_at, "errors", 1).version != before


def test_a_segmentation_that_was_deleted_is_named(bench, looked_at):
    for each in bench.workspace.segmentations.list():
        bench.workspace.delete("segmentation", each.id, by="ada")
    with pytest.raises(InputError, match="by known:2 that was measured is not there any more"):
        map_overlay(bench.workspace, looked_at, "errors", 1)


def test_classes_are_told_apart_without_their_colours():
    for classes in CLASSES.values():
        assert len({(each.is_hatched, each.is_back_hatched) for each in classes}) == len(classes)


def test_missed_and_wrong_objects_are_listed_with_their_places(looked_at):
    table = list_wrong_objects(looked_at)
    missed = table[table["what"] == "missed"]
    # the small box of 3 by 4 voxels is there in slices 2-3 and 5-6
    chosen = [WrongObject("missed", int(number)) for number in missed["number"]]
    assert [box_of(looked_at, each) for each in chosen] == [
        ((2, 2, 36), (3, 4, 39)),
        ((5, 2, 36), (6, 4, 39)),
    ]
    assert missed[["z", "y", "x"]].to_numpy().tolist() == [[2, 3, 38], [6, 3, 38]]
    assert [place_of(looked_at, each) for each in chosen] == [(2, 3, 38), (6, 3, 38)]
    assert missed["um3"].tolist() == pytest.approx([24 * 2000 / 1e9] * 2)
    assert (table["um3"].diff().dropna() <= 0).all()


def test_an_object_is_found_where_it_lies(looked_at):
    found = find_object_at(looked_at, "missed", (5, 3, 37))
    assert box_of(looked_at, found) == ((5, 2, 36), (6, 4, 39))
    assert describe_object(looked_at, found) == "Missed object of 4.80·10⁻⁵ µm³ around z 6, y 3, x 38"
    assert find_object_at(looked_at, "missed", (4, 3, 37)) is None
    assert find_object_at(looked_at, "wrong", (5, 3, 37)) is None


def test_an_object_that_was_found_is_not_wrong(looked_at):
    objects = looked_at.evaluation.of_class(1).objects
    (number, *_) = np.flatnonzero(objects.truth.partner) + 1
    assert box_of(looked_at, WrongObject("missed", int(number))) is None
    assert box_of(looked_at, WrongObject("missed", len(objects.truth) + 1)) is None


@pytest.mark.parametrize("text", ["", "missed", "missed-0", "missed--1", "found-2", "wrong-x"])
def test_what_names_no_object_is_none(text):
    assert parse_wrong_object(text) is None
    assert parse_wrong_object(WrongObject("wrong", 12).to_text()) == WrongObject("wrong", 12)
