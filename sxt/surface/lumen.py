"""What a component encloses: its lumen with all that lies in it, and which part of its surface faces outwards."""

from dataclasses import dataclass

import cc3d
import numpy as np

from sxt.progress import CancelToken
from sxt.surface.components import Components, Labels
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
class _Surroundings:
    """The background of one component in its bounding box, in regions of face-connected voxels.

    Parameters
    ----------
    regions : np.ndarray
        (z, y, x) unsigned integers, 0 in the component. Where the box ends inside the tomogram, a layer of background
        is laid around it.
    is_outside : np.ndarray
        (regions + 1,) bool: which regions are outside the component; 0 counts as outside.
    first_px : np.ndarray
        (3,) the voxel of the tomogram at ``regions[0, 0, 0]``.
    """

    regions: np.ndarray
    is_outside: np.ndarray
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
        around = _surroundings(labels.volume, int(label_of_id[index + 1]), *box)
        if around is None:
            continue
        is_lumen = ~around.is_outside[around.regions]
        voxels[index] = np.count_nonzero(is_lumen)
        opening_faces[index] = _border_faces(is_lumen, around.first_px, labels.volume.shape)
        rows = slice(*grid.vertex_offsets[index : index + 2])
        is_outer[rows] = ~_values_at(is_lumen, grid.surface.outside_px(rows) - around.first_px)
    return Enclosure(voxels, opening_faces, is_outer)


def _surroundings(
    volume: np.ndarray, label: int, first: np.ndarray, stop: np.ndarray
) -> _Surroundings | None:
    """Return the background around a label in its bounding box; None where the label encloses nothing."""
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
    is_outside = np.zeros(n_regions + 1, np.bool_)
    is_outside[0] = True
    is_outside[_regions_of_added_sides(regions, before, after)] = True
    if is_outside.sum() == 1:
        is_outside[1 + np.argmax(np.bincount(regions.ravel())[1:])] = True
    return None if is_outside.all() else _Surroundings(regions, is_outside, first - before)


def _regions_of_added_sides(regions: np.ndarray, before: np.ndarray, after: np.ndarray) -> list[int]:
    """Return the region of each layer that was laid around the box; a layer lies in one region altogether."""
    sides = [np.take(regions, 0, axis=axis) for axis in range(3) if before[axis]]
    sides += [np.take(regions, -1, axis=axis) for axis in range(3) if after[axis]]
    return [int(side.flat[0]) for side in sides]


def _border_faces(is_lumen: np.ndarray, first_px: np.ndarray, shape: tuple[int, ...]) -> list[int]:
    """Return the number of lumen voxel faces on the border of the tomogram, normal to (z, y, x)."""
    faces = []
    for axis in range(3):
        low = np.take(is_lumen, 0, axis=axis) if first_px[axis] == 0 else False
        high = (
            np.take(is_lumen, -1, axis=axis)
            if first_px[axis] + is_lumen.shape[axis] == shape[axis]
            else False
        )
        faces.append(int(np.count_nonzero(low) + np.count_nonzero(high)))
    return faces


def _values_at(is_lumen: np.ndarray, voxels: np.ndarray) -> np.ndarray:
    """(n,) bool: values at (n, 3) voxels; False beyond the array."""
    held = np.clip(voxels, 0, np.array(is_lumen.shape) - 1)
    return is_lumen[held[:, 0], held[:, 1], held[:, 2]] & (held == voxels).all(axis=1)
