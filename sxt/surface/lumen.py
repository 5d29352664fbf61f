"""What a component encloses: its lumen with all that lies in it, and which part of its surface faces outwards."""

from dataclasses import dataclass, replace

import cc3d
import numpy as np
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import breadth_first_order

from sxt.progress import CancelToken
from sxt.surface.components import runs_along_x
from sxt.surface.grid_surface import GridSurface

BEYOND = 0
"""Region number of voxels beyond the tomogram and of the foreground."""


@dataclass(frozen=True)
class Enclosure:
    """What the components of one group enclose; arrays have an entry for every component, also of other groups.

    Parameters
    ----------
    voxels : np.ndarray
        (k,) int64: voxels of the lumen, those of other components in it included; 0 for other groups.
    opening_faces : np.ndarray
        (k, 3) int64: faces of these voxels on the tomogram's border, normal to (z, y, x).
    is_outer : np.ndarray
        (n,) bool: whether a vertex lies on the surface that faces outwards rather than into the lumen.
    """

    voxels: np.ndarray
    opening_faces: np.ndarray
    is_outer: np.ndarray

    @classmethod
    def nothing(cls, n_components: int) -> "Enclosure":
        """Return what no component encloses, without vertices."""
        return cls(
            np.zeros(n_components, np.int64), np.zeros((n_components, 3), np.int64), np.zeros(0, np.bool_)
        )

    def plus(self, other: "Enclosure") -> "Enclosure":
        """Add what the components of another group enclose; its vertices follow these."""
        return Enclosure(
            voxels=self.voxels + other.voxels,
            opening_faces=self.opening_faces + other.opening_faces,
            is_outer=np.concatenate([self.is_outer, other.is_outer]),
        )


def find_enclosures(
    is_background: np.ndarray,
    surface: GridSurface,
    component_of_vertex: np.ndarray,
    component_voxels: np.ndarray,
    *,
    cancel: CancelToken | None = None,
) -> Enclosure:
    """Find what each component of a group encloses.

    Parameters
    ----------
    is_background : np.ndarray
        (z, y, x) bool: everything but the group's components.
    surface : GridSurface
        The surface of the group, n vertices.
    component_of_vertex : np.ndarray
        (n,) int, 0..k - 1.
    component_voxels : np.ndarray
        (k,) int64: voxels of each component.
    cancel : CancelToken, optional
        Checked once a slab.

    Notes
    -----
    The background falls into regions of face-connected voxels. Components and regions that touch form a tree, since a
    box has no holes. Seen from the largest background region, the root, everything behind a component is enclosed
    by it. A lumen that is closed inside the tomogram is thus filled as anyone would. Where the border of the
    tomogram cuts an object open, the lumen is closed by that border; an object that cuts the whole tomogram in
    two encloses the side without the largest region. `Components.touches_border` marks all such objects.
    """
    regions, n_regions = cc3d.connected_components(
        is_background, connectivity=6, return_N=True, binary_image=True
    )
    k = len(component_voxels)
    region_of_vertex = _regions_at(regions, surface.outside_px)
    is_beyond = region_of_vertex == BEYOND
    own = np.concatenate(
        [component_voxels, np.zeros(1, np.int64), _region_voxels(regions, n_regions, cancel)]
    )
    if n_regions == 0:
        return replace(Enclosure.nothing(k), is_outer=is_beyond)
    root = k + 1 + int(np.argmax(own[k + 1 :]))
    links = component_of_vertex[~is_beyond], k + region_of_vertex[~is_beyond]
    order, parents = breadth_first_order(_adjacency(*links, len(own)), root, directed=False)
    border_faces = np.zeros((len(own), 3), np.int64)
    np.add.at(border_faces, (component_of_vertex[is_beyond], surface.axis[is_beyond]), 1)
    border_faces[k + 1 :] = _border_faces_of_regions(regions, n_regions)
    quantities = np.column_stack([own, border_faces])
    below = _sum_up_the_tree(quantities, parents, order)[:k] - quantities[:k]
    is_outer = is_beyond | (parents[component_of_vertex] == k + region_of_vertex)
    return Enclosure(voxels=below[:, 0], opening_faces=below[:, 1:], is_outer=is_outer)


def _regions_at(regions: np.ndarray, voxels: np.ndarray) -> np.ndarray:
    """(n,) int64: region number at (n, 3) voxels, BEYOND where they lie outside the volume."""
    limits = np.array(regions.shape, np.int32)
    held = np.clip(voxels, 0, limits - 1)
    found = regions[held[:, 0], held[:, 1], held[:, 2]].astype(np.int64)
    found[(held != voxels).any(axis=1)] = BEYOND
    return found


def _region_voxels(regions: np.ndarray, n_regions: int, cancel: CancelToken | None) -> np.ndarray:
    counts = np.zeros(n_regions + 1, np.float64)
    for runs in runs_along_x(regions, cancel=cancel):
        counts += np.bincount(runs.label, weights=runs.stop - runs.start, minlength=n_regions + 1)
    return counts[1:].astype(np.int64)


def _border_faces_of_regions(regions: np.ndarray, n_regions: int) -> np.ndarray:
    """(n_regions, 3) int64: voxel faces of each region on the border of the volume, normal to (z, y, x)."""
    faces = np.zeros((n_regions + 1, 3), np.int64)
    for axis in range(3):
        for place in (0, -1):
            faces[:, axis] += np.bincount(np.take(regions, place, axis=axis).ravel(), minlength=n_regions + 1)
    return faces[1:]


def _adjacency(components: np.ndarray, region_nodes: np.ndarray, n_nodes: int) -> csr_array:
    """Graph of the nodes (components, then regions) that share a vertex of the surface."""
    weight = np.ones(len(components), np.int32)
    return coo_array((weight, (components, region_nodes)), shape=(n_nodes, n_nodes)).tocsr()


def _sum_up_the_tree(own: np.ndarray, parents: np.ndarray, order: np.ndarray) -> np.ndarray:
    """(n_nodes, q) int64: the quantities of each node and of all that lies behind it, seen from the root."""
    total = own.copy()
    for node in order[:0:-1]:
        total[parents[node]] += total[node]
    return total
