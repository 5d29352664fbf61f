"""What every reader shares: what it found, sources read slab by slab, and faults turned into sentences."""

import contextlib
import struct
import tokenize
import zlib
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from sxt.errors import InputError, ResourceError, SxtError
from sxt.tomogram import VolumeSource, VoxelSize

ByteOrder = Literal["<", ">"]
"""Little or big endian, as NumPy writes it."""

PARSE_ERRORS = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    LookupError,
    OSError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    struct.error,
    tokenize.TokenError,
    zlib.error,
)
"""What the format libraries raise on bytes that are not what the header promises."""


SHOWN_CAUSE = 160
"""Characters of a library's own message that are passed on."""


@dataclass(frozen=True)
class DatasetInfo:
    """One three-dimensional array of a file: its name inside the file, shape (z, y, x) and dtype."""

    name: str
    shape: tuple[int, ...]
    dtype: str


@dataclass(frozen=True)
class VolumeFile:
    """What a reader found in a file; ``data`` is (z, y, x) and read slab by slab."""

    format_name: str
    data: VolumeSource
    voxel_size_nm: VoxelSize | None = None
    origin_nm: tuple[float, float, float] = (0.0, 0.0, 0.0)
    dataset: str | None = None
    datasets: tuple[DatasetInfo, ...] = ()
    doubts: tuple[str, ...] = ()


class DatasetChoiceError(InputError):
    """A file with several volumes, or without the one that was named; carries what it holds."""

    def __init__(self, message: str, format_name: str, datasets: tuple[DatasetInfo, ...]) -> None:
        super().__init__(message)
        self.format_name = format_name
        self.datasets = datasets


class SlabSource(ABC):
    """A volume on disk, indexed by ``[start:stop]`` along z; each read opens the file anew.

    It holds no open file, so that it can be pickled and read from several threads.

    Parameters
    ----------
    path : Path
        What is read; named in messages.
    shape : tuple of int
        (z, y, x).
    dtype : dtype
        Of the slabs handed out; always in the machine's byte order.
    format_name : str
        Named in messages.
    """

    def __init__(self, path: Path, shape: tuple[int, int, int], dtype: np.dtype, format_name: str) -> None:
        self.path = path
        self.shape = shape
        self.dtype = np.dtype(dtype).newbyteorder("=")
        self.format_name = format_name

    @abstractmethod
    def _read(self, start: int, stop: int) -> np.ndarray:
        """Read slices ``start`` to ``stop``, which are inside the volume; returns (stop - start, y, x)."""

    def __getitem__(self, index: slice) -> np.ndarray:
        if not isinstance(index, slice) or index.step not in (None, 1):
            raise TypeError(f"A volume on disk is indexed by [start:stop] along z, not by {index!r}.")
        start, stop, _ = index.indices(self.shape[0])
        if stop <= start:
            return np.empty((0, *self.shape[1:]), self.dtype)
        with reading(self.path, self.format_name):
            slab = self._read(start, stop)  # (stop - start, y, x)
            if slab.shape != (stop - start, *self.shape[1:]):
                raise ValueError(f"slices {start}:{stop} came out as {slab.shape}")
            return slab.astype(self.dtype, copy=False)

    def __len__(self) -> int:
        return self.shape[0]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return self[:].astype(dtype or self.dtype, copy=False)


class RawSource(SlabSource):
    """Uncompressed voxels in one run of bytes.

    Parameters
    ----------
    stored_shape : tuple of int
        Shape as stored, slowest axis first.
    offset : int
        Byte at which the voxels begin.
    order : tuple of int
        Which stored axis is z, y and x; (0, 1, 2) where the file has z slowest.
    """

    def __init__(
        self,
        path: Path,
        stored_shape: tuple[int, int, int],
        dtype: np.dtype,
        format_name: str,
        *,
        offset: int,
        order: tuple[int, int, int] = (0, 1, 2),
    ) -> None:
        z, y, x = (stored_shape[axis] for axis in order)
        super().__init__(path, (z, y, x), dtype, format_name)
        self._stored_dtype = np.dtype(dtype)
        self._stored_shape = stored_shape
        self._offset = offset
        self._order = order

    def _read(self, start: int, stop: int) -> np.ndarray:
        if self._order[0] != 0:
            stored = np.memmap(self.path, self._stored_dtype, "r", self._offset, self._stored_shape)
            return np.array(stored.transpose(self._order)[start:stop], order="C")  # (k, y, x)
        slice_voxels = self._stored_shape[1] * self._stored_shape[2]
        count = (stop - start) * slice_voxels
        offset = self._offset + start * slice_voxels * self._stored_dtype.itemsize
        voxels = np.fromfile(self.path, self._stored_dtype, count, offset=offset)
        if voxels.size != count:
            raise EOFError(f"{voxels.size} of {count} voxels are there")
        slab = voxels.reshape(stop - start, *self._stored_shape[1:])  # (k, stored, stored)
        return np.ascontiguousarray(slab.transpose(self._order))  # (k, y, x)


