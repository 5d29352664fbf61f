import numpy as np
import pytest

from sxt.errors import SettingsError
from sxt.labels.tools import (
    Paint,
    SuperpixelCache,
    SuperpixelSettings,
    accept_proposal,
    find_proposal,
    flood_fill,
    flood_region,
    grow_region,
    grow_to_edge,
    make_superpixels,
    paint_superpixels,
    propose_classes,
    reject_proposal,
    stroke_region,
    threshold_region,
)

ROWS, COLUMNS = np.mgrid[:60, :60]
DISK = np.hypot(ROWS - 30, COLUMNS - 30) <= 15
EMPTY = np.full((60, 60), 255, np.uint8)


def noisy_disk(seed=0):
    return np.where(DISK, 40.0, 120.0) + np.random.default_rng(seed).normal(0, 8, DISK.shape)


def test_a_flood_keeps_to_like_grey_values_that_touch():
    grey = np.array([[10, 12, 30, 11], [10, 14, 30, 10], [10, 16, 30, 10]], np.uint8)
    assert flood_region(grey, (0, 0), 2).tolist() == [
        [True, True, False, False],
        [True, False, False, False],
        [True, False, False, False],
    ]
    assert flood_region(grey, (0, 0), 4)[1, 1]
    assert flood_region(grey, (0, 0), 255).all()
    with pytest.raises(SettingsError, match="grey difference of at least 0"):
        flood_region(grey, (0, 0), -1)
    with pytest.raises(SettingsError, match="outside the slice"):
        flood_region(grey, (3, 0), 1)


def test_protected_classes_stop_a_flood():
    labels = np.full((3, 5), 255, np.uint8)
    labels[:, 2] = 2
    grey = np.zeros((3, 5))
    assert (flood_fill(labels, grey, (0, 0), tolerance=1, paint=Paint(1))[:, 3:] == 255).all()
    assert (flood_fill(labels, grey, (0, 0), tolerance=1, paint=Paint(1, protects_others=False)) == 1).all()
    np.testing.assert_array_equal(flood_fill(labels, grey, (0, 2), tolerance=1, paint=Paint(1)), labels)


def test_a_threshold_paints_within_the_region_only():
    grey, region = np.arange(12).reshape(3, 4), np.ones((3, 4), bool)
    region[1] = False
    painted = threshold_region(np.zeros((3, 4), np.uint8), grey, region, low=2, high=9, paint=Paint(1))
    assert np.flatnonzero(painted).tolist() == [2, 3, 8, 9]
    with pytest.raises(SettingsError, match="is empty"):
        threshold_region(painted, grey, region, low=3, high=2, paint=Paint(1))


@pytest.mark.parametrize("rule", ["watershed", "random walker"])
def test_growing_stops_at_the_edge(rule):
    seeds = stroke_region(DISK.shape, [(28, 28), (33, 34)], 3)
    region = np.hypot(ROWS - 30, COLUMNS - 30) <= 25
    grown = grow_region(noisy_disk(), seeds, region, rule=rule)
    overlap = 2 * (grown & DISK).sum() / (grown.sum() + DISK.sum())
    assert overlap > 0.93
    assert grown[seeds].all()
    assert not grown[~region].any()
    painted = grow_to_edge(EMPTY, noisy_disk(), seeds, region, paint=Paint(1), rule=rule)
    np.testing.assert_array_equal(painted == 1, grown)


@pytest.mark.parametrize("rule", ["watershed", "random walker"])
def test_growing_works_at_the_border_and_from_a_full_seed(rule):
    grey = np.where(ROWS < 10, 0.0, 100.0)
    region = (ROWS < 20) & (COLUMNS < 30)
    grown = grow_region(grey, region & (ROWS < 5) & (COLUMNS > 5) & (COLUMNS < 25), region, rule=rule)
    assert grown[2:8, 8:22].all()
    assert not grown[13:].any()
    np.testing.assert_array_equal(grow_region(grey, region, region, rule=rule), region)


def test_a_stroke_outside_its_region_is_told():
    with pytest.raises(SettingsError, match="draw it inside"):
        grow_region(noisy_disk(), DISK, ~DISK & (ROWS > 50))
    everything = np.ones((598, 598), bool)
    with pytest.raises(SettingsError, match="spans 360000 pixels"):
        grow_region(np.zeros((598, 598)), everything, everything, rule="random walker")


def test_superpixels_keep_to_edges_and_are_painted_whole():
    ids = make_superpixels(noisy_disk(), SuperpixelSettings(size_px=8))
    assert ids.min() == 1
    assert 30 < ids.max() < 90
    impure = sum(min(DISK[ids == n].sum(), (~DISK)[ids == n].sum()) for n in range(1, ids.max() + 1))
    assert impure < 0.03 * DISK.size
    painted = paint_superpixels(EMPTY, ids, [3, 5], paint=Paint(2))
    np.testing.assert_array_equal(painted == 2, (ids == 3) | (ids == 5))
    with pytest.raises(SettingsError, match="cannot be made"):
        SuperpixelSettings(size_px=1)


def test_superpixels_are_made_once_a_slice():
    cache, n_read = SuperpixelCache(size=2), []

    def read(name):
        n_read.append(name)
        return noisy_disk()[:20, :20]

    first = cache.get("a", lambda: read("a"))
    assert cache.get("a", lambda: read("a")) is first
    cache.get("a", lambda: read("a"), SuperpixelSettings(size_px=5))
    cache.get("b", lambda: read("b"))
    cache.get("a", lambda: read("a"))
    assert n_read == ["a", "a", "b", "a"]
    with pytest.raises(ValueError, match="read-only"):
        first[0, 0] = 1


@pytest.fixture
def probability():
    values = np.zeros((2, 6, 8), np.uint8)
    values[0, 1, 1], values[0, 2, 2] = 200, 240  # joined at a corner
    values[0, 5, 7] = 255
    values[1, 2, 3:5] = 180
    return values


def test_the_region_under_a_click_is_found(probability):
    proposal = find_proposal(probability, (1, 4), (1, 1))
    assert (proposal.value, proposal.n_voxels) == (1, 2)
    assert proposal.confidence == pytest.approx(220 / 255)
    assert find_proposal(probability, (1, 4), (2, 4)).value == 4
    assert find_proposal(probability, (1, 4), (0, 0)) is None
    assert find_proposal(probability, (1, 4), (1, 1), threshold=0.9) is None
    assert propose_classes(probability, (1, 4), threshold=0.0)[2].tolist() == [0, 0, 1, 4, 4, 0, 0, 0]
    with pytest.raises(SettingsError, match="for 1 classes"):
        find_proposal(probability, (1,), (0, 0))
    with pytest.raises(SettingsError, match="from 0 up to 1"):
        find_proposal(probability, (1, 4), (0, 0), threshold=1.0)


def test_a_proposal_is_accepted_or_rejected_whole(probability):
    labels = np.full((6, 8), 255, np.uint8)
    labels[2, 2] = 4
    proposal = find_proposal(probability, (1, 4), (1, 1))
    accepted = accept_proposal(labels, proposal)
    assert (accepted[1, 1], accepted[2, 2]) == (1, 4)
    assert (accept_proposal(labels, proposal, protects_others=False) == 1).sum() == 2
    rejected = reject_proposal(accepted, proposal)
    assert (rejected[1, 1], rejected[2, 2]) == (0, 4)
