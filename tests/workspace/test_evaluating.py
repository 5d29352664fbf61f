import dataclasses
import json

import numpy as np
import pytest

from sxt.errors import InputError, SettingsError
from sxt.labels import SliceKey
from sxt.metrics import ClassName, EvaluationSettings, StatisticsSettings, read_study
from sxt.models import ModelClass, ModelConfig
from sxt.network import NetworkConfig
from sxt.segment import SegmentSettings
from sxt.workspace.evaluating import (
    ComparisonRequest,
    ModelUse,
    compare_in_workspace,
    comparison_folder,
    comparison_id,
    find_comparison,
)
from sxt.workspace.predictions import (
    ThresholdedMask,
    are_same_settings,
    common_classes,
    find_segmentation,
    open_prediction,
)
from tests.workspace.conftest import PointwiseNetwork

QUICK = StatisticsSettings(n_resamples=200)
FAST = EvaluationSettings(with_surfaces=False, with_objects=False, with_centrelines=False)


def make_use(version, threshold=0.5, **changes):
    config = ModelConfig(
        name="known",
        version=version,
        network=NetworkConfig(n_classes=2),
        classes=(ModelClass(1, "membrane", "#E69F00"), ModelClass(3, "lipid droplet", "#F0E442")),
        created="2026-01-31",
        weights_sha256=version * 64,
        **changes,
    )
    return ModelUse(config, threshold)


@pytest.fixture
def uses():
    return make_use("1"), make_use("2", threshold=0.7)


@pytest.fixture
def labels(workspace, tomogram):
    found = workspace.open_labels(tomogram.id, by="ada")
    values = workspace.open_tomogram(tomogram.id).read_slices(0, 10)
    for z in (2, 5, 7):
        drawn = (values[z] < 100).astype(np.uint8)
        found.change(SliceKey("z", z), lambda old, drawn=drawn: drawn, by="ada", tool="brush")
    return found


@pytest.fixture
def segment(workspace):
    """Segments with a network that needs no training, and counts how often it is asked."""
    from sxt.models import Model

    asked = []

    def segment(tomogram_id, use):
        asked.append(use.spec)
        model = Model(PointwiseNetwork().eval(), use.config, workspace.root)
        return workspace.segment(tomogram_id, model, device="cpu", by="ada")

    segment.asked = asked
    return segment


def make_request(tomogram, **changes):
    given = {
        "tomogram_ids": (tomogram.id,),
        "models": ("known:1", "known:2"),
        "settings": FAST,
        "statistics": QUICK,
    }
    return ComparisonRequest(**given | changes)


def test_a_comparison_is_made_once_and_found_again(workspace, tomogram, labels, segment, uses):
    request = make_request(tomogram)
    wanted = comparison_id(workspace, request, uses)
    assert find_comparison(workspace, wanted) is None
    assert compare_in_workspace(workspace, request, uses, segment=segment, by="ada") == wanted
    assert segment.asked == ["known:1", "known:2"]
    study = find_comparison(workspace, wanted)
    assert [each.name for each in study.versions] == ["known:1", "known:2"]
    assert study.evaluations[0][0].confusion.n_unlabelled.tolist() == [
        0 if z in (2, 5, 7) else 40 * 44 for z in range(10)
    ]
    before = {path: path.stat().st_mtime_ns for path in (workspace.root / "evaluations").rglob("*")}
    assert compare_in_workspace(workspace, request, uses, segment=segment, by="bob") == wanted
    assert {path: path.stat().st_mtime_ns for path in (workspace.root / "evaluations").rglob("*")} == before
    assert segment.asked == ["known:1", "known:2"]


def test_the_numbers_are_those_of_the_stored_probability_at_the_threshold(
    workspace, tomogram, labels, segment, uses
):
    found = compare_in_workspace(workspace, make_request(tomogram), uses, segment=segment, by="ada")
    evaluation = read_study(comparison_folder(workspace, found)).evaluations[1][0]
    (manifest,) = [each for each in workspace.segmentations.list() if each.model.spec == "known:2"]
    probability = workspace.open_probability(manifest.id)[:]
    predicted = (probability.max(axis=0) > 0.7 * 255) & (probability.argmax(axis=0) == 0)
    truth = labels.volume[0:10]
    counts = evaluation.counts(1).pooled()
    assert counts.tp == np.sum(predicted & (truth == 1))
    assert counts.fp == np.sum(predicted & (truth == 0))
    assert evaluation.threshold == 0.7


def test_a_further_version_costs_only_itself(workspace, tomogram, labels, segment, uses):
    compare_in_workspace(workspace, make_request(tomogram), uses, segment=segment, by="ada")
    parts = set((workspace.root / "evaluations" / "parts").iterdir())
    third = (*uses, make_use("3"))
    request = make_request(tomogram, models=("known:1", "known:2", "known:3"))
    compare_in_workspace(workspace, request, third, segment=segment, by="ada")
    assert segment.asked == ["known:1", "known:2", "known:3"]
    assert len(set((workspace.root / "evaluations" / "parts").iterdir()) - parts) == 1


