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
BATCH_PIXELS = 1 << 20
"""Pixels looked at together when a stroke is drawn."""


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
    first, last = (line[:-1], line[1:]) if len(line) > 1 else (line, line)
    first_px, last_px = (radii[:-1], radii[1:]) if len(line) > 1 else (radii, radii)
    reach = np.maximum(first_px, last_px)[:, None]
    start = np.clip(np.ceil(np.minimum(first, last) - reach), 0, shape).astype(int)
    stop = np.clip(np.floor(np.maximum(first, last) + reach) + 1, 0, shape).astype(int)
    region = np.zeros(shape, bool)
    for group in _group_alike(stop - start):
        segments = np.concatenate([first[group], last[group]], axis=1)  # (n, 4)
        _add_segments(region, segments, first_px[group], last_px[group], start[group], stop[group])
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


def _group_alike(sizes: np.ndarray) -> list[slice]:
    """Return runs of segments whose windows, brought to one size, stay within `BATCH_PIXELS`; sizes are (n, 2)."""
    groups, begin = [], 0
    largest = np.zeros(2, int)
    for at, size in enumerate(sizes):
        wanted = np.maximum(largest, size)
        if at > begin and (at + 1 - begin) * int(wanted[0]) * int(wanted[1]) > BATCH_PIXELS:
            groups.append(slice(begin, at))
            begin, wanted = at, size
        largest = wanted
    return [*groups, slice(begin, len(sizes))]


def _add_segments(
    region: np.ndarray,
    segments: np.ndarray,
    first_px: np.ndarray,
    last_px: np.ndarray,
    start: np.ndarray,
    stop: np.ndarray,
) -> None:
    """Add the pixels near segments, whose radius changes evenly along them, to a region.

    Parameters
    ----------
    region : ndarray
        (rows, columns) bool, changed in place.
    segments : ndarray
        (n, 4): row and column of the first end, then of the last.
    first_px, last_px : ndarray
        (n,) radii at the ends.
    start, stop : ndarray
        (n, 2) integers: the window of the slice that each can reach.
    """
    height, width = (stop - start).max(axis=0)
    rows = start[:, :1] + np.arange(height)  # (n, height)
    columns = start[:, 1:] + np.arange(width)  # (n, width)
    d_row, d_column = (segments[:, 2:] - segments[:, :2]).T
    length2 = np.where((d_row == 0) & (d_column == 0), 1.0, d_row**2 + d_column**2)
    down = (rows - segments[:, :1])[:, :, None]  # (n, height, 1)
    right = (columns - segments[:, 1:2])[:, None, :]  # (n, 1, width)
    d_row, d_column = d_row[:, None, None], d_column[:, None, None]
    scale = np.maximum(length2, np.finfo(float).tiny)[:, None, None]
    along = np.clip((down * d_row + right * d_column) / scale, 0.0, 1.0)  # nearest place on the segment
    distance2 = (down - along * d_row) ** 2 + (right - along * d_column) ** 2
    first = first_px[:, None, None]
    radius = first + along * (last_px[:, None, None] - first) + TOUCHING_PX
    n, row, column = np.nonzero(distance2 <= radius**2)
    row, column = rows[n, row], columns[n, column]
    is_inside = (row < region.shape[0]) & (column < region.shape[1])
    region[row[is_inside], column[is_inside]] = True


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
