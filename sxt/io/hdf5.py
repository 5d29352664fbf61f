"""HDF5 files: any three-dimensional dataset; projections (tilt series) are refused."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sxt.errors import InputError
from sxt.io.units import LENGTHS_NM, known_voxel_size
from sxt.io.volume import DatasetInfo, SlabSource, VolumeFile, check_axes, check_numeric, choose_dataset
from sxt.tomogram import VoxelSize

if TYPE_CHECKING:
    import h5py

FORMAT_NAME = "HDF5"
MAGIC = b"\x89HDF\r\n\x1a\n"
USER_BLOCKS = (0, 512, 1024, 2048)
"""Offsets at which the signature may stand (HDF5 file format specification, section II.A)."""

PREFERRED_DATASETS = ("t0/channel0", "data")
"""Where Fiji's HDF5 plugin and volume-segmantics keep the volume."""

ELEMENT_SIZE_ATTRIBUTE = "element_size_um"
PROJECTION_GROUPS = ("tomonormalized", "fastaligned", "tomo_aligned")
"""Names that ALBA's pipeline gives to normalised and to aligned projections."""

ANGLE_DATASETS = ("rotation_angle", "image_key", "theta", "angles")
"""Datasets with one entry a projection, in NXtomo and Data Exchange files."""


class Hdf5Source(SlabSource):
    """One dataset of an HDF5 file."""

    def __init__(self, path: Path, shape: tuple[int, int, int], dtype: np.dtype, dataset: str) -> None:
        super().__init__(path, shape, dtype, FORMAT_NAME)
        self._dataset = dataset

    def _read(self, start: int, stop: int) -> np.ndarray:
        with _open(self.path) as file:
            return np.asarray(file[self._dataset][start:stop])


def recognises(head: bytes, size_bytes: int) -> bool:
    """Say whether a file with these first bytes is HDF5, with or without a user block before it."""
    return any(head[offset : offset + len(MAGIC)] == MAGIC for offset in USER_BLOCKS)


def open_volume(path: Path, dataset: str | None) -> VolumeFile:
    """Open the dataset named, the only three-dimensional one, or a recognised one."""
    with _open(path) as file:
        arrays = _list_arrays(file)
        volumes = {name: array for name, array in arrays.items() if array.ndim == 3}
        _check_has_volume(path, arrays, volumes)
        projections = {name for name, array in volumes.items() if _is_projections(name, array, arrays)}
        tilt_names = sorted(projections if dataset is None else projections & {dataset.strip("/")})
        if tilt_names and (dataset is not None or len(projections) == len(volumes)):
            raise InputError(
                f"{path.name} holds projections in {tilt_names[0]} {volumes[tilt_names[0]].shape}: it is a tilt "
                "series, not a volume; give the reconstructed tomogram."
            )
        infos = tuple(
            DatasetInfo(name, array.shape, array.dtype.name)
            for name, array in volumes.items()
            if name not in projections
        )
        name = choose_dataset(path, FORMAT_NAME, infos, dataset, PREFERRED_DATASETS)
        array = volumes[name]
        _check_array(path, name, array)
        source = Hdf5Source(path, array.shape, array.dtype, name)
        size = _element_size_nm(array)
    return VolumeFile(
        FORMAT_NAME,
        source,
        voxel_size_nm=size,
        dataset=name,
        datasets=infos,
        doubts=_choice_doubts(name, infos, dataset, sorted(projections)),
    )


def _open(path: Path) -> "h5py.File":
    import h5py

    return h5py.File(path, "r", locking="best-effort")


def _list_arrays(file: "h5py.File") -> dict[str, Any]:
    """Return the datasets by name; links to other files are not followed."""
    import h5py

    arrays: dict[str, Any] = {}

    def collect(name: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset):
            arrays[name] = item

    file.visititems(collect)
    return arrays


def _check_has_volume(path: Path, arrays: dict[str, Any], volumes: dict[str, Any]) -> None:
    if volumes:
        return
    largest = max(arrays, key=lambda name: (arrays[name].ndim, arrays[name].size or 0), default=None)
    if largest is None or arrays[largest].ndim < 2:
        raise InputError(
            f"{path.name} is HDF5 without any three-dimensional dataset; give a file with a volume."
        )
    check_axes(path, arrays[largest].shape)


def _is_projections(name: str, array: Any, arrays: dict[str, Any]) -> bool:
    """Say whether a dataset holds projections, by its name or by angles stored for its first axis.

    Angles count where they lie in the dataset's own group, or anywhere in the file with one entry a slice.
    """
    parts = name.lower().split("/")
    if any(part in PROJECTION_GROUPS for part in parts):
        return True
    group = name.rpartition("/")[0]
    for other, values in arrays.items():
        other_group, _, leaf = other.rpartition("/")
        if leaf.lower() in ANGLE_DATASETS and values.ndim <= 1:
            is_beside = other_group == group and values.size > 1
            if is_beside or values.shape == array.shape[:1]:
                return True
    return False


def _check_array(path: Path, name: str, array: Any) -> None:
    check_axes(path, array.shape, "zyx")
    check_numeric(path, array.dtype)
    if array.external or array.is_virtual:
        raise InputError(
            f"{name} in {path.name} keeps its data in other files; copy it into one file, for example with h5repack."
        )


def _element_size_nm(array: Any) -> VoxelSize | None:
    stated = np.atleast_1d(np.asarray(array.attrs.get(ELEMENT_SIZE_ATTRIBUTE, ()), dtype=float)).ravel()
    return known_voxel_size((stated * LENGTHS_NM["um"]).tolist())


def _choice_doubts(
    name: str, infos: tuple[DatasetInfo, ...], dataset: str | None, projections: list[str]
) -> tuple[str, ...]:
    doubts = []
    others = [each.name for each in infos if each.name != name]
    if others and dataset is None:
        doubts.append(
            f"The file also holds {', '.join(others)}; {name} was read, choose another with --dataset."
        )
    if projections:
        doubts.append(f"The file also holds projections ({', '.join(projections)}), which are no volume.")
    return tuple(doubts)