def test_held_out_slices_alone_are_measured(workspace, tomogram, labels, segment, uses):
    everything = make_request(tomogram)
    before = comparison_id(workspace, everything, uses)
    found = compare_in_workspace(workspace, everything, uses, segment=segment, by="ada")
    study = find_comparison(workspace, found)
    assert "No slice of cell is held out: all its labels were used." in study.warnings[0]
    with labels.lock():
        labels.hold_out.write([5])
    assert comparison_id(workspace, everything, uses) != before
    held = compare_in_workspace(workspace, everything, uses, segment=segment, by="ada")
    study = find_comparison(workspace, held)
    assert np.flatnonzero(study.evaluations[0][0].counts(1).total).tolist() == [5]
    assert not any("held out" in each for each in study.warnings)
    every = make_request(tomogram, hold_out_only=False)
    every_id = compare_in_workspace(workspace, every, uses, segment=segment, by="ada")
    assert np.flatnonzero(
        find_comparison(workspace, every_id).evaluations[0][0].counts(1).total
    ).tolist() == [2, 5, 7]


def test_changed_labels_ask_for_a_new_comparison(workspace, tomogram, labels, uses):
    request = make_request(tomogram)
    before = comparison_id(workspace, request, uses)
    labels.change(SliceKey("z", 2), lambda old: np.zeros_like(old), by="ada", tool="brush")
    assert comparison_id(workspace, request, uses) != before
    unlabelled = make_request(tomogram, with_labels=False)
    same = comparison_id(workspace, unlabelled, uses)
    labels.change(SliceKey("z", 2), lambda old: old + 1, by="ada", tool="brush")
    assert comparison_id(workspace, unlabelled, uses) == same
    assert len(same) == 10


def test_a_version_trained_on_what_it_is_measured_on_is_named(workspace, tomogram, labels, segment):
    uses = make_use("1", training={"data": f"tomogram {tomogram.id}, 12 slices"}), make_use("2")
    found = compare_in_workspace(workspace, make_request(tomogram), uses, segment=segment, by="ada")
    assert any("known:1 was trained on cell." in each for each in find_comparison(workspace, found).warnings)


def test_without_labels_versions_are_compared_with_each_other(workspace, tomogram, segment, uses):
    with pytest.raises(InputError, match="'cell' has no labels; label some slices"):
        compare_in_workspace(workspace, make_request(tomogram), uses, segment=segment, by="ada")
    request = make_request(tomogram, with_labels=False)
    found = compare_in_workspace(workspace, request, uses, segment=segment, by="ada")
    study = find_comparison(workspace, found)
    assert [each.class_value for each in study.agreements] == [1, 3]
    assert 0 < study.agreements[0].agreement.dice < 1
    note = json.loads((comparison_folder(workspace, found) / "request.json").read_text())
    assert note["by"] == "ada"


def test_a_failed_comparison_leaves_nothing_under_its_name(workspace, tomogram, labels, segment, uses):
    uses = (uses[0], dataclasses.replace(uses[1], threshold=0.6))
    request = make_request(tomogram, baseline="known:9")
    with pytest.raises(SettingsError, match="'known:9' is not among"):
        compare_in_workspace(workspace, request, uses, segment=segment, by="ada")
    assert [path.name for path in (workspace.root / "evaluations").iterdir() if path.name != "parts"] == []


def test_only_a_segmentation_of_that_version_with_those_settings_is_used_again(
    workspace, tomogram, segment, uses
):
    manifest = segment(tomogram.id, uses[0])
    wanted = {"model_sha256": "1" * 64}
    settings = SegmentSettings(threshold=0.9, slab_slices=2)
    assert find_segmentation(workspace, tomogram.id, settings=settings, **wanted).id == manifest.id
    assert find_segmentation(workspace, tomogram.id, settings=SegmentSettings(tta="rot4"), **wanted) is None
    assert find_segmentation(workspace, tomogram.id, model_sha256="2" * 64, settings=settings) is None
    assert not are_same_settings({}, settings)
    prediction = open_prediction(workspace, manifest, threshold=0.5, classes=(ClassName(3, "lipid droplet"),))
    stored = workspace.open_mask(manifest.id).read_slices(0, 10)
    assert np.array_equal(prediction.mask[0:10], stored)
    assert np.array_equal(prediction.probabilities[0][2:4], workspace.open_probability(manifest.id)[1, 2:4])


def test_masks_are_thresholded_when_read():
    probability = np.array([[[[10, 200]], [[130, 0]]], [[[0, 210]], [[120, 0]]]], np.uint8)
    mask = ThresholdedMask(probability, threshold=0.5, class_values=(1, 3))
    assert mask.shape == (2, 1, 2)
    assert mask[0:2].tolist() == [[[0, 3]], [[1, 0]]]
    assert mask[1:2].tolist() == [[[1, 0]]]


def test_classes_are_those_in_common():
    first = make_use("1").config
    second = dataclasses.replace(
        first, version="2", network=NetworkConfig(n_classes=1), classes=(ModelClass(3, "drop", "#000000"),)
    )
    assert common_classes((first, second)) == (ClassName(3, "lipid droplet", "#F0E442"),)
    third = dataclasses.replace(second, classes=(ModelClass(7, "x", "#000000"),))
    with pytest.raises(SettingsError, match="have no class in common"):
        common_classes((first, third))
