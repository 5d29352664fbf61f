"""Marching cubes over a field, with the voxel pair that each vertex separates."""

from dataclasses import dataclass

import numpy as np
from vtkmodules.util.numpy_support import numpy_to_vtk, vtk_to_numpy
from vtkmodules.vtkCommonDataModel import vtkImageData, vtkPolyData
from vtkmodules.vtkFiltersCore import vtkFlyingEdges3D

from sxt.surface.field import FULL, LEVEL
from sxt.surface.settings import FULL_CONNECTIVITY, Connectivity


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
        (n, 3) float32, (z, y, x): outward, the field's gradient reversed, not scaled by the voxel size.
    faces : np.ndarray
        (m, 3) int32 vertex numbers, counter-clockwise seen from outside in (x, y, z).
    """

    inside_px: np.ndarray
    axis: np.ndarray
    direction: np.ndarray
    reach_px: np.ndarray
    normals_px: np.ndarray
    faces: np.ndarray

    @property
    def outside_px(self) -> np.ndarray:
        """(n, 3) int32, (z, y, x): the background voxel of each vertex; it may lie one voxel beyond the volume."""
        outside = self.inside_px.copy()
        outside[np.arange(len(outside)), self.axis] += self.direction
        return outside

    def take(self, rows: np.ndarray) -> "GridSurface":
        """Return some of the vertices, without faces."""
        return GridSurface(
            inside_px=self.inside_px[rows],
            axis=self.axis[rows],
            direction=self.direction[rows],
            reach_px=self.reach_px[rows],
            normals_px=self.normals_px[rows],
            faces=np.zeros((0, 3), np.int32),
        )


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
    points = vtk_to_numpy(contour.GetPoints().GetData())[:, ::-1] - np.float32(
        1
    )  # (n, 3) in (z, y, x), no padding
    normals = vtk_to_numpy(contour.GetPointData().GetNormals())[:, ::-1]  # (n, 3) in (z, y, x)
    faces = vtk_to_numpy(contour.GetPolys().GetConnectivityArray()).reshape(-1, 3)  # (m, 3)
    if is_joining:
        normals, faces = -normals, faces[:, ::-1]
    axis = np.argmax(points != np.rint(points), axis=1)
    low = np.floor(points).astype(np.int32)
    row = np.arange(len(points))
    is_low_inside = field[low[:, 0] + 1, low[:, 1] + 1, low[:, 2] + 1] > LEVEL
    fraction = points[row, axis] - low[row, axis]
    inside = low
    inside[row, axis] += ~is_low_inside
    return GridSurface(
        inside_px=inside,
        axis=axis.astype(np.int8),
        direction=np.where(is_low_inside, 1, -1).astype(np.int8),
        reach_px=np.where(is_low_inside, fraction, 1 - fraction).astype(np.float32),
        normals_px=np.ascontiguousarray(normals),
        faces=np.ascontiguousarray(faces, np.int32),
    )


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
