"""Slices on their way to the browser: contrast, 8 bit, smaller sizes, JPEG or bytes. Pure functions."""

import gzip
import io
from dataclasses import dataclass
from typing import Literal

import numpy as np
from PIL import Image

from sxt.errors import SettingsError

Pooling = Literal["mean", "max"]

LIMIT_PERCENT = (1.0, 99.0)
"""What is shown between black and white at first."""

WINDOW_PERCENT = (0.05, 99.95)
"""What 8 bit stand for, where the data are not 8 bit already: gold beads lie tens of deviations out."""

HISTOGRAM_BINS = 128
STRIP_QUALITY = 85
TILE_QUALITY = 95
GZIP_LEVEL = 1
"""Masks shrink to a few percent at any level; the first is the fastest."""

MAX_JPEG_PX = 65_500


@dataclass(frozen=True)
class GreyScale:
    """How grey values of a volume are shown.

    Parameters
    ----------
    window : tuple of float
        Grey values that become 0 and 255.
    limits : tuple of float
        Grey values shown black and white at first.
    counts : tuple of int
        Histogram over the window, in equal bins.
    """

    window: tuple[float, float]
    limits: tuple[float, float]
    counts: tuple[int, ...]


def measure_grey_scale(sample: np.ndarray) -> GreyScale:
    """Choose window and limits from a sample of the grey values, any shape; values that are not finite are left out.

    A sample without two different finite values gives a window of width 1.
    """
    is_byte = sample.dtype == np.uint8
    values = sample[np.isfinite(sample)].astype(np.float64)  # (n,)
    if not values.size:
        return GreyScale((0.0, 1.0), (0.0, 1.0), (0,) * HISTOGRAM_BINS)
    low, first, last, high = np.percentile(
        values, [WINDOW_PERCENT[0], LIMIT_PERCENT[0], LIMIT_PERCENT[1], WINDOW_PERCENT[1]]
    )
    window = (0.0, 255.0) if is_byte else _widen(float(low), float(high))
    counts, _ = np.histogram(values, bins=HISTOGRAM_BINS, range=window)
    limits = (float(first), float(last)) if last > first else window
    return GreyScale(window, limits, tuple(int(each) for each in counts))


def to_uint8(values: np.ndarray, window: tuple[float, float]) -> np.ndarray:
    """Map a window of grey values to 0..255; what lies outside is clipped, NaN becomes 0.

    Raises
    ------
    SettingsError
        Where the window is empty or not finite.
    """
    low, high = window
    if not (np.isfinite(low) and np.isfinite(high) and high > low):
        raise SettingsError(f"The contrast window {low:g} to {high:g} is empty; give two rising numbers.")
    if values.dtype == np.uint8 and window == (0.0, 255.0):
        return values
    working = np.dtype(np.float64 if values.dtype.itemsize > 4 else np.float32)
    scaled: np.ndarray = (values.astype(working) - working.type(low)) * working.type(255.0 / (high - low))
    np.clip(scaled, 0, 255, out=scaled)
    np.nan_to_num(scaled, copy=False, nan=0.0)
    return np.rint(scaled, out=scaled).astype(np.uint8)


def reduce_images(images: np.ndarray, factors: tuple[int, int], pooling: Pooling) -> np.ndarray:
    """Make images smaller by whole factors along the last two axes.

    Parameters
    ----------
    images : ndarray
        (..., y, x); a last group that is not full stands for the pixels it has.
    factors : tuple of int
        Pixels (down, across) that become one.
    pooling : {"mean", "max"}

    Returns
    -------
    ndarray
        (..., ceil(y / down), ceil(x / across)), same dtype; means of integers are rounded.
    """
    down, across = factors
    if pooling == "max":
        return _group(_group(images, down, -2, np.maximum), across, -1, np.maximum)
    if factors == (1, 1):
        return images
    is_integer = images.dtype.kind in "iub"
    working = np.float32 if images.dtype.itemsize == 1 or images.dtype == np.float32 else np.float64
    total = _group(_group(images.astype(working), down, -2, np.add), across, -1, np.add)
    n_down = _group(np.ones(images.shape[-2], working), down, -1, np.add)  # (y',)
    n_across = _group(np.ones(images.shape[-1], working), across, -1, np.add)  # (x',)
    mean = total / (n_down[:, None] * n_across)
    return (np.rint(mean) if is_integer else mean).astype(images.dtype)


def encode_jpeg(images: np.ndarray, *, quality: int) -> bytes:
    """Encode grey images (n, y, x) uint8, one below the other, as one JPEG."""
    n, y, x = images.shape
    if n * y > MAX_JPEG_PX or x > MAX_JPEG_PX:
        raise SettingsError(f"A JPEG of {n * y} × {x} px is too large; {MAX_JPEG_PX} px a side is the most.")
    stream = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(images).reshape(n * y, x)).save(stream, "JPEG", quality=quality)
    return stream.getvalue()


def encode_bytes(values: np.ndarray) -> bytes:
    """Compress uint8 values as they are, gzip; the browser gets them back exactly."""
    return gzip.compress(np.ascontiguousarray(values).tobytes(), GZIP_LEVEL, mtime=0)


def _widen(low: float, high: float) -> tuple[float, float]:
    return (low, high) if high > low else (low, low + 1.0)


def _group(values: np.ndarray, factor: int, axis: int, combine: np.ufunc) -> np.ndarray:
    """Combine each ``factor`` neighbours along an axis; the last group may have fewer."""
    if factor == 1:
        return values
    moved = np.moveaxis(values, axis, 0)
    grouped = moved[::factor].copy(order="K")
    for offset in range(1, factor):
        neighbours = moved[offset::factor]
        combine(grouped[: len(neighbours)], neighbours, out=grouped[: len(neighbours)])
    return np.moveaxis(grouped, 0, axis)
