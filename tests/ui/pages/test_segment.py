from dataclasses import replace

import numpy as np
import pytest

from sxt.segment.settings import UNLIKE_TRAINING_DATA, SegmentSettings
from sxt.ui.segment.estimate import estimate_seconds
from tests.shipped import DEFAULT_SPEC
from tests.ui.pages.conftest import press, texts
from tests.ui.test_selection import address


def test_without_a_tomogram_the_page_leads_to_upload(run_page):
    page = run_page("segment")
    assert "There is no tomogram to segment yet" in texts(page).replace("\\", "")
    assert press(page, "Bring in a tomogram").title[0].value == "Upload"


def test_the_main_button_queues_the_selected_tomogram_with_the_chosen_settings(run_page, opened, tomogram):
    page = run_page("segment")
    page.selectbox(key="segment-tta").set_value("rot4")
    page.slider(key=f"segment-slices-{tomogram.id}").set_value((1, 4))
    press(page, "Segment 1 tomogram")
    (job,) = opened.jobs.list()
    assert job.manifest.settings["tomogram_id"] == tomogram.id
    assert job.manifest.settings["model"] == DEFAULT_SPEC
    settings = job.manifest.settings["segment"]
    assert (settings["tta"], settings["first_slice"], settings["last_slice"]) == ("rot4", 1, 5)


def test_the_same_is_not_queued_twice(run_page, opened, tomogram):
    page = press(run_page("segment"), "Segment 1 tomogram").run()
    (button,) = [each for each in page.button if each.label == "Segment 1 tomogram"]
    assert button.disabled
    page.selectbox(key="segment-tta").set_value("rot4").run()
    (button,) = [each for each in page.button if each.label == "Segment 1 tomogram"]
    assert not button.disabled


def test_several_tomograms_are_queued_at_once(run_page, opened, tmp_path, tomogram):
    from tests.ui.items import add_tomogram
    from tests.ui.viewer.conftest import ramp

    other = add_tomogram(opened.workspace, tmp_path, ramp((3, 20, 30)), name="other")
    page = run_page("segment")
    page.multiselect[0].set_value([tomogram.id, other.id]).run()
    press(page, "Segment 2 tomograms")
    jobs = opened.jobs.list()
    assert [job.manifest.settings["tomogram_id"] for job in jobs] == [tomogram.id, other.id]
    assert [job.position for job in jobs] == [1, 2]


def test_settings_that_cannot_be_used_are_refused_in_words(run_page, opened, tomogram):
    page = run_page("segment")
    page.number_input(key="segment-tile").set_value(64)
    page.number_input(key="segment-overlap").set_value(48)
    page = page.run()
    assert "exceeds half of the 64 px tile" in page.error[0].value
    assert "Segment 1 tomogram" not in [each.label for each in page.button]


def test_a_waiting_job_can_be_cancelled_here(run_page, opened, tomogram):
    page = press(run_page("segment"), "Segment 1 tomogram")
    (job,) = opened.jobs.list()
    page = page.button(key=f"segment-cancel-{job.id}").click().run()
    assert not page.exception
    assert opened.jobs.get(job.id).state == "cancelled"


def test_a_tomogram_unlike_the_training_data_is_said_above_the_result(run_page, opened, tomogram):
    from tests.ui.items import add_segmentation

    mask = np.ones(tomogram.shape, "u1")
    add_segmentation(opened.workspace, tomogram, mask, name="like")
    assert not run_page("segment").warning
    add_segmentation(opened.workspace, tomogram, mask, name="unlike", notes=(UNLIKE_TRAINING_DATA,))
    assert UNLIKE_TRAINING_DATA in [each.value for each in run_page("segment").warning]


def test_the_address_says_which_of_several_segmentations_is_shown(run_page, opened, tomogram, segmentation):
    from tests.ui.items import add_segmentation

    newer = add_segmentation(opened.workspace, tomogram, np.ones(tomogram.shape, "u1"), name="newer")
    page = run_page("segment")
    assert address(page)["segmentation"] == newer.id
    chooser = page.selectbox(key=f"segment-shown-{tomogram.id}")
    page = chooser.set_value(segmentation.id).run()
    assert address(page) == {"tomogram": tomogram.id, "model": DEFAULT_SPEC, "segmentation": segmentation.id}


def test_the_threshold_stands_under_the_result(run_page, tomogram, segmentation):
    page = run_page("segment")
    assert "The mask has threshold 0.50" in [each.label for each in page.button]
    assert "membrane" in texts(page)


def test_the_card_of_the_model_is_shown_with_its_limits(run_page, tomogram):
    said = texts(run_page("segment")).replace("\\", "")
    assert "Outlines of membrane-bound organelles" in said
    assert "Trained on simulated cells only" in said


@pytest.mark.parametrize(
    ("changes", "tta", "expected"),
    [({}, "none", 24.0), ({"tta": "rot4"}, "none", 6.0), ({}, "d4", 192.0)],
)
def test_an_estimate_scales_with_voxels_and_views(tomogram, segmentation, changes, tta, expected):
    large = tomogram.model_copy(update={"shape": (20, 1000, 1000)})
    earlier = segmentation.model_copy(
        update={
            "shape": (10, 1000, 1000),
            "device": "CPU, fp32",
            "seconds": {"predict": 10.0, "write": 2.0},
            "settings": {"tta": "none"} | changes,
        }
    )
    settings = replace(SegmentSettings(), tta=tta)
    found = estimate_seconds([large], settings, model="membrane:1", on_cpu=True, earlier=[earlier])
    assert found is not None
    assert found.seconds == pytest.approx(expected)


def test_runs_on_another_device_or_model_say_nothing(tomogram, segmentation):
    earlier = segmentation.model_copy(
        update={"shape": (10, 1000, 1000), "device": "NVIDIA H200, bf16", "seconds": {"predict": 1.0}}
    )
    ask = {"model": "membrane:1", "on_cpu": True, "earlier": [earlier]}
    assert estimate_seconds([tomogram], SegmentSettings(), **ask) is None
    assert estimate_seconds([tomogram], SegmentSettings(), **(ask | {"on_cpu": False})) is not None
    assert (
        estimate_seconds([tomogram], SegmentSettings(), **(ask | {"on_cpu": False, "model": "other:1"}))
        is None
    )
