import json
from dataclasses import replace

import pytest

from sxt.metrics import EvaluationSettings
from sxt.ui.metrics.form import usual_versions
from sxt.ui.metrics.looked_at import LookedAt
from sxt.ui.metrics.object_list import find_object_at
from sxt.ui.metrics.studies import list_studies, open_study
from sxt.ui.models.catalogue import list_versions
from sxt.workspace.evaluating import ModelUse
from tests.shipped import DEFAULT_SPEC
from tests.ui.metrics.items import save_small_model
from tests.ui.pages.conftest import labels, press, texts


def said(page):
    return texts(page).replace("\\", "")


def parameter(page, name):
    found = page.query_params[name]
    return found[0] if isinstance(found, list) else found


def study_in_address(page):
    return parameter(page, "study")


def test_without_a_tomogram_the_page_leads_to_upload(run_page):
    page = run_page("metrics")
    assert "There is no tomogram yet" in said(page)
    assert press(page, "Bring in a tomogram").title[0].value == "Upload"


def test_without_labels_the_page_leads_to_labelling(run_page, tomogram):
    page = run_page("metrics")
    assert "No tomogram has labels yet" in said(page)
    assert "import a label volume" in said(page)
    assert press(page, "Label slices").title[0].value == "Label"


def test_with_a_single_version_it_says_where_another_comes_from(
    run_page, opened, bench, monkeypatch, tmp_path
):
    monkeypatch.setattr("sxt.models.SHIPPED_ROOT", tmp_path / "none")
    save_small_model(opened.workspace, "small")
    page = run_page("metrics")
    assert "The only model version can be measured; comparing needs a second one" in said(page)
    assert "Nothing is compared yet" in said(page)
    assert "Measure 1 version" in labels(page)


def test_the_main_button_queues_the_comparison(run_page, opened, bench):
    save_small_model(opened.workspace, "small")
    page = press(run_page("metrics", model="small:1"), "Compare 2 versions")
    (job,) = opened.jobs.list()
    settings = job.manifest.settings
    assert settings["tomogram_ids"] == [bench.tomogram.id]
    assert (settings["models"], settings["baseline"]) == ([DEFAULT_SPEC, "small:1"], DEFAULT_SPEC)
    assert (settings["with_labels"], settings["hold_out_only"]) == (True, False)
    (button,) = [each for each in page.button if each.label == "Compare 2 versions"]
    assert button.disabled, "the same is not queued twice"
    assert "2 segmentations are made first." in said(page)
    page = page.button(key=f"metrics-cancel-{job.id}").click().run()
    assert opened.jobs.get(job.id).state == "cancelled"


def test_what_is_compared_at_first_is_the_selected_version_with_its_parent(opened):
    for name, parent in (("small", None), ("better", "small:1"), ("lone", None)):
        save_small_model(opened.workspace, name, parent=parent)
    catalogue = list_versions(opened.workspace)
    default = catalogue.sound[0].spec
    assert usual_versions(catalogue, "better:1") == ["small:1", "better:1"]
    assert usual_versions(catalogue, "lone:1") == [default, "lone:1"]
    for selected in (None, default, "gone:1"):
        first = [each.spec for each in catalogue.sound[:2]]
        assert usual_versions(catalogue, selected) == first


def test_of_two_versions_of_one_name_the_earlier_is_the_baseline(opened):
    catalogue = list_versions(opened.workspace)
    of_default = [each for each in catalogue.sound if each.spec.startswith("membrane:")]
    assert of_default[0].is_default
    earlier = sorted((each.spec for each in of_default), key=lambda each: int(each.partition(":")[2]))
    assert usual_versions(replace(catalogue, sound=of_default[:2]), None) == earlier[:2]


def test_a_version_trained_on_what_is_measured_is_said_in_red(run_page, opened, bench):
    entry = f"cell, SHA-256 {bench.tomogram.sha256[:16]}; trained on slices 3, 9; labels by ada"
    save_small_model(opened.workspace, "small", training={"tomogram 1": entry})
    page = run_page("metrics", model="small:1")
    assert ["small:1 was trained on 1 slice" in each.value.replace("\\", "") for each in page.error] == [True]


def test_what_was_trained_on_the_measured_labels_is_red_and_what_was_on_other_slices_is_not(run_page, bench):
    training = {"tomogram 1": f"cell, SHA-256 {bench.tomogram.sha256[:16]}; labels by ada"}
    config = replace(bench.uses[1].config, training=training)
    trained = replace(bench, uses=(bench.uses[0], replace(bench.uses[1], config=config)))
    measured = trained.compare(settings=EvaluationSettings(min_voxels=2))
    page = run_page("metrics", study=measured.id)
    assert ["known:2 was trained on" in each.value.replace("\\", "") for each in page.error] == [True]
    alone = trained.compare(settings=EvaluationSettings(min_voxels=2), with_labels=False)
    page = run_page("metrics", study=alone.id)
    assert not page.error
    assert any("known:2 was trained on" in each.value.replace("\\", "") for each in page.warning)


