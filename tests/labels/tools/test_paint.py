import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from sxt.errors import SettingsError
from sxt.labels.tools import Paint, paste

SLICES = hnp.arrays(np.uint8, (6, 7), elements=st.sampled_from([0, 1, 2, 3, 255]))
REGIONS = hnp.arrays(bool, (6, 7))
VALUES = st.sampled_from([0, 1, 2, 3, 255])


@settings(max_examples=80, deadline=None)
@given(labels=SLICES, region=REGIONS, value=VALUES, active=st.sampled_from([None, 1, 2]))
def test_protection_never_changes_other_classes(labels, region, value, active):
    painted = Paint(value, active_class=active).apply(labels, region)
    is_protected = np.isin(labels, [1, 2, 3]) & (labels != value) & (labels != (active or 0))
    np.testing.assert_array_equal(painted[is_protected], labels[is_protected])
    is_painted = region & ~is_protected
    assert (painted[is_painted] == value).all()
    np.testing.assert_array_equal(painted[~is_painted], labels[~is_painted])


@settings(max_examples=30, deadline=None)
@given(labels=SLICES, region=REGIONS, value=VALUES)
def test_without_protection_the_region_is_painted_whole(labels, region, value):
    painted = Paint(value, protects_others=False).apply(labels, region)
    np.testing.assert_array_equal(painted, np.where(region, value, labels))


@settings(max_examples=60, deadline=None)
@given(labels=SLICES, values=SLICES, protects=st.booleans())
def test_unlabelled_voxels_paste_nothing_and_classes_stay_where_protected(labels, values, protects):
    pasted = paste(labels, values, protects_others=protects)
    np.testing.assert_array_equal(pasted[values == 255], labels[values == 255])
    is_free = np.isin(labels, [0, 255]) | (not protects)
    where = is_free & (values != 255)
    np.testing.assert_array_equal(pasted[where], values[where])
    np.testing.assert_array_equal(pasted[~is_free], labels[~is_free])


def test_an_eraser_with_protection_erases_its_class_alone():
    labels = np.array([[1, 2, 0, 255]], np.uint8)
    erased = Paint(255, active_class=1).apply(labels, np.ones((1, 4), bool))
    assert erased.tolist() == [[255, 2, 255, 255]]
    assert labels.tolist() == [[1, 2, 0, 255]]


def test_what_cannot_be_painted_is_told():
    labels = np.zeros((2, 3), np.uint8)
    with pytest.raises(SettingsError, match="256 is no label"):
        Paint(256)
    with pytest.raises(SettingsError, match="0 is no class"):
        Paint(1, active_class=0)
    with pytest.raises(SettingsError, match="give bool of that shape"):
        Paint(1).apply(labels, np.ones((3, 2), bool))
    with pytest.raises(SettingsError, match="is \\(rows, columns\\) uint8"):
        Paint(1).apply(labels.astype(int), np.ones((2, 3), bool))
