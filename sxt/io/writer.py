"""Write a volume slab by slab, whole or not at all, as TIFF, MRC, NPY or OME-Zarr."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import DTypeLike

from sxt.errors import ResourceError, SettingsError
from sxt.files import atomic_path
from sxt.io import write_mrc, write_npy, write_tiff, write_zarr
from sxt.io.sink import VolumeRequest, VolumeSink
from sxt.tomogram import VoxelSize

FormatName = Literal["tif", "mrc", "npy", "zarr"]

SINKS: dict[str, type[VolumeSink]] = {
    "tif": write_tiff.TiffSink,
    "mrc": write_mrc.MrcSink,
    "npy": write_npy.NpySink,
    "zarr": write_zarr.ZarrSink,
}

SUFFIXES = {
    ".tif": "tif",
    ".tiff": "tif",
    ".mrc": "mrc",
    ".rec": "mrc",
    ".map": "mrc",
    ".npy": "npy",
    ".zarr": "zarr",
}


class VolumeWriter:
    """Takes the slabs of one volume in z order; made by `open_volume_writer`."""

    def __init__(self, path: Path, request: VolumeRequest, sink: VolumeSink) -> None:
        self._path = path
        self._request = request
        self._sink = sink
        self._n_written = 0

    @property
    def n_written(self) -> int:
        """Slices written so far."""
        return self._n_written

    def write(self, slab: np.ndarray) -> None:
        """Append the next slices.

        Parameters
        ----------
        slab : ndarray
            (k, y, x), of the volume's dtype or one that fits into it without loss.

        Raises
        ------
        SettingsError
            A slab of another slice size or dtype, or more slices than the volume has.
        ResourceError
            The disk is full or refuses.
        """
        slab = np.asarray(slab)
        z, y, x = self._request.shape
        if slab.ndim != 3 or slab.shape[1:] != (y, x):
            raise SettingsError(
                f"A slab of shape {slab.shape} does not fit slices of {(y, x)}; give (k, {y}, {x})."
            )
        if self._n_written + len(slab) > z:
            raise SettingsError(
                f"{self._path.name} has {z} slices, but {self._n_written + len(slab)} were given; write {z}."
            )
        if not np.can_cast(slab.dtype, self._request.dtype, "safe"):
            raise SettingsError(
                f"A slab of {slab.dtype} does not fit into {self._request.dtype} without loss; convert it first."
            )
        with _writing(self._path):
            self._sink.append(slab.astype(self._request.dtype, copy=False))
        self._n_written += len(slab)

    def finish(self) -> None:
        """Complete the file; raise `SettingsError` where slices are missing."""
        n_slices = self._request.shape[0]
        if self._n_written != n_slices:
            raise SettingsError(
                f"Only {self._n_written} of the {n_slices} slices of {self._path.name} were written; "
                "nothing was kept."
            )
        with _writing(self._path):
            self._sink.finish()


@contextlib.contextmanager
def open_volume_writer(
    path: str | Path,
    *,
    shape: tuple[int, int, int],
    dtype: DTypeLike,
    voxel_size_nm: VoxelSize | None,
    origin_nm: tuple[float, float, float] = (0.0, 0.0, 0.0),
    format_name: FormatName | None = None,
    is_compressed: bool = False,
) -> Iterator[VolumeWriter]:
    """Write a volume slab by slab; the file appears under its name only when all slices are there.

    Parameters
    ----------
    path : str or Path
        Where to write; an existing file or Zarr folder is replaced at the end.
    shape : tuple of int
        (z, y, x).
    dtype : dtype
        Of the slabs. TIFF takes 8, 16 and 32-bit integers and float32 (ImageJ opens uint8, uint16 and float32 as
        they are). MRC takes int8, int16, uint16, float16 and float32, and stores uint8 as uint16, which every program
        reads alike. NPY and Zarr take any number. ``bool`` is stored as 0 and 1.
    voxel_size_nm : tuple of float or None
        (z, y, x) in nm; None leaves it unset in the file.
    origin_nm : tuple of float
        (z, y, x) in nm; kept by MRC and Zarr.
    format_name : {"tif", "mrc", "npy", "zarr"}, optional
        Default: by the suffix of ``path``.
    is_compressed : bool
        Compress a TIFF with zlib, which ImageJ reads; MRC and NPY are never compressed, Zarr always is.

    Yields
    ------
    VolumeWriter
        Its ``write(slab)`` takes (k, y, x) in z order.

    Raises
    ------
    SettingsError
        An unknown format, a dtype or shape it cannot hold, too few slices at the end.
    ResourceError
        The disk is full or refuses.
    """
    final = Path(path)
    sink_type = SINKS[_format_of(final, format_name)]
    request = VolumeRequest(shape, np.dtype(dtype), voxel_size_nm, origin_nm, is_compressed)
    with _writing(final):
        final.parent.mkdir(parents=True, exist_ok=True)
    with atomic_path(final) as temporary:
        with _writing(final):
            sink = sink_type(temporary, request)
        try:
            writer = VolumeWriter(final, request, sink)
            yield writer
            writer.finish()
        finally:
            with _writing(final):
                sink.close()


def _format_of(path: Path, format_name: str | None) -> str:
    name = format_name or SUFFIXES.get(path.suffix.lower(), "")
    if name not in SINKS:
        raise SettingsError(
            f"There is no format {format_name or path.suffix!r} to write; use one of {', '.join(SINKS)}."
        )
    return name


@contextlib.contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ResourceError(
            f"{path} cannot be written ({error.strerror or error}); free disk space or choose another folder."
        ) from error
