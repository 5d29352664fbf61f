"""What a component encloses: its lumen with all that lies in it, and which part of its surface faces outwards."""

from dataclasses import dataclass

import cc3d
import numpy as np

from sxt.progress import CancelToken
from sxt.surface.components import Components, Labels
from sxt.surface.grid_surface import GridSurface
from sxt.surface.shape import GridMesh


@dataclass(frozen=True)
class Enclosure:
    """What k components enclose.

    Parameters
    ----------
    voxels : np.ndarray
        (k,) int64: voxels of the lumen, those of other components in it included.
    opening_faces : np.ndarray
        (k, 3) int64: faces of these voxels on the tomogram's border, normal to (z, y, x).
    is_outer : np.ndarray
        (n,) bool: whether a vertex lies on a surface that faces outwards rather than into a lumen.
    """

    voxels: np.ndarray
    opening_faces: np.ndarray
    is_outer: np.ndarray


@dataclass(frozen=True)
class _Lumen:
    """What one component encloses in its bounding box, which may have a layer of background around it.

    Parameters
    ----------
    is_inside : np.ndarray
        (z, y, x) bool.
    first_px : np.ndarray
        (3,) the voxel of the tomogram at ``is_inside[0, 0, 0]``.
    """

    is_inside: np.ndarray
    first_px: np.ndarray


def find_enclosures(
    labels: Labels, components: Components, grid: GridMesh, *, cancel: CancelToken | None = None
) -> Enclosure:
    """Find what each component encloses.

    Parameters
    ----------
    labels : Labels
    components : Components
        k components.
    grid : GridMesh
        Their surface, n vertices.
    cancel : CancelToken, optional
        Checked once a component.

    Notes
    -----
    Background is outside where it reaches beyond the component's bounding box, and enclosed otherwise. A lumen that is
    closed inside the tomogram is thus filled as anyone would, whatever it holds. Where the border of the tomogram
    cuts an object open, its lumen is closed by that border. A component whose box is the whole tomogram encloses all
    but the largest region of its background. `Components.touches_border` marks all objects that are cut.
    """
    token = cancel or CancelToken()
    voxels = np.zeros(len(components), np.int64)
    opening_faces = np.zeros((len(components), 3), np.int64)
    is_outer = np.ones(len(grid.surface.axis), np.bool_)
    label_of_id = labels.label_of_id
    for index in range(len(components)):
        token.raise_if_cancelled()
        box = components.first_px[index], components.last_px[index] + 1
        lumen = _find_lumen(labels.volume, int(label_of_id[index + 1]), *box)
        if lumen is None:
            continue
        voxels[index] = np.count_nonzero(lumen.is_inside)
        if components.touches_border[index]:
            opening_faces[index] = _border_faces(lumen, labels.volume.shape)
        rows = slice(*grid.vertex_offsets[index : index + 2])
        is_outer[rows] = ~_looks_into(lumen, grid.surface, rows)
    return Enclosure(voxels, opening_faces, is_outer)


def _find_lumen(volume: np.ndarray, label: int, first: np.ndarray, stop: np.ndarray) -> _Lumen | None:
    """Return what a label encloses in its bounding box; None for nothing."""
    before, after = (first > 0).astype(int), (stop < volume.shape).astype(int)
    if ((stop - first < 3) & (before + after == 2)).any():
        return None  # a box so thin that every background voxel in it reaches its side
    box = volume[tuple(map(slice, first, stop))]
    background = np.ones(box.shape + before + after, np.bool_)
    inner = tuple(slice(b, b + n) for b, n in zip(before, box.shape, strict=True))
    np.not_equal(box, label, out=background[inner])
    regions, n_regions = cc3d.connected_components(
        background, connectivity=6, return_N=True, binary_image=True
    )
    if n_regions < 2:
        return None
    outside = _regions_of_added_sides(regions, before, after) or {_largest_region(regions)}
    if len(outside) == n_regions:
        return None
    for region in outside:
        background &= regions != region
    return _Lumen(background, first - before)


def _regions_of_added_sides(regions: np.ndarray, before: np.ndarray, after: np.ndarray) -> set[int]:
    """Return the regions of the layers that were laid around the box; each layer lies in one region altogether."""
    found = set()
    for axis in range(3):
        corner = [0, 0, 0]
        for is_added, end in ((before[axis], 0), (after[axis], -1)):
            corner[axis] = end
            if is_added:
                found.add(int(regions[tuple(corner)]))
    return found


def _largest_region(regions: np.ndarray) -> int:
    return 1 + int(np.argmax(np.bincount(regions.ravel())[1:]))


def _border_faces(lumen: _Lumen, shape: tuple[int, ...]) -> list[int]:
    """Return the number of lumen voxel faces on the border of the tomogram, normal to (z, y, x)."""
    faces = []
    for axis in range(3):
        sides = []
        if lumen.first_px[axis] == 0:
            sides.append(np.take(lumen.is_inside, 0, axis=axis))
        if lumen.first_px[axis] + lumen.is_inside.shape[axis] == shape[axis]:
            sides.append(np.take(lumen.is_inside, -1, axis=axis))
        faces.append(sum(int(np.count_nonzero(side)) for side in sides))
    return faces


def _looks_into(lumen: _Lumen, surface: GridSurface, rows: slice) -> np.ndarray:
    """(r,) bool: whether the background voxel of each of some vertices lies in the lumen."""
    axis, direction = surface.axis[rows], surface.direction[rows]
    is_within = np.ones(len(axis), np.bool_)
    place = np.zeros(len(axis), np.int64)
    for each, size in enumerate(lumen.is_inside.shape):
        outside = surface.inside_px[rows, each] - lumen.first_px[each]
        outside += np.where(axis == each, direction, 0)
        is_within &= (outside >= 0) & (outside < size)
        place = place * size + outside
    return is_within & lumen.is_inside.ravel().take(place, mode="clip")
