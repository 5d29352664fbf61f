"""What the scene of a surface shows beside its meshes, and drawing it anew."""

import csv
import math
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sxt.files import atomic_path
from sxt.progress import CancelToken
from sxt.workspace.manifests import LevelInfo, SegmentationManifest, SurfaceManifest, TomogramManifest

if TYPE_CHECKING:
    from sxt.surface.scene_content import SceneClass
    from sxt.surface.scene_slices import SliceVolume
    from sxt.workspace.workspace import Workspace

Segmented = SegmentationManifest | SurfaceManifest
"""Both say which slices of which tomogram they cover."""


def scene_classes(item: Segmented) -> "tuple[SceneClass, ...]":
    """Return the classes as a scene takes them."""
    from sxt.surface.scene_content import SceneClass

    return tuple(SceneClass(each.value, each.name, each.colour) for each in item.classes)


def scene_slices(workspace: "Workspace", item: Segmented) -> "SliceVolume | None":
    """Read the tomogram around a mesh, as fine as a scene can carry; None where the tomogram is not there any more.

    Notes
    -----
    A mesh has its zero at the centre of the first voxel that was segmented.
    """
    from sxt.surface.scene_slices import MOST_VOXELS, SliceVolume, to_bytes

    tomogram = workspace.tomograms.find(item.tomogram_id)
    if tomogram is None:
        return None
    number, level = _finest_level(tomogram, item, MOST_VOXELS)
    first, stop = _covering(level, item)
    step = max(1, math.ceil(((stop - first) * math.prod(level.shape[1:]) / MOST_VOXELS) ** (1 / 3)))
    read = workspace.open_level(tomogram.id, number).read_slices
    grey = np.stack([read(z, z + 1)[0, ::step, ::step] for z in range(first, stop, step)])
    size = item.voxel_size_nm if isinstance(item, SurfaceManifest) else workspace.voxel_size_of(item)
    starts = (first * level.factors[0] - item.first_slice, 0, 0)
    low, high = [], []
    for axis in (2, 1, 0):
        length = 1.0 if size is None else size[axis]
        corner = starts[axis] - 0.5
        low.append(corner * length)
        high.append((corner + grey.shape[axis] * step * level.factors[axis]) * length)
    return SliceVolume(to_bytes(grey), (low[0], low[1], low[2]), (high[0], high[1], high[2]))


def has_current_scene(workspace: "Workspace", surface: SurfaceManifest) -> bool:
    """Return whether a surface has a page, of this version."""
    from sxt.surface.scene_content import is_current

    name = surface.files.get("page")
    return name is not None and is_current(workspace.surfaces.path(surface.id) / name)


def redraw_scene(
    workspace: "Workspace", surface_id: str, *, cancel: CancelToken | None = None
) -> SurfaceManifest:
    """Draw the page of a surface anew, for one made by an older version or where nothing could be drawn.

    Raises
    ------
    InputError
        Where there is no such surface.
    ResourceError
        Where nothing can be drawn on this machine, with the packages to install.
    """
    from sxt.surface.output import DISPLAY_NAME, PAGE_NAME, SNAPSHOT_NAME, TABLE_NAME, scene_caption
    from sxt.surface.scene_drawing import SceneRequest, draw_scene

    surface = workspace.surfaces.get(surface_id)
    folder = workspace.surfaces.path(surface_id)
    table = folder / surface.files.get("table", TABLE_NAME)
    has_classes = surface.settings.get("reading") == "classes" and _count_classes(table) > 1
    request = SceneRequest(
        mesh=folder / surface.files.get("display", DISPLAY_NAME),
        unit="px" if surface.voxel_size_nm is None else "nm",
        colour_by="class" if has_classes else "component",
        title=surface.name,
        caption=scene_caption(surface.n_components, surface.n_display_triangles),
        table=table,
        classes=scene_classes(surface),
        slices=scene_slices(workspace, surface),
    )
    with atomic_path(folder / PAGE_NAME) as page, atomic_path(folder / SNAPSHOT_NAME) as picture:
        draw_scene(request, page=page, picture=picture, cancel=cancel)
    files = {"page": PAGE_NAME, "picture": SNAPSHOT_NAME}
    return workspace.surfaces.change(
        surface_id, lambda old: old.model_copy(update={"files": {**old.files, **files}})
    )


def _count_classes(table: Path) -> int:
    with table.open(newline="", encoding="utf-8") as stream:
        return len({row["class"] for row in csv.DictReader(stream)})


def _finest_level(tomogram: TomogramManifest, item: Segmented, most_voxels: int) -> tuple[int, LevelInfo]:
    """Return the number and description of the finest level that is small enough; the coarsest where none is."""
    for number, level in enumerate(tomogram.levels):
        first, stop = _covering(level, item)
        if (stop - first) * math.prod(level.shape[1:]) <= most_voxels:
            return number, level
    return len(tomogram.levels) - 1, tomogram.levels[-1]


def _covering(level: LevelInfo, item: Segmented) -> tuple[int, int]:
    """Return the slices of a level, first and one past the last, that cover what was segmented."""
    factor = level.factors[0]
    first = item.first_slice // factor
    stop = math.ceil((item.first_slice + item.shape[0]) / factor)
    return first, min(stop, level.shape[0])
