"""From the voxel grid to nm: place vertices, and make each mesh hold the volume of its voxels."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from sxt.progress import CancelToken
from sxt.surface.grid_surface import GridSurface
from sxt.surface.measure import MeshSizes, measure_meshes
from sxt.surface.mesh import PackedMesh, rows_of, unit_vectors, vertex_normals
from sxt.tomogram import VoxelSize

THIN = 0.4
"""A smoothed mesh that holds less than this share of its voxels' volume is of a component one or two voxels across."""

MAX_ROUNDS = 6
VOLUME_TOLERANCE = 0.002
MAX_OFFSET_PX = 0.5
"""Largest shift of a surface in one round, in voxels along the finest axis."""

MIN_REACH_PX = 0.02
"""Least distance of a vertex from the two voxel centres of its edge, so that no surface turns inside out."""


@dataclass(frozen=True)
class GridMesh:
    """A grid surface whose vertices and faces are sorted by component.

    Parameters
    ----------
    surface : GridSurface
        Vertices and faces component by component.
    is_outer : np.ndarray
        (n,) bool: whether a vertex lies on a surface that faces outwards.
    vertex_offsets, face_offsets : np.ndarray
        (k + 1,) int64, as in `PackedMesh`.
    """

    surface: GridSurface
    is_outer: np.ndarray
    vertex_offsets: np.ndarray
    face_offsets: np.ndarray


@dataclass(frozen=True)
class GroupSurface:
    """The surface of one group of components: for every vertex its component (0..k - 1) and whether it is outer."""

    surface: GridSurface
    component_of_vertex: np.ndarray
    is_outer: np.ndarray


@dataclass(frozen=True)
class ShapedMesh:
    """A mesh whose components hold the volume of their voxels, and its sizes as measured on it."""

    mesh: PackedMesh
    sizes: MeshSizes


def sort_by_component(groups: Sequence[GroupSurface], n_components: int) -> GridMesh:
    """Join the surfaces of all groups and sort vertices and faces by component."""
    first_vertex = np.cumsum([0, *(len(g.surface.axis) for g in groups)])
    faces = np.concatenate(
        [g.surface.faces + np.int32(v) for g, v in zip(groups, first_vertex, strict=False)]
    )
    component = np.concatenate([g.component_of_vertex for g in groups])
    order = _stable_order(component, n_components)
    new_number = np.empty(len(order), np.int32)
    new_number[order] = np.arange(len(order), dtype=np.int32)
    component_of_face = component[faces[:, 0]]
    return GridMesh(
        surface=GridSurface(
            inside_px=np.concatenate([g.surface.inside_px for g in groups])[order],
            axis=np.concatenate([g.surface.axis for g in groups])[order],
            direction=np.concatenate([g.surface.direction for g in groups])[order],
            reach_px=np.concatenate([g.surface.reach_px for g in groups])[order],
            normals_px=np.concatenate([g.surface.normals_px for g in groups])[order],
            faces=new_number[faces[_stable_order(component_of_face, n_components)]],
        ),
        is_outer=np.concatenate([g.is_outer for g in groups])[order],
        vertex_offsets=_offsets(component, n_components),
        face_offsets=_offsets(component_of_face, n_components),
    )


def shape_meshes(
    grid: GridMesh, volumes: np.ndarray, spacing: VoxelSize, *, cancel: CancelToken | None = None
) -> ShapedMesh:
    """Place the vertices in nm and shift each component's surface until it holds the volume asked for.

    Parameters
    ----------
    grid : GridMesh
        k components.
    volumes : np.ndarray
        (k,) float64, in nm³: voxels of each component times the volume of a voxel.
    spacing : tuple of float
        (z, y, x) size of a voxel in nm (1, 1, 1 where it is not known).
    cancel : CancelToken, optional
        Checked once a round.

    Notes
    -----
    Smoothing pulls convex surfaces inwards by about (variance of the kernel) / (radius). Shifting every vertex along
    its normal by (missing volume) / (area) undoes that for the component as a whole; it is Newton's method for the
    volume as a function of the shift. Components so thin that the smoothing took most of them start from the middle
    of their grid edges instead.
    """
    token = cancel or CancelToken()
    shaper = _Shaper(grid, volumes, spacing)
    thin = shaper.ids_where(shaper.sizes.volume < THIN * volumes)
    if len(thin):
        shaper.reset_to_edge_middles(thin)
    for _ in range(MAX_ROUNDS):
        token.raise_if_cancelled()
        wrong = shaper.ids_where(np.abs(shaper.sizes.volume / volumes - 1) > VOLUME_TOLERANCE)
        if len(wrong) == 0:
            break
        shaper.shift(wrong)
    return ShapedMesh(shaper.mesh, shaper.sizes)


