"""Pictures of held-out slices with what is found, wrongly found and missed, for a page to show while training."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from sxt.files import atomic_path
from sxt.train.measure import count_pixels
from sxt.train.prepare import HoldOutSlice
from sxt.train.volumes import UNLABELLED

N_PREVIEWS = 4
LARGEST_SIDE_PX = 640
OPACITY = 0.65
CONTRAST_PERCENTILES = (1.0, 99.0)
TRUE_POSITIVE, FALSE_POSITIVE, FALSE_NEGATIVE = (0, 158, 115), (213, 94, 0), (86, 180, 233)
"""Okabe and Ito's green, vermillion and sky blue."""

UNLABELLED_DIMMING = 0.5
"""Grey values where nobody labelled, as a share of the others'."""


def draw_preview(grey: np.ndarray, labels: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Return (y, x, 3) uint8: the slice with true and false positives and false negatives in colour.

    A pixel of another class than the labels say is a false positive.

    Parameters
    ----------
    grey : ndarray
        (y, x), any real dtype.
    labels, mask : ndarray
        (y, x) uint8; where ``labels`` is 255 nothing is coloured and the slice is dimmed.
    """
    values = grey.astype(np.float64)
    is_finite = np.isfinite(values)
    low, high = np.percentile(values[is_finite], CONTRAST_PERCENTILES) if is_finite.any() else (0.0, 1.0)
    scaled = np.clip((np.where(is_finite, values, low) - low) / max(high - low, 1e-12), 0, 1)
    is_labelled = labels != UNLABELLED
    scaled = np.where(is_labelled, scaled, UNLABELLED_DIMMING * scaled)
    picture = np.repeat(255 * scaled[..., None], 3, axis=-1)
    layers = (
        (TRUE_POSITIVE, is_labelled & (mask > 0) & (mask == labels)),
        (FALSE_POSITIVE, is_labelled & (mask > 0) & (mask != labels)),
        (FALSE_NEGATIVE, is_labelled & (mask == 0) & (labels > 0)),
    )
    for colour, place in layers:
        picture[place] = (1 - OPACITY) * picture[place] + OPACITY * np.array(colour)
    return np.rint(picture).astype(np.uint8)


def write_previews(
    folder: Path, hold_out: Sequence[HoldOutSlice], masks: Sequence[np.ndarray], values: Sequence[int]
) -> list[dict[str, object]]:
    """Write a PNG for each of the first `N_PREVIEWS` slices; returns the file, place and counts of each."""
    from PIL import Image

    written: list[dict[str, object]] = []
    for number, (held_out, mask) in enumerate(zip(hold_out[:N_PREVIEWS], masks, strict=False), start=1):
        picture = Image.fromarray(draw_preview(held_out.grey, held_out.labels, mask))
        picture.thumbnail((LARGEST_SIDE_PX, LARGEST_SIDE_PX))
        path = folder / f"slice-{number}.png"
        with atomic_path(path) as temporary:
            picture.save(temporary, format="PNG")
        tp, fp, fn, _ = (int(v) for v in count_pixels(mask, held_out.labels, values).sum(axis=0))
        place = held_out.prepared.reference
        written.append(
            {
                "file": path.name,
                "tomogram": place.tomogram,
                "z": place.z,
                "true_positive": tp,
                "false_positive": fp,
                "false_negative": fn,
                "dice": 2 * tp / (2 * tp + fp + fn) if tp + fp + fn else 1.0,
            }
        )
    return written
