"""Labels carried from slice to slice: interpolated between two, or propagated outwards with falling confidence."""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from sxt.errors import SettingsError
from sxt.labels.values import BACKGROUND, UNLABELLED, check_label_slice

DRIFT_PX = 1.0
"""How far an edge is taken to move from one slice to the next, in pixels."""


@dataclass(frozen=True)
class Propagated:
    """Labels carried to another slice.

    Parameters
    ----------
    labels : ndarray
        (rows, columns) uint8, 255 where the drift of an edge makes them uncertain.
    confidence : ndarray
        (rows, columns) uint8, 0..255 for 0..1.
    """

    labels: np.ndarray
    confidence: np.ndarray


def interpolate_slice(first: np.ndarray, last: np.ndarray, fraction: float) -> np.ndarray:
    """Return the labels between two slices.

    Parameters
    ----------
    first, last : ndarray
        (rows, columns) uint8.
    fraction : float
        Where in between, above 0 (``first``) and below 1 (``last``).

    Returns
    -------
    ndarray
        (rows, columns) uint8: classes that both slices have, background where both are labelled otherwise, and 255
        where either is unlabelled.

    Notes
    -----
    Shape-based interpolation by signed distance (Raya and Udupa 1990, doi 10.1109/42.52980), a class at a time.
    Outlines are too thin for it: here the filled shape and its lumen are interpolated apart and subtracted, so that a
    ring stays a ring. Where classes meet, the one whose edge is farther away wins.
    """
    check_label_slice(first)
    check_label_slice(last, (first.shape[0], first.shape[1]))
    if not 0.0 < fraction < 1.0:
        raise SettingsError(f"The fraction is {fraction}; give one between 0 and 1.")
    is_known = (first != UNLABELLED) & (last != UNLABELLED)
    found = np.where(is_known, np.uint8(BACKGROUND), np.uint8(UNLABELLED))
    nearest = np.zeros(first.shape)  # how far inside the winning class each pixel lies
    shared = set(np.unique(first).tolist()) & set(np.unique(last).tolist())
    for value in sorted(shared - {BACKGROUND, UNLABELLED}):
        window = _window_around((first == value) | (last == value))
        depth = _blend_class(first[window] == value, last[window] == value, fraction)
        wins = depth > nearest[window]
        found[window][wins], nearest[window][wins] = value, depth[wins]
    return found


def propagate_labels(labels: np.ndarray, distance: int, *, drift_px: float = DRIFT_PX) -> Propagated:
    """Return what a slice's labels say about one ``distance`` slices away.

    Within ``distance * drift_px`` of an edge between two labels nothing is said. Beyond, the confidence rises with the
    way to the edge: 1 - 0.5 exp(-(way - drift) / drift).

    Parameters
    ----------
    labels : ndarray
        (rows, columns) uint8.
    distance : int
        At least 1.
    drift_px : float
        How far edges move a slice, above 0.
    """
    check_label_slice(labels)
    if distance < 1 or not drift_px > 0:
        raise SettingsError(
            f"Distance {distance} and drift {drift_px} px are not usable; give 1 or more, and above 0."
        )
    drift = distance * drift_px
    depth = np.zeros(labels.shape)
    for value in np.unique(labels):
        inside = labels == value
        depth[inside] = _distance_within(inside)[inside]
    is_certain = (depth > drift) & (labels != UNLABELLED)
    confidence = np.where(is_certain, 1.0 - 0.5 * np.exp(-(np.maximum(depth, drift) - drift) / drift), 0.0)
    return Propagated(
        np.where(is_certain, labels, np.uint8(UNLABELLED)), np.rint(255 * confidence).astype(np.uint8)
    )


def _window_around(region: np.ndarray) -> tuple[slice, slice]:
    """Return the rectangle around a region with a pixel to spare: distances to edges in it are those of the slice."""
    rows, columns = np.flatnonzero(region.any(axis=1)), np.flatnonzero(region.any(axis=0))
    return (
        slice(max(0, int(rows[0]) - 1), int(rows[-1]) + 2),
        slice(max(0, int(columns[0]) - 1), int(columns[-1]) + 2),
    )


def _blend_class(first: np.ndarray, last: np.ndarray, fraction: float) -> np.ndarray:
    """Return how far inside the interpolated class each pixel lies, in pixels; not above 0 outside."""
    first_full, last_full = ndimage.binary_fill_holes(first), ndimage.binary_fill_holes(last)
    depth = _blend(first_full, last_full, fraction)
    first_lumen, last_lumen = first_full & ~first, last_full & ~last
    if first_lumen.any() and last_lumen.any():
        depth = np.minimum(depth, -_blend(first_lumen, last_lumen, fraction))
    return depth


def _blend(first: np.ndarray, last: np.ndarray, fraction: float) -> np.ndarray:
    return (1.0 - fraction) * _signed_distance(first) + fraction * _signed_distance(last)


def _signed_distance(region: np.ndarray) -> np.ndarray:
    """Return the distance to the region's edge, which runs between pixels: positive inside, negative outside."""
    if region.all():
        return np.full(region.shape, float(max(region.shape)))
    inside = ndimage.distance_transform_edt(region)
    outside = ndimage.distance_transform_edt(~region)
    return np.where(region, inside - 0.5, 0.5 - outside)


def _distance_within(region: np.ndarray) -> np.ndarray:
    """Return the distance from each pixel of a region to its edge; the slice's border is none."""
    if region.all():
        return np.full(region.shape, np.inf)
    return np.asarray(ndimage.distance_transform_edt(region)) - 0.5
