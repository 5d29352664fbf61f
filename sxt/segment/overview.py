"""A false-colour picture of a few slices, to see at a glance whether a segmentation makes sense."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from sxt.models import ModelClass
from sxt.tomogram import VoxelSize

if TYPE_CHECKING:
    from PIL import Image

PANEL_PX = 520
"""Longest side of one slice in the picture."""

OVERLAY_OPACITY = 0.6
CONTRAST_PERCENTILES = (1.0, 99.0)
GAP_PX = 6
ROUND_LENGTHS_NM = (50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000)


def draw_overview(
    slices: Sequence[np.ndarray],
    masks: Sequence[np.ndarray],
    positions: Sequence[int],
    *,
    classes: Sequence[ModelClass],
    voxel_size_nm: VoxelSize | None,
) -> "Image.Image":
    """Draw each slice plain above and with its mask in false colours below.

    Parameters
    ----------
    slices, masks : sequence of ndarray
        (y, x) grey values of any real dtype, and (y, x) uint8 class values.
    positions : sequence of int
        Slice numbers, written into the pictures.
    classes : sequence of ModelClass
        Colours and names, shown as a legend.
    voxel_size_nm : tuple of float or None
        (z, y, x) in nm, for the scale bar; none is drawn where it is unknown.
    """
    from PIL import Image

    columns = [
        _draw_column(grey, mask, position, classes, voxel_size_nm)
        for grey, mask, position in zip(slices, masks, positions, strict=True)
    ]
    return Image.fromarray(np.concatenate([part for c in columns for part in (c, _gap(c))][:-1], axis=1))


def _draw_column(
    grey: np.ndarray,
    mask: np.ndarray,
    position: int,
    classes: Sequence[ModelClass],
    voxel_size_nm: VoxelSize | None,
) -> np.ndarray:
    from PIL import Image

    shrink = max(1.0, max(grey.shape) / PANEL_PX)
    size = (max(1, round(grey.shape[1] / shrink)), max(1, round(grey.shape[0] / shrink)))
    plain = np.repeat(_to_8_bit(grey)[..., None], 3, axis=2)  # (y, x, 3)
    coloured = plain.copy()
    for each in classes:
        inside = mask == each.value
        colour = np.array([int(each.colour[i : i + 2], 16) for i in (1, 3, 5)])
        coloured[inside] = (1 - OVERLAY_OPACITY) * plain[inside] + OVERLAY_OPACITY * colour
    top, bottom = (Image.fromarray(a).resize(size, Image.Resampling.LANCZOS) for a in (plain, coloured))
    _write_text(top, (8, 6), f"slice {position}", "#FFFFFF")
    for row, each in enumerate(classes):
        _write_text(bottom, (8, 6 + 18 * row), each.name, each.colour)
    if voxel_size_nm is not None:
        _draw_scale_bar(bottom, nm_per_px=voxel_size_nm[2] * shrink)
    return np.concatenate([np.asarray(top), _gap(np.asarray(top), axis=0), np.asarray(bottom)])


def _to_8_bit(grey: np.ndarray) -> np.ndarray:
    values = grey.astype(np.float32)
    is_present = np.isfinite(values)
    if not is_present.any():
        return np.zeros(grey.shape, dtype=np.uint8)
    low, high = np.percentile(values[is_present], CONTRAST_PERCENTILES)
    scaled = (np.where(is_present, values, low) - low) / max(high - low, np.finfo(np.float32).tiny)
    return (255 * scaled.clip(0, 1)).astype(np.uint8)


def _draw_scale_bar(image: "Image.Image", *, nm_per_px: float) -> None:
    from PIL import ImageDraw

    fitting = [nm for nm in ROUND_LENGTHS_NM if nm / nm_per_px <= image.width / 3]
    if not fitting:
        return
    length_nm = fitting[-1]
    length_px = length_nm / nm_per_px
    bottom = image.height - 12
    ImageDraw.Draw(image).rectangle((10, bottom - 4, 10 + length_px, bottom), fill="#FFFFFF")
    _write_text(image, (10, bottom - 24), f"{length_nm} nm", "#FFFFFF")  # Pillow's own font lacks the sign µ


def _write_text(image: "Image.Image", corner: tuple[int, int], text: str, colour: str) -> None:
    from PIL import ImageDraw, ImageFont

    font = ImageFont.load_default(15)
    ImageDraw.Draw(image).text(corner, text, fill=colour, font=font, stroke_width=2, stroke_fill="#000000")


def _gap(picture: np.ndarray, *, axis: int = 1) -> np.ndarray:
    shape = list(picture.shape)
    shape[axis] = GAP_PX
    return np.full(shape, 24, dtype=np.uint8)
