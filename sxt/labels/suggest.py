"""What to label next: where predictions disagree, far from what is labelled already.

Notes
-----
Disagreement of several predictions of one model, or of versions, as a sign of what a label would teach goes back to
query by committee (Seung, Opper and Sompolinsky 1992, doi 10.1145/130385.130417). The weight by distance keeps
neighbours, which look alike, from being chosen together.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import ndimage

from sxt.errors import SettingsError
from sxt.progress import CancelToken, Progress, ProgressCallback, ignore_progress

REACH_SLICES = 8.0
"""At this distance from the nearest labelled slice, a slice counts 1 - 1/e of one far away."""

REGION_PX = 96
N_REGIONS = 3
SLAB_SLICES = 8
SUGGEST_STAGE = "suggest"
NEGLIGIBLE = 1e-6


@dataclass(frozen=True)
class Region:
    """A square of a slice worth a look: (row, column) from ``start`` up to ``stop``, and its mean disagreement."""

    start: tuple[int, int]
    stop: tuple[int, int]
    disagreement: float


@dataclass(frozen=True)
class Suggestion:
    """A slice to label next.

    Parameters
    ----------
    index : int
        Along z.
    gain : float
        What it is ranked by, relative to the best one, in [0, 1].
    disagreement : float
        Relative to the slice with the largest, in [0, 1].
    distance : int or None
        Slices to the nearest labelled one; None where nothing is labelled.
    reason : str
        One sentence.
    """

    index: int
    gain: float
    disagreement: float
    distance: int | None
    reason: str


def disagreement_between(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return how far two predictions lie apart.

    Parameters
    ----------
    first, second : ndarray
        Probability (c, k, y, x) uint8, 0..255 for 0..1.

    Returns
    -------
    ndarray
        (c, k, y, x) float32 in [0, 1]; its maximum over the classes is what an overlay shows.
    """
    if first.shape != second.shape:
        raise SettingsError(
            f"The predictions have shapes {first.shape} and {second.shape}; give the same slices."
        )
    gap = np.maximum(first, second) - np.minimum(first, second)  # stays uint8
    return gap.astype(np.float32) / np.float32(255)


def disagreement_of(predictions: Iterable[np.ndarray]) -> np.ndarray:
    """Return the spread of several predictions of the same slices, held one at a time.

    Parameters
    ----------
    predictions : iterable of ndarray
        Probability (c, k, y, x) uint8 each, for example those under test-time augmentation.

    Returns
    -------
    ndarray
        (c, k, y, x) float32 in [0, 0.5]: the standard deviation.
    """
    n, total, squares = 0, np.zeros(()), np.zeros(())
    for each in predictions:
        values = each.astype(np.float32) / 255.0
        n, total, squares = n + 1, total + values, squares + values * values
    if n < 2:
        raise SettingsError(f"There are {n} predictions; give at least 2 to compare.")
    variance = np.maximum(squares / n - (total / n) ** 2, 0.0)
    return np.sqrt(variance).astype(np.float32)


def predict_turned(predict: Callable[[np.ndarray], np.ndarray], slab: np.ndarray) -> Iterator[np.ndarray]:
    """Yield predictions of a slab in its eight orientations, each turned back.

    Parameters
    ----------
    predict : callable
        From grey values (k, rows, columns) to probability (c, k, rows, columns) uint8.
    slab : ndarray
        (k, y, x).
    """
    for is_mirrored in (False, True):
        for turns in range(4):
            view = slab[..., ::-1] if is_mirrored else slab
            found = predict(np.ascontiguousarray(np.rot90(view, turns, (-2, -1))))
            upright = np.rot90(found, -turns, (-2, -1))
            yield upright[..., ::-1] if is_mirrored else upright


def score_slices(disagreement: np.ndarray) -> np.ndarray:
    """Return the mean disagreement of each class on each slice, (c, k) float64, of (c, k, y, x)."""
    return disagreement.mean(axis=(2, 3), dtype=np.float64)


def combine_classes(scores: np.ndarray) -> np.ndarray:
    """Return one score a slice, (z,) in [0, 1], of scores (c, z).

    Each class counts relative to the slice where it disagrees most, so that rare and small structures weigh as much as
    those that are everywhere.
    """
    largest = np.maximum(scores.max(axis=1, keepdims=True), NEGLIGIBLE)
    return (scores / largest).mean(axis=0)


def stream_scores(
    disagree: Callable[[int, int], np.ndarray],
    n_slices: int,
    *,
    slab_slices: int = SLAB_SLICES,
    progress: ProgressCallback = ignore_progress,
    cancel: CancelToken | None = None,
) -> np.ndarray:
    """Return the scores (c, z) of all slices, a slab at a time.

    Parameters
    ----------
    disagree : callable
        Given ``start`` and ``stop`` along z, returns the disagreement (c, stop - start, y, x) there.
    n_slices : int
    """
    parts = []
    for start in range(0, n_slices, slab_slices):
        if cancel is not None:
            cancel.raise_if_cancelled()
        stop = min(n_slices, start + slab_slices)
        parts.append(score_slices(disagree(start, stop)))
        progress(Progress(SUGGEST_STAGE, stop, n_slices))
    return np.concatenate(parts, axis=1)


