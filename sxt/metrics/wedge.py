"""Recall of a surface by the angle between its normal and the beam: what the missing wedge hides."""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from sxt.metrics.boundary import Surface, SurfaceDistances, SurfacePoints
from sxt.metrics.pair import MaskPair
from sxt.progress import CancelToken, Progress, ProgressCallback, ignore_progress
from sxt.tomogram import VoxelSize

STAGE = "measure normals"
ANGLE_EDGES_DEG = tuple(range(0, 91, 10))
WELL_SEEN_FROM_DEG = 60.0
"""Surfaces steeper than this are imaged at every usual tilt range (±60 to ±70 degrees); they set what to expect."""

MAX_POINTS = 10_000
SMALLEST_SAMPLE = 200
"""Fewer surface voxels than this say nothing of nine angles."""

REACH_VOXELS = 3
"""Radius in which a normal is estimated, in units of the largest side of a voxel."""

BATCH_POINTS = 2000


@dataclass(frozen=True)
class WedgeRecall:
    """Recall of the true surface by angle; arrays (bins,), 0° where the normal lies along the beam (z).

    Parameters
    ----------
    edges_deg : ndarray
        (bins + 1,).
    n_points : ndarray
        int64: sampled surface voxels at each angle.
    area_share : ndarray
        Share of the surface's area at each angle.
    recall : ndarray
        Share of that area with a predicted surface within the tolerance; NaN where there is none.
    well_seen_recall : float
        Recall over the angles from 60° on.
    lost_share : float
        Share of the surface that is missed and would have been found at the recall of what is well seen.
    hidden_share : float
        Share of the surface below 30°, which tilts of ±60° hardly see.
    """

    edges_deg: np.ndarray
    n_points: np.ndarray
    area_share: np.ndarray
    recall: np.ndarray
    well_seen_recall: float
    lost_share: float
    hidden_share: float


@dataclass(frozen=True)
class Normals:
    """Normals of a sample of the true surface; arrays (n,).

    Parameters
    ----------
    chosen : ndarray
        int64: positions of the sampled ones among the surface voxels.
    angle_deg : ndarray
        Between normal and beam, 0..90.
    area : ndarray
        That each stands for.
    """

    chosen: np.ndarray
    angle_deg: np.ndarray
    area: np.ndarray

    def recall(self, is_found: np.ndarray) -> WedgeRecall:
        """Return the recall by angle; ``is_found`` says it of each surface voxel."""
        return recall_by_angle(self.angle_deg, self.area, is_found[self.chosen])


def sample_normals(
    pair: MaskPair,
    value: int,
    surface: Surface,
    *,
    seed: int = 0,
    progress: ProgressCallback = ignore_progress,
    cancel: CancelToken | None = None,
) -> Normals | None:
    """Sample the true surface and find its normals; None where too little of it has neighbours in z.

    Notes
    -----
    The normal at a surface voxel is the main direction of the structure tensor of the smoothed truth around it
    (Bigun and Granlund 1987), so that thin sheets and solid bodies are treated alike. Voxels nearer to the end of a
    run of labelled slices than the reach of the tensor are not sampled.

    Each voxel stands for an area: a plane with the unit normal n has one surface voxel in each column along the axis i
    on which |n_i| s_i is largest (s the voxel's sides), so that it stands for the volume of a voxel divided by that.
    """
    size = pair.voxel_size_nm or (1.0, 1.0, 1.0)
    reach = _reach(size)
    chosen = _sample(surface, reach[0], seed)
    if len(chosen) < SMALLEST_SAMPLE:
        return None
    normal = _normals(pair, value, surface.points[chosen], size, reach, progress=progress, cancel=cancel)
    angle = np.degrees(np.arccos(np.clip(np.abs(normal[:, 0]), 0, 1)))
    return Normals(chosen, angle, np.prod(size) / np.max(np.abs(normal) * size, axis=1))


def measure_wedge_recall(
    pair: MaskPair,
    value: int,
    points: SurfacePoints,
    distances: SurfaceDistances,
    *,
    tolerance: float,
    seed: int = 0,
    progress: ProgressCallback = ignore_progress,
    cancel: CancelToken | None = None,
) -> WedgeRecall | None:
    """Return the recall of the true surface by its angle to the beam, from measured distances; see `sample_normals`."""
    surface = Surface(points.truth, points.blocks)
    normals = sample_normals(pair, value, surface, seed=seed, progress=progress, cancel=cancel)
    return None if normals is None else normals.recall(distances.from_truth <= tolerance)


