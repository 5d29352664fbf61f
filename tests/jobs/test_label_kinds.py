"""Jobs on labels, run without a queue: proposing, ranking, bringing in."""

from pathlib import Path

import numpy as np
import pytest
import tifffile

from sxt.errors import Cancelled, InputError, SettingsError
from sxt.jobs import JobStore
from sxt.jobs.kinds.base import JobContext, JobSettings
from sxt.jobs.kinds.import_labels import ImportLabelsSettings, run_import_labels
from sxt.jobs.kinds.propose import (
    ProposalSettings,
    ProposeJobSettings,
    SegmentProposeJobSettings,
    run_propose,
    run_segment_propose,
)
from sxt.jobs.kinds.registry import KINDS
from sxt.jobs.kinds.segment import SegmentJobSettings
from sxt.jobs.kinds.suggest import CompareVersionsSettings, TurnedSettings, run_turned, run_versions
from sxt.labels import ClassList, LabelSet, PseudoLabels, SliceKey
from sxt.progress import CancelToken, ignore_progress
from sxt.workspace import SegmentationManifest, TomogramManifest, Workspace
from sxt.workspace.suggesting import read_map, read_scores, suggest_slices
from tests.jobs.conftest import save_tiny_model
from tests.ui.items import CLASSES, add_segmentation, add_tomogram

SHAPE = (6, 32, 48)


@pytest.fixture
def tomogram(workspace: Workspace, tmp_path: Path) -> TomogramManifest:
    values = np.random.default_rng(0).integers(0, 250, SHAPE, dtype="u1")
    return add_tomogram(workspace, tmp_path, values)


@pytest.fixture
def labels(workspace: Workspace, tomogram: TomogramManifest) -> LabelSet:
    classes = ClassList()
    for each in CLASSES:
        classes = classes.add(each.name)
    return workspace.open_labels(tomogram.id, by="ada", classes=classes)


@pytest.fixture
def segmentation(workspace: Workspace, tomogram: TomogramManifest) -> SegmentationManifest:
    mask = np.zeros(SHAPE, np.uint8)
    mask[:, 4:12, 4:12] = 3
    return add_segmentation(workspace, tomogram, mask)


def context(workspace: Workspace, kind: str, settings: JobSettings) -> JobContext:
    job = JobStore(workspace, kinds=KINDS).submit(kind, settings, by="ada")
    return JobContext(workspace, job.manifest, "cpu", ignore_progress, CancelToken())


def test_proposals_are_made_beside_the_labels_on_slices_nobody_labelled(workspace, labels, segmentation):
    labels.change(SliceKey("z", 2), np.zeros_like, by="ada", tool="brush")
    PseudoLabels(labels).mark_hold_out([5], by="ada")
    settings = ProposeJobSettings(segmentation_id=segmentation.id)
    outcome = run_propose(context(workspace, "propose", settings), settings)
    pseudo = PseudoLabels(labels)
    (made,) = pseudo.rounds()
    assert made.slices == (0, 1, 3, 4)
    assert (made.model, made.by) == ("membrane:1", "ada")
    found = pseudo.read(3).labels
    assert (found[4:12, 4:12] == 2).all()  # droplet is 3 in the model
    assert (found == 0).sum() == 32 * 48 - 64
    assert labels.volume.list_slices() == [2]
    assert outcome.note.startswith("Round 1: 4 slices.")


def test_unsure_voxels_stay_unlabelled(workspace, labels, tomogram):
    mask = np.zeros(SHAPE, np.uint8)
    probability = np.full((2, *SHAPE), 128, np.uint8)
    unsure = add_segmentation(workspace, tomogram, mask, probability)
    settings = ProposeJobSettings(segmentation_id=unsure.id, proposal=ProposalSettings(slices=(1,)))
    run_propose(context(workspace, "propose", settings), settings)
    assert (PseudoLabels(labels).read(1).labels == 255).all()


def test_held_out_slices_alone_are_refused(workspace, labels, segmentation):
    PseudoLabels(labels).mark_hold_out([1], by="ada")
    settings = ProposeJobSettings(segmentation_id=segmentation.id, proposal=ProposalSettings(slices=(1,)))
    with pytest.raises(SettingsError, match="None of the slices can get proposals"):
        run_propose(context(workspace, "propose", settings), settings)


def test_classes_that_the_labels_lack_are_named(workspace, tomogram, segmentation):
    workspace.open_labels(tomogram.id, by="ada", classes=ClassList().add("membrane"))
    settings = ProposeJobSettings(segmentation_id=segmentation.id)
    with pytest.raises(SettingsError, match="no class 'droplet'"):
        run_propose(context(workspace, "propose", settings), settings)


def test_a_model_version_segments_first(workspace, labels, tomogram):
    settings = SegmentProposeJobSettings(
        segment=SegmentJobSettings(tomogram_id=tomogram.id, model=save_tiny_model(workspace), device="cpu"),
        proposal=ProposalSettings(slices=(0, 3)),
    )
    outcome = run_segment_propose(context(workspace, "segment-propose", settings), settings)
    assert workspace.segmentations.get(outcome.results[0]).tomogram_id == tomogram.id
    assert PseudoLabels(labels).rounds()[0].slices == (0, 3)


