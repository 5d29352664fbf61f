"""Slices brought to the pixel size a model knows, and results brought back."""

from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional

from sxt.errors import SettingsError
from sxt.tomogram import VoxelSize

TOLERATED_RATIO = 1.2
"""Pixel sizes within this factor of the model's are left as they are."""

LARGEST_RATIO = 12.0
"""Beyond this factor the voxel size or the model is surely wrong."""


@dataclass(frozen=True)
class Rescaling:
    """The (y, x) size in pixels that the network sees, and the slice's own.

    Parameters
    ----------
    own_shape, network_shape : tuple of int
        (y, x); equal where nothing is rescaled.
    """

    own_shape: tuple[int, int]
    network_shape: tuple[int, int]

    @property
    def is_needed(self) -> bool:
        return self.own_shape != self.network_shape

    def to_network(self, slices: np.ndarray) -> np.ndarray:
        """Bring (k, c, y, x) float32 to the network's size, blurred where it is made smaller."""
        return _interpolate(slices, self.network_shape) if self.is_needed else slices

    def to_own(self, probability: np.ndarray) -> np.ndarray:
        """Bring probabilities (k, c, y, x) float32 back to the slice's own grid."""
        return _interpolate(probability, self.own_shape).clip(0, 1) if self.is_needed else probability


def plan_rescaling(
    shape: tuple[int, int], *, voxel_size_nm: VoxelSize | None, model_pixel_nm: float | None
) -> Rescaling:
    """Decide the size the network sees; it differs where the pixel size does by more than 20 %.

    Raises
    ------
    SettingsError
        Where the pixel sizes differ by more than `LARGEST_RATIO`.
    """
    if voxel_size_nm is None or model_pixel_nm is None:
        return Rescaling(shape, shape)
    ratios = [size / model_pixel_nm for size in voxel_size_nm[1:]]
    if max(max(r, 1 / r) for r in ratios) > LARGEST_RATIO:
        raise SettingsError(
            f"The pixel size {voxel_size_nm[1]:g} x {voxel_size_nm[2]:g} nm is more than {LARGEST_RATIO:g} times off "
            f"the model's {model_pixel_nm:g} nm; set the right voxel size, or segment without rescaling."
        )
    if all(1 / TOLERATED_RATIO <= ratio <= TOLERATED_RATIO for ratio in ratios):
        return Rescaling(shape, shape)
    return Rescaling(shape, (max(1, round(shape[0] * ratios[0])), max(1, round(shape[1] * ratios[1]))))


def _interpolate(slices: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    tensor = torch.from_numpy(np.ascontiguousarray(slices))
    return functional.interpolate(tensor, size=shape, mode="bilinear", antialias=True).numpy()