@contextlib.contextmanager
def reading(path: Path, format_name: str) -> Iterator[None]:
    """Turn whatever goes wrong while a file is read into one sentence.

    Raises
    ------
    InputError
        Missing, not permitted, damaged or incomplete.
    ResourceError
        Not enough memory.
    """
    try:
        yield
    except SxtError:
        raise
    except PermissionError as error:
        raise InputError(f"No permission to read {path}; ask its owner for read access.") from error
    except FileNotFoundError as error:
        raise InputError(f"{error.filename or path} does not exist; check the path.") from error
    except MemoryError as error:
        raise ResourceError(
            f"Not enough memory to read {path.name}; read fewer slices at once or close other programs."
        ) from error
    except PARSE_ERRORS as error:
        cause = " ".join(str(error).split()).rstrip(".")[:SHOWN_CAUSE] or type(error).__name__
        raise InputError(
            f"{path.name} cannot be read as {format_name}, it is damaged or incomplete ({cause}); copy it anew."
        ) from error


def check_file_holds(path: Path, offset: int, shape: tuple[int, ...], dtype: np.dtype) -> int:
    """Raise `InputError` where a header claims more voxels than the file has; return the bytes left over."""
    if any(size < 0 for size in shape):
        raise InputError(
            f"The header of {path.name} claims the impossible shape {shape}; the file is damaged."
        )
    claimed = offset + int(np.prod(shape, dtype=object)) * np.dtype(dtype).itemsize
    actual = path.stat().st_size
    if claimed > actual:
        raise InputError(
            f"The header of {path.name} claims {shape} voxels of {np.dtype(dtype).name}, {claimed:,} bytes, "
            f"but the file has {actual:,}; it is incomplete, copy it anew."
        )
    return actual - claimed


def check_axes(path: Path, shape: tuple[int, ...], axes: str = "") -> None:
    """Raise `InputError` unless the data is three-dimensional and not empty; ``axes`` names them where known."""
    named = zip(axes, shape, strict=False) if len(axes) == len(shape) else ()
    found = ", ".join(f"{name.lower()} {size}" for name, size in named) or f"shape {shape}"
    if 0 in shape:
        raise InputError(f"{path.name} is empty: an axis has length 0 ({found}); export it again.")
    if len(shape) < 3:
        raise InputError(
            f"{path.name} is a single {len(shape)}-D image ({found}), not a volume; "
            "give a volume, or the folder or glob of all its slices."
        )
    if len(shape) > 3:
        raise InputError(
            f"{path.name} has {len(shape)} axes ({found}), not three; "
            "export one channel and one time point as a (z, y, x) volume."
        )


def check_numeric(path: Path, dtype: np.dtype) -> None:
    """Raise `InputError` for complex, structured and text data."""
    if np.dtype(dtype).kind == "c":
        raise InputError(
            f"{path.name} holds complex numbers ({dtype}), a Fourier transform rather than a tomogram; "
            "export the real-space volume."
        )
    if np.dtype(dtype).kind not in "uifb":
        raise InputError(f"{path.name} holds {dtype}, not numbers; export it as integers or floats.")


def choose_dataset(
    path: Path,
    format_name: str,
    datasets: tuple[DatasetInfo, ...],
    dataset: str | None,
    preferred: tuple[str, ...] = (),
) -> str:
    """Return the name of the dataset to read: the one named, the only one, or a preferred one.

    Raises
    ------
    DatasetChoiceError
        Where the name is unknown or several could be meant.
    """
    names = [each.name for each in datasets]
    listing = ", ".join(f"{each.name} {each.shape} {each.dtype}" for each in datasets)
    if dataset is not None:
        wanted = dataset.strip("/") or dataset
        if wanted not in names:
            raise DatasetChoiceError(
                f"{path.name} has no three-dimensional dataset {dataset!r}; it holds {listing or 'none'}.",
                format_name,
                datasets,
            )
        return wanted
    if not names:
        raise InputError(f"{path.name} holds no three-dimensional dataset; give a file with a volume.")
    for name in (*preferred, *names[: len(names) == 1]):
        if name in names:
            return name
    raise DatasetChoiceError(
        f"{path.name} holds {len(names)} volumes ({listing}); choose one with --dataset NAME.",
        format_name,
        datasets,
    )


def refuse_dataset(path: Path, format_name: str, dataset: str | None) -> None:
    """Raise `InputError` where a dataset is named for a format that holds one volume only."""
    if dataset is not None:
        raise InputError(
            f"{path.name} is {format_name} with a single volume, so there is no dataset {dataset!r}; leave it out."
        )
