"""The batches of a step: drawn from the step's number alone, so that any process can draw its part of them."""

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ParamSpec, TypeVar

import numpy as np
import torch

from sxt.errors import SettingsError
from sxt.train.augment import Crops, place_crops, vary_values, window_px
from sxt.train.crops import (
    LABELLED_STREAM,
    ORDER_STREAM,
    PSEUDO_STREAM,
    UNLABELLED_STREAM,
    Slices,
    Window,
    choose_slice,
    cut_window,
    sample_rng,
)
from sxt.train.prepare import PreparedSlice, TrainingData
from sxt.train.settings import AugmentationSettings, SupervisedRecipe


@dataclass(frozen=True)
class Views:
    """The same unlabelled crops as they are and strongly varied."""

    plain: Crops
    varied: Crops


P = ParamSpec("P")
R = TypeVar("R")


def _in_full_precision(draw: Callable[P, R]) -> Callable[P, R]:
    """Let a method work in float32, also where the network around it computes in bf16."""

    @functools.wraps(draw)
    def drawn(*args: P.args, **kwargs: P.kwargs) -> R:
        with torch.autocast("cpu", enabled=False), torch.autocast("cuda", enabled=False):
            return draw(*args, **kwargs)

    return drawn


class Batches:
    """Draws crops.

    Parameters
    ----------
    data : TrainingData
    recipe : SupervisedRecipe
    n_classes : int
    size_multiple : int
        Sides of crops are multiples of this.
    seed : int
    device : torch.device

    Attributes
    ----------
    pseudo : sequence of sequence of PreparedSlice
        Slices with pseudo-labels, tomogram by tomogram; empty before the first round.
    """

    def __init__(
        self,
        data: TrainingData,
        recipe: SupervisedRecipe,
        *,
        n_classes: int,
        size_multiple: int,
        seed: int,
        device: torch.device,
    ) -> None:
        bead_channel = recipe.augmentation.bead_channel
        if bead_channel is not None and bead_channel >= n_classes:
            raise SettingsError(f"bead_channel is {bead_channel}, but the version has {n_classes} classes.")
        self.pseudo: Slices = ()
        self._data = data
        self._recipe = recipe
        self._n_classes = n_classes
        self._seed = seed
        self._device = device
        self.crop_px = _fit_crop(recipe.crop_px, data.largest_side_px, size_multiple)
        self._flat_labelled = [each for slices in data.labelled for each in slices]
        self._flat_unlabelled = [each for slices in data.unlabelled for each in slices]

    @property
    def n_labelled(self) -> int:
        return len(self._flat_labelled)

    @property
    def n_unlabelled(self) -> int:
        return len(self._flat_unlabelled)

    @_in_full_precision
    def labelled(self, step: int, samples: Sequence[int], *, pseudo_weight: float = 1.0) -> Crops:
        """Return labelled crops; every second one, counted over all steps, has pseudo-labels where there are any.

        In ``known`` a pseudo-labelled pixel counts ``pseudo_weight``.
        """
        settings = self._recipe.augmentation
        rngs, windows, weights = [], [], []
        for sample in samples:
            is_pseudo = bool(self.pseudo) and (step * self._recipe.batch_crops + sample) % 2 == 1
            stream, slices = (
                (PSEUDO_STREAM, self.pseudo) if is_pseudo else (LABELLED_STREAM, self._data.labelled)
            )
            rng = sample_rng(self._seed, stream, step, sample)
            windows.append(self._cut(choose_slice(slices, rng), rng, settings))
            rngs.append(rng)
            weights.append(pseudo_weight if is_pseudo else 1.0)
        crops = vary_values(self._place(windows, rngs, settings), rngs, settings=settings)
        weight = torch.tensor(weights, device=self._device).reshape(-1, 1, 1, 1)
        return Crops(crops.values, crops.target, crops.known * weight)

    @_in_full_precision
    def unlabelled(self, step: int, samples: Sequence[int], *, strong: AugmentationSettings) -> Views:
        """Return unlabelled crops, turned and scaled, as they are and with their grey values varied."""
        settings = self._recipe.augmentation
        rngs = [sample_rng(self._seed, UNLABELLED_STREAM, step, sample) for sample in samples]
        windows = [self._cut(choose_slice(self._data.unlabelled, rng), rng, settings) for rng in rngs]
        plain = self._place(windows, rngs, settings)
        return Views(plain, vary_values(plain, rngs, settings=strong))

    @_in_full_precision
    def in_turn(self, position: int, *, is_labelled: bool) -> Crops:
        """Return one crop of one slice, such that every slice is taken once before any is taken again."""
        slices = self._flat_labelled if is_labelled else self._flat_unlabelled
        lap, place = divmod(position, len(slices))
        order = sample_rng(self._seed, ORDER_STREAM, lap, int(is_labelled)).permutation(len(slices))
        stream = LABELLED_STREAM if is_labelled else UNLABELLED_STREAM
        rng = sample_rng(self._seed, stream, position, 0)
        settings = self._recipe.augmentation
        window = self._cut(slices[int(order[place])], rng, settings)
        return vary_values(self._place([window], [rng], settings), [rng], settings=settings)

    def _cut(self, source: PreparedSlice, rng: np.random.Generator, settings: AugmentationSettings) -> Window:
        return cut_window(
            source,
            window_px=window_px(self.crop_px, settings),
            crop_px=self.crop_px,
            n_classes=self._n_classes,
            structure_share=self._recipe.structure_share,
            rng=rng,
        )

    def _place(
        self,
        windows: Sequence[Window],
        rngs: Sequence[np.random.Generator],
        settings: AugmentationSettings,
    ) -> Crops:
        return place_crops(windows, rngs, crop_px=self.crop_px, settings=settings, device=self._device)


def _fit_crop(crop_px: int, largest_side_px: int, size_multiple: int) -> int:
    """Return the crop's side: no larger than the largest slice needs, a multiple of what the network takes.

    At its narrowest the network has at least 2 x 2 pixels of it: one alone has no statistics to normalise by.
    """
    wanted = min(crop_px, largest_side_px)
    return max(2, -(-wanted // size_multiple)) * size_multiple
