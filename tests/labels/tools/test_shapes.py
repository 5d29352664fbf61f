import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from sxt.errors import SettingsError
from sxt.labels.tools import (
    Paint,
    box_region,
    clear_box,
    fill_lasso,
    fill_polygon,
    lasso_region,
    paint_stroke,
    polygon_region,
    stroke_region,
)

SHAPE = (23, 31)
ROWS, COLUMNS = np.mgrid[:23, :31]
POINTS = st.tuples(*(st.integers(-50, 350).map(lambda n: n / 10) for _ in range(2)))


def test_one_point_gives_a_disk():
    region = stroke_region((11, 11), [(5, 5)], 3)
    rows, columns = np.mgrid[:11, :11]
    np.testing.assert_array_equal(region, (rows - 5) ** 2 + (columns - 5) ** 2 <= 9)
    assert stroke_region((11, 11), [(5, 5)], 0).sum() == 1


@settings(max_examples=25, deadline=None)
@given(points=st.lists(POINTS, min_size=1, max_size=5), radius=st.floats(0.3, 6))
def test_a_stroke_is_what_lies_within_its_radius_of_the_line(points, radius):
    nearest = np.full(SHAPE, np.inf)
    for (r0, c0), (r1, c1) in zip(points, points[1:] or points, strict=False):
        length_squared = (r1 - r0) ** 2 + (c1 - c0) ** 2
        along = ((ROWS - r0) * (r1 - r0) + (COLUMNS - c0) * (c1 - c0)) / (length_squared or 1.0)
        along = np.clip(along, 0, 1)
        distance = np.hypot(ROWS - r0 - along * (r1 - r0), COLUMNS - c0 - along * (c1 - c0))
        nearest = np.minimum(nearest, distance)
    region = stroke_region(SHAPE, points, radius)
    assert region[nearest < radius - 1e-9].all()
    assert not region[nearest > radius + 1e-9].any()


def test_pen_pressure_widens_the_stroke_along_the_line():
    region = stroke_region((21, 41), [(10, 5), (10, 35)], [1, 7])
    widths = region.sum(axis=0)
    assert (widths[5], widths[20], widths[35]) == (3, 9, 15)
    assert (np.diff(widths[5:36]) >= 0).all()


def is_inside(points, row, column):
    """The even-odd rule for one pixel, by its definition: edges crossed going left."""
    crossings = 0
    for (r0, c0), (r1, c1) in zip(points, [*points[1:], points[0]], strict=True):
        if (r0 <= row) != (r1 <= row) and c0 + (row - r0) * (c1 - c0) / (r1 - r0) <= column:
            crossings += 1
    return crossings % 2 == 1


@settings(max_examples=40, deadline=None)
@given(points=st.lists(POINTS, min_size=3, max_size=7))
def test_a_polygon_holds_its_inside_by_the_even_odd_rule(points):
    expected = [[is_inside(points, row, column) for column in range(31)] for row in range(23)]
    np.testing.assert_array_equal(polygon_region(SHAPE, points), expected)


def test_a_square_has_its_area():
    region = polygon_region(SHAPE, [(2, 3), (2, 13), (12, 13), (12, 3)])
    assert region.sum() == 100
    assert region[2:12, 3:13].all()


def test_a_lasso_that_crosses_itself_leaves_no_hole():
    star = [
        (11 + 9 * np.cos(angle), 15 + 9 * np.sin(angle))
        for angle in np.arange(5) * 4 * np.pi / 5
    ]  # fmt: skip
    assert not polygon_region(SHAPE, star)[11, 15]
    region = lasso_region(SHAPE, star)
    assert region[11, 15]
    np.testing.assert_array_equal(ndimage.binary_fill_holes(region), region)
    assert (region | ~polygon_region(SHAPE, star)).all()


def test_a_box_holds_the_centres_between_its_corners():
    region = box_region(SHAPE, (7.6, 9.5), (2.2, 4))
    assert region[3:8, 4:10].all()
    assert region.sum() == 30
    assert box_region(SHAPE, (-50, -50), (-3, -3)).sum() == 0
    assert box_region(SHAPE, (-50, -50), (90, 90)).all()


def test_painting_shapes_paints_their_regions():
    labels = np.full(SHAPE, 255, np.uint8)
    labels[:, 15:] = 2
    line = [(4, 4), (15, 22), (20, 3)]
    for paint_shape, region in (
        (lambda p: paint_stroke(labels, line, radius_px=2, paint=p), stroke_region(SHAPE, line, 2)),
        (lambda p: fill_polygon(labels, line, paint=p), polygon_region(SHAPE, line)),
        (lambda p: fill_lasso(labels, line, paint=p), lasso_region(SHAPE, line)),
    ):
        np.testing.assert_array_equal(paint_shape(Paint(1)) == 1, region & (labels != 2))
        np.testing.assert_array_equal(paint_shape(Paint(1, protects_others=False)) == 1, region)


def test_a_cleared_box_is_unlabelled_whatever_was_in_it():
    labels = np.ones(SHAPE, np.uint8)
    cleared = clear_box(labels, (2, 2), (5, 6))
    assert (cleared[2:6, 2:7] == 255).all()
    assert np.count_nonzero(cleared == 255) == 20
    kept = clear_box(labels, (2, 2), (5, 6), paint=Paint(0))
    np.testing.assert_array_equal(kept, labels)


@pytest.mark.parametrize(
    ("draw", "sentence"),
    [
        (lambda: stroke_region(SHAPE, [], 1), "is not usable; give 1 to"),
        (lambda: polygon_region(SHAPE, [(1, 2), (3, 4)]), "give 3 to"),
        (lambda: stroke_region(SHAPE, [(1, 2, 3)], 1), "is not usable"),
        (lambda: stroke_region(SHAPE, [(1, float("nan"))], 1), "no numbers"),
        (lambda: stroke_region(SHAPE, [(1, 1)], -1), "at least 0"),
    ],
)
def test_lines_that_cannot_be_drawn_are_told(draw, sentence):
    with pytest.raises(SettingsError, match=sentence):
        draw()
