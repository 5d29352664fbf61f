"""From the voxel grid to nm: place vertices, and make each mesh hold the volume of its voxels."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from sxt.progress import CancelToken
from sxt.surface.grid_surface import GridSurface
from sxt.surface.measure import MeshSizes, measure_meshes
from sxt.surface.mesh import PackedMesh, blocks, rows_of, unit_vectors, vertex_normals
from sxt.tomogram import VoxelSize

THIN = 0.4
"""A smoothed mesh that holds less than this share of its voxels' volume is of a component one or two voxels across."""

MAX_ROUNDS = 6
VOLUME_TOLERANCE = 0.005
STUCK = 0.01
"""A component whose volume is still off by more than this share starts again from the middles of its edges."""

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
    vertex_offsets, face_offsets : np.ndarray
        (k + 1,) int64, as in `PackedMesh`.
    """

    surface: GridSurface
    vertex_offsets: np.ndarray
    face_offsets: np.ndarray


@dataclass(frozen=True)
class ShapedMesh:
    """A mesh whose components hold the volume of their voxels, and its sizes as measured on it."""

    mesh: PackedMesh
    sizes: MeshSizes


def sort_by_component(
    parts: Sequence[GridSurface], component_of_vertex: np.ndarray, n_components: int
) -> GridMesh:
    """Join the parts of a surface and sort its vertices and faces by component.

    Parameters
    ----------
    parts : sequence of GridSurface
        Vertices are numbered through all of them.
    component_of_vertex : np.ndarray
        (n,) integers, 0..n_components - 1, for the vertices of all parts.
    n_components : int
    """
    component_of_face = np.concatenate([component_of_vertex[part.faces[:, 0]] for part in parts])
    vertex_places = _sorted_places(component_of_vertex, n_components)
    face_places = _sorted_places(component_of_face, n_components)
    arrays = {
        each.name: np.empty((len(vertex_places), *getattr(parts[0], each.name).shape[1:]), each_type)
        for each, each_type in ((f, getattr(parts[0], f.name).dtype) for f in fields(GridSurface)[:-1])
    }
    faces = np.empty((len(face_places), 3), np.int32)
    vertex, face = 0, 0
    for part in parts:
        rows = vertex_places[vertex : vertex + len(part.axis)]
        for name, array in arrays.items():
            array[rows] = getattr(part, name)
        faces[face_places[face : face + len(part.faces)]] = vertex_places[part.faces]
        vertex, face = vertex + len(part.axis), face + len(part.faces)
    return GridMesh(
        surface=GridSurface(**arrays, faces=faces),
        vertex_offsets=_offsets(component_of_vertex, n_components),
        face_offsets=_offsets(component_of_face, n_components),
    )


def shape_meshes(
    grid: GridMesh,
    volumes: np.ndarray,
    spacing: VoxelSize,
    *,
    is_outer: np.ndarray | None = None,
    cancel: CancelToken | None = None,
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
    is_outer : np.ndarray, optional
        (n,) bool: which vertices lie on surfaces that face outwards; all of them by default.
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
    shaper = _Shaper(grid, volumes, spacing, is_outer)
    shaper.shift_until_right(token)
    stuck = shaper.ids_beyond(STUCK)
    if len(stuck):
        shaper.reset_to_edge_middles(stuck)
        shaper.shift_until_right(token)
    return ShapedMesh(shaper.mesh, shaper.sizes)


class _Shaper:
    """The vertices, normals and sizes of all components while their surfaces are shifted."""

    def __init__(
        self, grid: GridMesh, volumes: np.ndarray, spacing: VoxelSize, is_outer: np.ndarray | None
    ) -> None:
        self._grid = grid
        self._volumes = volumes
        self._spacing = spacing
        self._is_outer = np.ones(len(grid.surface.axis), np.bool_) if is_outer is None else is_outer
        first = _first_shift(grid, volumes, spacing)
        places = _place(grid.surface, grid.surface.reach_px, spacing)
        self.mesh = PackedMesh(
            vertices=places,
            normals=_scaled_normals(grid.surface.normals_px, spacing),
            faces=grid.surface.faces,
            vertex_offsets=grid.vertex_offsets,
            face_offsets=grid.face_offsets,
        )
        self._move(self.mesh, first.offsets, grid.surface)
        self.sizes = measure_meshes(self.mesh, self._is_outer)
        if len(first.thin):
            self.reset_to_edge_middles(first.thin)

    def ids_beyond(self, tolerance: float) -> np.ndarray:
        """Return the ids of the components whose volume is off by more than that share."""
        return np.flatnonzero(np.abs(self.sizes.volume / self._volumes - 1) > tolerance) + 1

    def shift_until_right(self, cancel: CancelToken) -> None:
        """Shift the surfaces of components whose volume is not right, a few times at most."""
        for _ in range(MAX_ROUNDS):
            cancel.raise_if_cancelled()
            wrong = self.ids_beyond(VOLUME_TOLERANCE)
            if len(wrong) == 0:
                break
            self._shift(wrong)

    def _shift(self, ids: np.ndarray) -> None:
        """Move the surfaces of some components along their normals, towards the volumes asked for."""
        rows = rows_of(self._grid.vertex_offsets, ids)
        part = self.mesh.select(ids)
        missing = (self._volumes - self.sizes.volume)[ids - 1]
        self._move(part, missing / self.sizes.area[ids - 1], self._grid.surface.take(rows))
        self.mesh.vertices[rows] = part.vertices
        self._measure(ids, rows, part)

    def _move(self, part: PackedMesh, offsets: np.ndarray, surface: GridSurface) -> None:
        """Move the vertices of ``part`` by each component's offset, as far as their edges allow."""
        limit = MAX_OFFSET_PX * min(self._spacing)
        held = np.clip(offsets, -limit, limit).astype(np.float32)
        offset_of_vertex = np.repeat(held, np.diff(part.vertex_offsets))
        for rows in blocks(len(offset_of_vertex)):
            part.vertices[rows] += part.normals[rows] * offset_of_vertex[rows, None]
            _hold_on_edges(part.vertices[rows], surface, rows, self._spacing)

    def reset_to_edge_middles(self, ids: np.ndarray) -> None:
        """Put the vertices of some components where marching cubes of the binary mask would put them."""
        rows = rows_of(self._grid.vertex_offsets, ids)
        surface = self._grid.surface.take(rows)
        vertices = _place(surface, np.full(len(rows), 0.5, np.float32), self._spacing)
        self.mesh.vertices[rows] = vertices
        self.mesh.normals[rows] = vertex_normals(vertices, self.mesh.select(ids).faces)
        self._measure(ids, rows, self.mesh.select(ids))

    def _measure(self, ids: np.ndarray, rows: np.ndarray, part: PackedMesh) -> None:
        sizes = measure_meshes(part, self._is_outer[rows])
        for name in ("volume", "area", "outer_area"):
            getattr(self.sizes, name)[ids - 1] = getattr(sizes, name)


