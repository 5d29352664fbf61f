"""From normalised slices to foreground probabilities."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Protocol, cast

import numpy as np
import torch
from torch import Tensor, nn

from sxt.errors import ResourceError
from sxt.progress import CancelToken
from sxt.segment.device import Device
from sxt.segment.settings import TestTimeAugmentation, TileSettings
from sxt.segment.tiles import TileBlender, TilePlan, plan_tiles

SMALLEST_TILE_PX = 128
"""Where even this does not fit into the GPU's memory, the segmentation gives up."""


class LabelNetwork(Protocol):
    """What `Predictor` asks of a network."""

    def label_logit(self, x: Tensor) -> Tensor:
        """Map (b, in_channels, y, x) to (b, c, y, x); the label is its tanh."""


@dataclass(frozen=True)
class Transform:
    """Quarter turns, then perhaps a mirror image; applied to the last two axes."""

    quarter_turns: int
    is_mirrored: bool

    def apply(self, x: Tensor) -> Tensor:
        x = torch.rot90(x, self.quarter_turns, (-2, -1))
        return x.flip(-1) if self.is_mirrored else x

    def undo(self, x: Tensor) -> Tensor:
        x = x.flip(-1) if self.is_mirrored else x
        return torch.rot90(x, -self.quarter_turns, (-2, -1))


TRANSFORMS: dict[TestTimeAugmentation, tuple[Transform, ...]] = {
    "none": (Transform(0, False),),
    "rot4": tuple(Transform(turns, False) for turns in range(4)),
    "d4": tuple(Transform(turns, mirrored) for mirrored in (False, True) for turns in range(4)),
}


class Predictor:
    """Runs a network's label decoder over slices, tile by tile.

    Parameters
    ----------
    network : nn.Module
        A `LabelNetwork` in evaluation mode; it is moved to the device.
    device : Device
        Where it runs, and in which arithmetic.
    size_multiple : int
        Tile sides are multiples of this.
    n_classes : int
        Foreground channels.
    tiles : TileSettings
        How slices are cut; ``tile_px`` is lowered for good when the GPU's memory runs out.
    tta : {"none", "rot4", "d4"}
        Transforms averaged over.
    announce : callable
        Receives a sentence when the batch or the tile was lowered.
    """

    def __init__(
        self,
        network: nn.Module,
        *,
        device: Device,
        size_multiple: int,
        n_classes: int,
        tiles: TileSettings,
        tta: TestTimeAugmentation,
        announce: Callable[[str], None],
    ) -> None:
        self._network = cast(Any, network.to(device.torch_device))
        self._network.to(memory_format=torch.channels_last)
        self.device = device
        self._size_multiple = size_multiple
        self._n_classes = n_classes
        self._transforms = TRANSFORMS[tta]
        self._announce = announce
        self._largest_batch: int | None = None
        self.tiles = tiles

    def predict(self, slices: np.ndarray, *, cancel: CancelToken) -> np.ndarray:
        """Return probabilities (k, c, y, x) float32 of normalised slices (k, in_channels, y, x).

        Raises
        ------
        ResourceError
            Where not even one small tile fits into the GPU's memory.
        Cancelled
            Between two batches.
        """
        while True:
            plan = self._plan(slices.shape[-2:])
            try:
                return self._predict_with(plan, slices, cancel)
            except torch.cuda.OutOfMemoryError as error:
                torch.cuda.empty_cache()
                self._lower_demand(plan, error)

    def _plan(self, shape: tuple[int, ...]) -> TilePlan:
        return plan_tiles(
            (shape[0], shape[1]),
            settings=self.tiles,
            size_multiple=self._size_multiple,
            largest_tile_px=self.device.largest_tile_px,
        )

    def _predict_with(self, plan: TilePlan, slices: np.ndarray, cancel: CancelToken) -> np.ndarray:
        blenders = [TileBlender(plan, n_channels=self._n_classes) for _ in slices]
        batch_tiles = self._batch_tiles(plan)
        jobs = [(k, index) for k in range(len(slices)) for index in range(len(plan.corners))]
        padded = [plan.pad(each) for each in slices]
        for batch in _batches(jobs, batch_tiles):
            cancel.raise_if_cancelled()
            tiles = np.stack([plan.cut(padded[k], index) for k, index in batch])  # (b, in_channels, y, x)
            for (k, index), probability in zip(batch, self._run(tiles), strict=True):
                blenders[k].add(index, probability)
        return np.stack([blender.result() for blender in blenders])

    @torch.inference_mode()
    def _run(self, tiles: np.ndarray) -> np.ndarray:
        """Return the mean probability (b, c, y, x) over the transforms."""
        device = self.device
        x = torch.from_numpy(tiles).to(device.torch_device)
        total: Tensor | None = None
        for transform in self._transforms:
            turned = transform.apply(x).contiguous(memory_format=torch.channels_last)
            with torch.autocast(
                device.torch_device.type, dtype=device.dtype, enabled=device.dtype != torch.float32
            ):
                logit = self._network.label_logit(turned)
            if device.precision != "fp32" and not bool(torch.isfinite(logit).all()):
                self.device = replace(device, precision="fp32")
                self._announce(
                    f"The network's values exceed the range of {device.precision}; going on in fp32."
                )
                return self._run(tiles)
            probability = transform.undo(torch.sigmoid(2 * logit.float()))  # (tanh(l) + 1) / 2
            total = probability if total is None else total + probability
        assert total is not None
        return (total / len(self._transforms)).cpu().numpy()

    def _batch_tiles(self, plan: TilePlan) -> int:
        batch = self.device.batch_tiles(plan.y.tile_px * plan.x.tile_px)
        return batch if self._largest_batch is None else min(batch, self._largest_batch)

    def _lower_demand(self, plan: TilePlan, error: Exception) -> None:
        batch = self._batch_tiles(plan)
        tile_px = max(plan.y.tile_px, plan.x.tile_px)
        if batch > 1:
            self._largest_batch = batch // 2
            self._announce(
                f"The GPU's memory ran out; going on with {batch // 2} tiles at a time instead of {batch}."
            )
        elif tile_px // 2 >= SMALLEST_TILE_PX:
            overlap_px = min(self.tiles.overlap_px, tile_px // 4)
            self.tiles = replace(self.tiles, tile_px=tile_px // 2, overlap_px=overlap_px)
            self._announce(
                f"The GPU's memory ran out; going on with tiles of {tile_px // 2} px instead of {tile_px}."
            )
        else:
            raise ResourceError(
                f"The GPU's memory does not hold one tile of {tile_px} px; use a smaller model or the CPU."
            ) from error


def _batches(jobs: list[tuple[int, int]], size: int) -> Iterator[list[tuple[int, int]]]:
    for start in range(0, len(jobs), size):
        yield jobs[start : start + size]
