import numpy as np
import pytest

from sxt.errors import Cancelled, SettingsError
from sxt.labels import compare_range, compare_slices, find_differences
from sxt.progress import CancelToken

A = np.array([[1, 1, 0, 2], [255, 1, 0, 0]], np.uint8)
B = np.array([[1, 0, 0, 2], [1, 255, 2, 0]], np.uint8)


def test_dice_is_worked_out_by_hand_where_both_labelled():
    found = compare_slices(A, B, [1, 2, 3])
    assert (found.n_compared, found.n_different) == (6, 2)
    assert [(c.n_first, c.n_second, c.n_both) for c in found.classes] == [(2, 1, 1), (1, 2, 1), (0, 0, 0)]
    assert [c.dice for c in found.classes] == [pytest.approx(2 / 3), pytest.approx(2 / 3), None]
    assert found.mean_dice == pytest.approx(2 / 3)
    assert find_differences(A, B).nonzero() == (pytest.approx([0, 1]), pytest.approx([1, 2]))


def test_a_range_counts_voxels_over_all_slices():
    volume, other = np.stack([A, A, B]), np.stack([B, A, B])
    found = compare_range(lambda z: volume[z], lambda z: other[z], [0, 1, 2], [1])
    (membrane,) = found.classes
    assert (membrane.n_first, membrane.n_second, membrane.n_both) == (2 + 3 + 2, 1 + 3 + 2, 1 + 3 + 2)
    assert found.n_compared == 6 + 7 + 7


def test_equal_labels_agree_and_unlabelled_ones_say_nothing():
    assert compare_slices(A, A, [1, 2]).mean_dice == 1.0
    nothing = compare_slices(A, np.full_like(A, 255), [1])
    assert (nothing.n_compared, nothing.mean_dice) == (0, None)


def test_what_cannot_be_compared_is_told():
    with pytest.raises(SettingsError, match="slices there are"):
        compare_slices(A, B[:1], [1])
    with pytest.raises(SettingsError, match="no slice to compare"):
        compare_range(lambda z: A, lambda z: B, [], [1])
    token = CancelToken()
    token.cancel()
    with pytest.raises(Cancelled):
        compare_range(lambda z: A, lambda z: B, [0], [1], cancel=token)
