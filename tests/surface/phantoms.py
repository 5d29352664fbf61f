"""Voxelised shapes whose volume and area are known, and what a closed mesh must fulfil."""

import numpy as np
from scipy.special import ellipeinc, ellipkinc

OFF_CENTRE_PX = np.array([0.1, 0.2, 0.3])
"""Shift of each shape's centre against the voxel centres, so that no symmetry of the grid helps."""


def ellipsoid_mask(half_axes_nm, spacing_nm) -> np.ndarray:
    """(z, y, x) bool: voxels whose centre lies in an ellipsoid with half axes along (z, y, x)."""
    half, spacing = np.array(half_axes_nm, float), np.array(spacing_nm, float)
    z, y, x = _centred_grid(np.ceil(half / spacing).astype(int), spacing)
    return (z / half[0]) ** 2 + (y / half[1]) ** 2 + (x / half[2]) ** 2 <= 1


def torus_mask(ring_nm, tube_nm, spacing_nm) -> np.ndarray:
    """(z, y, x) bool: voxels whose centre lies in a torus around the z axis."""
    spacing = np.array(spacing_nm, float)
    reach = np.ceil(np.array([tube_nm, ring_nm + tube_nm, ring_nm + tube_nm]) / spacing).astype(int)
    z, y, x = _centred_grid(reach, spacing)
    return (np.hypot(x, y) - ring_nm) ** 2 + z**2 <= tube_nm**2


def ellipsoid_area(half_axes_nm) -> float:
    """Area of an ellipsoid through elliptic integrals (Legendre)."""
    c, b, a = sorted(map(float, half_axes_nm))
    if a == c:
        return 4 * np.pi * a * a
    angle = np.arccos(c / a)
    modulus = (a * a * (b * b - c * c)) / (b * b * (a * a - c * c))
    part = ellipeinc(angle, modulus) * np.sin(angle) ** 2 + ellipkinc(angle, modulus) * np.cos(angle) ** 2
    return 2 * np.pi * c * c + 2 * np.pi * a * b / np.sin(angle) * part


def ball_mask(radius_px, shape, centre) -> np.ndarray:
    """(z, y, x) uint8: 1 in a ball."""
    grid = np.ogrid[tuple(slice(0, n) for n in shape)]
    square = sum((g - c) ** 2 for g, c in zip(grid, centre, strict=True))
    return (square <= radius_px**2).astype(np.uint8)


def hollow_ball_mask(outer_px, inner_px, shape, centre) -> np.ndarray:
    """(z, y, x) uint8: 1 between two spheres of the same centre."""
    return ball_mask(outer_px, shape, centre) - ball_mask(inner_px, shape, centre)


def faces_of_edges(faces: np.ndarray) -> np.ndarray:
    """(e,) number of faces at each edge: 2 everywhere for a closed surface."""
    edges = np.sort(np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]), axis=1)
    return np.unique(edges, axis=0, return_counts=True)[1]


def is_oriented(faces: np.ndarray) -> bool:
    """Whether every edge is run through once in each direction, so that all faces look to the same side."""
    edges = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]).astype(np.int64)
    forward, backward = edges[:, 0] << 32 | edges[:, 1], edges[:, 1] << 32 | edges[:, 0]
    return len(np.unique(forward)) == len(forward) and np.array_equal(np.sort(forward), np.sort(backward))


def signed_volume(vertices: np.ndarray, faces: np.ndarray) -> float:
    a, b, c = (vertices[faces[:, i]].astype(float) for i in range(3))
    return float(np.einsum("ij,ij->", a, np.cross(b, c)) / 6)


def surface_area(vertices: np.ndarray, faces: np.ndarray) -> float:
    a, b, c = (vertices[faces[:, i]].astype(float) for i in range(3))
    return float(np.linalg.norm(np.cross(b - a, c - a), axis=1).sum() / 2)


def _centred_grid(reach_px, spacing):
    grid = np.ogrid[tuple(slice(0, 2 * n + 5) for n in reach_px)]
    return [(g - n - 2 - o) * s for g, n, o, s in zip(grid, reach_px, OFF_CENTRE_PX, spacing, strict=True)]
