"""What is asked of a volume to be written, and what each format's writer must do."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sxt.errors import SettingsError
from sxt.tomogram import VoxelSize, check_voxel_size


@dataclass(frozen=True)
class VolumeRequest:
    """A volume to be written; checked when made, and ``bool`` becomes uint8."""

    shape: tuple[int, int, int]
    dtype: np.dtype
    voxel_size_nm: VoxelSize | None
    origin_nm: tuple[float, float, float]
    is_compressed: bool

    def __post_init__(self) -> None:
        if len(self.shape) != 3 or min(self.shape) < 1:
            raise SettingsError(
                f"A volume of shape {self.shape} cannot be written; give three sizes of at least 1."
            )
        if self.dtype.kind not in "uifb":
            raise SettingsError(f"A volume of {self.dtype} cannot be written; give integers or floats.")
        if self.dtype.kind == "b":
            object.__setattr__(self, "dtype", np.dtype("u1"))
        if self.voxel_size_nm is not None:
            check_voxel_size(self.voxel_size_nm)

    @property
    def n_bytes(self) -> int:
        """Size of the voxels."""
        z, y, x = self.shape
        return z * y * x * self.dtype.itemsize


class VolumeSink(ABC):
    """Writes one volume to a temporary path; `close` leaves no open file, finished or not."""

    def __init__(self, path: Path, request: VolumeRequest) -> None:
        self.path = path
        self.request = request

    @abstractmethod
    def append(self, slab: np.ndarray) -> None:
        """Write the next slices (k, y, x), of the request's dtype."""

    @abstractmethod
    def finish(self) -> None:
        """Complete the file after the last slice, and close it."""

    @abstractmethod
    def close(self) -> None:
        """Close the file if it is open; may be called again."""


def refuse_dtype(format_name: str, dtype: np.dtype, known: tuple[str, ...]) -> None:
    """Raise `SettingsError` unless ``dtype`` is one of the names that the format can hold."""
    if dtype.name not in known:
        raise SettingsError(f"{format_name} cannot hold {dtype}; use one of {', '.join(known)}.")
