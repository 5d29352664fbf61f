import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import ndimage

from sxt.errors import SettingsError
from sxt.labels.tools import interpolate_slice, propagate_labels

ROWS, COLUMNS = np.mgrid[:80, :80]
RADIUS = np.hypot(ROWS - 40, COLUMNS - 40)
SLICES = hnp.arrays(np.uint8, (8, 9), elements=st.sampled_from([0, 0, 0, 1, 1, 2, 255]))


def disk(radius, value=1):
    return np.where(radius >= RADIUS, value, 0).astype(np.uint8)


def test_between_two_disks_lies_the_disk_of_mean_radius():
    for fraction in (0.25, 0.5, 0.75):
        found = interpolate_slice(disk(12), disk(24), fraction)
        radius = np.sqrt(np.count_nonzero(found) / np.pi)
        assert radius == pytest.approx(12 + 12 * fraction, abs=0.35)
        assert (found[11 + 12 * fraction > RADIUS] == 1).all()


def test_a_ring_stays_a_ring_of_its_width():
    first = disk(14) - disk(11)
    last = disk(26) - disk(23)
    found = interpolate_slice(first, last, 0.5)
    expected = disk(20) - disk(17)
    overlap = 2 * ((found == 1) & (expected == 1)).sum() / ((found == 1).sum() + expected.sum())
    assert overlap > 0.9


@settings(max_examples=80, deadline=None)
@given(first=SLICES, last=SLICES, fraction=st.floats(0.05, 0.95))
def test_interpolation_stays_within_what_the_ends_enclose(first, last, fraction):
    found = interpolate_slice(first, last, fraction)
    is_unknown = (first == 255) | (last == 255)
    assert np.isin(found[is_unknown], [1, 2, 255]).all()
    assert (found[~is_unknown] != 255).all()
    for value in (1, 2):
        a, b = first == value, last == value
        enclosed = ndimage.binary_fill_holes(a) | ndimage.binary_fill_holes(b)
        assert not (found == value)[~enclosed].any()
        if not a.any() or not b.any():
            assert not (found == value).any()


@settings(max_examples=30, deadline=None)
@given(labels=SLICES, fraction=st.floats(0.05, 0.95))
def test_between_equal_slices_lies_the_same(labels, fraction):
    found = interpolate_slice(labels, labels, fraction)
    np.testing.assert_array_equal(found, labels)


def test_fractions_and_shapes_are_checked():
    with pytest.raises(SettingsError, match="between 0 and 1"):
        interpolate_slice(disk(3), disk(3), 1.0)
    with pytest.raises(SettingsError, match="slices there are"):
        interpolate_slice(disk(3), disk(3)[1:], 0.5)


def test_propagated_labels_are_surest_far_from_edges_and_unsure_near_them():
    near, far = propagate_labels(disk(20), 1), propagate_labels(disk(20), 5)
    assert (near.labels[40, 40], near.labels[0, 0]) == (1, 0)
    assert near.labels[40, 60] == 255
    assert near.confidence[40, 54] > near.confidence[40, 56] > near.confidence[40, 58] > 127
    assert far.confidence[40, 45] < near.confidence[40, 45]
    assert (far.labels == 255).sum() > (near.labels == 255).sum()
    assert (near.confidence[near.labels == 255] == 0).all()
    edge = np.abs(RADIUS - 20)
    assert (far.labels[edge < 4] == 255).all()
    assert (far.labels[edge > 7] == disk(20)[edge > 7]).all()


def test_unlabelled_voxels_propagate_nothing():
    labels = np.full((30, 30), 255, np.uint8)
    labels[:, 15:] = 0
    found = propagate_labels(labels, 2)
    assert (found.labels[:, :15] == 255).all()
    assert (found.labels[:, 20:] == 0).all()
    everywhere = propagate_labels(np.full((5, 5), 1, np.uint8), 9)
    assert (everywhere.labels == 1).all()
    assert (everywhere.confidence == 255).all()
    with pytest.raises(SettingsError, match="Distance 0"):
        propagate_labels(labels, 0)
