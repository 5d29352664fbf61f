"""NumPy ``.npy`` files; they carry no voxel size."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from sxt.errors import InputError
from sxt.io.volume import (
    RawSource,
    VolumeFile,
    check_axes,
    check_file_holds,
    check_numeric,
    refuse_dataset,
)

FORMAT_NAME = "NPY"
MAGIC = b"\x93NUMPY"

_HEADER_READERS: dict[tuple[int, int], Callable] = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}


def recognises(head: bytes, size_bytes: int) -> bool:
    """Say whether a file with these first bytes is NPY."""
    return head.startswith(MAGIC)


def open_volume(path: Path, dataset: str | None) -> VolumeFile:
    """Open an NPY file in C or Fortran order; nothing is unpickled."""
    refuse_dataset(path, FORMAT_NAME, dataset)
    with path.open("rb") as stream:
        version = np.lib.format.read_magic(stream)
        if version not in _HEADER_READERS:
            raise InputError(
                f"{path.name} is NPY version {version}; save a plain numeric array with numpy.save."
            )
        shape, is_fortran_order, dtype = _HEADER_READERS[version](stream)
        offset = stream.tell()
    check_numeric(path, dtype)
    check_axes(path, shape)
    check_file_holds(path, offset, shape, dtype)
    stored_shape = shape[::-1] if is_fortran_order else shape
    order = (2, 1, 0) if is_fortran_order else (0, 1, 2)
    source = RawSource(path, stored_shape, dtype, FORMAT_NAME, offset=offset, order=order)
    return VolumeFile(FORMAT_NAME, source)
