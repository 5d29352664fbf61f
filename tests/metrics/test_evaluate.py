import dataclasses
import json

import numpy as np
import pytest

from sxt.errors import Cancelled, InputError, SettingsError
from sxt.metrics import pair as pair_module
from sxt.metrics.evaluate import evaluate_pair
from sxt.metrics.evaluation import Evaluation, EvaluationSettings
from sxt.metrics.pair import ClassName, MaskPair
from sxt.metrics.records import from_record, to_record
from sxt.progress import CancelToken
from tests.metrics.masks import blobs

NAMES = (ClassName(1, "membrane"), ClassName(2, "bead", "#CC79A7"))


def two_classes(seed=0):
    truth = blobs((16, 40, 40), seed=seed)
    truth[blobs((16, 40, 40), seed=seed + 1, share=0.1) == 1] = 2
    prediction = np.roll(truth, 1, axis=2)
    truth[:, :4] = 255
    probabilities = tuple(np.where(prediction == value, 200, 20).astype(np.uint8) for value in (1, 2))
    return MaskPair(prediction, truth, voxel_size_nm=(20.0, 10.0, 10.0), probabilities=probabilities)


def test_everything_is_measured_of_every_class():
    found = evaluate_pair(two_classes(), NAMES, threshold=0.5)
    assert found.confusion.classes == (1, 2)
    for each in found.classes:
        counts = found.counts(each.name.value).pooled()
        at_half = each.curves.at(0.5)
        assert each.curves.dice[at_half] == pytest.approx(
            found.confusion.of_class_pooled(each.name.value)["dice"]
        )
        assert each.histogram.n_positive == counts.tp + counts.fn
        assert each.paper.ambiguous_share == 1
        assert each.surface.unit == "nm"
        assert 0 < each.surface.surface_dice <= 1
        assert len(each.objects.truth) == each.objects.tp[2] + each.objects.fn[2]
        assert each.centreline.dice > 0


def test_slabs_make_no_difference(monkeypatch):
    whole = evaluate_pair(two_classes(), NAMES)
    monkeypatch.setattr(pair_module, "SLAB_VOXELS", 40 * 40 * 3)
    slabs = evaluate_pair(two_classes(), NAMES)
    a, b = to_record(whole), to_record(slabs)
    for each in (*a["classes"], *b["classes"]):
        for table in ("truth", "prediction"):
            each["objects"][table] = sorted(each["objects"][table]["voxels"])
    assert json.dumps(a, sort_keys=True) == json.dumps(b, sort_keys=True)


def test_a_stored_evaluation_is_the_same():
    found = evaluate_pair(two_classes(), NAMES, threshold=0.5)
    text = json.dumps(to_record(found), allow_nan=False)
    again = from_record(Evaluation, json.loads(text))
    assert json.dumps(to_record(again), allow_nan=False) == text
    assert again.counts(1).tp.dtype == np.int64
    assert again.settings == found.settings
    assert again.classes[0].wedge.recall.dtype == np.float64


def test_what_is_left_out_is_none():
    settings = EvaluationSettings(with_surfaces=False, with_objects=False, with_centrelines=False)
    pair = dataclasses.replace(two_classes(), probabilities=())
    found = evaluate_pair(pair, settings=settings)
    assert [each.name.name for each in found.classes] == ["class 1", "class 2"]
    for each in found.classes:
        assert (each.curves, each.paper, each.surface, each.objects, each.centreline) == (None,) * 5


def test_notes_say_what_the_numbers_do_not():
    pair = dataclasses.replace(two_classes(), probabilities=(), voxel_size_nm=None)
    found = evaluate_pair(pair, (ClassName(1, "membrane"), ClassName(7, "other")))
    assert found.notes == (
        "The truth also holds class 2, counted as background here.",
        "The truth nowhere holds other.",
        "The voxel size is unknown: distances are in voxels, taken as cubes.",
    )
    truth = pair.truth.copy()
    truth[3:] = 255
    found = evaluate_pair(MaskPair(np.zeros_like(truth), truth), (ClassName(1, "membrane"),))
    assert "The truth holds membrane, which the prediction never has." in found.notes
    assert "13 of 16 slices have no label and are not counted." in found.notes
    assert found.classes[0].surface.surface_dice == 0


def test_probabilities_need_a_name_each():
    with pytest.raises(SettingsError, match="2 probabilities but 1 classes"):
        evaluate_pair(two_classes(), NAMES[:1])
    with pytest.raises(InputError, match="does not have the prediction's shape"):
        MaskPair(
            np.zeros((2, 3, 3), "u1"), np.zeros((2, 3, 3), "u1"), probabilities=(np.zeros((1, 3, 3), "u1"),)
        )


def test_an_evaluation_stops_when_cancelled_and_reports_its_stages():
    token, stages = CancelToken(), []
    evaluate_pair(two_classes(), NAMES[:2], progress=lambda each: stages.append(each.stage))
    assert {"measure slices", "measure normals", "measure distances"} <= set(stages)
    token.cancel()
    with pytest.raises(Cancelled):
        evaluate_pair(two_classes(), NAMES, cancel=token)


def test_a_damaged_record_is_refused():
    with pytest.raises(InputError, match=r"The stored result cannot be read as Evaluation .*evaluate again"):
        from_record(Evaluation, {"slices": []})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"tolerance_nm": 0}, "tolerance_nm is 0"),
        ({"connectivity": 18}, "connectivity of 18"),
        ({"min_voxels": -1}, "smallest size of -1"),
        ({"iou_thresholds": (0.0,)}, "above 0 up to 1"),
        ({"n_calibration_bins": 1}, "1 bins"),
    ],
)
def test_unusable_settings_are_named(changes, message):
    with pytest.raises(SettingsError, match=message):
        EvaluationSettings(**changes)
