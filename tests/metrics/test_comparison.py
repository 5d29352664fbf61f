import numpy as np
import pytest

from sxt.errors import SettingsError
from sxt.metrics.comparison import COMPARED_SCORES, EvaluatedVersion, compare_versions
from sxt.metrics.evaluate import evaluate_pair
from sxt.metrics.evaluation import EvaluationSettings
from sxt.metrics.pair import ClassName, MaskPair
from sxt.metrics.statistics import StatisticsSettings
from tests.metrics.masks import blobs

NAMES = (ClassName(1, "membrane"),)
QUICK = StatisticsSettings(n_resamples=500)
FAST = EvaluationSettings(with_objects=False)


def spoilt(truth, share, seed):
    """The truth with a share of its voxels wrong, in clusters."""
    wrong = blobs(truth.shape, seed=seed, share=share, smooth=1.0) == 1
    return np.where(wrong, 1 - truth, truth).astype(np.uint8)


def version(name, masks, truths, settings=FAST):
    pairs = [MaskPair(mask, truth) for mask, truth in zip(masks, truths, strict=True)]
    return EvaluatedVersion(
        name, "0" * 64, tuple(evaluate_pair(each, NAMES, settings=settings) for each in pairs)
    )


@pytest.fixture(scope="module")
def cells():
    return [blobs((4, 24, 24), seed=seed) for seed in range(8)]


@pytest.fixture(scope="module")
def versions(cells):
    bad = version("bad", [spoilt(each, 0.3, 100 + i) for i, each in enumerate(cells)], cells)
    good = version("good", [spoilt(each, 0.05, 200 + i) for i, each in enumerate(cells)], cells)
    same = version("same", [spoilt(each, 0.3, 100 + i) for i, each in enumerate(cells)], cells)
    return bad, good, same


def test_a_better_version_is_found_better_and_an_identical_one_no_different(versions):
    found = compare_versions(versions, 1, settings=QUICK)
    assert (found.baseline, found.unit, found.n_units, found.warnings) == ("bad", "tomogram", 8, ())
    assert {each.score for each in found.scores} == set(COMPARED_SCORES)
    dice = found.of("good", "dice")
    assert dice.verdict == "better"
    assert dice.difference.low > 0.05
    assert (dice.p, dice.p_adjusted) == (2 / 256, 4 / 256)
    for name in COMPARED_SCORES:
        same = found.of("same", name)
        assert (same.difference.value, same.difference.low, same.difference.high) == (0, 0, 0)
        assert (same.p, same.verdict) == (1, "no difference")
        assert found.of("bad", name).verdict == "no difference"


def test_the_baseline_can_be_chosen_and_then_the_signs_turn(versions):
    forth = compare_versions(versions[:2], 1, settings=QUICK).of("good", "dice")
    back = compare_versions(versions[:2], 1, baseline="good", settings=QUICK).of("bad", "dice")
    assert back.difference.value == pytest.approx(-forth.difference.value)
    assert back.verdict == "worse"


def test_the_value_is_the_mean_over_tomograms(versions):
    found = compare_versions(versions, 1, settings=QUICK).of("good", "dice").value
    dices = [each.confusion.of_class_pooled(1)["dice"] for each in versions[1].evaluations]
    assert found.value == pytest.approx(np.mean(dices))
    assert found.low < found.value < found.high


def test_few_tomograms_are_too_little_data(versions):
    few = tuple(EvaluatedVersion(each.name, each.sha256, each.evaluations[:3]) for each in versions[:2])
    found = compare_versions(few, 1, settings=QUICK)
    assert found.of("good", "dice").verdict == "too little data to tell"
    assert found.warnings == ("3 tomograms are too few to tell versions apart; 6 are the fewest that can.",)


def test_of_one_tomogram_blocks_of_slices_are_compared_with_a_warning():
    truth = [blobs((160, 24, 24), seed=3)]
    bad, good = (
        version(name, [spoilt(truth[0], share, 7)], truth) for name, share in (("bad", 0.3), ("good", 0.1))
    )
    found = compare_versions((bad, good), 1, settings=QUICK)
    assert (found.unit, found.n_units) == ("block", 160 // found.block_slices)
    assert found.of("good", "dice").verdict == "better"
    assert "There is one tomogram" in found.warnings[0]
    pooled = good.evaluations[0].confusion.of_class_pooled(1)["dice"]
    assert found.of("good", "dice").value.value == pytest.approx(pooled)


def test_pooled_surface_and_centreline_scores_are_those_of_the_evaluation():
    truth = [blobs((40, 24, 24), seed=3)]
    only = version("only", [spoilt(truth[0], 0.1, 7)], truth)
    found = compare_versions((only,), 1, settings=QUICK)
    measured = only.evaluations[0].classes[0]
    assert found.of("only", "surface_dice").value.value == pytest.approx(measured.surface.surface_dice)
    assert found.of("only", "centreline_dice").value.value == pytest.approx(measured.centreline.dice)


def test_what_was_not_measured_of_all_is_not_compared(versions, cells):
    bare = version("bare", cells, cells, EvaluationSettings(with_surfaces=False, with_centrelines=False))
    found = compare_versions((versions[0], bare), 1, settings=QUICK)
    assert {each.score for each in found.scores} == {"dice", "iou", "precision", "recall"}
    with pytest.raises(SettingsError, match="no 'surface_dice' of 'bare'"):
        found.of("bare", "surface_dice")


def test_versions_measured_on_other_data_are_refused(versions, cells):
    other = version("other", cells, [np.roll(each, 1, axis=1) for each in cells])
    with pytest.raises(SettingsError, match="not measured on the same labelled voxels"):
        compare_versions((versions[0], other), 1, settings=QUICK)


def test_names_must_be_told_apart(versions):
    with pytest.raises(SettingsError, match="repeat themselves"):
        compare_versions((versions[0], versions[0]), 1)
    with pytest.raises(SettingsError, match="baseline 'none' is not among"):
        compare_versions(versions, 1, baseline="none")
