"""The longest width of a component: the largest distance between two of its voxel centres."""

import numpy as np
from scipy.spatial import ConvexHull, QhullError
from scipy.spatial.distance import cdist

from sxt.progress import CancelToken
from sxt.surface.shape import GridMesh
from sxt.tomogram import VoxelSize

FEW_POINTS = 150
MANY_POINTS = 1500
BLOCK_POINTS = 1000
ROUNDING = 1e-9
PAIR_STEPS = 2
MIDDLE_STEPS = 8

DIRECTIONS = np.array(
    [(1, 0, 0), (0, 1, 0), (0, 0, 1)]
    + [(1, s, 0) for s in (1, -1)]
    + [(1, 0, s) for s in (1, -1)]
    + [(0, 1, s) for s in (1, -1)]
    + [(1, s, t) for s in (1, -1) for t in (1, -1)],
    np.float64,
)
"""The 13 axes through the neighbours of a voxel; extremes along them give a first long pair."""


def longest_widths(grid: GridMesh, spacing: VoxelSize, *, cancel: CancelToken | None = None) -> np.ndarray:
    """Measure the longest width of every component.

    Parameters
    ----------
    grid : GridMesh
        k components. A voxel with both neighbours along an axis lies between them and ends no longest distance, so
        that only the voxels marked as corners are looked at.
    spacing : tuple of float
        (z, y, x) size of a voxel in nm (1, 1, 1 where it is not known).
    cancel : CancelToken, optional
        Checked once a component.

    Returns
    -------
    np.ndarray
        (k,) float64, in nm (or voxels); 0 for a single voxel.
    """
    token = cancel or CancelToken()
    rows = np.flatnonzero(grid.surface.is_corner)
    corners = grid.surface.inside_px[rows] * np.array(spacing)  # (c, 3) in nm, component by component
    offsets = np.searchsorted(rows, grid.vertex_offsets)
    widths = np.empty(len(grid.vertex_offsets) - 1)
    for index in range(len(widths)):
        token.raise_if_cancelled()
        widths[index] = longest_width(corners[offsets[index] : offsets[index + 1]])
    return widths


def longest_width(points: np.ndarray) -> float:
    """Return the largest distance between any two of (n, 3) points, exactly.

    Notes
    -----
    Let d be the length of some long pair and R the largest distance of a point from some middle. A point nearer to the
    middle than d - R has no partner farther than d, so only the others are compared pair by pair (their convex hull
    first where they are many). The longer the pair and the better the middle, the fewer they are.
    """
    if len(points) <= FEW_POINTS:
        return _largest_distance(points)
    first, second = _long_pair(points)
    reached = float(np.linalg.norm(first - second))
    from_middle = _distances(points, _middle(points, (first + second) / 2))
    far = points[from_middle >= reached - from_middle.max() - ROUNDING * (1 + reached)]
    return max(reached, _largest_distance(far))


def _long_pair(points: np.ndarray) -> np.ndarray:
    """(2, 3): two points far from each other: the extremes along a few axes, then each one's farthest partner."""
    along = DIRECTIONS @ points.T  # (13, n)
    extremes = points[np.concatenate([along.argmin(axis=1), along.argmax(axis=1)])]
    between = cdist(extremes, extremes)
    first, second = extremes[list(divmod(int(between.argmax()), len(extremes)))]
    for _ in range(PAIR_STEPS):
        second = points[_distances(points, first).argmax()]
        first, second = second, first
    return np.array([first, second])


def _middle(points: np.ndarray, start: np.ndarray) -> np.ndarray:
    """(3,): about the centre of the smallest ball around the points.

    Notes
    -----
    Steps towards the farthest point, each shorter than the last (Badoiu and Clarkson 2003).
    """
    middle = start
    for step in range(MIDDLE_STEPS):
        farthest = points[_distances(points, middle).argmax()]
        middle = middle + (farthest - middle) / (2 * (step + 2))
    return middle


def _distances(points: np.ndarray, place: np.ndarray) -> np.ndarray:
    offsets = points - place
    return np.sqrt(np.einsum("ij,ij->i", offsets, offsets))


def _largest_distance(points: np.ndarray) -> float:
    if len(points) > MANY_POINTS:
        points = _hull_vertices(points)
    starts = range(0, len(points), BLOCK_POINTS)
    return max((float(cdist(points[s : s + BLOCK_POINTS], points).max()) for s in starts), default=0.0)


def _hull_vertices(points: np.ndarray) -> np.ndarray:
    unique = np.unique(points, axis=0)
    try:
        return unique[ConvexHull(unique).vertices]
    except QhullError:  # all points in one plane or on one line: there is no 3-D hull, every point stays
        return unique
