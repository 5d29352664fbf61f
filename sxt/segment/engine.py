"""Segment a tomogram slab by slab: read, normalise, rescale, predict, quantise."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np

from sxt.models import Model
from sxt.progress import CancelToken, Progress, ProgressCallback, ignore_progress
from sxt.segment.device import Device, choose_device
from sxt.segment.familiarity import describe_tomogram
from sxt.segment.normalise import NormalisedSlices, normalise_slices
from sxt.segment.orient import recognise_absorbing
from sxt.segment.predict import Predictor
from sxt.segment.rescale import plan_rescaling
from sxt.segment.settings import UNLIKE_TRAINING_DATA, SegmentSettings
from sxt.segment.threshold import mask_from_probability
from sxt.tomogram import Absorbing, Tomogram

STAGE = "segment"


@dataclass(frozen=True)
class Slab:
    """Some segmented slices.

    Parameters
    ----------
    first_slice : int
        Position of the first one in the tomogram.
    probability : ndarray
        (c, k, y, x) uint8, 0..255 for 0..1, one channel a foreground class.
    """

    first_slice: int
    probability: np.ndarray


@dataclass
class RunLog:
    """What was learned while segmenting: seconds a stage, notes worth telling, slices without contrast.

    ``unlikeness`` is how far the tomogram lies from the training data, in units of the limit; None where that is not
    known.
    """

    seconds: dict[str, float] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    constant_slices: list[int] = field(default_factory=list)
    n_missing_voxels: int = 0
    unlikeness: float | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the log as JSON-able values, so that an interrupted run can keep it."""
        return asdict(self)

    def take_up(self, earlier: dict[str, Any]) -> None:
        """Add what an interrupted run had logged; its notes come first, without repeating any."""
        for stage, seconds in earlier["seconds"].items():
            self.seconds[stage] = self.seconds.get(stage, 0.0) + seconds
        self.notes = list(dict.fromkeys([*earlier["notes"], *self.notes]))
        self.constant_slices = [*earlier["constant_slices"], *self.constant_slices]
        self.n_missing_voxels += earlier["n_missing_voxels"]
        self.unlikeness = earlier.get("unlikeness", self.unlikeness)

    @contextmanager
    def timing(self, stage: str) -> Iterator[None]:
        started = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[stage] = self.seconds.get(stage, 0.0) + time.perf_counter() - started


