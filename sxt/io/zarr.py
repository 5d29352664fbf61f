"""Zarr arrays (versions 2 and 3) and OME-Zarr images (OME-NGFF 0.4 and 0.5) in a folder.

Notes
-----
Metadata: https://ngff.openmicroscopy.org/0.5/ (``attributes.ome`` in ``zarr.json``) and
https://ngff.openmicroscopy.org/0.4/ (``.zattrs``).
"""

import json
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sxt.errors import InputError
from sxt.io.units import known_voxel_size, unit_in_nm
from sxt.io.volume import (
    DatasetInfo,
    SlabSource,
    VolumeFile,
    check_axes,
    check_numeric,
    choose_dataset,
    reading,
)
from sxt.tomogram import VoxelSize

FORMAT_NAME = "Zarr"
OME_FORMAT_NAME = "OME-Zarr"
NODE_FILES = ("zarr.json", ".zgroup", ".zarray")
SPATIAL_AXES = ("z", "y", "x")


class ZarrSource(SlabSource):
    """One Zarr array whose last three axes are z, y and x; axes before them have length 1."""

    def __init__(self, path: Path, array_path: Path, array: Any) -> None:
        z, y, x = array.shape[-3:]
        super().__init__(path, (z, y, x), array.dtype, FORMAT_NAME)
        self._array_path = array_path
        self._n_leading = len(array.shape) - 3

    def _read(self, start: int, stop: int) -> np.ndarray:
        index = (*(0,) * self._n_leading, slice(start, stop))
        return np.asarray(_open_array(self._array_path)[index])


@dataclass(frozen=True)
class _Level:
    """One resolution of an OME-Zarr image: scale and translation with one entry an axis."""

    name: str
    axes: tuple[str, ...]
    units: tuple[str, ...]
    scale: tuple[float, ...]
    translation: tuple[float, ...]


def is_zarr(folder: Path) -> bool:
    """Say whether a folder is a Zarr array or group."""
    return any((folder / name).is_file() for name in NODE_FILES)


def open_volume(path: Path, dataset: str | None) -> VolumeFile:
    """Open a Zarr array, or of an OME-Zarr image its full resolution, else the array that is named."""
    levels = _levels(path)
    names = _list_arrays(path)
    arrays = {name: _open_array(path / name) for name in names}
    if set(names) == {"."}:
        return _volume(path, ".", arrays["."], None, ())
    infos = tuple(
        DatasetInfo(name, tuple(array.shape[-3:]), np.dtype(array.dtype).name)
        for name, array in arrays.items()
        if len(array.shape) - _n_single(array.shape) == 3
    )
    name = _choose(path, arrays, infos, levels, dataset)
    level = next((each for each in levels if each.name == name), None)
    return _volume(path, name, arrays[name], level, infos)


def _choose(
    path: Path,
    arrays: Mapping[str, Any],
    infos: tuple[DatasetInfo, ...],
    levels: Sequence[_Level],
    dataset: str | None,
) -> str:
    """Return the name of the array to read; an image's full resolution before anything else."""
    if dataset is None and levels:
        name = levels[0].name
        if name not in arrays:
            raise InputError(f"{path.name} names the array {name}, which is not there; copy it anew.")
        return name
    if dataset is None and arrays and not infos:
        check_axes(path, max((array.shape for array in arrays.values()), key=len))
    return choose_dataset(path, FORMAT_NAME, infos, dataset)


def _volume(
    path: Path, name: str, array: Any, level: _Level | None, infos: tuple[DatasetInfo, ...]
) -> VolumeFile:
    shape, axes = tuple(array.shape), "".join(level.axes) if level else ""
    n_single = _n_single(shape)
    check_axes(path, shape[n_single:], axes[n_single:])
    check_numeric(path, array.dtype)
    if level is not None and level.axes[-3:] != SPATIAL_AXES:
        raise InputError(
            f"{path.name} has the axes {', '.join(level.axes)}; save it as OME-Zarr in the order z, y, x."
        )
    size, size_doubts = _voxel_size(level)
    missing_doubts = _missing_doubts(path / name, array)
    return VolumeFile(
        OME_FORMAT_NAME if level else FORMAT_NAME,
        ZarrSource(path, path / name, array),
        voxel_size_nm=size,
        origin_nm=_origin_nm(level),
        dataset=None if name == "." else name,
        datasets=infos,
        doubts=(*size_doubts, *missing_doubts),
    )


