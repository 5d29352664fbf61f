"""Pseudo-labels of a round: what the best weights are sure of on slices nobody labelled."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from sxt.progress import CancelToken, Progress, ProgressCallback
from sxt.train.crops import Slices
from sxt.train.folder import load_tensors, save_tensors
from sxt.train.losses import sure_pixels
from sxt.train.measure import Measurer
from sxt.train.prepare import PreparedSlice
from sxt.train.settings import SemiRecipe

STAGE = "make pseudo-labels"
LEAST_SURE_PIXELS = 64
"""A slice with fewer sure pixels is left out of the round."""


@dataclass(frozen=True)
class PseudoRound:
    """The pseudo-labelled slices of a round, tomogram by tomogram, and how many pixels were taken."""

    slices: Slices
    n_pixels: int
    n_foreground: int

    @property
    def n_slices(self) -> int:
        return sum(len(each) for each in self.slices)


def make_pseudo_labels(
    path: Path,
    unlabelled: Slices,
    measurer: Measurer,
    recipe: SemiRecipe,
    *,
    progress: ProgressCallback,
    cancel: CancelToken,
    is_time_up: Callable[[], bool] = lambda: False,
) -> None:
    """Predict unlabelled slices and write those classes and pixels that are sure to ``path``.

    All slices, or, in a mixed order, as many as there are before ``is_time_up``; one at least.
    """
    tensors: dict[str, Tensor] = {}
    places = [(t, n) for t, slices in enumerate(unlabelled) for n in range(len(slices))]
    order = np.random.default_rng(len(places)).permutation(len(places))
    for done, (t, n) in enumerate(places[index] for index in order):
        cancel.raise_if_cancelled()
        if done and is_time_up():
            break
        progress(Progress(STAGE, done, len(places)))
        probability = torch.from_numpy(measurer.probability(unlabelled[t][n]))[None]
        target, sure = sure_pixels(
            probability, foreground=recipe.sure_foreground, background=recipe.sure_background
        )
        known = sure[0].amin(0, keepdim=True)  # sure of every class, foreground or not
        tensors[f"{t}.{n}"] = torch.cat([target[0] * known, known]).to(torch.uint8)
    progress(Progress(STAGE, len(places), len(places)))
    save_tensors(path, tensors, {})


def read_pseudo_labels(path: Path, unlabelled: Slices) -> PseudoRound:
    """Return what `make_pseudo_labels` wrote for the same slices."""
    tensors, _ = load_tensors(path)
    found: list[list[PreparedSlice]] = [[] for _ in unlabelled]
    n_pixels = n_foreground = 0
    for key, planes in tensors.items():
        t, n = (int(part) for part in key.split("."))
        target, known = np.asarray(planes[:-1]) * np.uint8(255), np.asarray(planes[-1]) > 0
        if known.sum() < LEAST_SURE_PIXELS:
            continue
        found[t].append(unlabelled[t][n].with_labels(target, known))
        n_pixels += int(known.sum())
        n_foreground += int((target.max(axis=0) > 0).sum())
    return PseudoRound(_without_empty(found), n_pixels, n_foreground)


def _without_empty(slices: Sequence[Sequence[PreparedSlice]]) -> Slices:
    return tuple(tuple(each) for each in slices if each)
