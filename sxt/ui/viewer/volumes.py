"""Stored volumes as the slice viewer reads them: any region of any resolution."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from sxt.errors import InputError
from sxt.tomogram import VoxelSize

Shape = tuple[int, int, int]


class RegionArray(Protocol):
    """What slicing a Zarr array, a memory map or an array gives: (z, y, x) or (c, z, y, x)."""

    @property
    def shape(self) -> tuple[int, ...]: ...

    @property
    def dtype(self) -> Any: ...

    def __getitem__(self, index: Any) -> Any: ...


@dataclass(frozen=True)
class Level:
    """One resolution of a volume.

    Parameters
    ----------
    array : RegionArray
        (z, y, x) or (c, z, y, x).
    factors : tuple of int
        Voxels of full resolution along (z, y, x) that one of its voxels stands for.
    """

    array: RegionArray
    factors: Shape

    @property
    def shape(self) -> Shape:
        """(z, y, x)."""
        z, y, x = self.array.shape[-3:]
        return (int(z), int(y), int(x))

    def read(self, region: tuple[slice, slice, slice]) -> np.ndarray:
        """Return a region as (c, z, y, x)."""
        if len(self.array.shape) == 4:
            return np.asarray(self.array[(slice(None), *region)])
        return np.asarray(self.array[region])[None]  # (1, z, y, x)


@dataclass(frozen=True)
class SliceVolume:
    """A volume with its resolutions, full resolution first.

    Parameters
    ----------
    name : str
        Unique among the volumes and their versions; names what is cached of it.
    levels : tuple of Level
    voxel_size_nm : tuple of float or None
        (z, y, x); None where it is not known.
    """

    name: str
    levels: tuple[Level, ...]
    voxel_size_nm: VoxelSize | None = None

    @property
    def shape(self) -> Shape:
        """(z, y, x) in full resolution."""
        return self.levels[0].shape

    @property
    def n_channels(self) -> int:
        array = self.levels[0].array
        return int(array.shape[0]) if len(array.shape) == 4 else 1

    @property
    def dtype(self) -> np.dtype:
        return np.dtype(self.levels[0].array.dtype)


def open_ome_zarr(path: Path) -> SliceVolume:
    """Open an OME-Zarr image (OME-NGFF 0.5) with all its resolutions.

    Raises
    ------
    InputError
        Where there is none, or its metadata cannot be used.
    """
    import zarr

    image = _read_multiscales(path)
    unit_by_axis = [axis.get("unit") for axis in image["axes"]][-3:]
    scales = [_scale(dataset) for dataset in image["datasets"]]
    levels = tuple(
        Level(zarr.open_array(path / dataset["path"], mode="r"), _factors(scale, scales[0]))
        for dataset, scale in zip(image["datasets"], scales, strict=True)
    )
    is_known = all(unit == "nanometer" for unit in unit_by_axis)
    stamp = (path / "zarr.json").stat().st_mtime_ns
    return SliceVolume(f"{path}@{stamp}", levels, scales[0] if is_known else None)


def volume_of_array(name: str, array: RegionArray, voxel_size_nm: VoxelSize | None = None) -> SliceVolume:
    """Make a volume of one resolution from (z, y, x) or (c, z, y, x)."""
    return SliceVolume(name, (Level(array, (1, 1, 1)),), voxel_size_nm)


def _read_multiscales(path: Path) -> dict[str, Any]:
    try:
        metadata = json.loads((path / "zarr.json").read_bytes())
        image = metadata["attributes"]["ome"]["multiscales"][0]
        if not image["datasets"] or [axis["name"] for axis in image["axes"]][-3:] != ["z", "y", "x"]:
            raise ValueError("its axes are not z, y, x")
    except (OSError, ValueError, KeyError, IndexError, TypeError) as error:
        raise InputError(f"{path.name} cannot be shown ({error}); import or make it anew.") from error
    return dict(image)


def _scale(dataset: dict[str, Any]) -> VoxelSize:
    for each in dataset["coordinateTransformations"]:
        if each["type"] == "scale":
            z, y, x = each["scale"][-3:]
            return (float(z), float(y), float(x))
    return (1.0, 1.0, 1.0)


def _factors(scale: VoxelSize, finest: VoxelSize) -> Shape:
    z, y, x = (max(round(each / first), 1) for each, first in zip(scale, finest, strict=True))
    return (z, y, x)