def _missing_doubts(array_path: Path, array: Any) -> tuple[str, ...]:
    """Return a doubt where fewer pieces are stored than the array has; Zarr reads those as its fill value."""
    piece_shape = array.shards or array.chunks
    n_pieces = math.prod(
        math.ceil(size / piece) for size, piece in zip(array.shape, piece_shape, strict=True)
    )
    n_stored = sum(
        1 for _, _, files in os.walk(array_path) for name in files if name[0] != "." and name != "zarr.json"
    )
    if n_stored >= n_pieces:
        return ()
    return (
        f"{n_pieces - n_stored} of {n_pieces} stored pieces are absent and read as {array.fill_value}: "
        "left out because empty, or lost.",
    )


def _n_single(shape: Sequence[int]) -> int:
    """Return how many axes of length 1 stand before the last three."""
    n_leading = max(len(shape) - 3, 0)
    return n_leading if all(size == 1 for size in shape[:n_leading]) else 0


def _open_array(path: Path) -> Any:
    import zarr

    return zarr.open_array(path, mode="r")


def _list_arrays(root: Path) -> list[str]:
    """Return the names of the arrays below a folder, ``.`` for the folder itself."""
    names = []
    for folder, folders, files in os.walk(root):
        if _is_array(Path(folder), files):
            names.append(Path(folder).relative_to(root).as_posix())
            folders.clear()
        folders.sort()
    return names


def _is_array(folder: Path, files: Sequence[str]) -> bool:
    if ".zarray" in files:
        return True
    return "zarr.json" in files and _read_json(folder / "zarr.json").get("node_type") == "array"


def _read_json(path: Path) -> dict[str, Any]:
    with reading(path, FORMAT_NAME):
        content = json.loads(path.read_bytes())
        if not isinstance(content, dict):
            raise ValueError("not a JSON object")
        return content


def _levels(path: Path) -> list[_Level]:
    """Return the resolutions of an OME-Zarr image, finest first; empty where the folder is none."""
    if (path / "zarr.json").is_file():
        attributes = _read_json(path / "zarr.json").get("attributes", {}).get("ome", {})
    elif (path / ".zattrs").is_file():
        attributes = _read_json(path / ".zattrs")
    else:
        return []
    multiscales = attributes.get("multiscales")
    return [_level(multiscales[0], dataset) for dataset in multiscales[0]["datasets"]] if multiscales else []


def _level(image: Mapping[str, Any], dataset: Mapping[str, Any]) -> _Level:
    axes = [axis if isinstance(axis, dict) else {"name": axis} for axis in image["axes"]]
    scale, translation = np.ones(len(axes)), np.zeros(len(axes))
    for transformations in (dataset.get("coordinateTransformations"), image.get("coordinateTransformations")):
        for each in transformations or ():
            if each["type"] == "scale":
                scale, translation = scale * each["scale"], translation * each["scale"]
            elif each["type"] == "translation":
                translation = translation + each["translation"]
    return _Level(
        name=dataset["path"].strip("/"),
        axes=tuple(axis["name"].lower() for axis in axes),
        units=tuple(axis.get("unit", "") for axis in axes),
        scale=tuple(scale.tolist()),
        translation=tuple(translation.tolist()),
    )


def _voxel_size(level: _Level | None) -> tuple[VoxelSize | None, tuple[str, ...]]:
    """Return the voxel size and what is doubtful about it; a scale without units is not known."""
    if level is None:
        return (None, ())
    units = [unit_in_nm(unit) for unit in level.units[-3:]]
    if all(unit is not None for unit in units):
        sizes = [scale * (unit or 0.0) for scale, unit in zip(level.scale[-3:], units, strict=True)]
        return (known_voxel_size(sizes), ())
    if level.scale[-3:] == (1.0, 1.0, 1.0):
        return (None, ())
    stated = ", ".join(f"{scale:g}" for scale in level.scale[-3:])
    return (None, (f"The OME-Zarr scale {stated} (z, y, x) has no unit of length, so it was not used.",))


def _origin_nm(level: _Level | None) -> tuple[float, float, float]:
    if level is None:
        return (0.0, 0.0, 0.0)
    units = [unit_in_nm(unit) or 0.0 for unit in level.units[-3:]]
    z, y, x = (offset * unit for offset, unit in zip(level.translation[-3:], units, strict=True))
    return (z, y, x)
