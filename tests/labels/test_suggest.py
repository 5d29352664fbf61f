import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sxt.errors import Cancelled, SettingsError
from sxt.labels import (
    compare_versions,
    disagreement_between,
    disagreement_of,
    find_regions,
    predict_turned,
    rank_slices,
    score_slices,
    stream_scores,
)
from sxt.labels.suggest import REACH_SLICES, combine_classes, distance_weight
from sxt.progress import CancelToken


def test_disagreement_is_worked_out_by_hand():
    first = np.array([0, 255, 100], np.uint8).reshape(1, 1, 1, 3)
    second = np.array([255, 255, 151], np.uint8).reshape(1, 1, 1, 3)
    assert disagreement_between(first, second).ravel() == pytest.approx([1.0, 0.0, 0.2])
    assert disagreement_of([first, second]).ravel() == pytest.approx([0.5, 0.0, 0.1], abs=1e-6)
    three = [np.full((1, 1, 1, 1), v, np.uint8) for v in (0, 0, 255)]
    assert disagreement_of(iter(three)).item() == pytest.approx(np.sqrt(2) / 3)
    with pytest.raises(SettingsError, match="1 predictions; give at least 2"):
        disagreement_of([first])
    with pytest.raises(SettingsError, match="the same slices"):
        disagreement_between(first, second[..., :2])


def test_turned_predictions_are_turned_back():
    slab = np.random.default_rng(0).integers(0, 256, (2, 5, 7)).astype(np.uint8)
    found = list(predict_turned(lambda view: np.stack([view, 255 - view]), slab))
    assert len(found) == 8
    for each in found:
        np.testing.assert_array_equal(each, np.stack([slab, 255 - slab]))
    assert disagreement_of(found).max() < 1e-3
    corner = list(predict_turned(lambda view: np.where(np.indices(view.shape)[1] == 0, 255, 0)[None], slab))
    assert disagreement_of(corner).max() > 0.4


def test_versions_are_compared_slab_by_slab():
    rng = np.random.default_rng(0)
    first, second = (rng.integers(0, 256, (2, 11, 6, 5)).astype(np.uint8) for _ in range(2))
    reported = []
    streamed = stream_scores(
        compare_versions(first, second), 11, slab_slices=4, progress=lambda p: reported.append(p.done)
    )
    assert streamed == pytest.approx(score_slices(disagreement_between(first, second)))
    assert streamed.shape == (2, 11)
    assert reported == [4, 8, 11]
    token = CancelToken()
    token.cancel()
    with pytest.raises(Cancelled):
        stream_scores(compare_versions(first, second), 11, cancel=token)
    with pytest.raises(SettingsError, match="have shapes"):
        compare_versions(first, second[:, 1:])


def test_rare_classes_count_as_much_as_common_ones():
    scores = np.zeros((2, 5))
    scores[0] = 0.3, 0.3, 0.3, 0.3, 0.3
    scores[1, 4] = 0.001
    assert combine_classes(scores) == pytest.approx([0.5, 0.5, 0.5, 0.5, 1.0])
    (best,) = rank_slices(scores, [0], n_wanted=1)
    assert best.index == 4


def test_disagreement_and_distance_decide_together():
    scores = np.full((1, 21), 0.1)
    scores[0, 9] = 0.2
    assert distance_weight(np.array([0.0, REACH_SLICES])) == pytest.approx([0.0, 1 - np.exp(-1)])
    assert rank_slices(scores, [0], n_wanted=1)[0].index == 9
    assert rank_slices(scores, [8], n_wanted=1)[0].index == 20
    first, second = rank_slices(scores, [0], n_wanted=2)
    assert second.index == 20
    assert first.gain == 1.0 > second.gain
    assert (second.distance, second.disagreement) == (11, pytest.approx(0.5))


def test_the_reason_is_one_sentence_with_the_facts():
    scores = np.full((1, 30), 0.1)
    scores[0, 20], scores[0, 27] = 0.3, 0.2
    first, second = rank_slices(scores, [4], n_wanted=2)
    assert first.reason == (
        "Predictions disagree most of all 30 slices on slice 20, 16 slices from the nearest labelled one (4)."
    )
    assert second.reason == (
        "Predictions disagree 2nd most of all 30 slices on slice 27, 7 slices from the nearest suggested one (20)."
    )


def test_without_labels_and_model_the_middle_comes_first():
    (first, second) = rank_slices(np.zeros((1, 48)), [], n_wanted=2)
    assert first.index == 23
    assert first.distance is None
    assert "nothing is labelled yet" in first.reason
    assert second.index != 23


@settings(max_examples=40, deadline=None)
@given(data=st.data(), n=st.integers(1, 20))
def test_suggestions_are_open_slices_each_once(data, n):
    scores = np.array(data.draw(st.lists(st.floats(0, 1), min_size=n, max_size=n)))[None]
    labelled = data.draw(st.lists(st.integers(0, n - 1), max_size=4))
    excluded = data.draw(st.lists(st.integers(0, n - 1), max_size=4))
    found = [each.index for each in rank_slices(scores, labelled, n_wanted=7, excluded=excluded)]
    taken = {*labelled, *excluded}
    assert len(found) == len(set(found)) == min(7, n - len(taken))
    assert not set(found) & taken


@pytest.mark.parametrize(
    "scores", [np.zeros(4), np.full((1, 4), np.nan), np.full((1, 4), -1.0), np.zeros((1, 0))]
)
def test_scores_that_cannot_be_ranked_are_told(scores):
    with pytest.raises(SettingsError, match="scores must be"):
        rank_slices(scores, [])
    with pytest.raises(SettingsError, match="reach is 0"):
        rank_slices(np.ones((1, 4)), [], reach_slices=0)


def test_regions_are_the_squares_of_most_disagreement():
    disagreement = np.zeros((40, 50), np.float32)
    disagreement[3:9, 20:26] = 0.5
    disagreement[30:40, 44:50] = 0.25
    first, second, *_ = find_regions(disagreement, size_px=6, n_wanted=4)
    assert (first.start, first.stop, first.disagreement) == ((3, 20), (9, 26), pytest.approx(0.5))
    assert second.start[1] == 44
    assert second.disagreement == pytest.approx(0.25)
    boxes = find_regions(disagreement, size_px=6, n_wanted=4)
    covered = np.zeros(disagreement.shape, int)
    for each in boxes:
        covered[each.start[0] : each.stop[0], each.start[1] : each.stop[1]] += 1
    assert covered.max() == 1
    assert find_regions(np.zeros((8, 8)), size_px=4) == ()
    (whole,) = find_regions(np.ones((4, 5)), size_px=96)
    assert (whole.start, whole.stop) == ((0, 0), (4, 5))
