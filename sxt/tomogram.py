"""The tomogram: a volume read lazily slab by slab, with what is known about it."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

import numpy as np

from sxt.errors import InputError, SettingsError

VoxelSize = tuple[float, float, float]
"""Size of a voxel in nm along (z, y, x)."""

Absorbing = Literal["dark", "bright"]
"""Whether absorbing structures (membranes, droplets) have low or high grey values."""


class VolumeSource(Protocol):
    """What a reader hands out: shape, dtype, and slabs read from disk when indexed by ``[start:stop]`` along z.

    NumPy arrays and memory maps, h5py datasets and zarr arrays satisfy it as they are.
    """

    @property
    def shape(self) -> tuple[int, ...]: ...

    @property
    def dtype(self) -> np.dtype: ...

    def __getitem__(self, index: slice) -> np.ndarray: ...


@dataclass(frozen=True)
class Tomogram:
    """A volume in (z, y, x) order.

    Parameters
    ----------
    data : VolumeSource
        Shape (z, y, x), an integer or floating dtype.
    voxel_size_nm : tuple of float or None
        (z, y, x) in nm; None where it is not known.
    absorbing_is : {"dark", "bright"} or None
        Grey value of absorbing structures; None where it is not known.
    source : Path or None
        The file or folder it was read from; None for an array in memory.
    format_name : str
        The format as found by content, for example ``"MRC"``.
    origin_nm : tuple of float
        Position of the first voxel, (z, y, x) in nm.
    doubts : tuple of str
        One sentence for each thing about the input that may be wrong.
    """

    data: VolumeSource
    voxel_size_nm: VoxelSize | None = None
    absorbing_is: Absorbing | None = None
    source: Path | None = None
    format_name: str = "array"
    origin_nm: tuple[float, float, float] = (0.0, 0.0, 0.0)
    doubts: tuple[str, ...] = field(default=())

    def __post_init__(self) -> None:
        shape = tuple(self.data.shape)
        if len(shape) != 3:
            raise InputError(f"A tomogram has three axes (z, y, x), but this data has shape {shape}.")
        if 0 in shape:
            raise InputError(f"The tomogram is empty: its shape {shape} has an axis of length 0.")
        if np.dtype(self.data.dtype).kind not in "uifb":
            raise InputError(
                f"A tomogram holds integers or floating-point numbers, but this data is {self.data.dtype}."
            )
        if self.voxel_size_nm is not None:
            check_voxel_size(self.voxel_size_nm)

    @property
    def shape(self) -> tuple[int, int, int]:
        z, y, x = self.data.shape
        return (int(z), int(y), int(x))

    @property
    def dtype(self) -> np.dtype:
        return np.dtype(self.data.dtype)

    @property
    def name(self) -> str:
        return self.source.name if self.source is not None else "array"

    def read_slices(self, start: int, stop: int) -> np.ndarray:
        """Read slices ``start`` to ``stop`` (exclusive); returns (stop - start, y, x) in the file's dtype."""
        if not 0 <= start < stop <= self.shape[0]:
            raise SettingsError(
                f"Slices {start}:{stop} are outside this tomogram; it has slices 0:{self.shape[0]}."
            )
        return np.asarray(self.data[start:stop])


def check_voxel_size(voxel_size_nm: VoxelSize) -> None:
    """Raise `SettingsError` unless the size is three positive finite numbers."""
    if len(voxel_size_nm) != 3 or not all(np.isfinite(v) and v > 0 for v in voxel_size_nm):
        raise SettingsError(
            f"The voxel size {voxel_size_nm} is not usable; give three positive numbers in nm, in the order z, y, x."
        )
