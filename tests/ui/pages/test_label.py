import numpy as np
import pytest

from sxt.labels import PseudoLabels, SliceKey
from sxt.workspace.suggesting import DisagreementScores, ScoredSlice, write_scores
from tests.shipped import DEFAULT_SPEC
from tests.ui.items import add_segmentation
from tests.ui.pages.conftest import SHAPE, labels, press, texts
from tests.ui.pages.test_upload import send, write_tiff


@pytest.fixture
def drawn(opened, tomogram):
    """Labels with slice 1 painted as membrane in a square."""
    found = opened.workspace.open_labels(tomogram.id, by="ada")
    paint(found, 1)
    return found


def paint(found, z: int) -> None:
    square = np.full(SHAPE[1:], 255, np.uint8)
    square[10:20, 10:20] = 1
    found.change(SliceKey("z", z), lambda _: square, by="ada", tool="brush")


def test_without_a_tomogram_the_page_leads_to_upload(run_page):
    page = run_page("label")
    assert "There is no tomogram to label yet" in texts(page)
    assert press(page, "Bring in a tomogram").title[0].value == "Upload"


def test_a_first_visit_makes_labels_and_offers_what_needs_nothing(run_page, opened, tomogram):
    page = run_page("label")
    found = opened.workspace.find_labels(tomogram.id)
    assert [each.name for each in found.classes] == [
        "membrane",
        "mitochondrion",
        "lipid droplet",
        "gold bead",
    ]
    assert "Nothing is labelled yet." in texts(page)
    assert "Propose labels" not in labels(page)
    assert "Segment and propose labels" in labels(page)


def test_progress_and_downloads_of_what_is_labelled(run_page, drawn, tomogram):
    page = run_page("label")
    (bar,) = page.get("progress")
    assert bar.proto.text == "**1 of 6 slices labelled**"
    assert f"/api/labels/{tomogram.id}/export/tif" in texts(page)
    assert f"/api/labels/{tomogram.id}/export/pairs?class=1" in texts(page)


def test_a_class_is_added_renamed_and_merged(run_page, drawn):
    page = run_page("label")
    page.text_input(key="label-class-name").set_value("vesicle")
    page = press(page, "Add")
    vesicle = drawn.classes.active[-1]
    assert (vesicle.name, vesicle.value) == ("vesicle", 5)
    (field,) = [each for each in page.text_input if each.value == "membrane"]
    page = field.set_value("envelope").run()
    assert not page.exception
    assert drawn.classes.get(1).name == "envelope"
    page.selectbox(key="label-merge-source").set_value(1).run()
    page.selectbox(key="label-merge-target").set_value(5).run()
    page = press(page, "Merge")
    assert (drawn.read(SliceKey("z", 1)) == 5).sum() == 100
    assert [each.value for each in drawn.classes] == [2, 3, 4, 5]


def test_a_name_that_is_taken_is_refused(run_page, drawn):
    page = run_page("label")
    page.text_input(key="label-class-name").set_value("Membrane")
    page = press(page, "Add")
    assert "There are several classes" in texts(page)
    assert len(drawn.classes) == 4


def test_slices_between_are_filled_and_taken_back(run_page, drawn):
    paint(drawn, 5)
    page = run_page("label")  # the canvas has told nothing: the middle slice, 3
    page = press(page, "Copy it here")
    assert (drawn.read(SliceKey("z", 3)) == 1).sum() == 100
    page.selectbox(key="label-other-z-3").set_value(5).run()
    page = press(page, "Fill between")
    assert (drawn.read(SliceKey("z", 4)) == 1).sum() == 100
    assert "Filled 1 slice between z 3 and z 5" in "".join(each.value for each in page.success).replace(
        "\\", ""
    )
    press(page, "Undo the interpolation")
    assert 4 not in drawn.volume.list_slices()


def test_a_slice_is_propagated_reviewed_and_the_round_taken_back(run_page, drawn):
    paint(drawn, 3)
    page = press(run_page("label"), "Propagate")
    pseudo = PseudoLabels(drawn)
    assert pseudo.rounds()[0].slices == (1, 2, 4, 5)
    assert "0 of 4 slices reviewed" in texts(page)
    page = press(page, "Revert")
    assert pseudo.rounds()[0].is_reverted
    assert "Pseudo-labels lie beside your labels" in texts(page)


def test_pseudo_labels_are_accepted_and_rejected(run_page, drawn):
    pseudo = PseudoLabels(drawn)
    with pseudo.new_round(by="ada", model="membrane:1") as writer:
        for z in (2, 3):
            writer.add(z, np.ones(SHAPE[1:], np.uint8), np.full(SHAPE[1:], 200 + z, np.uint8))
    page = press(run_page("label"), "Accept")
    assert pseudo.find(3).decision == "accepted"
    assert "1 of 2 slices reviewed" in texts(page)
    press(page, "Reject")
    assert pseudo.find(3).decision == "rejected"


