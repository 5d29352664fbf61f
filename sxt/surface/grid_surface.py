"""Marching cubes over a field, with the voxel pair that each vertex separates."""

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace

import numpy as np
from vtkmodules.util.numpy_support import numpy_to_vtk, vtk_to_numpy
from vtkmodules.vtkCommonDataModel import vtkImageData, vtkPolyData
from vtkmodules.vtkFiltersCore import vtkFlyingEdges3D

from sxt.surface.field import FULL, LEVEL, FieldSlab
from sxt.surface.mesh import blocks, unit_vectors
from sxt.surface.settings import FULL_CONNECTIVITY, Connectivity

Z_AXIS, X_AXIS = 0, 2
ALL_AXES = 0b111


@dataclass(frozen=True)
class GridSurface:
    """A closed triangle surface on the voxel grid; every vertex lies on the edge between two neighbouring voxels.

    Parameters
    ----------
    inside_px : np.ndarray
        (n, 3) int32, (z, y, x): the foreground voxel of each vertex.
    axis : np.ndarray
        (n,) int8: the axis of its edge, 0 z, 1 y, 2 x.
    direction : np.ndarray
        (n,) int8: +1 where the background voxel follows along that axis, -1 where it precedes.
    reach_px : np.ndarray
        (n,) float32 in (0, 1): distance of the vertex from the foreground voxel along the edge.
    normals_px : np.ndarray
        (n, 3) float32, (x, y, z): outward, of length one, the field's gradient reversed; on a grid of unit voxels.
    is_corner : np.ndarray
        (n,) bool: whether the foreground voxel misses a neighbour along all three axes; marked at its vertices along
        x only. All corners of a component's convex hull are among these voxels.
    faces : np.ndarray
        (m, 3) int32 vertex numbers, counter-clockwise seen from outside in (x, y, z).
    """

    inside_px: np.ndarray
    axis: np.ndarray
    direction: np.ndarray
    reach_px: np.ndarray
    normals_px: np.ndarray
    is_corner: np.ndarray
    faces: np.ndarray

    @classmethod
    def empty(cls) -> "GridSurface":
        """Return a surface without vertices."""
        none = np.zeros(0, np.int8)
        vectors = np.zeros((0, 3))
        return cls(
            inside_px=vectors.astype(np.int32),
            axis=none,
            direction=none,
            reach_px=none.astype(np.float32),
            normals_px=vectors.astype(np.float32),
            is_corner=none.astype(np.bool_),
            faces=vectors.astype(np.int64),
        )

    def take(self, rows: np.ndarray) -> "GridSurface":
        """Return some of the vertices, without faces."""
        arrays = {each.name: getattr(self, each.name).take(rows, axis=0) for each in fields(self)[:-1]}
        return GridSurface(**arrays, faces=np.zeros((0, 3), np.int32))


def extract_grid_surface(
    slabs: Iterable[FieldSlab],
    shape: tuple[int, ...],
    *,
    connectivity: Connectivity,
    first_vertex: int = 0,
) -> list[GridSurface]:
    """Extract the level set of a field, slab by slab.

    Parameters
    ----------
    slabs : iterable of FieldSlab
        The field of a volume as `field_slabs` gives it.
    shape : tuple of int
        Of the volume, (z, y, x).
    connectivity : {26, 6}
        Whether the surface joins foreground voxels that share only an edge (26), so that thin oblique sheets stay
        whole, or parts them (6). Voxels that share no more than a corner get closed surfaces of their own.
    first_vertex : int
        The number of the first vertex.

    Returns
    -------
    list of GridSurface
        One part a slab. Vertices are numbered through all parts; together they are closed: every edge belongs to
        exactly two faces.

    Notes
    -----
    Flying edges: Schroeder, Maynard and Geveci 2015, doi 10.1109/LDAV.2015.7348069. Where two voxels of a cell's face
    lie across from each other, its table parts the ones above the level. To join foreground there, the field is
    turned over, and the faces and normals that come of it are turned back.
    """
    sewing = _Sewing(first_vertex)
    for slab in slabs:
        sewing.add(_slab_surface(slab, is_joining=connectivity == FULL_CONNECTIVITY))
    return _mark_corners(sewing.parts, shape)


@dataclass(frozen=True)
class _SlabSurface:
    """The surface within one slab.

    Parameters
    ----------
    surface : GridSurface
        Without corners.
    key : np.ndarray
        (n,) int64: tells the edges within a slice apart.
    is_first, is_last : np.ndarray
        (n,) bool: whether the edge lies in the first or last slice of the slab.
    """

    surface: GridSurface
    key: np.ndarray
    is_first: np.ndarray
    is_last: np.ndarray


class _Sewing:
    """Joins the surfaces of successive slabs along the slice they share."""

    def __init__(self, first_vertex: int) -> None:
        self.parts: list[GridSurface] = []
        self._n_vertices = first_vertex
        self._seam_keys = np.zeros(0, np.int64)
        self._seam_numbers = np.zeros(0, np.int64)

    def add(self, slab: _SlabSurface) -> None:
        """Add the next slab; its vertices in the shared slice are the last slab's."""
        numbers = np.empty(len(slab.key), np.int64)
        own = np.flatnonzero(~slab.is_first)
        numbers[own] = np.arange(self._n_vertices, self._n_vertices + len(own))
        if slab.is_first.any():
            numbers[slab.is_first] = self._match(slab)
        faces = np.empty(slab.surface.faces.shape, np.int32)
        for rows in blocks(len(faces)):
            faces[rows] = numbers[slab.surface.faces[rows]]
        self.parts.append(replace(slab.surface.take(own), faces=faces))
        self._n_vertices += len(own)
        order = np.argsort(slab.key[slab.is_last])
        self._seam_keys = slab.key[slab.is_last][order]
        self._seam_numbers = numbers[slab.is_last][order]

    def _match(self, slab: _SlabSurface) -> np.ndarray:
        """Return the numbers that the last slab gave to the vertices in the shared slice."""
        place = np.searchsorted(self._seam_keys, slab.key[slab.is_first])
        assert np.array_equal(self._seam_keys[place], slab.key[slab.is_first]), (
            "both slabs cut the same edges"
        )
        return self._seam_numbers[place]


