"""Read stored volumes: whole, at a lower resolution, or while they are still being made."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sxt.errors import SettingsError
from sxt.io import read_tomogram
from sxt.segment.store import STATE_FILE, PartialResult
from sxt.tomogram import Absorbing, Tomogram, VolumeSource, VoxelSize
from sxt.workspace.manifest_files import read_manifest
from sxt.workspace.manifests import ClassInfo, LevelInfo, Manifest, Shape

SLABS_FOLDER = "slabs"
BEGUN_FILE = "begun.json"


class BegunSegmentation(Manifest):
    """What is known of a segmentation before it is finished."""

    tomogram_id: str
    classes: tuple[ClassInfo, ...]
    first_slice: int
    shape: Shape
    threshold: float


@dataclass(frozen=True)
class PartialSegmentation:
    """A segmentation in the making: its first ``n_done`` slices can be read."""

    begun: BegunSegmentation
    folder: Path
    n_done: int

    def read(self, start: int, stop: int) -> np.ndarray:
        """Return probabilities (c, k, y, x) uint8 of slices ``start`` to ``stop``, counted from the first one made."""
        if not 0 <= start < stop <= self.n_done:
            raise SettingsError(
                f"Slices {start}:{stop} are not made yet; slices 0:{self.n_done} of {self.begun.shape[0]} are."
            )
        shape = (len(self.begun.classes), *self.begun.shape)
        return PartialResult(self.folder / SLABS_FOLDER, shape=shape, fingerprint={}).read(start, stop)


class SliceRange:
    """Some slices of a volume, as a volume.

    Parameters
    ----------
    data : VolumeSource
        (z, y, x).
    first, n_slices : int
        Which slices.
    """

    def __init__(self, data: VolumeSource, first: int, n_slices: int) -> None:
        self._data = data
        self._first = first
        self.shape = (n_slices, *data.shape[1:])
        self.dtype = data.dtype

    def __getitem__(self, index: slice) -> np.ndarray:
        start, stop, step = index.indices(self.shape[0])
        if step != 1:
            raise TypeError(f"A range of slices is indexed by [start:stop] along z, not by {index!r}.")
        return self._data[self._first + start : self._first + max(start, stop)]


def open_stored_level(
    path: Path,
    level: LevelInfo,
    *,
    voxel_size_nm: VoxelSize | None,
    origin_nm: tuple[float, float, float] = (0.0, 0.0, 0.0),
    absorbing_is: Absorbing | None = None,
    doubts: tuple[str, ...] = (),
) -> Tomogram:
    """Open one resolution (z, y, x) of a Zarr folder that `PyramidWriter` made, with what the manifest knows.

    Parameters
    ----------
    voxel_size_nm, origin_nm
        Of full resolution.
    """
    size, origin = voxel_size_nm, origin_nm
    if size is not None:
        z, y, x = (factor * each for factor, each in zip(level.factors, size, strict=True))
        z0, y0, x0 = (
            start + (factor - 1) / 2 * each
            for start, factor, each in zip(origin_nm, level.factors, size, strict=True)
        )
        size, origin = (z, y, x), (z0, y0, x0)
    found = read_tomogram(path, dataset=level.path)
    return Tomogram(
        data=found.data,
        voxel_size_nm=size,
        absorbing_is=absorbing_is,
        source=path,
        format_name=found.format_name,
        origin_nm=origin,
        doubts=doubts,
    )


def open_array(path: Path, level: LevelInfo) -> Any:
    """Open one resolution of a Zarr folder as a Zarr array, indexed as NumPy is."""
    import zarr

    return zarr.open_array(path / level.path, mode="r")


def choose_level(levels: tuple[LevelInfo, ...], level: int) -> LevelInfo:
    """Return level number ``level``; raise `SettingsError` where there is none."""
    if not 0 <= level < len(levels):
        raise SettingsError(f"There is no resolution {level}; this volume has 0 to {len(levels) - 1}.")
    return levels[level]


def find_partial_segmentation(folder: Path) -> PartialSegmentation | None:
    """Return the segmentation being made in ``folder``, or None where its first slab is not finished."""
    try:
        begun = read_manifest(folder / BEGUN_FILE, BegunSegmentation)
        state = json.loads((folder / SLABS_FOLDER / STATE_FILE).read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return None
    return PartialSegmentation(begun, folder, int(state["n_done"]))