def test_a_stored_comparison_is_shown_with_its_numbers(run_page, bench):
    stored = bench.compare()
    page = run_page("metrics", study=stored.id)
    assert study_in_address(page) == stored.id
    assert "On Zelle *7* <b>µ</b>; held-out slices" in said(page)
    table = page.dataframe[0].value
    assert table["Version"].tolist() == ["known:1 (baseline)", "known:2"]
    assert "There is one tomogram" in said(page)
    assert "2 objects of the labels and" in said(page)


def test_another_class_has_other_numbers(run_page, bench):
    stored = bench.compare()
    page = run_page("metrics", study=stored.id)
    before = page.dataframe[0].value["Dice"].tolist()
    page.button_group(key=f"metrics-class-{stored.id}").set_value(3).run()
    assert page.dataframe[0].value["Dice"].tolist() != before


@pytest.mark.parametrize("view", ["curves", "versions", "numbers"])
def test_every_view_can_be_drawn(run_page, bench, view):
    bench.compare()
    page = run_page("metrics")
    page.button_group(key="metrics-view").set_value(view).run()
    assert not page.exception
    if view == "numbers":
        assert "Report, HTML" in [each.proto.label for each in page.get("download_button")]
    else:
        assert page.get("plotly_chart")


@pytest.mark.parametrize("show", ["side-by-side", "changes"])
def test_every_way_to_look_at_errors_can_be_drawn(run_page, bench, show):
    stored = bench.compare()
    page = run_page("metrics")
    page.button_group(key=f"metrics-show-{stored.id}-False").set_value(show).run()
    assert not page.exception
    assert not page.error


def test_next_worst_goes_through_the_slices(run_page, bench):
    bench.compare()
    page = run_page("metrics")
    first = parameter(page, "at")
    page = press(page, "Next worst slice (1 of 4)")
    assert parameter(page, "at") != first
    for rank in (2, 3, 4):
        page = press(page, f"Next worst slice ({rank} of 4)")
    assert parameter(page, "at") == first, (
        "four slices are labelled, and after the last comes the worst again"
    )


def test_an_address_shows_the_very_same(run_page, bench):
    stored = bench.compare()
    wanted = {
        "study": stored.id,
        "view": "slices",
        "class": "3",
        "version": "known:1",
        "on": bench.tomogram.id,
        "show": "errors",
        "at": "5-30-11",
        "differences": "1",
    }
    page = run_page("metrics", **wanted)
    assert {name: parameter(page, name) for name in wanted} == wanted
    assert page.selectbox(key=f"metrics-version-{stored.id}").value == "known:1"
    assert page.button_group(key=f"metrics-class-{stored.id}").value == 3
    assert page.dataframe[0].value["Version"].tolist() == ["known:2"], "differences only"
    page.button_group(key=f"metrics-class-{stored.id}").set_value(1).run()
    assert parameter(page, "class") == "1"


def test_a_chosen_object_is_shown_in_3d_and_named_in_the_address(run_page, bench):
    stored = bench.compare()
    looked_at = LookedAt(stored, open_study(bench.workspace, stored.id), 1, 0, 1)
    text = find_object_at(looked_at, "missed", (5, 3, 37)).to_text()
    page = run_page("metrics", study=stored.id, object=text, **{"class": "1"})
    assert "Missed object of 4.80·10⁻⁵ µm³ around z 6, y 3, x 38" in said(page)
    assert len(page.get("plotly_chart")) == 2, "the slices, and the object in 3D"
    assert parameter(page, "object") == text
    page = press(page, "Close")
    assert "Missed object of" not in said(page)
    assert "object" not in page.query_params


def test_what_an_address_names_and_is_not_there_is_left_aside(run_page, bench):
    stored = bench.compare()
    page = run_page(
        "metrics",
        study=stored.id,
        view="no",
        version="no:1",
        show="no",
        on="no",
        at="999-0-0",
        object="missed-99",
    )
    assert (parameter(page, "view"), parameter(page, "version")) == ("slices", "known:2")
    assert parameter(page, "at") == "7-0-0", "the last slice"


def test_a_version_is_made_the_default_and_noted_on(run_page, opened, bench):
    small = save_small_model(opened.workspace, "small")
    (found,) = [each for each in list_versions(opened.workspace).sound if each.spec == small]
    config = replace(
        bench.uses[1].config, name="small", version="1", weights_sha256=found.config.weights_sha256
    )
    replace(bench, uses=(bench.uses[0], ModelUse(config, 0.62))).compare(models=("known:1", small))
    page = run_page("metrics")
    assert "This version is not there any more" in said(page), "the known ones are not in the workspace"
    page.text_area(key=f"metrics-about-{small}-note-text-").set_value("Good on yeast")
    page = press(page, "Save the note")
    assert "Good on yeast" in said(page)
    page = press(page, "Make default")
    assert list_versions(opened.workspace).sound[0].spec == small
    assert "Make default" not in labels(page)
    models = run_page("models", model=small)
    assert "Good on yeast" in said(models)
    assert "local user, just now" in said(models)


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
