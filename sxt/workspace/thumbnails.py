"""Small pictures of tomograms for lists."""

from pathlib import Path

import numpy as np
from PIL import Image

from sxt.io import VolumeStatistics

THUMBNAIL_FILE = "thumbnail.png"
THUMBNAIL_PX = 320
"""Longest side."""
SMALLEST_SPAN = 1e-30


def write_thumbnail(path: Path, image: np.ndarray, statistics: VolumeStatistics) -> None:
    """Write a slice (y, x) as a small grey PNG; see `grey_picture`."""
    picture = grey_picture(image, statistics)
    picture.thumbnail((THUMBNAIL_PX, THUMBNAIL_PX), Image.Resampling.LANCZOS)
    picture.save(path)


def grey_picture(image: np.ndarray, statistics: VolumeStatistics) -> Image.Image:
    """Return a slice (y, x) as a grey picture, from the 1st to the 99th percentile of its tomogram."""
    low, high = statistics.percentile_1 or 0.0, statistics.percentile_99 or 0.0
    values = np.nan_to_num(image.astype(np.float64), nan=low, posinf=high, neginf=low)
    span = max(high - low, SMALLEST_SPAN)
    grey = (255 * ((values - low) / span).clip(0, 1)).astype(np.uint8)  # (y, x)
    return Image.fromarray(grey)
