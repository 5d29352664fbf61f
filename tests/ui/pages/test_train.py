import json

import numpy as np
import pytest
from PIL import Image

from sxt.labels import PseudoLabels, SliceKey
from sxt.ui.train.records import read_record
from tests.shipped import DEFAULT_SPEC
from tests.ui.pages.conftest import SHAPE, labels, press, texts

CURVES = """step,seconds,round,learning_rate,loss,label_loss,image_loss,consistency_loss,sure_share,dice
1,1.5,0,0.0001,0.9,0.6,0.2,,,
10,9.5,0,0.0005,0.5,0.4,0.1,0.05,0.7,0.62
"""


@pytest.fixture
def labelled(opened, tomogram):
    """Three labelled slices, one of them held out."""
    found = opened.workspace.open_labels(tomogram.id, by="ada")
    stripe = np.zeros(SHAPE[1:], np.uint8)
    stripe[10:20] = 1
    for z in (1, 2, 4):
        found.change(SliceKey("z", z), lambda _: stripe, by="ada", tool="brush", source="human")
    PseudoLabels(found).mark_hold_out([4], by="ada")
    return tomogram


def plain(app):
    return texts(app).replace("\\", "")


def test_without_labels_the_page_says_what_is_missing(run_page, tomogram):
    page = run_page("train")
    assert "There are no labelled slices yet" in plain(page)
    assert "Train a version" not in labels(page)


def test_labels_are_counted_with_whose_they_are(run_page, labelled):
    page = run_page("train")
    (option,) = page.multiselect[0].options
    assert f"{option}: 2 slices (2 human; 2 by ada); 1 held out" in plain(page)


def test_what_will_happen_is_said_before_it_does(run_page, labelled):
    said = plain(run_page("train"))
    assert f"Trains membrane from {DEFAULT_SPEC} for 30 min on 2 labelled slices of 1 tomogram." in said
    assert "The slice marked as held out is never trained on; it tells how good it is." in said


def test_the_main_button_submits_what_was_chosen(run_page, opened, labelled):
    page = run_page("train")
    page.number_input(key="train-minutes").set_value(5.0)
    page.text_input(key="train-name").set_value("lab-membrane")
    page.radio(key=f"train-start-{DEFAULT_SPEC}").set_value("anew, from random weights")
    page.number_input(key="train-seed").set_value(7)
    press(page.run(), "Train a version")
    (job,) = opened.jobs.list()
    settings = job.manifest.settings
    assert job.manifest.kind == "train"
    assert settings["tomogram_ids"] == [labelled.id]
    assert (settings["model_name"], settings["init"], settings["minutes"], settings["seed"]) == (
        "lab-membrane",
        None,
        5.0,
        7,
    )


def test_settings_that_contradict_each_other_are_refused(run_page, labelled):
    page = run_page("train")
    page = page.number_input(key="train-crop").set_value(16).run()
    assert not page.error
    page = page.multiselect[0].set_value([]).run()
    assert "Choose at least one labelled tomogram" in plain(page)
    (button,) = [each for each in page.button if each.label == "Train a version"]
    assert button.disabled


@pytest.fixture
def training(run_page, opened, labelled):
    """A training that runs and has written its first curves."""
    press(run_page("train"), "Train a version")
    (job,) = opened.jobs.list()
    opened.workspace.jobs.change(job.id, lambda old: old.model_copy(update={"state": "running"}))
    folder = opened.workspace.jobs.path(job.id)
    (folder / "curves.csv").write_text(CURVES)
    return job


def test_a_running_training_shows_its_curves_and_can_be_kept_early(run_page, opened, training):
    page = run_page("train")
    assert len(page.get("plotly_chart")) >= 2
    press(page, "Stop and keep what it has")
    assert (opened.workspace.jobs.path(training.id) / "stop").is_file()
    assert opened.workspace.activity.read(limit=1)[0].action == "stopped and kept"


def test_a_version_is_shown_beside_its_parent(run_page, opened, training):
    folder = opened.workspace.jobs.path(training.id)
    result = {"spec": "membrane:2", "parent": "membrane:1", "steps": 10, "minutes": 0.5, "notes": []}
    (folder / "result.json").write_text(json.dumps(result | {"metrics": {"dice": 0.62, "parent_dice": 0.5}}))
    opened.workspace.jobs.change(training.id, lambda old: old.model_copy(update={"state": "done"}))
    page = run_page("train")
    assert page.success[0].value.replace("\\", "") == "Saved **membrane:2**, started from membrane:1."
    dice = page.metric[0]
    assert (dice.value, dice.delta) == ("0.620", "+0.120 against its parent")
    assert "Segment with it" in labels(page)