class SegmentationRun:
    """One tomogram, one model and settings, with everything left open in the settings decided.

    Parameters
    ----------
    tomogram : Tomogram
    model : Model
    settings : SegmentSettings
    device : Device or None
        None takes the GPU where there is one.
    progress : callable
        Called once a slab, and when something is worth telling.
    """

    def __init__(
        self,
        tomogram: Tomogram,
        model: Model,
        *,
        settings: SegmentSettings,
        device: Device | None = None,
        progress: ProgressCallback = ignore_progress,
    ) -> None:
        self.tomogram = tomogram
        self.model = model
        self.settings = settings
        self.slices = settings.slice_range(tomogram.shape[0])
        self.device = device or choose_device("auto", precision=settings.precision)
        self.log = RunLog()
        self.absorbing_is: Absorbing = settings.absorbing_is or tomogram.absorbing_is or self._recognise()
        self.normalisation = settings.normalisation or model.config.normalisation
        self.threshold = model.config.threshold if settings.threshold is None else settings.threshold
        self.rescaling = plan_rescaling(
            tomogram.shape[1:],
            voxel_size_nm=tomogram.voxel_size_nm if settings.rescale else None,
            model_pixel_nm=model.config.pixel_size_nm,
        )
        self._progress = progress
        self._n_done = 0
        self._predictor = Predictor(
            model.network,
            device=self.device,
            size_multiple=model.config.network.size_multiple,
            n_classes=model.config.network.n_classes,
            tiles=settings.tiles,
            tta=settings.tta,
            announce=self._announce,
        )
        self._note_rescaling()

    @property
    def n_classes(self) -> int:
        return int(self.model.config.network.n_classes)

    @property
    def shape(self) -> tuple[int, int, int]:
        """(z, y, x) of the result."""
        return (len(self.slices), *self.tomogram.shape[1:])

    def decisions(self) -> dict[str, Any]:
        """Return what was decided where the settings left it open, as JSON-able values."""
        return {
            "absorbing_is": self.absorbing_is,
            "normalisation": self.normalisation,
            "threshold": self.threshold,
            "precision": self._predictor.device.precision,
            "tile_px": self._predictor.tiles.tile_px,
            "network_shape_px": list(self.rescaling.network_shape),
        }

    def tiles_to_restore(self) -> dict[str, Any]:
        """Return the tiles in use, which may have been lowered, for `restore_tiles` of a later run."""
        return asdict(self._predictor.tiles)

    def restore_tiles(self, tiles: dict[str, Any]) -> None:
        """Use the tiles of an interrupted run, so that the rest of its result fits."""
        self._predictor.tiles = replace(self._predictor.tiles, **tiles)

    def slabs(self, *, skip_slices: int = 0, cancel: CancelToken) -> Iterator[Slab]:
        """Yield the segmented slabs in order, leaving out the first ``skip_slices``, a whole number of slabs."""
        step = self.settings.slab_slices
        self._n_done = skip_slices
        if skip_slices == 0:
            self._check_familiarity()
        self._report("")
        for start in range(skip_slices, len(self.slices), step):
            cancel.raise_if_cancelled()
            positions = self.slices[start : start + step]
            yield Slab(positions[0], self._segment_slab(positions, cancel))
            self._n_done = start + len(positions)
            self._report("")

    def mask(self, probability: np.ndarray) -> np.ndarray:
        """Return class values (k, y, x) uint8 of stored probabilities (c, k, y, x) uint8."""
        values = np.array([each.value for each in self.model.config.classes], dtype=np.uint8)
        return mask_from_probability(probability, threshold=self.threshold, class_values=values)

    def _segment_slab(self, positions: range, cancel: CancelToken) -> np.ndarray:
        with self.log.timing("read"):
            stack, index = self._read_with_neighbours(positions)
        with self.log.timing("normalise"):
            normalised = normalise_slices(stack, rule=self.normalisation, absorbing_is=self.absorbing_is)
            inputs = self.rescaling.to_network(normalised.values[index])  # (k, in_channels, y, x)
        with self.log.timing("predict"):
            probability = self.rescaling.to_own(self._predictor.predict(inputs, cancel=cancel))
        with self.log.timing("quantise"):
            centre = index[:, index.shape[1] // 2]
            self._blank_what_is_unknown(probability, normalised, centre, positions)
            return np.rint(probability * 255).astype(np.uint8).swapaxes(0, 1)  # (c, k, y, x)

    def _read_with_neighbours(self, positions: range) -> tuple[np.ndarray, np.ndarray]:
        """Read slices and return them with the index (k, in_channels) of each input channel into them."""
        reach = self.model.config.network.in_channels // 2
        last = self.tomogram.shape[0] - 1
        start, stop = max(0, positions[0] - reach), min(last, positions[-1] + reach) + 1
        stack = self.tomogram.read_slices(start, stop)
        wanted = np.array(positions)[:, None] + np.arange(-reach, reach + 1)
        return stack, wanted.clip(0, last) - start

    def _blank_what_is_unknown(
        self, probability: np.ndarray, normalised: NormalisedSlices, centre: np.ndarray, positions: range
    ) -> None:
        """Set missing pixels and slices without contrast to 0 and keep count of them."""
        is_missing = normalised.is_missing[centre]
        is_constant = normalised.is_constant[centre]
        probability[np.broadcast_to(is_missing[:, None], probability.shape)] = 0
        probability[is_constant] = 0
        self.log.n_missing_voxels += int(is_missing.sum())
        self.log.constant_slices += [
            z for z, constant in zip(positions, is_constant, strict=True) if constant
        ]

    def _recognise(self) -> Absorbing:
        found = recognise_absorbing(self.tomogram)
        self.log.notes.append(f"Absorbing structures look {found}; declare them where that is wrong.")
        return found

    def _check_familiarity(self) -> None:
        """Note where the tomogram is unlike what the model version was trained on."""
        known = self.model.config.familiarity
        if known is None:
            return
        with self.log.timing("compare with the training data"):
            features = describe_tomogram(self.tomogram, self.model.config, absorbing_is=self.absorbing_is)
        self.log.unlikeness = round(known.distance(features) / known.limit, 3)
        if self.log.unlikeness > 1:
            self._announce(UNLIKE_TRAINING_DATA)

    def _note_rescaling(self) -> None:
        model_pixel_nm = self.model.config.pixel_size_nm
        if self.rescaling.is_needed:
            y, x = self.rescaling.network_shape
            self.log.notes.append(f"Slices are rescaled to {y} x {x} px, the model's {model_pixel_nm:g} nm.")
        elif self.settings.rescale and self.tomogram.voxel_size_nm is None and model_pixel_nm is not None:
            self.log.notes.append(
                f"The voxel size is unknown; the slices are taken to have the model's {model_pixel_nm:g} nm."
            )

    def _announce(self, note: str) -> None:
        self.log.notes.append(note)
        self._report(note)

    def _report(self, note: str) -> None:
        self._progress(Progress(STAGE, self._n_done, len(self.slices), note))