def recall_by_angle(angle_deg: np.ndarray, area: np.ndarray, is_found: np.ndarray) -> WedgeRecall:
    """Return the recall of surface voxels by their angle, each with the area it stands for; all (n,)."""
    edges = np.array(ANGLE_EDGES_DEG, np.float64)
    bins = np.clip(np.searchsorted(edges, angle_deg, side="right") - 1, 0, len(edges) - 2)
    n_points = np.bincount(bins, minlength=len(edges) - 1)
    share = np.bincount(bins, area, len(edges) - 1) / area.sum()
    found = np.bincount(bins, area * is_found, len(edges) - 1) / area.sum()
    is_well_seen = edges[:-1] >= WELL_SEEN_FROM_DEG
    well_seen = share[is_well_seen].sum()
    reference = found[is_well_seen].sum() / well_seen if well_seen else np.nan
    return WedgeRecall(
        edges_deg=edges,
        n_points=n_points,
        area_share=share,
        recall=found / np.where(n_points == 0, np.nan, share),
        well_seen_recall=float(reference),
        lost_share=float(np.maximum(reference * share - found, 0)[~is_well_seen].sum()),
        hidden_share=float(share[edges[1:] <= 30].sum()),
    )


def _sample(surface: Surface, reach_slices: int, seed: int) -> np.ndarray:
    """Return the positions of some true surface voxels that have enough labelled slices on both sides."""
    z = surface.points[:, 0]
    is_inside = np.zeros(len(z), np.bool_)
    for block in surface.blocks:
        is_inside |= (z >= block.start + reach_slices) & (z < block.stop - reach_slices)
    inside = np.flatnonzero(is_inside)
    if len(inside) <= MAX_POINTS:
        return inside
    return np.sort(np.random.default_rng(seed).choice(inside, MAX_POINTS, replace=False))


def _normals(
    pair: MaskPair,
    value: int,
    points: np.ndarray,
    size: VoxelSize,
    reach: tuple[int, int, int],
    *,
    progress: ProgressCallback,
    cancel: CancelToken | None,
) -> np.ndarray:
    """Return the unit normals (n, 3), (z, y, x), at surface voxels (n, 3), sorted by z."""
    normals = np.empty(points.shape)
    step = pair.slab_slices
    for start in range(0, pair.shape[0], step):
        if cancel is not None:
            cancel.raise_if_cancelled()
        stop = min(pair.shape[0], start + step)
        first, last = np.searchsorted(points[:, 0], [start, stop])
        if first == last:
            continue
        low, high = max(0, start - reach[0]), min(pair.shape[0], stop + reach[0])
        mask = np.pad(pair.read_truth(low, high) == value, [(0, 0), (reach[1],) * 2, (reach[2],) * 2], "edge")
        for begin in range(first, last, BATCH_POINTS):
            batch = points[begin : min(last, begin + BATCH_POINTS)]
            normals[begin : begin + len(batch)] = _normals_of(
                _patches(mask, batch - [low, 0, 0], reach), size
            )
        progress(Progress(STAGE, stop, pair.shape[0]))
    return normals


def _patches(mask: np.ndarray, centres: np.ndarray, reach: tuple[int, int, int]) -> np.ndarray:
    """Return the surroundings (n, 2 rz + 1, 2 ry + 1, 2 rx + 1) float32 of voxels; y and x of the mask are padded."""
    offsets = [np.arange(2 * r + 1) for r in reach]
    z = centres[:, 0, None] - reach[0] + offsets[0]
    y, x = centres[:, 1, None] + offsets[1], centres[:, 2, None] + offsets[2]
    return mask[z[:, :, None, None], y[:, None, :, None], x[:, None, None, :]].astype(np.float32)


def _normals_of(patches: np.ndarray, size: VoxelSize) -> np.ndarray:
    """Return the main direction (n, 3) of each patch's structure tensor."""
    sigma = tuple(max(size) / each for each in size)
    smooth = ndimage.gaussian_filter(patches, (0, *sigma), mode="nearest")
    slopes = np.stack(np.gradient(smooth, *size, axis=(1, 2, 3)), axis=-1)  # (n, z, y, x, 3)
    tensor = np.einsum(
        "nzyxi,nzyxj,zyx->nij", slopes, slopes, _window(patches.shape[1:], size), optimize=True
    )
    normals: np.ndarray = np.linalg.eigh(tensor)[1][:, :, -1]
    return normals


def _window(shape: tuple[int, ...], size: VoxelSize) -> np.ndarray:
    """Gaussian weights of a patch, half the reach wide."""
    axes = [(np.arange(n) - n // 2) * each for n, each in zip(shape, size, strict=True)]
    squares = axes[0][:, None, None] ** 2 + axes[1][:, None] ** 2 + axes[2] ** 2
    window: np.ndarray = np.exp(-squares / (2 * (REACH_VOXELS * max(size) / 2) ** 2))
    return window


def _reach(size: VoxelSize) -> tuple[int, int, int]:
    z, y, x = (max(2, round(REACH_VOXELS * max(size) / each)) for each in size)
    return (z, y, x)
