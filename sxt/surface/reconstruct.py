"""From a mask to measured surfaces: the whole reconstruction."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from sxt.errors import InputError, ResourceError, SettingsError
from sxt.progress import CancelToken, Progress, ProgressCallback, ignore_progress
from sxt.surface.classes import ClassVolume, read_classes
from sxt.surface.components import Components, Labels, label_components
from sxt.surface.decimate import display_mesh
from sxt.surface.field import field_slabs, smoothing_steps
from sxt.surface.grey import GreyValues, measure_grey
from sxt.surface.grid_surface import GridSurface, extract_grid_surface
from sxt.surface.groups import group_components
from sxt.surface.lumen import find_enclosures
from sxt.surface.mesh import PackedMesh
from sxt.surface.settings import SurfaceSettings
from sxt.surface.shape import shape_meshes, sort_by_component
from sxt.surface.smooth import smooth_along_z
from sxt.surface.table import VOXEL_SIZE_UNKNOWN, component_table
from sxt.surface.width import longest_widths
from sxt.tomogram import Tomogram, VolumeSource, VoxelSize, check_voxel_size

UM3_IN_NM3 = 1e9
ROUNDING = 1e-9
"""Relative slack of the smallest volume, so that a component of exactly that volume stays."""


@dataclass(frozen=True)
class SurfaceSet:
    """The surfaces of a mask.

    Parameters
    ----------
    mesh : PackedMesh
        Every component at full resolution: closed, outward; vertices (x, y, z) in nm from the centre of the first
        voxel (in voxels where ``voxel_size_nm`` is None).
    display : PackedMesh
        The same within the budget of triangles.
    table : pd.DataFrame
        One row a component, as `component_table` describes it.
    voxel_size_nm : tuple of float or None
        (z, y, x).
    shape : tuple of int
        Of the mask, (z, y, x).
    settings : SurfaceSettings
    dropped, dropped_voxels : int
        Number of components below the smallest size, and their voxels.
    notes : tuple of str
        One sentence for each thing a user should know.
    timings_s : dict
        Wall-clock seconds of each stage.
    """

    mesh: PackedMesh
    display: PackedMesh
    table: pd.DataFrame
    voxel_size_nm: VoxelSize | None
    shape: tuple[int, int, int]
    settings: SurfaceSettings
    dropped: int
    dropped_voxels: int
    notes: tuple[str, ...]
    timings_s: dict[str, float]


def reconstruct_surfaces(
    mask: VolumeSource,
    *,
    voxel_size_nm: VoxelSize | None,
    settings: SurfaceSettings | None = None,
    tomogram: Tomogram | None = None,
    progress: ProgressCallback = ignore_progress,
    cancel: CancelToken | None = None,
) -> SurfaceSet:
    """Reconstruct and measure the surface of every component of a mask.

    Parameters
    ----------
    mask : VolumeSource
        (z, y, x) whole numbers, read as ``settings.reading`` says; not changed.
    voxel_size_nm : tuple of float or None
        (z, y, x) in nm; None where it is not known: everything is then in voxels.
    settings : SurfaceSettings, optional
        The defaults otherwise.
    tomogram : Tomogram, optional
        Of the same shape; adds the grey values inside each component to the table.
    progress : callable
        Receives the progress of each stage.
    cancel : CancelToken, optional
        Checked once a slab, a component or a round.

    Raises
    ------
    InputError
        A mask without foreground, with fractions or with too many values; a tomogram of another shape.
    SettingsError
        A smallest volume in µm³ without a voxel size.
    ResourceError
        Not enough memory.
    """
    if voxel_size_nm is not None:
        check_voxel_size(voxel_size_nm)
    chosen = settings or SurfaceSettings()
    work = _Reconstruction(chosen, voxel_size_nm, progress, cancel or CancelToken())
    try:
        return work.run(mask, tomogram)
    except MemoryError as error:
        raise ResourceError(
            f"There is not enough memory to reconstruct a mask of {tuple(mask.shape)} voxels; cut it into parts, or "
            "use a machine with about 10 bytes a voxel."
        ) from error


def smallest_voxels(settings: SurfaceSettings, voxel_size_nm: VoxelSize | None) -> float:
    """Return the smallest number of voxels a component may have.

    Raises
    ------
    SettingsError
        Where it is given in µm³ and the voxel size is not known.
    """
    volume = settings.min_volume_um3
    if volume is None:
        return float(settings.min_voxels)
    if volume == 0:
        return 0.0
    if voxel_size_nm is None:
        raise SettingsError(
            f"The smallest volume of {volume:g} µm³ needs the voxel size, which this mask does not state; give it with "
            "--voxel-nm Z,Y,X, or use --min-voxels."
        )
    return volume * UM3_IN_NM3 / float(np.prod(voxel_size_nm)) * (1 - ROUNDING)


class _Reconstruction:
    """One run: its settings, and the time each stage took."""

    def __init__(
        self,
        settings: SurfaceSettings,
        voxel_size_nm: VoxelSize | None,
        progress: ProgressCallback,
        cancel: CancelToken,
    ) -> None:
        self._settings = settings
        self._voxel_size_nm = voxel_size_nm
        self._spacing = voxel_size_nm or VOXEL_SIZE_UNKNOWN
        self._progress = progress
        self._cancel = cancel
        self._timings_s: dict[str, float] = {}

    def run(self, mask: VolumeSource, tomogram: Tomogram | None) -> SurfaceSet:
        settings, cancel = self._settings, self._cancel
        least = smallest_voxels(settings, self._voxel_size_nm)
        classes = self._read(mask)
        with self._stage("label"):
            labels, components = label_components(
                classes, connectivity=settings.connectivity, min_voxels=least, cancel=cancel
            )
        grey = self._measure_grey(labels, tomogram)
        with self._stage("mesh"):
            parts = self._extract(labels, classes)
            component_of_vertex = np.concatenate([labels.ids_at(part.inside_px) - 1 for part in parts])
            grid = sort_by_component(parts, component_of_vertex, len(components))
            del parts, component_of_vertex
        with self._stage("enclosed volumes"):
            enclosure = find_enclosures(labels, components, grid, cancel=cancel)
        del labels  # the largest array; what follows needs memory of its own
        with self._stage("shape"):
            volumes = components.voxels * float(np.prod(self._spacing))
            shaped = shape_meshes(grid, volumes, self._spacing, is_outer=enclosure.is_outer, cancel=cancel)
        with self._stage("widths"):
            widths = longest_widths(grid, self._spacing, cancel=cancel)
            table = component_table(components, enclosure, shaped.sizes, widths, self._voxel_size_nm, grey)
        with self._stage("simplify for display"):
            display = display_mesh(
                shaped.mesh,
                shaped.sizes,
                settings.max_triangles,
                voxel_length=max(self._spacing),
                progress=self._progress,
                cancel=cancel,
            )
        return SurfaceSet(
            mesh=shaped.mesh,
            display=display,
            table=table,
            voxel_size_nm=self._voxel_size_nm,
            shape=classes.data.shape,
            settings=settings,
            dropped=components.dropped,
            dropped_voxels=components.dropped_voxels,
            notes=(*classes.notes, *_notes(components, display)),
            timings_s=self._timings_s,
        )

    @contextmanager
    def _stage(self, name: str) -> Iterator[None]:
        """Report a stage's begin and end, and add its time."""
        self._cancel.raise_if_cancelled()
        self._progress(Progress(name, 0, 1))
        start = time.perf_counter()
        yield
        self._timings_s[name] = self._timings_s.get(name, 0.0) + time.perf_counter() - start
        self._progress(Progress(name, 1, 1))

    def _read(self, mask: VolumeSource) -> ClassVolume:
        with self._stage("read the mask"):
            classes = read_classes(mask, self._settings, cancel=self._cancel)
        if self._settings.smooth_z == 0:
            return classes
        with self._stage("smooth along z"):
            data = smooth_along_z(classes.data, classes.values, self._settings.smooth_z, cancel=self._cancel)
        if not data.any():
            raise InputError(
                f"Smoothing by {self._settings.smooth_z:g} slices along z leaves nothing of this mask, whose objects "
                "are thinner than that; smooth less or not at all."
            )
        return replace(classes, data=data)

    def _measure_grey(self, labels: Labels, tomogram: Tomogram | None) -> GreyValues | None:
        if tomogram is None:
            return None
        with self._stage("grey values"):
            return measure_grey(labels, tomogram, cancel=self._cancel)

    def _extract(self, labels: Labels, classes: ClassVolume) -> list[GridSurface]:
        """Extract the surface of one group of components after the other, vertices numbered through all of them."""
        connectivity = self._settings.connectivity
        steps = smoothing_steps(self._voxel_size_nm)
        group_of = group_components(labels, connectivity=connectivity, n_classes=len(classes.values))
        parts: list[GridSurface] = []
        for group in range(group_of.max() + 1):
            is_member = _is_member(labels, group_of, group)
            volume = classes.data if is_member is None else labels.volume  # the narrower type is read faster
            parts += extract_grid_surface(
                field_slabs(volume, is_member, steps, cancel=self._cancel),
                volume.shape,
                connectivity=connectivity,
                first_vertex=sum(len(part.axis) for part in parts),
            )
        return parts


def _is_member(labels: Labels, group_of: np.ndarray, group: int) -> np.ndarray | None:
    """(labels + 1,) bool: which labels belong to a group; None where all but the background do."""
    is_kept = labels.id_of_label > 0
    is_member = np.zeros(len(is_kept), np.bool_)
    is_member[is_kept] = group_of[labels.id_of_label[is_kept] - 1] == group
    return None if is_member[1:].all() else is_member


def _notes(components: Components, display: PackedMesh) -> list[str]:
    notes = []
    if components.dropped:
        notes.append(
            f"{components.dropped} components below the smallest volume were left out, "
            f"{components.dropped_voxels} voxels together."
        )
    hidden = int(np.count_nonzero(np.diff(display.face_offsets) == 0))
    if hidden:
        notes.append(
            f"The display mesh leaves out the {hidden} smallest components, to stay within its triangles."
        )
    return notes