def compare_versions(first: Any, second: Any) -> Callable[[int, int], np.ndarray]:
    """Return a function for `stream_scores` over two stored probabilities (c, z, y, x) uint8, such as Zarr arrays."""
    if tuple(first.shape) != tuple(second.shape):
        raise SettingsError(
            f"The versions' probabilities have shapes {first.shape} and {second.shape}; give the same slices."
        )

    def disagree(start: int, stop: int) -> np.ndarray:
        return disagreement_between(np.asarray(first[:, start:stop]), np.asarray(second[:, start:stop]))

    return disagree


def rank_slices(
    scores: np.ndarray,
    labelled: Sequence[int],
    *,
    n_wanted: int = 5,
    reach_slices: float = REACH_SLICES,
    excluded: Sequence[int] = (),
) -> tuple[Suggestion, ...]:
    """Rank slices by disagreement times distance from what is labelled, best first.

    Each suggestion counts as labelled when the next is chosen, so that they do not crowd.

    Parameters
    ----------
    scores : ndarray
        (c, z) of `score_slices` or `stream_scores`; several kinds of disagreement can be added.
    labelled : sequence of int
    n_wanted : int
    reach_slices : float
        How far a labelled slice speaks for its neighbours.
    excluded : sequence of int
        Slices never to suggest, such as the hold-out.
    """
    if scores.ndim != 2 or scores.size == 0 or not np.isfinite(scores).all() or scores.min() < 0:
        raise SettingsError("The scores must be one finite number a class and slice, none below 0.")
    if reach_slices <= 0:
        raise SettingsError(f"The reach is {reach_slices}; give a number of slices above 0.")
    combined = combine_classes(scores)
    relative = combined / max(float(combined.max()), NEGLIGIBLE)
    positions, known = np.arange(relative.size), list(labelled)
    is_open = ~np.isin(positions, [*labelled, *excluded])
    found: list[Suggestion] = []
    best_gain = NEGLIGIBLE
    while is_open.any() and len(found) < n_wanted:
        distances = _distances(positions, known)
        gains = np.where(is_open, relative * distance_weight(distances, reach_slices), -1.0)
        index = _most_central(np.flatnonzero(gains >= gains.max() - NEGLIGIBLE), relative.size)
        best_gain = max(best_gain, float(gains[index]))
        found.append(_suggest(index, float(gains[index]) / best_gain, relative, distances, known, labelled))
        known.append(index)
        is_open[index] = False
    return tuple(found)


def distance_weight(distances: np.ndarray, reach_slices: float = REACH_SLICES) -> np.ndarray:
    """Return how much is new at a distance from the nearest labelled slice: 0 on it, 1 far away."""
    return 1.0 - np.exp(-distances / reach_slices)


def find_regions(
    disagreement: np.ndarray, *, size_px: int = REGION_PX, n_wanted: int = N_REGIONS
) -> tuple[Region, ...]:
    """Return the squares of a slice (y, x) with the largest mean disagreement, none overlapping another, best first."""
    side = tuple(min(size_px, each) for each in disagreement.shape)
    means = ndimage.uniform_filter(disagreement.astype(np.float64), size=side, mode="constant", origin=0)
    half = tuple(each // 2 for each in side)
    inside = tuple(slice(h, h + n - s + 1) for h, n, s in zip(half, disagreement.shape, side, strict=True))
    corners = means[inside].copy()  # the mean of the square that begins at each place
    found: list[Region] = []
    while len(found) < n_wanted and corners.max() > NEGLIGIBLE:
        row, column = (int(each) for each in np.unravel_index(int(corners.argmax()), corners.shape))
        stop = (row + side[0], column + side[1])
        found.append(Region((row, column), stop, float(corners[row, column])))
        corners[max(0, row - side[0] + 1) : stop[0], max(0, column - side[1] + 1) : stop[1]] = 0.0
    return tuple(found)


def _distances(positions: np.ndarray, known: Sequence[int]) -> np.ndarray:
    if not known:
        return np.full(positions.size, np.inf)
    return np.abs(positions[:, None] - np.asarray(known)[None]).min(axis=1).astype(float)  # (z,)


def _most_central(candidates: np.ndarray, n_slices: int) -> int:
    """Return the candidate nearest the middle, where most of the cell is."""
    return int(candidates[np.abs(candidates - (n_slices - 1) / 2).argmin()])


def _suggest(
    index: int,
    gain: float,
    relative: np.ndarray,
    distances: np.ndarray,
    known: Sequence[int],
    labelled: Sequence[int],
) -> Suggestion:
    rank = int((relative > relative[index]).sum()) + 1
    place = "most" if rank == 1 else f"{_ordinal(rank)} most"
    if not known:
        reason = f"Predictions disagree {place} on slice {index}, and nothing is labelled yet."
        return Suggestion(index, gain, float(relative[index]), None, reason)
    distance = int(distances[index])
    nearest = min(known, key=lambda z: (abs(z - index), z))
    word = "labelled" if nearest in labelled else "suggested"
    slices = "1 slice" if distance == 1 else f"{distance} slices"
    reason = (
        f"Predictions disagree {place} of all {relative.size} slices on slice {index}, "
        f"{slices} from the nearest {word} one ({nearest})."
    )
    return Suggestion(index, gain, float(relative[index]), distance, reason)


def _ordinal(number: int) -> str:
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"
