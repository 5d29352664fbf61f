import csv
import io

import pytest

from sxt.ui.jobs_panel.activity_table import COLUMNS, filter_entries, to_csv


@pytest.fixture
def entries(opened):
    log = opened.workspace.activity
    log.add("imported", by="ada", kind="tomogram", item_id="a1", name="Zelle 7")
    log.add("deleted", by="bob", kind="model", item_id="m:1", name="m:1")
    log.add("shared", by="ada", kind="share", name="=HYPERLINK(1)", detail="@x")
    return log.read()


def names(entries):
    return [each.name for each in entries]


def test_everything_is_shown_newest_first(entries):
    assert names(filter_entries(entries, person="", kind="", word="")) == ["=HYPERLINK(1)", "m:1", "Zelle 7"]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({"person": "ada"}, ["=HYPERLINK(1)", "Zelle 7"]),
        ({"kind": "model"}, ["m:1"]),
        ({"word": " zelle "}, ["Zelle 7"]),
        ({"word": "DELETED"}, ["m:1"]),
        ({"person": "ada", "kind": "model"}, []),
    ],
)
def test_entries_are_filtered(entries, wanted, found):
    asked = {"person": "", "kind": "", "word": ""} | wanted
    assert names(filter_entries(entries, **asked)) == found


def test_the_table_survives_csv_and_holds_no_formula(entries):
    head, first, *_ = csv.reader(io.StringIO(to_csv(entries)))
    assert tuple(head) == COLUMNS
    assert dict(zip(head, first, strict=True))["name"] == "'=HYPERLINK(1)"
    assert dict(zip(head, first, strict=True))["detail"] == "'@x"