class _Shaper:
    """The vertices, normals and sizes of all components while their surfaces are shifted."""

    def __init__(self, grid: GridMesh, volumes: np.ndarray, spacing: VoxelSize) -> None:
        self._grid = grid
        self._volumes = volumes
        self._spacing = spacing
        self.mesh = PackedMesh(
            vertices=_place(grid.surface, grid.surface.reach_px, spacing),
            normals=unit_vectors(grid.surface.normals_px[:, ::-1] / np.array(spacing[::-1], np.float32)),
            faces=grid.surface.faces,
            vertex_offsets=grid.vertex_offsets,
            face_offsets=grid.face_offsets,
        )
        self.sizes = measure_meshes(self.mesh, grid.is_outer)

    @staticmethod
    def ids_where(is_meant: np.ndarray) -> np.ndarray:
        return np.flatnonzero(is_meant) + 1

    def reset_to_edge_middles(self, ids: np.ndarray) -> None:
        """Put the vertices of some components where marching cubes of the binary mask would put them."""
        rows = rows_of(self._grid.vertex_offsets, ids)
        part = self.mesh.select(ids)
        surface = self._grid.surface.take(rows)
        vertices = _place(surface, np.full(len(rows), 0.5, np.float32), self._spacing)
        self._store(ids, rows, replace(part, vertices=vertices, normals=vertex_normals(vertices, part.faces)))

    def shift(self, ids: np.ndarray) -> None:
        """Move the surfaces of some components along their normals, towards the volumes asked for."""
        limit = MAX_OFFSET_PX * min(self._spacing)
        missing = (self._volumes - self.sizes.volume)[ids - 1]
        offsets = np.clip(missing / self.sizes.area[ids - 1], -limit, limit).astype(np.float32)
        rows = rows_of(self._grid.vertex_offsets, ids)
        part = self.mesh.select(ids)
        moved = part.vertices + part.normals * np.repeat(offsets, np.diff(part.vertex_offsets))[:, None]
        vertices = _hold_on_edges(moved, self._grid.surface.take(rows), self._spacing)
        self._store(ids, rows, replace(part, vertices=vertices))

    def _store(self, ids: np.ndarray, rows: np.ndarray, part: PackedMesh) -> None:
        self.mesh.vertices[rows] = part.vertices
        self.mesh.normals[rows] = part.normals
        sizes = measure_meshes(part, self._grid.is_outer[rows])
        for name in ("volume", "area", "outer_area"):
            getattr(self.sizes, name)[ids - 1] = getattr(sizes, name)


def _place(surface: GridSurface, reach_px: np.ndarray, spacing: VoxelSize) -> np.ndarray:
    """(n, 3) float32, (x, y, z) in nm: the one place where voxels become nm and the axes change order."""
    places = surface.inside_px.astype(np.float32)
    places[np.arange(len(places)), surface.axis] += surface.direction * reach_px
    places *= np.array(spacing, np.float32)
    return np.ascontiguousarray(places[:, ::-1])


def _hold_on_edges(vertices: np.ndarray, surface: GridSurface, spacing: VoxelSize) -> np.ndarray:
    """Return (n, 3) vertices, (x, y, z), that stay between the two voxel centres of their edge along its axis."""
    row, column = np.arange(len(vertices)), 2 - surface.axis
    size = np.array(spacing, np.float32)[surface.axis]
    inside = surface.inside_px[row, surface.axis].astype(np.float32)
    reach = (vertices[row, column] / size - inside) * surface.direction
    held = vertices.copy()
    held[row, column] = (inside + np.clip(reach, MIN_REACH_PX, 1 - MIN_REACH_PX) * surface.direction) * size
    return held


def _stable_order(component: np.ndarray, n_components: int) -> np.ndarray:
    narrow = np.uint16 if n_components <= np.iinfo(np.uint16).max else np.int32  # 16 bits are sorted by radix
    return np.argsort(component.astype(narrow), kind="stable")


def _offsets(component: np.ndarray, n_components: int) -> np.ndarray:
    return np.concatenate([[0], np.cumsum(np.bincount(component, minlength=n_components))])
