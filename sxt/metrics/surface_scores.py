"""Scores of surfaces: Hausdorff distance, mean distance, surface Dice at a tolerance."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from sxt.metrics.boundary import SurfaceDistances, SurfacePoints

HAUSDORFF_PERCENTILE = 95
DEFAULT_TOLERANCE_NM = 40.0
"""About the resolution of the zone plates in use (30 to 49 nm), within which a surface cannot be placed better."""

DEFAULT_TOLERANCE_VOXELS = 2.0
"""Where the voxel size is not known."""

N_DISTANCE_BINS = 40

LengthUnit = Literal["nm", "voxels"]


@dataclass(frozen=True)
class SurfaceScores:
    """How far two surfaces lie apart, in nm, or in voxels where their size is not known.

    Parameters
    ----------
    unit : {"nm", "voxels"}
    tolerance : float
    hausdorff_95 : float
        The larger of the two directed 95th percentiles. NaN where only one mask has a surface, 0 where none has.
    mean_distance : float
        Average symmetric surface distance: the mean over the voxels of both surfaces; NaN and 0 as above.
    surface_dice : float
        Share of the voxels of both surfaces within the tolerance of the other; 0 and 1 in these cases.
    truth_voxels, truth_found : ndarray
        (z,) int64: surface voxels of the truth in each slice, and those of them within the tolerance.
    prediction_voxels, prediction_right : ndarray
        (z,) int64: the same for the prediction.
    edges : ndarray
        (bins + 1,) of the histograms below, up to five tolerances; what is farther is in the last bin.
    from_truth, from_prediction : ndarray
        (bins,) int64: histograms of the two directed distances.
    """

    unit: LengthUnit
    tolerance: float
    hausdorff_95: float
    mean_distance: float
    surface_dice: float
    truth_voxels: np.ndarray
    truth_found: np.ndarray
    prediction_voxels: np.ndarray
    prediction_right: np.ndarray
    edges: np.ndarray
    from_truth: np.ndarray
    from_prediction: np.ndarray


def score_surfaces(
    points: SurfacePoints,
    distances: SurfaceDistances,
    *,
    n_slices: int,
    tolerance: float,
    unit: LengthUnit,
) -> SurfaceScores:
    """Return the scores of measured distances.

    Notes
    -----
    Surfaces are voxels, each counted once, as Maier-Hein et al. 2024 define it (10.1038/s41592-023-02151-z); surface
    Dice is that of Nikolov et al. 2021 (10.2196/26151), who weigh voxels by the area they stand for.
    """
    a, b = distances.from_truth, distances.from_prediction
    edges = np.linspace(0, 5 * tolerance, N_DISTANCE_BINS + 1)
    truth_voxels, truth_found = _tally(points.truth, a, tolerance, n_slices)
    prediction_voxels, prediction_right = _tally(points.prediction, b, tolerance, n_slices)
    n_all = len(a) + len(b)
    n_near = int(truth_found.sum() + prediction_right.sum())
    return SurfaceScores(
        unit=unit,
        tolerance=tolerance,
        hausdorff_95=_hausdorff(a, b),
        mean_distance=_mean_distance(a, b),
        surface_dice=n_near / n_all if n_all else 1.0,
        truth_voxels=truth_voxels,
        truth_found=truth_found,
        prediction_voxels=prediction_voxels,
        prediction_right=prediction_right,
        edges=edges,
        from_truth=_histogram(a, edges),
        from_prediction=_histogram(b, edges),
    )


def _hausdorff(a: np.ndarray, b: np.ndarray) -> float:
    """Voxels whose slices have no other surface are left out: there is no distance to speak of."""
    if not len(a) and not len(b):
        return 0.0
    a, b = a[np.isfinite(a)], b[np.isfinite(b)]
    if not len(a) or not len(b):
        return float("nan")
    return float(max(np.percentile(each, HAUSDORFF_PERCENTILE) for each in (a, b)))


def _mean_distance(a: np.ndarray, b: np.ndarray) -> float:
    both = np.concatenate([a, b])
    if not len(both):
        return 0.0
    both = both[np.isfinite(both)]
    return float(both.mean(dtype=np.float64)) if len(both) else float("nan")


def _tally(
    points: np.ndarray, distance: np.ndarray, tolerance: float, n_slices: int
) -> tuple[np.ndarray, np.ndarray]:
    near = points[distance <= tolerance, 0]
    return np.bincount(points[:, 0], minlength=n_slices), np.bincount(near, minlength=n_slices)


def _histogram(distance: np.ndarray, edges: np.ndarray) -> np.ndarray:
    clipped = np.minimum(distance, np.nextafter(np.float32(edges[-1]), np.float32(0)))
    return np.histogram(clipped, edges)[0].astype(np.int64)
