"""Where crops are cut: every tomogram as often as the others, near labelled structures more often than not."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from sxt.train.prepare import PreparedSlice

LABELLED_STREAM, UNLABELLED_STREAM, PSEUDO_STREAM, ORDER_STREAM, DROPOUT_STREAM = range(5)
"""Random numbers of one purpose do not depend on those of another."""

JITTER_SHARE = 0.25
"""A crop is centred within this share of its side from the structure it was chosen for."""

Slices = Sequence[Sequence[PreparedSlice]]


@dataclass(frozen=True)
class Window:
    """A part of a slice, larger than a crop, so that turning and scaling find pixels at the crop's corners.

    Parameters
    ----------
    planes : Tensor
        (in_channels + c + 1, w, w) float32: grey values, class shares in [0, 1], and 1 where labels are known.
    n_values : int
        How many of the planes are grey values.
    """

    planes: Tensor
    n_values: int


def sample_rng(seed: int, stream: int, step: int, sample: int) -> np.random.Generator:
    """Return the random numbers of one crop; they depend on nothing else, so that any process can draw it."""
    return np.random.default_rng([seed, stream, step, sample])


def choose_slice(slices: Slices, rng: np.random.Generator) -> PreparedSlice:
    """Draw a tomogram, then one of its slices."""
    of_tomogram = slices[int(rng.integers(len(slices)))]
    return of_tomogram[int(rng.integers(len(of_tomogram)))]


def cut_window(
    source: PreparedSlice,
    *,
    window_px: int,
    crop_px: int,
    n_classes: int,
    structure_share: float,
    rng: np.random.Generator,
) -> Window:
    """Cut a window around a place drawn at random; beyond the slice it is mirrored and its labels are unknown.

    Parameters
    ----------
    source : PreparedSlice
    window_px, crop_px : int
        Sides of the window, and of the crop in its middle that stays within the slice where it can.
    n_classes : int
    structure_share : float
        Share of windows around a labelled structure; the others lie anywhere where something is labelled.
    """
    centre = _draw_centre(source, crop_px, structure_share, rng)
    rows, columns = (_positions(middle, window_px) for middle in centre)
    grid = np.ix_(_mirrored(rows, source.shape[0]), _mirrored(columns, source.shape[1]))
    n_values = len(source.values)
    planes = np.zeros((n_values + n_classes + 1, window_px, window_px), np.float32)
    planes[:n_values] = source.values[:, grid[0], grid[1]]
    if source.target is not None and source.known is not None:
        inside = _is_inside(rows, source.shape[0])[:, None] & _is_inside(columns, source.shape[1])
        known = source.known[grid] & inside
        planes[n_values:-1] = source.target[:, grid[0], grid[1]] * (known / np.float32(255))
        planes[-1] = known
    return Window(torch.from_numpy(planes), n_values)


def _draw_centre(
    source: PreparedSlice, crop_px: int, structure_share: float, rng: np.random.Generator
) -> tuple[int, int]:
    """Return the middle (y, x) of a window, such that the crop lies within the slice where it fits."""
    if source.places:
        of_classes, labelled = source.places[:-1], source.places[-1]
        wants_structure = rng.random() < structure_share and of_classes
        chosen = of_classes[int(rng.integers(len(of_classes)))] if wants_structure else labelled
        place = chosen[int(rng.integers(len(chosen)))] + rng.uniform(-1, 1, 2) * JITTER_SHARE * crop_px
    else:
        place = rng.uniform(0, 1, 2) * source.shape
    half = crop_px // 2
    y, x = (
        int(np.clip(round(float(at)), half, size - half)) if size > crop_px else size // 2
        for at, size in zip(place, source.shape, strict=True)
    )
    return y, x


def _positions(middle: int, window_px: int) -> np.ndarray:
    return np.arange(middle - window_px // 2, middle - window_px // 2 + window_px)


def _mirrored(positions: np.ndarray, size: int) -> np.ndarray:
    """Return positions reflected into [0, size), as often as it takes."""
    folded = np.mod(positions, 2 * size)
    return np.where(folded < size, folded, 2 * size - 1 - folded)


def _is_inside(positions: np.ndarray, size: int) -> np.ndarray:
    return (positions >= 0) & (positions < size)