def test_held_out_slices_are_shown_in_false_colour(run_page, opened, training):
    folder = opened.workspace.jobs.path(training.id) / "previews"
    folder.mkdir()
    Image.new("RGB", (8, 8)).save(folder / "slice-1.png")
    shown = {"file": "slice-1.png", "tomogram": "Zelle *7* (abcdefghij)", "z": 4, "dice": 0.625}
    (folder / "previews.json").write_text(json.dumps({"step": 10, "slices": [shown]}))
    page = run_page("train")
    assert "Held-out slices after step 10" in plain(page)
    assert [caption for each in page.get("image") for caption in each.captions] == [
        r"Zelle \*7\* \(abcdefghij\), slice 4: Dice 0.62"
    ]


ROUNDS = [
    {
        "number": 1,
        "first_step": 4,
        "slices": 3,
        "voxels": 12345,
        "foreground_voxels": 1234,
        "dice_before": 0.6,
        "dice_after": 0.65,
        "is_kept": True,
    },
    {"number": 2, "first_step": 7, "voxels": 5, "dice_before": 0.65, "dice_after": 0.64, "is_kept": False},
    {"number": 3, "first_step": 9, "voxels": 6},
]


def test_rounds_are_a_timeline_with_what_each_took(run_page, opened, training):
    (opened.workspace.jobs.path(training.id) / "rounds.json").write_text(json.dumps(ROUNDS))
    page = run_page("train")
    said = plain(page)
    assert (
        "**Round 1** · 12\u2009345 voxels taken from 3 slices, 10 % of them structure · Dice 0.600 → 0.650 · kept"
        in said
    )
    assert "**Round 2** · 5 voxels taken · Dice 0.650 → 0.640 · not kept: the hold-out did not gain" in said
    assert "**Round 3** · 6 voxels taken · under way · not measured yet" in said
    (timeline,) = [each for each in page.get("plotly_chart") if "round 2" in each.proto.spec]
    bars = json.loads(timeline.proto.spec)["data"]
    assert [(each["base"], each["x"]) for each in bars] == [([0], [4]), ([4], [3]), ([7], [2]), ([9], [1])]
    assert bars[1]["text"] == ["round 1: 12\u2009345 voxels"]


def test_a_round_of_a_running_training_is_reverted(run_page, opened, training):
    folder = opened.workspace.jobs.path(training.id)
    (folder / "rounds.json").write_text(json.dumps(ROUNDS))
    page = run_page("train")
    assert [each for each in labels(page) if each.startswith("Revert")] == [
        f"Revert round {number}" for number in (1, 2, 3)
    ]
    press(page, "Revert round 2")
    assert json.loads((folder / "reverted.json").read_text())["number"] == 2
    deed = opened.workspace.activity.read(limit=1)[0]
    assert (deed.action, deed.id) == ("reverted", training.id)
    assert deed.detail.startswith("round 2 of pseudo-labels; the training ends")


def test_of_a_finished_training_what_it_contains_is_reverted_by_a_job(run_page, opened, training):
    folder = opened.workspace.jobs.path(training.id)
    (folder / "rounds.json").write_text(json.dumps(ROUNDS[:2]))
    opened.workspace.jobs.change(training.id, lambda old: old.model_copy(update={"state": "done"}))
    page = run_page("train")
    assert [each for each in labels(page) if each.startswith("Revert")] == ["Revert round 1"]
    page = press(page, "Revert round 1")
    (job,) = opened.jobs.list({"queued"})
    assert job.manifest.settings == {"training_id": training.id, "number": 1}
    assert f"Go back to before round 1 of: Train membrane from {DEFAULT_SPEC}" in plain(page)
    gone = {"by": "a_b", "when": "2026-03-04T05:06:00+00:00"}
    (folder / "rounds.json").write_text(json.dumps([ROUNDS[0] | {"is_kept": False, "reverted": gone}]))
    opened.workspace.jobs.change(job.id, lambda old: old.model_copy(update={"state": "done"}))
    page = run_page("train")
    assert "Dice 0.600 → 0.650 · reverted by a\\_b on 2026\u201103\u201104" in texts(page)
    assert not [each for each in labels(page) if each.startswith("Revert")]


def test_a_folder_without_files_is_an_empty_record(tmp_path):
    record = read_record(tmp_path)
    assert len(record.curves) == 0
    assert (record.previews, record.rounds, record.result) == ((), (), None)
