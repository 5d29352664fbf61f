"""Areas and volumes of meshes."""

from dataclasses import dataclass

import numpy as np

from sxt.surface.mesh import PackedMesh, blocks


@dataclass(frozen=True)
class MeshSizes:
    """Sizes of each component's mesh, (k,) float64, in nm³ and nm² (or voxels).

    Parameters
    ----------
    volume : np.ndarray
        Signed volume: positive where the faces look outwards, cavities subtracted.
    area : np.ndarray
        Area of all surfaces, those around cavities included.
    outer_area : np.ndarray
        Area of the surfaces that face outwards.
    """

    volume: np.ndarray
    area: np.ndarray
    outer_area: np.ndarray


def measure_meshes(mesh: PackedMesh, is_outer: np.ndarray | None = None) -> MeshSizes:
    """Measure the mesh of every component.

    Parameters
    ----------
    mesh : PackedMesh
        Closed meshes of k components.
    is_outer : np.ndarray, optional
        (n,) bool: which vertices lie on surfaces that face outwards; all of them by default.
    """
    x, y, z = (_from_first_vertex(mesh, axis) for axis in range(3))
    volume = np.empty(len(mesh.faces))
    area = np.empty(len(mesh.faces))
    for place in blocks(len(mesh.faces)):
        a, b, c = mesh.faces[place].T.astype(np.intp)
        ax, ay, az = x[a], y[a], z[a]
        ux, uy, uz = x[b] - ax, y[b] - ay, z[b] - az
        vx, vy, vz = x[c] - ax, y[c] - ay, z[c] - az
        nx, ny, nz = uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx
        volume[place] = (ax * nx + ay * ny + az * nz) / 6
        area[place] = np.sqrt(nx * nx + ny * ny + nz * nz) / 2
    outer_area = area if is_outer is None else np.where(is_outer[mesh.faces[:, 0]], area, 0)
    return MeshSizes(*(_sum_per_component(each, mesh.face_offsets) for each in (volume, area, outer_area)))


def _from_first_vertex(mesh: PackedMesh, axis: int) -> np.ndarray:
    """(n,) float32: coordinates seen from each component's first vertex; such small numbers keep their digits."""
    along = mesh.vertices[:, axis]
    counts = np.diff(mesh.vertex_offsets)
    is_filled = counts > 0
    return along - np.repeat(along[mesh.vertex_offsets[:-1][is_filled]], counts[is_filled])


def _sum_per_component(values: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """(k,) float64: sums over ``values[offsets[i]:offsets[i + 1]]``; 0 where that is empty."""
    is_filled = offsets[1:] > offsets[:-1]
    sums = np.zeros(len(offsets) - 1)
    if is_filled.any():
        sums[is_filled] = np.add.reduceat(values, offsets[:-1][is_filled])
    return sums