def test_slices_are_ranked_by_how_two_segmentations_disagree(workspace, labels, tomogram, segmentation):
    probability = np.zeros((2, *SHAPE), np.uint8)
    probability[1, :, 4:12, 4:12] = 255
    probability[1, 4, 20:30, 20:30] = 255  # on slice 4 alone
    other = add_segmentation(workspace, tomogram, np.zeros(SHAPE, np.uint8), probability, name="other")
    settings = CompareVersionsSettings(first=segmentation.id, second=other.id)
    run_versions(context(workspace, "suggest", settings), settings)
    scores = read_scores(labels)
    assert scores.segmentations == (segmentation.id, other.id)
    np.testing.assert_allclose(scores.of_all(6)[1], [0, 0, 0, 0, 100 / (32 * 48), 0])
    best = suggest_slices(labels, scores, [0])[0]
    assert (best.index, best.distance) == (4, 4)
    assert "slice 4" in best.reason
    (row, column), (last_row, last_column) = scores.regions_of(4)[0]
    assert row <= 20 < 30 <= last_row
    assert column <= 20 < 30 <= last_column


def test_two_segmentations_must_differ(workspace, labels, segmentation):
    settings = CompareVersionsSettings(first=segmentation.id, second=segmentation.id)
    with pytest.raises(SettingsError, match="different segmentations"):
        run_versions(context(workspace, "suggest", settings), settings)


def test_slices_are_ranked_by_how_a_model_disagrees_under_turns(workspace, labels, tomogram):
    settings = TurnedSettings(tomogram_id=tomogram.id, model=save_tiny_model(workspace), step=2)
    run_turned(context(workspace, "suggest-turned", settings), settings)
    scores = read_scores(labels)
    assert [each.z for each in scores.slices] == [0, 2, 4, 5]
    assert scores.of_all(6).shape == (1, 6)
    assert 0 < scores.of_all(6).max() <= 0.5
    assert scores.source == "tiny:1 under four turns"
    means = [read_map(labels, scores, each.z).mean() / 255 * 0.5 for each in scores.slices]
    assert means == pytest.approx([each.scores[0] for each in scores.slices], abs=0.002)
    with pytest.raises(InputError, match="z 3 was not looked at"):
        read_map(labels, scores, 3)


def test_a_new_ranking_takes_the_place_of_the_old_maps(workspace, labels, tomogram, segmentation):
    turned = TurnedSettings(tomogram_id=tomogram.id, model=save_tiny_model(workspace), step=3)
    for _ in range(2):
        run_turned(context(workspace, "suggest-turned", turned), turned)
    assert [each.name for each in labels.folder.glob("disagreement-*")] == [read_scores(labels).maps]
    other = add_segmentation(workspace, tomogram, np.zeros(SHAPE, np.uint8))
    versions = CompareVersionsSettings(first=segmentation.id, second=other.id)
    run_versions(context(workspace, "suggest", versions), versions)
    assert list(labels.folder.glob("disagreement-*")) == []


def test_a_cancelled_ranking_leaves_the_old_one(workspace, labels, tomogram, segmentation):
    other = add_segmentation(workspace, tomogram, np.zeros(SHAPE, np.uint8))
    settings = CompareVersionsSettings(first=segmentation.id, second=other.id)
    running = context(workspace, "suggest", settings)
    running.cancel.cancel()
    with pytest.raises(Cancelled):
        run_versions(running, settings)
    assert read_scores(labels) is None


def test_labels_are_brought_in_with_the_meaning_of_their_values(workspace, labels, tomogram, tmp_path):
    values = np.zeros(SHAPE, np.uint8)
    values[2, :5] = 7
    tifffile.imwrite(tmp_path / "labels.tif", values)
    settings = ImportLabelsSettings(
        tomogram_id=tomogram.id, source=tmp_path / "labels.tif", values={0: 255, 7: 2}
    )
    outcome = run_import_labels(context(workspace, "import-labels", settings), settings)
    assert outcome.note == "1 slice changed."
    found = labels.volume[0:6]
    assert (found[2, :5] == 2).all()
    assert (found == 255).sum() == values.size - 5 * 48


def test_a_file_of_another_shape_brings_nothing(workspace, labels, tomogram, tmp_path):
    tifffile.imwrite(tmp_path / "labels.tif", np.zeros((6, 32, 47), np.uint8))
    settings = ImportLabelsSettings(tomogram_id=tomogram.id, source=tmp_path / "labels.tif")
    with pytest.raises(InputError, match="nothing was imported"):
        run_import_labels(context(workspace, "import-labels", settings), settings)
    assert labels.volume.list_slices() == []


def test_pairs_are_brought_in_as_one_class(workspace, labels, tomogram, tmp_path):
    folder = tmp_path / "pairs"
    folder.mkdir()
    structure = np.zeros(SHAPE[1:], np.uint8)
    structure[3:9, 3:9] = 255
    tifffile.imwrite(folder / "s_0004.tif", structure)
    tifffile.imwrite(folder / "s_0004.labels.tif", structure)
    settings = ImportLabelsSettings(tomogram_id=tomogram.id, source=folder, pair_value=1)
    run_import_labels(context(workspace, "import-labels", settings), settings)
    assert (labels.read(SliceKey("z", 4)) == 1).sum() == 36