def _slab_surface(slab: FieldSlab, *, is_joining: bool) -> _SlabSurface:
    field = slab.values
    contour = _flying_edges(FULL - field if is_joining else field)
    if contour.GetNumberOfPoints() == 0:
        return _SlabSurface(GridSurface.empty(), np.zeros(0, np.int64), *np.zeros((2, 0), np.bool_))
    normals = vtk_to_numpy(contour.GetPointData().GetNormals())  # (n, 3) in (x, y, z)
    faces = vtk_to_numpy(contour.GetPolys().GetConnectivityArray()).reshape(-1, 3)  # (m, 3)
    x, y, z = vtk_to_numpy(contour.GetPoints().GetData()).T
    low = [np.floor(each).astype(np.int32) for each in (z, y, x)]  # in the padded slab
    fractions = [each - whole for each, whole in zip((z, y, x), low, strict=True)]  # 0 but along the edge
    axis = ((fractions[1] > 0) + 2 * (fractions[2] > 0)).astype(np.int8)
    fraction = (fractions[0] + fractions[1] + fractions[2]).astype(np.float32)
    in_slice = low[1].astype(np.int64) * field.shape[2] + low[2]
    is_low_inside = field.ravel().take(low[0] * np.int64(field[0].size) + in_slice) > LEVEL
    inside = [each - 1 + (~is_low_inside & (axis == n)) for n, each in enumerate(low)]
    inside[0] += slab.first
    is_first, is_last = low[0] == 0, low[0] + (axis == Z_AXIS) == len(field) - 1
    normals = -normals if is_joining else normals.copy()
    rim = np.flatnonzero(is_first | is_last)
    low_of_rim = (low[0][rim] + 1) * np.int64(field[0].size) + in_slice[rim]
    normals[rim] = _outward_normals(slab.with_sides, low_of_rim, axis[rim], fraction[rim])
    return _SlabSurface(
        surface=GridSurface(
            inside_px=np.column_stack(inside),
            axis=axis,
            direction=np.where(is_low_inside, 1, -1).astype(np.int8),
            reach_px=np.where(is_low_inside, fraction, 1 - fraction),
            normals_px=normals,
            is_corner=np.zeros(len(axis), np.bool_),
            faces=faces[:, ::-1] if is_joining else faces,
        ),
        key=in_slice * 2 + (axis == X_AXIS),
        is_first=is_first & (axis != Z_AXIS),
        is_last=is_last & (axis != Z_AXIS),
    )


def _outward_normals(
    field: np.ndarray, low: np.ndarray, axis: np.ndarray, fraction: np.ndarray
) -> np.ndarray:
    """(n, 3) float32, (x, y, z): the field's downward gradient at vertices, of length one.

    ``low`` is the flat place of the lower voxel of each edge. Flying edges does the same, but at the first and last
    slice of what it is given it knows the field on one side only.
    """
    flat = field.ravel()
    steps = np.array([field.shape[1] * field.shape[2], field.shape[2], 1])
    high = low + steps[axis]
    downward = np.empty((len(low), 3), np.float32)
    for each, step in enumerate(steps):
        at_low, at_high = (
            flat.take(place - step, mode="clip").astype(np.float32) - flat.take(place + step, mode="clip")
            for place in (low, high)
        )
        downward[:, 2 - each] = at_low + (at_high - at_low) * fraction
    return unit_vectors(downward)


def _mark_corners(parts: list[GridSurface], shape: tuple[int, ...]) -> list[GridSurface]:
    """Mark the vertices along x of the voxels that have vertices along all three axes."""
    missing = np.zeros(int(np.prod(shape)), np.uint8)
    places = []
    for part in parts:
        z, y, x = part.inside_px.T
        places.append((z.astype(np.int64) * shape[1] + y) * shape[2] + x)
        for each in range(3):
            missing[places[-1][part.axis == each]] |= np.uint8(1 << each)
    marked = []
    for part, place in zip(parts, places, strict=True):
        is_corner = part.axis == X_AXIS
        is_corner[is_corner] = missing[place[is_corner]] == ALL_AXES
        marked.append(replace(part, is_corner=is_corner))
    return marked


def _flying_edges(field: np.ndarray) -> vtkPolyData:
    image = vtkImageData()
    image.SetDimensions(field.shape[2], field.shape[1], field.shape[0])
    image.GetPointData().SetScalars(numpy_to_vtk(np.ascontiguousarray(field).ravel()))
    contour = vtkFlyingEdges3D()
    contour.SetInputData(image)
    contour.SetValue(0, LEVEL)
    contour.ComputeNormalsOn()
    contour.ComputeScalarsOff()
    contour.Update()
    return contour.GetOutput()
