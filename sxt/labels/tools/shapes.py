"""Regions drawn by hand: strokes, polygons, lassos and boxes, and what painting them does.

Notes
-----
A pixel is its centre: (row, column) with integers in the middle of pixels. A stroke holds the pixels whose centres lie
at most one radius from the drawn line; a polygon those inside by the even-odd rule.
"""

from collections.abc import Sequence

import numpy as np
from scipy import ndimage

from sxt.errors import SettingsError
from sxt.labels.tools.paint import Paint
from sxt.labels.values import UNLABELLED

Point = tuple[float, float]
"""(row, column) in pixels."""

MAX_POINTS = 100_000
TOUCHING_PX = 1e-6
"""Slack for centres exactly one radius away, in pixels."""

LASSO_LINE_PX = 0.5


def stroke_region(
    shape: tuple[int, int], points: Sequence[Point], radius_px: float | Sequence[float]
) -> np.ndarray:
    """Return the pixels of a stroke, (rows, columns) bool.

    Parameters
    ----------
    shape : tuple of int
        Of the slice.
    points : sequence of (float, float)
        The drawn line; one point gives a disk.
    radius_px : float or sequence of float
        One for the stroke, or one a point, as pen pressure gives; between points it changes evenly.
    """
    line = _check_points(points, at_least=1)
    radii = np.broadcast_to(np.asarray(radius_px, float), len(line))
    if not np.isfinite(radii).all() or (radii < 0).any():
        raise SettingsError(f"The radius {radius_px} is not usable; give numbers of pixels of at least 0.")
    region = np.zeros(shape, bool)
    ends = range(1, len(line)) if len(line) > 1 else (0,)
    for end in ends:
        start = max(0, end - 1)
        _add_segment(region, line[start], line[end], radii[start], radii[end])
    return region


def polygon_region(shape: tuple[int, int], points: Sequence[Point]) -> np.ndarray:
    """Return the pixels inside a polygon by the even-odd rule, (rows, columns) bool; it closes itself."""
    corners = _check_points(points, at_least=3)
    region = np.zeros(shape, bool)
    start = np.clip(np.ceil(corners.min(axis=0)), 0, shape).astype(int)
    stop = np.clip(np.floor(corners.max(axis=0)) + 1, 0, shape).astype(int)
    if (stop > start).all():
        region[start[0] : stop[0], start[1] : stop[1]] = _fill_even_odd(corners - start, stop - start)
    return region


def lasso_region(shape: tuple[int, int], points: Sequence[Point]) -> np.ndarray:
    """Return the pixels that a freehand line encloses, itself included; where it crosses itself, no hole is left."""
    corners = _check_points(points, at_least=3)
    region = stroke_region(shape, [(row, column) for row, column in (*corners, corners[0])], LASSO_LINE_PX)
    start = np.clip(np.floor(corners.min(axis=0)) - 1, 0, shape).astype(int)
    stop = np.clip(np.ceil(corners.max(axis=0)) + 2, 0, shape).astype(int)
    window = (slice(start[0], stop[0]), slice(start[1], stop[1]))
    region[window] = ndimage.binary_fill_holes(region[window] | polygon_region(shape, points)[window])
    return region


def box_region(shape: tuple[int, int], first: Point, last: Point) -> np.ndarray:
    """Return the pixels whose centres lie in the rectangle between two corners, (rows, columns) bool."""
    corners = _check_points([first, last], at_least=2)
    start = np.clip(np.ceil(corners.min(axis=0)), 0, shape).astype(int)
    stop = np.clip(np.floor(corners.max(axis=0)) + 1, 0, shape).astype(int)
    region = np.zeros(shape, bool)
    region[start[0] : stop[0], start[1] : stop[1]] = True
    return region


def paint_stroke(
    labels: np.ndarray, points: Sequence[Point], *, radius_px: float | Sequence[float], paint: Paint
) -> np.ndarray:
    """Return a slice (rows, columns) uint8 with a stroke of the brush, or of the eraser where it paints 0 or 255."""
    return paint.apply(labels, stroke_region(_shape(labels), points, radius_px))


def fill_polygon(labels: np.ndarray, points: Sequence[Point], *, paint: Paint) -> np.ndarray:
    """Return a slice with a polygon filled."""
    return paint.apply(labels, polygon_region(_shape(labels), points))


def fill_lasso(labels: np.ndarray, points: Sequence[Point], *, paint: Paint) -> np.ndarray:
    """Return a slice with what a freehand line encloses filled."""
    return paint.apply(labels, lasso_region(_shape(labels), points))


def clear_box(labels: np.ndarray, first: Point, last: Point, *, paint: Paint | None = None) -> np.ndarray:
    """Return a slice with a rectangle unlabelled, all classes in it included; ``paint`` clears otherwise."""
    return (paint or Paint(UNLABELLED, protects_others=False)).apply(
        labels, box_region(_shape(labels), first, last)
    )


def _add_segment(
    region: np.ndarray, first: np.ndarray, last: np.ndarray, first_px: float, last_px: float
) -> None:
    """Add the pixels near the segment between two points, whose radius changes evenly along it."""
    reach = max(first_px, last_px)
    start = np.clip(np.ceil(np.minimum(first, last) - reach), 0, region.shape).astype(int)
    stop = np.clip(np.floor(np.maximum(first, last) + reach) + 1, 0, region.shape).astype(int)
    if (stop <= start).any():
        return
    rows, columns = np.ogrid[start[0] : stop[0], start[1] : stop[1]]
    (d_row, d_column), length2 = last - first, float(((last - first) ** 2).sum())
    along = ((rows - first[0]) * d_row + (columns - first[1]) * d_column) / (length2 or 1.0)
    along = np.clip(along, 0.0, 1.0)  # the nearest place on the segment, 0 at its first end
    distance2 = (rows - first[0] - along * d_row) ** 2 + (columns - first[1] - along * d_column) ** 2
    radius = first_px + along * (last_px - first_px) + TOUCHING_PX
    region[start[0] : stop[0], start[1] : stop[1]] |= distance2 <= radius**2


def _fill_even_odd(corners: np.ndarray, shape: np.ndarray) -> np.ndarray:
    """Return the pixels that have an odd number of edges to their left, (rows, columns) bool.

    An edge counts for the rows from its upper end up to but not including its lower one.
    """
    n_rows, n_columns = int(shape[0]), int(shape[1])
    crossings = np.zeros((n_rows, n_columns + 1), np.int32)
    for (row_a, column_a), (row_b, column_b) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        top, bottom = min(row_a, row_b), max(row_a, row_b)
        rows = np.arange(max(0, int(np.ceil(top))), min(n_rows, int(np.ceil(bottom))))
        if rows.size:
            at = column_a + (rows - row_a) * (column_b - column_a) / (row_b - row_a)
            crossings[rows, np.clip(np.ceil(at), 0, n_columns).astype(int)] += 1
    return (crossings.cumsum(axis=1) % 2 == 1)[:, :-1]


def _check_points(points: Sequence[Point], *, at_least: int) -> np.ndarray:
    """Return points as (n, 2) float64."""
    line = np.asarray(points, float)
    if line.ndim != 2 or line.shape[1:] != (2,) or not at_least <= len(line) <= MAX_POINTS:
        raise SettingsError(
            f"A drawn line of shape {line.shape} is not usable; give {at_least} to {MAX_POINTS} points (row, column)."
        )
    if not np.isfinite(line).all():
        raise SettingsError("A drawn line has points that are no numbers; draw it again.")
    return line


def _shape(labels: np.ndarray) -> tuple[int, int]:
    return (labels.shape[0], labels.shape[1])
