"""Marching cubes over a field, with the voxel pair that each vertex separates."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from vtkmodules.util.numpy_support import numpy_to_vtk, vtk_to_numpy
from vtkmodules.vtkCommonDataModel import vtkImageData, vtkPolyData
from vtkmodules.vtkFiltersCore import vtkFlyingEdges3D

from sxt.surface.field import FULL, LEVEL
from sxt.surface.settings import FULL_CONNECTIVITY, Connectivity

X_AXIS = 2
ALL_AXES = 0b111


@dataclass(frozen=True)
class GridSurface:
    """A closed triangle surface on the voxel grid; every vertex lies on the edge between two neighbouring voxels.

    Parameters
    ----------
    inside_px : np.ndarray
        (n, 3) int16 (int32 for large volumes), (z, y, x): the foreground voxel of each vertex.
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

    def outside_px(self, rows: slice) -> np.ndarray:
        """(r, 3) integers, (z, y, x): the background voxels of some vertices, which may lie just beyond the volume."""
        outside = self.inside_px[rows].copy()
        outside[np.arange(len(outside)), self.axis[rows]] += self.direction[rows]
        return outside

    def take(self, rows: np.ndarray) -> "GridSurface":
        """Return some of the vertices, without faces."""
        arrays = {each.name: getattr(self, each.name).take(rows, axis=0) for each in fields(self)[:-1]}
        return GridSurface(**arrays, faces=np.zeros((0, 3), np.int32))


def join_surfaces(surfaces: Sequence[GridSurface]) -> GridSurface:
    """Put surfaces one after the other, faces renumbered."""
    if len(surfaces) == 1:
        return surfaces[0]
    first_vertex = np.cumsum([0, *(len(each.axis) for each in surfaces)])
    arrays = {
        each.name: np.concatenate([getattr(s, each.name) for s in surfaces])
        for each in fields(GridSurface)[:-1]
    }
    faces = [s.faces + np.int32(first) for s, first in zip(surfaces, first_vertex, strict=False)]
    return GridSurface(**arrays, faces=np.concatenate(faces))


def extract_grid_surface(field: np.ndarray, *, connectivity: Connectivity) -> GridSurface:
    """Extract the level set of a field.

    Parameters
    ----------
    field : np.ndarray
        (z + 2, y + 2, x + 2) uint8 with one voxel of background around the volume, as `surface_field` gives it.
    connectivity : {26, 6}
        Whether the surface joins foreground voxels that share only an edge (26), so that thin oblique sheets stay
        whole, or parts them (6). Voxels that share no more than a corner get closed surfaces of their own.

    Returns
    -------
    GridSurface
        In voxels of the volume without the padding. Every edge belongs to exactly two faces.

    Notes
    -----
    Flying edges: Schroeder, Maynard and Geveci 2015, doi 10.1109/LDAV.2015.7348069. Where two voxels of a cell's face
    lie across from each other, its table parts the ones above the level. To join foreground there, the field is
    turned over, and the faces and normals that come of it are turned back.
    """
    is_joining = connectivity == FULL_CONNECTIVITY
    contour = _flying_edges(FULL - field if is_joining else field)
    points = vtk_to_numpy(contour.GetPoints().GetData())  # (n, 3) in (x, y, z), voxels of the padded field
    normals = vtk_to_numpy(contour.GetPointData().GetNormals())  # (n, 3) in (x, y, z)
    faces = vtk_to_numpy(contour.GetPolys().GetConnectivityArray()).reshape(-1, 3)  # (m, 3)
    whole = np.floor(points)
    fraction = points - whole  # 0 but along the axis of the edge
    axis = ((fraction[:, 1] > 0) + 2 * (fraction[:, 0] > 0)).astype(np.int8)
    reach = fraction[:, 0] + fraction[:, 1] + fraction[:, 2]
    low_px = whole.astype(np.int16 if max(field.shape) < np.iinfo(np.int16).max else np.int32)[:, ::-1]
    low = _flat_places(low_px, field.shape)
    is_low_inside = field.ravel().take(low) > LEVEL
    steps = np.array([field.shape[1] * field.shape[2], field.shape[2], 1], low.dtype)
    is_corner = _find_corners(np.where(is_low_inside, low, low + steps[axis]), axis, field.size)
    inside_px = low_px - low_px.dtype.type(1)  # (n, 3) in (z, y, x), voxels of the volume
    for each in range(3):
        inside_px[:, each] += ~is_low_inside & (axis == each)
    return GridSurface(
        inside_px=inside_px,
        axis=axis,
        direction=np.where(is_low_inside, 1, -1).astype(np.int8),
        reach_px=np.where(is_low_inside, reach, 1 - reach),
        normals_px=-normals if is_joining else normals.copy(),
        is_corner=is_corner,
        faces=np.ascontiguousarray(faces[:, ::-1] if is_joining else faces, np.int32),
    )


def _flat_places(voxels: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """(n,) int32 (or int64): positions of (n, 3) voxels in the flat array of that shape."""
    narrow = np.int32 if np.prod(shape) <= np.iinfo(np.int32).max else np.int64
    return (voxels[:, 0].astype(narrow) * shape[1] + voxels[:, 1]) * shape[2] + voxels[:, 2]


def _find_corners(inside: np.ndarray, axis: np.ndarray, n_voxels: int) -> np.ndarray:
    """(n,) bool: vertices along x of the voxels that have vertices along all three axes; ``inside`` is (n,) flat."""
    missing = np.zeros(n_voxels, np.uint8)
    for each in range(3):
        missing[inside[axis == each]] |= np.uint8(1 << each)
    is_corner = axis == X_AXIS
    is_corner[is_corner] = missing[inside[is_corner]] == ALL_AXES
    return is_corner


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
