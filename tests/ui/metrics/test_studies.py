import json

import pytest

from sxt.errors import InputError
from sxt.ui.metrics.studies import describe_data, describe_study, list_studies, open_study
from sxt.workspace.evaluating import REQUEST_FILE, comparison_folder


def test_a_workspace_without_comparisons_has_none(opened):
    assert list_studies(opened.workspace) == []


def test_comparisons_are_listed_newest_first_with_what_was_asked_for(bench):
    first = bench.compare()
    second = bench.compare(models=("known:2",))
    found = list_studies(bench.workspace)
    assert [each.id for each in found] == [second.id, first.id]
    assert found[1].request.models == ("known:1", "known:2")
    assert found[1].request.tomogram_ids == (bench.tomogram.id,)
    assert (found[1].by, found[1].request.segment.tta) == ("ada", "none")
    assert describe_study(found[1]) == "just now · known:1, known:2"
    assert describe_data(found[1]) == "On Zelle *7* <b>µ</b>; held-out slices, where there are any. By ada."


def test_what_cannot_be_read_is_left_out(bench, stored):
    (comparison_folder(bench.workspace, stored.id) / REQUEST_FILE).write_text(json.dumps({"by": "ada"}))
    assert list_studies(bench.workspace) == []


def test_a_comparison_is_opened_as_it_was_stored(bench, stored):
    study = open_study(bench.workspace, stored.id)
    assert [each.name for each in study.versions] == ["known:1", "known:2"]
    assert study.evaluations[1][0].threshold == 0.62


@pytest.mark.parametrize("wanted", ["aaaaaaaaaa", "../../etc"])
def test_a_comparison_that_is_not_there_is_named(bench, wanted):
    with pytest.raises(InputError):
        open_study(bench.workspace, wanted)


def test_a_comparison_without_labels_says_so(bench):
    found = bench.compare(with_labels=False)
    assert describe_data(found) == "On Zelle *7* <b>µ</b>; without labels. By ada."
