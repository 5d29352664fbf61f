import numpy as np

from sxt.train.measure import count_pixels
from sxt.train.preview import FALSE_NEGATIVE, FALSE_POSITIVE, OPACITY, TRUE_POSITIVE, draw_preview

LABELS = np.array([[1, 1, 0, 2, 255, 255]], np.uint8)
MASK = np.array([[1, 0, 1, 1, 1, 0]], np.uint8)


def test_pixels_are_counted_where_they_are_labelled():
    assert count_pixels(MASK, LABELS, [1, 2]).tolist() == [[1, 2, 1, 0], [0, 0, 1, 3]]


def test_what_is_predicted_where_nothing_is_labelled_does_not_count():
    other = np.where(LABELS == 255, 1 - MASK, MASK).astype(np.uint8)
    np.testing.assert_array_equal(count_pixels(other, LABELS, [1, 2]), count_pixels(MASK, LABELS, [1, 2]))


def test_errors_have_their_colours():
    picture = draw_preview(np.zeros((1, 6)), LABELS, MASK)
    expected = [TRUE_POSITIVE, FALSE_NEGATIVE, FALSE_POSITIVE, FALSE_POSITIVE, (0, 0, 0), (0, 0, 0)]
    np.testing.assert_array_equal(picture[0], np.rint(OPACITY * np.array(expected)))
