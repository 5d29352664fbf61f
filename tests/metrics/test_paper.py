import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sxt.metrics.paper import PaperCounter
from tests.metrics.masks import probabilities


def by_hand(probability, truth, patch):
    rows = []
    for slice_, true_slice in zip(probability, truth, strict=True):
        for y in range(0, slice_.shape[0], patch):
            for x in range(0, slice_.shape[1], patch):
                p = slice_[y : y + patch, x : x + patch].ravel() / 255 * 2 - 1
                t = true_slice[y : y + patch, x : x + patch].ravel()
                p, t = p[t != 255], t[t != 255] == 1
                if len(t):
                    tp, fp = np.sum((p > 0.9) & t), np.sum((p > 0.9) & ~t)
                    fn, tn = np.sum((p < -0.9) & t), np.sum((p < -0.9) & ~t)
                    rows.append((tp, fp, fn, tn, len(t)))
    return rows


@given(probabilities(), st.integers(1, 5))
def test_scores_are_the_published_definitions_patch_by_patch(pair, patch):
    probability, truth = pair
    counter = PaperCounter(1, patch_px=patch)
    counter.add(probability, truth)
    found, rows = counter.scores(), by_hand(probability, truth, patch)
    assert found.n_patches == len(rows)
    if not rows:
        assert np.isnan(found.accuracy)
        return
    assert found.accuracy == pytest.approx(np.mean([(tp + tn) / n for tp, _, _, tn, n in rows]))
    certain = [row for row in rows if sum(row[:4])]
    if certain:
        recall = [tp / (tp + fn) if tp + fn else float(fp == 0) for tp, fp, fn, _, _ in certain]
        precision = [tp / (tp + fp) if tp + fp else float(fn == 0) for tp, fp, fn, _, _ in certain]
        assert (found.recall, found.precision) == pytest.approx((np.mean(recall), np.mean(precision)))
    else:
        assert np.isnan(found.f1)


def test_an_ambiguous_pixel_counts_as_wrong_in_accuracy_alone():
    probability = np.array([[[255, 128, 0, 243, 242]]], np.uint8)
    truth = np.array([[[1, 1, 0, 1, 1]]], np.uint8)
    counter = PaperCounter(1)
    counter.add(probability, truth)
    found = counter.scores()
    assert (found.accuracy, found.precision, found.recall, found.f1) == (0.6, 1, 1, 1)
    assert found.ambiguous_share == pytest.approx(0.4)
