"""The grey values that a scene carries: a coarse copy of the tomogram, as JPEG slices, for planes through the scene."""

import base64
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from sxt.errors import InputError

MOST_VOXELS = 5_000_000
"""Of the grey values in a scene; as JPEG they take about a fifth of a byte each."""

JPEG_QUALITY = 72
LIMIT_PERCENT = (1.0, 99.0)
"""Grey values shown black and white, as the slice viewer does at first."""


@dataclass(frozen=True)
class SliceVolume:
    """Grey values of the tomogram around a mesh.

    Parameters
    ----------
    grey : np.ndarray
        (z, y, x) uint8.
    low, high : tuple of float
        (x, y, z) of the corners of the first and the last voxel, in the mesh's unit (nm or px).
    """

    grey: np.ndarray
    low: tuple[float, float, float]
    high: tuple[float, float, float]


def to_bytes(values: np.ndarray) -> np.ndarray:
    """Scale grey values of any shape to 0..255 between their 1st and 99th percentile; what is not finite becomes 0."""
    is_finite = np.isfinite(values)
    if not is_finite.any():
        return np.zeros(values.shape, np.uint8)
    limits = np.percentile(values[is_finite], LIMIT_PERCENT).astype(np.float32)
    low, span = limits[0], float(limits[1] - limits[0]) or 1.0
    scaled = (np.where(is_finite, values, low).astype(np.float32) - low) * (255 / span)
    return np.clip(np.rint(scaled), 0, 255).astype(np.uint8)


def save_slices(path: Path, volume: SliceVolume) -> None:
    """Write a volume for `load_slices`."""
    np.savez(path, grey=volume.grey, low=np.array(volume.low), high=np.array(volume.high))


def load_slices(path: Path) -> SliceVolume:
    """Read what `save_slices` wrote."""
    with np.load(path, allow_pickle=False) as stored:
        low, high = stored["low"].tolist(), stored["high"].tolist()
        return SliceVolume(stored["grey"], (low[0], low[1], low[2]), (high[0], high[1], high[2]))


def describe_slices(volume: SliceVolume, scale: float) -> dict[str, Any]:
    """Return a volume as the page reads it: shape, corners in the scene's unit, and each z slice as a JPEG in base64.

    Raises
    ------
    InputError
        Where there are more voxels than a page should carry.
    """
    if volume.grey.size > MOST_VOXELS:
        raise InputError(
            f"{volume.grey.size} grey values are too many for a scene; give at most {MOST_VOXELS}."
        )
    return {
        "shape": list(volume.grey.shape),
        "low": [each * scale for each in volume.low],
        "high": [each * scale for each in volume.high],
        "jpeg": [_encode(each) for each in volume.grey],
    }


def _encode(grey: np.ndarray) -> str:
    """Return a slice (y, x) as a JPEG in base64."""
    stream = io.BytesIO()
    Image.fromarray(grey).save(stream, "JPEG", quality=JPEG_QUALITY)
    return base64.b64encode(stream.getvalue()).decode()
