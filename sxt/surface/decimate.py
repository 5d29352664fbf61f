"""A light mesh for the display: every component within a budget of triangles."""

from dataclasses import replace

import fast_simplification
import numpy as np

from sxt.progress import CancelToken, Progress, ProgressCallback, ignore_progress
from sxt.surface.measure import MeshSizes
from sxt.surface.mesh import ComponentMesh, PackedMesh, pack_meshes, vertex_normals

MIN_TRIANGLES = 24
"""Triangles below which a component no longer looks like itself; with fewer a component, the smallest are left out."""

CLUSTER_ABOVE = 4.0
"""A component with more than this many times its budget is thinned by vertex clustering before edges collapse."""

CLUSTER_TARGET = 1.5
"""Clustering aims at this many times the budget; quadric edge collapse, which is better and slower, does the rest."""

MIN_WALL_VOXELS = 3.0
"""Walls thinner than this are not clustered."""

VERTICES_PER_CELL = 1.5
"""Clusters for each cell-sized square of surface, as found on spheres."""

SPARSE = 8
"""Keys that leave more than this many numbers unused for each one used are sorted rather than looked up."""

AGGRESSIVENESS = (9.0, 12.0)
"""Settings of the edge collapse, tried in this order until the budget is met."""


def display_mesh(
    mesh: PackedMesh,
    sizes: MeshSizes,
    max_triangles: int,
    *,
    voxel_length: float,
    progress: ProgressCallback = ignore_progress,
    cancel: CancelToken | None = None,
) -> PackedMesh:
    """Reduce a mesh to a budget of triangles for the display.

    Parameters
    ----------
    mesh : PackedMesh
        k components, the largest first.
    sizes : MeshSizes
        Volume and area of each component's mesh.
    max_triangles : int
        The budget.
    voxel_length : float
        Length of a voxel in the mesh's unit (of the longest edge).
    progress, cancel
        Reported and checked once a component.

    Returns
    -------
    PackedMesh
        k components with the same ids and at most ``max_triangles`` faces; ``mesh`` itself where it is small enough.
        Where the budget does not allow every component a recognisable shape, the smallest have no faces.

    Notes
    -----
    Vertex clustering after Rossignac and Borrel 1993, doi 10.1007/978-3-642-78114-8_29, keeping apart vertices whose
    normals point into different octants. Cells are no larger than the component's walls are thick, and walls of few
    voxels are not clustered at all: their two sides would run through each other. Quadric edge collapse after Garland
    and Heckbert 1997, doi 10.1145/258734.258849.
    """
    if len(mesh.faces) <= max_triangles:
        return mesh
    token = cancel or CancelToken()
    budgets = share_budget(np.diff(mesh.face_offsets), max_triangles)
    parts = []
    for index, budget in enumerate(budgets):
        token.raise_if_cancelled()
        part, area = mesh.component(index + 1), float(sizes.area[index])
        wall = (
            2 * float(sizes.volume[index]) / area
        )  # exact for a flat wall, two thirds of the radius for a ball
        if CLUSTER_ABOVE * budget < len(part.faces) and budget > 0 and wall >= MIN_WALL_VOXELS * voxel_length:
            cell = np.sqrt(2 * VERTICES_PER_CELL * area / (CLUSTER_TARGET * budget))
            part = cluster_vertices(part, min(cell, wall))
        parts.append(_collapse_edges(part, int(budget)))
        progress(Progress("simplify for display", index + 1, len(budgets)))
    packed = pack_meshes(parts)
    return replace(packed, normals=vertex_normals(packed.vertices, packed.faces))


def share_budget(face_counts: np.ndarray, max_triangles: int) -> np.ndarray:
    """Share a budget of triangles among components in proportion to their faces, the largest component first.

    Returns
    -------
    np.ndarray
        (k,) int64, at most ``face_counts`` each and ``max_triangles`` together. A component gets at least
        ``MIN_TRIANGLES`` (or all its faces); where that is more than the budget, the last components get 0.
    """
    least = np.minimum(face_counts, MIN_TRIANGLES)
    n_shown = int(np.searchsorted(np.cumsum(least), max_triangles, side="right"))
    shown, least = face_counts[:n_shown], least[:n_shown]
    low, high = 0.0, 1.0
    for _ in range(50):  # bisection on the share of the faces that is kept
        share = (low + high) / 2
        is_within = np.maximum(least, np.floor(shown * share)).sum() <= max_triangles
        low, high = (share, high) if is_within else (low, share)
    budgets = np.zeros(len(face_counts), np.int64)
    budgets[:n_shown] = np.maximum(least, np.floor(shown * low))
    return budgets


def cluster_vertices(mesh: ComponentMesh, cell: float) -> ComponentMesh:
    """Merge the vertices that share a cubic cell and whose normals point into the same octant; without normals."""
    x, y, z = (_cells_along(mesh.vertices[:, axis], cell) for axis in range(3))
    is_x, is_y, is_z = (mesh.normals > 0).T
    key = ((x * (y.max() + 1) + y) * (z.max() + 1) + z) * 8 + is_x + 2 * is_y + 4 * is_z
    cluster = _number_from_0(key)
    counts = np.bincount(cluster)
    vertices = np.empty((len(counts), 3), np.float32)
    for axis in range(3):
        vertices[:, axis] = np.bincount(cluster, weights=mesh.vertices[:, axis]) / counts
    faces = cluster[mesh.faces].astype(np.int32)
    a, b, c = faces.T
    faces = faces[(a != b) & (b != c) & (c != a)]
    return ComponentMesh(vertices, np.zeros_like(vertices), faces)


def _cells_along(places: np.ndarray, cell: float) -> np.ndarray:
    """(n,) int64: the number of the cell each place falls into, from 0."""
    return ((places - places.min()) / np.float32(cell)).astype(np.int64)


def _number_from_0(keys: np.ndarray) -> np.ndarray:
    """Replace (n,) keys from 0 by consecutive numbers in the same order, without sorting where the keys lie dense."""
    n_keys = int(keys.max()) + 1
    if n_keys > SPARSE * len(keys):
        return np.unique(keys, return_inverse=True)[1]
    is_used = np.zeros(n_keys, np.bool_)
    is_used[keys] = True
    return (np.cumsum(is_used) - 1)[keys]


def _collapse_edges(mesh: ComponentMesh, budget: int) -> ComponentMesh:
    """Collapse edges until at most ``budget`` faces are left, as gently as that allows; without normals."""
    vertices, faces = mesh.vertices, mesh.faces
    for aggressiveness in AGGRESSIVENESS:
        target = min(budget, len(mesh.faces))
        vertices, faces = fast_simplification.simplify(
            mesh.vertices, mesh.faces, target_count=target, agg=aggressiveness
        )
        if len(faces) <= budget:
            break
    vertices = vertices.astype(np.float32)
    return ComponentMesh(vertices, np.zeros_like(vertices), faces.astype(np.int32))
