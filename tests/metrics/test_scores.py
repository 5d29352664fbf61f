import numpy as np
import pytest
from hypothesis import given
from sklearn import metrics as reference

from sxt.errors import SettingsError
from sxt.metrics.scores import SCORE_NAMES, BinaryCounts, score, score_all
from tests.metrics.masks import mask_pairs


def counts_of(prediction, truth):
    kept = truth != 255
    p, t = prediction[kept] == 1, truth[kept] == 1
    return BinaryCounts(*(np.array(np.sum(each)) for each in (p & t, p & ~t, ~p & t, ~p & ~t)))


@given(mask_pairs())
def test_scores_are_those_of_scikit_learn_where_it_defines_them(pair):
    prediction, truth = (each.ravel() for each in pair)
    counts = counts_of(prediction, truth)
    empty_scores = float(not truth.any() and not prediction.any())
    keywords = {"zero_division": empty_scores}
    expected = {
        "dice": reference.f1_score(truth, prediction, **keywords),
        "iou": reference.jaccard_score(truth, prediction, **keywords),
        "precision": reference.precision_score(truth, prediction, **keywords),
        "recall": reference.recall_score(truth, prediction, **keywords),
        "accuracy": reference.accuracy_score(truth, prediction),
        "specificity": reference.recall_score(
            truth, prediction, pos_label=0, zero_division=float(truth.all() and prediction.all())
        ),
    }
    found = score_all(counts)
    assert {name: found[name] for name in expected} == pytest.approx(expected, abs=1e-12)


@given(mask_pairs())
def test_mcc_is_that_of_scikit_learn_except_where_all_voxels_are_of_one_kind(pair):
    prediction, truth = (each.ravel() for each in pair)
    counts = counts_of(prediction, truth)
    kinds = np.count_nonzero(counts.as_array())
    found = float(score(counts, "mcc"))
    if kinds == 1:
        assert found == (1.0 if (prediction == truth).all() else -1.0)
    else:
        assert found == pytest.approx(reference.matthews_corrcoef(truth, prediction), abs=1e-9)


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        (
            (0, 0, 0, 9),
            {"dice": 1, "iou": 1, "precision": 1, "recall": 1, "specificity": 1, "accuracy": 1, "mcc": 1},
        ),
        ((0, 3, 0, 6), {"dice": 0, "iou": 0, "precision": 0, "recall": 0, "specificity": 2 / 3, "mcc": 0}),
        (
            (0, 0, 3, 6),
            {"dice": 0, "precision": 0, "recall": 0, "specificity": 1, "accuracy": 2 / 3, "mcc": 0},
        ),
        ((9, 0, 0, 0), {"dice": 1, "specificity": 1, "mcc": 1}),
        ((0, 9, 0, 0), {"recall": 0, "specificity": 0, "mcc": -1}),
        ((0, 0, 9, 0), {"precision": 0, "specificity": 0, "mcc": -1}),
    ],
)
def test_empty_cases_have_their_stated_values(counts, expected):
    found = score_all(BinaryCounts(*map(np.array, counts)))
    assert {name: found[name] for name in expected} == pytest.approx(expected)


def test_dice_worked_by_hand():
    counts = BinaryCounts(*(np.array(each) for each in ([6, 0], [2, 0], [4, 0], [88, 0])))
    assert score(counts, "dice")[0] == pytest.approx(12 / 18)
    assert np.isnan(score(counts, "dice")[1])
    assert all(np.isnan(score(counts, name)[1]) for name in SCORE_NAMES)
    assert counts.total.tolist() == [100, 0]


def test_mcc_of_huge_counts_does_not_overflow():
    counts = BinaryCounts(*(np.array(4_000_000_000 + i) for i in range(4)))
    assert float(score(counts, "mcc")) == pytest.approx(0, abs=1e-8)


def test_an_unknown_score_is_named():
    with pytest.raises(SettingsError, match="no score 'f2'; use one of dice"):
        score(BinaryCounts(*(np.zeros(1),) * 4), "f2")