@dataclass(frozen=True)
class _FirstShift:
    """By how much to shift each component at first, (k,) float64, and the ids of those that are too thin for it."""

    offsets: np.ndarray
    thin: np.ndarray


def _first_shift(grid: GridMesh, volumes: np.ndarray, spacing: VoxelSize) -> _FirstShift:
    """Estimate each component's missing volume and area from its vertices alone.

    Notes
    -----
    A vertex in the middle of its edge stands on a voxel's face; one that the smoothing drew inwards by d takes a
    column of height d off the volume. The columns along each axis make up the whole. Voxel faces normal to an axis add
    up to the projected area along it, which is half the area of a surface without preference for a direction; hence
    two thirds of all.
    """
    sizes = np.array(spacing)
    starts, axis = grid.vertex_offsets[:-1], grid.surface.axis
    drawn_in = np.float32(0.5) - grid.surface.reach_px
    columns = [
        np.add.reduceat(np.where(axis == each, drawn_in, 0), starts, dtype=np.float64) for each in range(3)
    ]
    missing = np.array(columns) * sizes.prod()  # (3, k), as the columns along each axis see it
    areas = np.add.reduceat((sizes.prod() / sizes)[axis], starts) * (2 / 3)
    is_thin = volumes - missing.max(axis=0) < THIN * volumes
    return _FirstShift(missing.mean(axis=0) / areas, np.flatnonzero(is_thin) + 1)


def _place(surface: GridSurface, reach_px: np.ndarray, spacing: VoxelSize) -> np.ndarray:
    """(n, 3) float32, (x, y, z) in nm: the one place where voxels become nm and the axes change order."""
    places = np.empty((len(reach_px), 3), np.float32)
    for rows in blocks(len(places)):
        step = surface.direction[rows] * reach_px[rows]
        for axis in range(3):
            along = surface.inside_px[rows, axis] + np.where(surface.axis[rows] == axis, step, np.float32(0))
            places[rows, 2 - axis] = along * np.float32(spacing[axis])
    return places


def _scaled_normals(normals_px: np.ndarray, spacing: VoxelSize) -> np.ndarray:
    """(n, 3) float32, (x, y, z): normals of the surface after its voxels have been scaled to their size."""
    if len(set(spacing)) == 1:
        return normals_px.copy()
    return unit_vectors(normals_px / np.array(spacing[::-1], np.float32))


def _hold_on_edges(vertices: np.ndarray, surface: GridSurface, rows: slice, spacing: VoxelSize) -> None:
    """Keep the vertices of some rows, (r, 3) in (x, y, z), between the voxel centres of their edges, in place."""
    direction = surface.direction[rows]
    for axis in range(3):
        along = np.flatnonzero(surface.axis[rows] == axis)
        size, inside = np.float32(spacing[axis]), surface.inside_px[rows, axis][along]
        reach = (vertices[along, 2 - axis] / size - inside) * direction[along]
        held = np.clip(reach, np.float32(MIN_REACH_PX), np.float32(1 - MIN_REACH_PX))
        vertices[along, 2 - axis] = (inside + held * direction[along]) * size


def _sorted_places(component: np.ndarray, n_components: int) -> np.ndarray:
    """(n,) int32: where each row goes when rows are sorted by component and otherwise keep their order."""
    narrow = np.uint16 if n_components <= np.iinfo(np.uint16).max else np.int32  # 16 bits are sorted by radix
    places = np.empty(len(component), np.int32)
    places[np.argsort(component.astype(narrow), kind="stable")] = np.arange(len(component), dtype=np.int32)
    return places


def _offsets(component: np.ndarray, n_components: int) -> np.ndarray:
    return np.concatenate([[0], np.cumsum(np.bincount(component, minlength=n_components))])
