"""Zeiss ``.txm`` reconstructions (OLE compound files); tilt series and single images are refused.

Notes
-----
Zeiss publishes no description. Stream names, data types and the acquisition mode 10 of a reconstruction are those that
the readers of DXchange and Bio-Formats use. Rows are taken in stored order; those programs differ in whether they
turn them around.
"""

import struct
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sxt.errors import InputError
from sxt.io.units import LENGTHS_NM, known_voxel_size
from sxt.io.volume import SlabSource, VolumeFile, check_axes, refuse_dataset

if TYPE_CHECKING:
    import olefile

FORMAT_NAME = "Zeiss txm"
MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
DTYPES = {3: "<u1", 5: "<u2", 10: "<f4"}
RECONSTRUCTION_MODE = 10
IMAGES_PER_FOLDER = 100
ANGLE_TOLERANCE_DEGREES = 1e-3


class ZeissSource(SlabSource):
    """A volume with one OLE stream a slice."""

    def __init__(self, path: Path, shape: tuple[int, int, int], dtype: np.dtype) -> None:
        super().__init__(path, shape, dtype, FORMAT_NAME)
        self._stored_dtype = np.dtype(dtype)

    def _read(self, start: int, stop: int) -> np.ndarray:
        slab = np.empty((stop - start, *self.shape[1:]), self.dtype)  # (k, y, x)
        with _open(self.path) as ole:
            for row, index in enumerate(range(start, stop)):
                voxels = ole.openstream(_slice_name(index)).read()
                slab[row] = np.frombuffer(voxels, self._stored_dtype).reshape(self.shape[1:])
        return slab


def recognises(head: bytes, size_bytes: int) -> bool:
    """Say whether a file with these first bytes is an OLE compound file."""
    return head.startswith(MAGIC)


def open_volume(path: Path, dataset: str | None) -> VolumeFile:
    """Open a ``.txm`` reconstruction."""
    refuse_dataset(path, FORMAT_NAME, dataset)
    with _open(path) as ole:
        if not ole.exists("ImageInfo/ImageWidth"):
            raise InputError(
                f"{path.name} is an OLE file but not a Zeiss image (it may be an old Office file); give a .txm file."
            )
        n_slices = _number(ole, "NoOfImages")
        shape = (n_slices, _number(ole, "ImageHeight"), _number(ole, "ImageWidth"))
        if n_slices == 1:
            check_axes(path, shape[1:], "yx")
        check_axes(path, shape, "zyx")
        if _is_tilt_series(ole, n_slices):
            raise InputError(
                f"{path.name} is a Zeiss tilt series of {n_slices} projections (.txrm), not a volume; "
                "give the reconstructed .txm file."
            )
        dtype = _dtype(path, _number(ole, "DataType"))
        _check_slices(path, ole, shape, dtype)
        pixel_nm = float(_floats(ole, "PixelSize")[0]) * LENGTHS_NM["um"]
    size = known_voxel_size((pixel_nm, pixel_nm, pixel_nm))
    doubts = ("Zeiss files may store rows from bottom to top; no axis was flipped.",)
    return VolumeFile(FORMAT_NAME, ZeissSource(path, shape, dtype), size, doubts=doubts)


def _open(path: Path) -> "olefile.OleFileIO":
    import olefile

    return olefile.OleFileIO(path)


def _slice_name(index: int) -> str:
    return f"ImageData{index // IMAGES_PER_FOLDER + 1}/Image{index + 1}"


def _number(ole: "olefile.OleFileIO", name: str) -> int:
    return int(struct.unpack("<I", ole.openstream(f"ImageInfo/{name}").read()[:4])[0])


def _floats(ole: "olefile.OleFileIO", name: str) -> np.ndarray:
    if not ole.exists(f"ImageInfo/{name}"):
        return np.zeros(1, np.float32)
    stored = ole.openstream(f"ImageInfo/{name}").read()
    return np.frombuffer(stored[: len(stored) // 4 * 4], "<f4")


def _is_tilt_series(ole: "olefile.OleFileIO", n_slices: int) -> bool:
    """Say whether each image has its own angle, unless the file calls itself a reconstruction."""
    if ole.exists("ImageInfo/AcquisitionMode") and _number(ole, "AcquisitionMode") == RECONSTRUCTION_MODE:
        return False
    angles = _floats(ole, "Angles")
    return angles.size == n_slices and float(np.ptp(angles)) > ANGLE_TOLERANCE_DEGREES


def _dtype(path: Path, data_type: int) -> np.dtype:
    if data_type not in DTYPES:
        raise InputError(
            f"{path.name} has the Zeiss data type {data_type}; export it as unsigned 16-bit integers or floats."
        )
    return np.dtype(DTYPES[data_type])


def _check_slices(path: Path, ole: "olefile.OleFileIO", shape: tuple[int, int, int], dtype: np.dtype) -> None:
    slice_bytes = shape[1] * shape[2] * dtype.itemsize
    for index in range(shape[0]):
        name = _slice_name(index)
        found = ole.get_size(name) if ole.exists(name) else 0
        if found != slice_bytes:
            raise InputError(
                f"Slice {index} of {path.name} has {found:,} bytes instead of {slice_bytes:,}; "
                "the file is incomplete, copy it anew."
            )
