"""Write labels to files that other programs read; brought in again they are the same to the voxel."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

import numpy as np

from sxt.errors import ResourceError, SettingsError
from sxt.files import atomic_path
from sxt.io import open_volume_writer
from sxt.io.write_amira import Material, write_amira_labels
from sxt.labels.label_set import LabelSet
from sxt.labels.values import BACKGROUND, UNLABELLED, SliceKey
from sxt.progress import CancelToken, Progress, ProgressCallback, ignore_progress
from sxt.tomogram import VoxelSize

ExportFormat = Literal["zarr", "tif", "mrc", "npy", "am"]

EXPORT_STAGE = "export labels"
SLAB_SLICES = 8
PAIR_VALUE = 255
PAIR_UNLABELLED = PAIR_VALUE // 2


def export_volume(
    labels: LabelSet,
    path: Path,
    *,
    format_name: ExportFormat,
    voxel_size_nm: VoxelSize | None,
    origin_nm: tuple[float, float, float] = (0.0, 0.0, 0.0),
    progress: ProgressCallback = ignore_progress,
    cancel: CancelToken | None = None,
) -> None:
    """Write the whole volume with its values as they are, 255 for unlabelled; streamed, whole or not at all.

    Parameters
    ----------
    path : Path
        File or, for Zarr, folder.
    format_name : {"zarr", "tif", "mrc", "npy", "am"}
        ``tif`` is a compressed stack that ImageJ opens, ``am`` an Amira label field with the classes as materials.
    voxel_size_nm, origin_nm : tuple of float
        (z, y, x) of the tomogram.
    """
    slabs = _slabs(labels, progress, cancel)
    if format_name == "am":
        materials = [Material(BACKGROUND, "Exterior", "#000000")]
        materials += [Material(each.value, each.name, each.colour) for each in labels.classes]
        materials += [Material(UNLABELLED, "unlabelled", "#808080")]
        write_amira_labels(
            path,
            slabs,
            shape=labels.shape,
            materials=materials,
            voxel_size_nm=voxel_size_nm,
            origin_nm=origin_nm,
        )
        return
    with open_volume_writer(
        path,
        shape=labels.shape,
        dtype=np.uint8,
        voxel_size_nm=voxel_size_nm,
        origin_nm=origin_nm,
        format_name=format_name,
        is_compressed=True,
    ) as writer:
        for slab in slabs:
            writer.write(slab)


def export_pairs(
    labels: LabelSet,
    folder: Path,
    *,
    value: int,
    read_grey: Callable[[int], np.ndarray],
    progress: ProgressCallback = ignore_progress,
    cancel: CancelToken | None = None,
) -> tuple[int, ...]:
    """Write each labelled slice as a pair ``slice_0012.tif`` and ``slice_0012.labels.tif``, whole folder or nothing.

    Labels are 255 for the class, 0 for background and any other class, 127 for unlabelled.

    Parameters
    ----------
    folder : Path
        It must not be there yet, or is replaced.
    value : int
        The class to write.
    read_grey : callable
        From z to the slice (y, x), uint8 or uint16, which is all that such folders hold.

    Returns
    -------
    tuple of int
        The slices written.

    Raises
    ------
    SettingsError
        Where nothing is labelled, or the grey values are of another type.
    """
    import tifffile

    labels.classes.get(value)
    slices = labels.volume.list_slices()
    if not slices:
        raise SettingsError("There is no labelled slice to export; label one first.")
    try:
        with atomic_path(folder) as temporary:
            temporary.mkdir()
            for done, z in enumerate(slices, start=1):
                if cancel is not None:
                    cancel.raise_if_cancelled()
                grey, stored = read_grey(z), labels.read(SliceKey("z", z))
                if grey.dtype not in (np.uint8, np.uint16) or grey.shape != stored.shape:
                    raise SettingsError(
                        f"Slice {z} is {grey.shape} {grey.dtype}, but pairs hold uint8 or uint16 images of "
                        f"{stored.shape}; scale the tomogram first."
                    )
                binary = np.where(stored == value, np.uint8(PAIR_VALUE), np.uint8(BACKGROUND))
                binary[stored == UNLABELLED] = PAIR_UNLABELLED
                tifffile.imwrite(temporary / f"slice_{z:04d}.tif", grey, compression="zlib")
                tifffile.imwrite(temporary / f"slice_{z:04d}.labels.tif", binary, compression="zlib")
                progress(Progress(EXPORT_STAGE, done, len(slices)))
    except OSError as error:
        raise ResourceError(
            f"{folder} cannot be written ({error.strerror or error}); free disk space or choose another folder."
        ) from error
    return tuple(slices)


def _slabs(labels: LabelSet, progress: ProgressCallback, cancel: CancelToken | None) -> Iterator[np.ndarray]:
    n_slices = labels.shape[0]
    for start in range(0, n_slices, SLAB_SLICES):
        if cancel is not None:
            cancel.raise_if_cancelled()
        stop = min(n_slices, start + SLAB_SLICES)
        yield labels.volume[start:stop]
        progress(Progress(EXPORT_STAGE, stop, n_slices))