def test_a_slice_is_held_out(run_page, opened, drawn, tomogram):
    paint(drawn, 3)
    page = run_page("label")
    (toggle,) = page.toggle
    page = toggle.set_value(True).run()
    assert drawn.hold_out.list() == (3,)
    assert "1 held out" in page.get("progress")[0].proto.text
    page = page.toggle[0].set_value(False).run()
    assert drawn.hold_out.list() == ()


def test_labels_are_proposed_from_a_segmentation(run_page, opened, drawn, segmentation):
    page = run_page("label")
    assert "droplet" not in [each.name for each in drawn.classes]
    page = press(page, "Add its 1 class to the labels")
    assert "droplet" in [each.name for each in drawn.classes]
    press(page, "Propose labels")
    (job,) = opened.jobs.list()
    assert job.manifest.kind == "propose"
    assert job.manifest.settings["segmentation_id"] == segmentation.id


def test_labels_are_proposed_on_a_range_by_another_model_version(run_page, opened, drawn, segmentation):
    page = press(run_page("label"), "Add its 1 class to the labels")
    (where,) = [each for each in page.segmented_control if each.label == "Propose labels on"]
    page = where.set_value("a range").run()
    (bounds,) = [each for each in page.slider if each.label == "Slices along z"]
    assert bounds.value == (0, 5)
    page = bounds.set_value((2, 4)).run()
    press(page, "Propose labels")
    press(page, "Segment and propose labels")
    settings = {job.manifest.kind: job.manifest.settings for job in opened.jobs.list()}
    assert settings["propose"]["proposal"]["slices"] == [2, 3, 4]
    assert settings["segment-propose"]["proposal"]["slices"] == [2, 3, 4]
    assert settings["segment-propose"]["segment"]["model"] == DEFAULT_SPEC


def send_labels(opened, tmp_path, values):
    return send(opened, write_tiff(tmp_path / "labels.tif", values))


def test_a_mask_of_255_is_brought_in_as_the_class_that_it_is_said_to_be(run_page, opened, drawn, tmp_path):
    mask = np.zeros(SHAPE, np.uint8)
    mask[2, 5:9, 5:9] = 255
    send_labels(opened, tmp_path, mask)
    page = press(run_page("label"), "Look into the file")
    assert "A mask of one structure, 0 and 255" in texts(page)
    (bring,) = [each for each in page.button if each.label == "Bring in"]
    assert bring.disabled
    (meaning,) = [each for each in page.selectbox if each.label == "Value 255 (16 voxels) is"]
    assert meaning.value is None
    press(meaning.set_value(2).run(), "Bring in")
    (job,) = opened.jobs.list()
    assert job.manifest.settings["values"] == {"0": 0, "255": 2}


def test_a_value_without_a_class_is_not_brought_in_before_it_means_something(
    run_page, opened, drawn, tmp_path
):
    values = np.zeros(SHAPE, np.uint8)
    values[2, 5:9, 5:9], values[3] = 7, 255
    send_labels(opened, tmp_path, values)
    page = press(run_page("label"), "Look into the file")
    assert "No class has the value 7. Say what it is, or add the class first." in texts(page)
    (bring,) = [each for each in page.button if each.label == "Bring in"]
    assert bring.disabled
    (meaning,) = [each for each in page.selectbox if each.label == "Value 7 (16 voxels) is"]
    page = meaning.set_value(255).run()
    assert "No class has the value" not in texts(page)
    press(page, "Bring in")
    (job,) = opened.jobs.list()
    assert job.manifest.settings["values"] == {"0": 0, "7": 255, "255": 255}


def test_labels_of_another_shape_are_refused_by_name(run_page, opened, drawn, tmp_path):
    send_labels(opened, tmp_path, np.zeros((6, 40, 51), np.uint8))
    page = press(run_page("label"), "Look into the file")
    said = texts(page).replace("\\", "")
    assert (
        "labels.tif is (6, 40, 51) (z, y, x), but the tomogram is (6, 40, 50); nothing was imported" in said
    )
    (bring,) = [each for each in page.button if each.label == "Bring in"]
    assert bring.disabled


def test_what_to_label_next_says_why(run_page, opened, drawn, tomogram, segmentation):
    slices = tuple(ScoredSlice(z=z, scores=(0.9 if z == 4 else 0.1,)) for z in range(6))
    write_scores(drawn, DisagreementScores(source="one and other", slices=slices))
    page = run_page("label")
    assert "Next: slice 4" in labels(page)
    assert "Predictions disagree most of all 6 slices on slice 4" in texts(page)
    page = press(page, "Next: slice 4")
    assert page.session_state["label-request"].z == 4
    add_segmentation(opened.workspace, tomogram, np.zeros(SHAPE, np.uint8), name="other")
    page = run_page("label")
    press(page, "Rank slices")
    (job,) = opened.jobs.list()
    assert job.manifest.kind == "suggest"
