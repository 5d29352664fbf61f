import json

import pytest

from sxt.ui.metrics.studies import list_studies
from tests.ui.metrics.items import save_small_model
from tests.ui.pages.conftest import labels, press, texts


def said(page):
    return texts(page).replace("\\", "")


def study_in_address(page):
    found = page.query_params["study"]
    return found[0] if isinstance(found, list) else found


def test_without_a_tomogram_the_page_leads_to_upload(run_page):
    page = run_page("metrics")
    assert "There is no tomogram yet" in said(page)
    assert press(page, "Bring in a tomogram").title[0].value == "Upload"


def test_without_labels_the_page_leads_to_labelling(run_page, tomogram):
    page = run_page("metrics")
    assert "No tomogram has labels yet" in said(page)
    assert "import a label volume" in said(page)
    assert press(page, "Label slices").title[0].value == "Label"


def test_with_a_single_version_it_says_where_another_comes_from(run_page, bench):
    page = run_page("metrics")
    assert "The only model version can be measured; comparing needs a second one" in said(page)
    assert "Nothing is compared yet" in said(page)
    assert "Measure 1 version" in labels(page)


def test_the_main_button_queues_the_comparison(run_page, opened, bench):
    save_small_model(opened.workspace, "small")
    page = press(run_page("metrics"), "Compare 2 versions")
    (job,) = opened.jobs.list()
    settings = job.manifest.settings
    assert settings["tomogram_ids"] == [bench.tomogram.id]
    assert (settings["models"], settings["baseline"]) == (["membrane:1", "small:1"], "membrane:1")
    assert (settings["with_labels"], settings["hold_out_only"]) == (True, True)
    (button,) = [each for each in page.button if each.label == "Compare 2 versions"]
    assert button.disabled, "the same is not queued twice"
    assert "2 segmentations of 2 are made first" in said(page)
    page = page.button(key=f"metrics-cancel-{job.id}").click().run()
    assert opened.jobs.get(job.id).state == "cancelled"


def test_a_version_trained_on_what_is_measured_is_said_in_red(run_page, opened, bench):
    entry = f"cell, SHA-256 {bench.tomogram.sha256[:16]}; trained on slices 3, 9; labels by ada"
    save_small_model(opened.workspace, "small", training={"tomogram 1": entry})
    page = run_page("metrics")
    assert ["small:1 was trained on 1 slice" in each.value.replace("\\", "") for each in page.error] == [True]


def test_a_stored_comparison_is_shown_with_its_numbers(run_page, bench):
    stored = bench.compare()
    page = run_page("metrics", study=stored.id)
    assert study_in_address(page) == stored.id
    assert "On Zelle *7* <b>µ</b>; held-out slices" in said(page)
    table = page.dataframe[0].value
    assert table["Version"].tolist() == ["known:1 (baseline)", "known:2"]
    assert "There is one tomogram" in said(page)
    assert "2 missed" in said(page)


def test_another_class_has_other_numbers(run_page, bench):
    stored = bench.compare()
    page = run_page("metrics", study=stored.id)
    before = page.dataframe[0].value["Dice"].tolist()
    page.button_group(key=f"metrics-class-{stored.id}").set_value(3).run()
    assert page.dataframe[0].value["Dice"].tolist() != before


@pytest.mark.parametrize("view", ["Curves", "Versions", "Numbers and files"])
def test_every_view_can_be_drawn(run_page, bench, view):
    bench.compare()
    page = run_page("metrics")
    page.button_group(key="metrics-view").set_value(view).run()
    assert not page.exception
    if view == "Numbers and files":
        assert "Report, HTML" in [each.proto.label for each in page.get("download_button")]
    else:
        assert page.get("plotly_chart")


@pytest.mark.parametrize("mode", ["Side by side", "Fixed and broken"])
def test_every_way_to_look_at_errors_can_be_drawn(run_page, bench, mode):
    stored = bench.compare()
    page = run_page("metrics")
    page.button_group(key=f"metrics-mode-{stored.id}-False").set_value(mode).run()
    assert not page.exception
    assert not page.error


def test_next_worst_goes_through_the_slices(run_page, bench):
    stored = bench.compare()
    page = press(run_page("metrics"), "Next worst slice")
    assert page.session_state[f"metrics-{stored.id}-1-0-1-rank"] == 0
    page = press(page, "Next worst slice")
    assert page.session_state[f"metrics-{stored.id}-1-0-1-rank"] == 1


def test_without_labels_agreement_is_shown(run_page, bench):
    stored = bench.compare(with_labels=False)
    page = run_page("metrics", study=stored.id)
    assert "Without labels: how far each version agrees with known:1" in said(page)
    assert (
        page.dataframe[0].value["Version"].tolist() == ["known:2", "known:2"][: len(page.dataframe[0].value)]
    )


def test_an_address_of_a_comparison_that_is_gone_shows_the_newest(run_page, bench):
    stored = bench.compare()
    page = run_page("metrics", study="aaaaaaaaaa")
    assert "not there any more; the newest one is shown" in said(page)
    assert study_in_address(page) == stored.id


def test_labels_that_changed_since_are_said(run_page, bench):
    import numpy as np

    from sxt.labels import SliceKey

    bench.compare()
    found = bench.workspace.find_labels(bench.tomogram.id)
    found.change(SliceKey("z", 2), np.zeros_like, by="ada", tool="fill")
    assert "The labels have changed since this was measured" in said(run_page("metrics"))


def test_the_numbers_are_those_of_the_files(run_page, bench):
    from sxt.workspace.evaluating import comparison_folder

    bench.compare(models=("known:2",))
    page = run_page("metrics")
    (stored,) = list_studies(bench.workspace)
    record = json.loads((comparison_folder(bench.workspace, stored.id) / "study.json").read_text())
    (dice,) = [
        each["value"]["value"] for each in record["comparisons"][0]["scores"] if each["score"] == "dice"
    ]
    assert page.dataframe[0].value["Dice"][0].startswith(f"{dice:.3f}")
