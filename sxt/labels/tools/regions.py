"""Regions found by grey value: flood fill, threshold, and growing to the nearest edge."""

from typing import Literal

import numpy as np
from scipy import ndimage

from sxt.errors import SettingsError
from sxt.labels.tools.paint import Paint, check_grey, check_point, check_region

GrowRule = Literal["watershed", "random walker"]

EDGE_SIGMA_PX = 1.0
"""Grey values are smoothed by this before edges are looked for."""

WALKER_BETA = 130.0
"""How strongly an edge stops the random walker, for grey values scaled to unit deviation; scikit-image's default."""

MAX_GROW_PIXELS: dict[GrowRule, int] = {"watershed": 1 << 22, "random walker": 1 << 18}
"""Of the rectangle around the region, so that a click is answered within seconds."""

OUTSIDE, INSIDE = 1, 2


def flood_region(
    grey: np.ndarray, point: tuple[int, int], tolerance: float, *, within: np.ndarray | None = None
) -> np.ndarray:
    """Return the pixels joined to a point whose grey values differ from its by at most ``tolerance``, bool.

    Parameters
    ----------
    grey : ndarray
        (rows, columns), any real dtype.
    point : tuple of int
        (row, column).
    tolerance : float
        In grey values, at least 0.
    within : ndarray, optional
        (rows, columns) bool the fill must not leave; where the point itself is outside, nothing is filled.
    """
    row, column = check_point(grey, point)
    if not tolerance >= 0:
        raise SettingsError(f"The tolerance is {tolerance}; give a grey difference of at least 0.")
    values = grey.astype(np.float64)
    is_alike = np.abs(values - values[row, column]) <= tolerance
    if within is not None:
        is_alike &= within
    if not is_alike[row, column]:
        return np.zeros(grey.shape, bool)
    components, _ = ndimage.label(is_alike)
    return np.asarray(components == components[row, column])


def flood_fill(
    labels: np.ndarray, grey: np.ndarray, point: tuple[int, int], *, tolerance: float, paint: Paint
) -> np.ndarray:
    """Return a slice with the region of like grey values at a point filled; protected classes are walls to it."""
    check_grey(labels, grey)
    return paint.apply(labels, flood_region(grey, point, tolerance, within=paint.may_change(labels)))


def threshold_region(
    labels: np.ndarray, grey: np.ndarray, region: np.ndarray, *, low: float, high: float, paint: Paint
) -> np.ndarray:
    """Return a slice with the pixels of a region painted whose grey values are ``low`` to ``high``, both included."""
    check_grey(labels, grey)
    check_region(labels, region)
    if not low <= high:
        raise SettingsError(f"The grey range {low} to {high} is empty; give the lower value first.")
    return paint.apply(labels, region & (grey >= low) & (grey <= high))


def grow_region(
    grey: np.ndarray, seeds: np.ndarray, region: np.ndarray, *, rule: GrowRule = "watershed"
) -> np.ndarray:
    """Return what lies within the edge around the seeds, a part of ``region`` that holds them, bool.

    Parameters
    ----------
    grey : ndarray
        (rows, columns).
    seeds : ndarray
        (rows, columns) bool: a stroke inside the structure.
    region : ndarray
        (rows, columns) bool drawn around it; its rim counts as outside.
    rule : {"watershed", "random walker"}
        Flooding of the gradient from both sides, or the more likely origin of a random walk (Grady 2006, doi
        10.1109/TPAMI.2006.233), which closes gaps in an edge.
    """
    check_grey(seeds, grey)
    check_region(seeds, region)
    if not (seeds & region).any():
        raise SettingsError("The stroke lies outside the region it is to grow in; draw it inside.")
    rows, columns = np.flatnonzero(region.any(axis=1)), np.flatnonzero(region.any(axis=0))
    window = (slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1))
    inside = np.pad(region[window], 1)  # a rim of outside, also at the slice's border
    if inside.size > MAX_GROW_PIXELS[rule]:
        raise SettingsError(
            f"The region spans {inside.size} pixels; draw one of at most {MAX_GROW_PIXELS[rule]} for the {rule}."
        )
    markers = np.zeros(inside.shape, np.int32)
    markers[~ndimage.binary_erosion(inside)] = OUTSIDE
    markers[np.pad((seeds & region)[window], 1)] = INSIDE
    smooth = ndimage.gaussian_filter(np.pad(grey[window].astype(np.float64), 1, mode="edge"), EDGE_SIGMA_PX)
    grown = _watershed(smooth, markers) if rule == "watershed" else _walk(smooth, markers)
    found = np.zeros(region.shape, bool)
    found[window] = (grown & inside)[1:-1, 1:-1]
    return found


def grow_to_edge(
    labels: np.ndarray,
    grey: np.ndarray,
    seeds: np.ndarray,
    region: np.ndarray,
    *,
    paint: Paint,
    rule: GrowRule = "watershed",
) -> np.ndarray:
    """Return a slice with what `grow_region` finds painted."""
    check_grey(labels, grey)
    return paint.apply(labels, grow_region(grey, seeds, region, rule=rule))


def _watershed(smooth: np.ndarray, markers: np.ndarray) -> np.ndarray:
    from skimage.filters import sobel
    from skimage.segmentation import watershed

    return np.asarray(watershed(sobel(smooth), markers) == INSIDE)


def _walk(smooth: np.ndarray, markers: np.ndarray) -> np.ndarray:
    from skimage.segmentation import random_walker

    if (markers > 0).all():
        return np.asarray(markers == INSIDE)
    deviation = float(smooth.std())
    walked = random_walker(
        smooth / (deviation or 1.0),
        markers,
        beta=WALKER_BETA,
        mode="bf",  # solved directly: three times faster here than by conjugate gradients, and exact
    )
    return np.asarray(walked == INSIDE)
