"""Stored segmentations as predictions to be measured: found by version and settings, thresholded when read."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from sxt.errors import SettingsError
from sxt.metrics import ChannelSource, ClassName, Prediction
from sxt.segment.settings import SegmentSettings
from sxt.segment.threshold import mask_from_probability
from sxt.tomogram import VolumeSource
from sxt.workspace.manifests import SegmentationManifest

if TYPE_CHECKING:
    from sxt.models import ModelConfig
    from sxt.workspace.workspace import Workspace

IRRELEVANT_SETTINGS = ("threshold", "slab_slices")
"""Of a segmentation: masks are derived from the stored probability, and slabs change nothing."""


class ThresholdedMask:
    """The mask (z, y, x) that stored probabilities (c, z, y, x) give at a threshold, made slab by slab."""

    def __init__(self, probability: Any, *, threshold: float, class_values: tuple[int, ...]) -> None:
        self._probability = probability
        self._threshold = threshold
        self._values = np.array(class_values, np.uint8)
        self.shape = tuple(probability.shape[1:])
        self.dtype = np.dtype(np.uint8)

    def __getitem__(self, index: slice) -> np.ndarray:
        probability = np.asarray(self._probability[:, index])
        return mask_from_probability(probability, threshold=self._threshold, class_values=self._values)


class StackedProbabilities:
    """Probabilities (c, z, y, x) of classes that are stored one by one as (z, y, x)."""

    def __init__(self, channels: tuple[VolumeSource, ...]) -> None:
        self._channels = channels
        self.shape = (len(channels), *channels[0].shape)

    def __getitem__(self, index: tuple[slice, slice]) -> np.ndarray:
        every, slices = index
        return np.stack([np.asarray(each[slices]) for each in self._channels[every]])


def are_same_settings(stored: Mapping[str, Any], settings: SegmentSettings) -> bool:
    """Return whether a segmentation with those settings has the probabilities that these would give."""
    wanted = json.loads(json.dumps(settings.to_json()))
    return all(stored.get(key) == value for key, value in wanted.items() if key not in IRRELEVANT_SETTINGS)


def find_segmentation(
    workspace: "Workspace", tomogram_id: str, *, model_sha256: str, settings: SegmentSettings
) -> SegmentationManifest | None:
    """Return the newest stored segmentation of a tomogram by that version with those settings, or None."""
    found = (
        each
        for each in workspace.segmentations.list()
        if (each.tomogram_id, each.model.sha256) == (tomogram_id, model_sha256)
        and are_same_settings(each.settings, settings)
    )
    return next(found, None)


def open_prediction(
    workspace: "Workspace",
    manifest: SegmentationManifest,
    *,
    threshold: float,
    classes: tuple[ClassName, ...],
) -> Prediction:
    """Open a stored segmentation as a prediction of some of its classes at a threshold."""
    probability = workspace.open_probability(manifest.id)
    values = [each.value for each in manifest.classes]
    return Prediction(
        mask=ThresholdedMask(probability, threshold=threshold, class_values=tuple(values)),
        probabilities=tuple(ChannelSource(probability, values.index(each.value)) for each in classes),
        first_slice=manifest.first_slice,
        threshold=threshold,
    )


def common_classes(configs: "tuple[ModelConfig, ...]") -> tuple[ClassName, ...]:
    """Return the classes that all versions have, under the names of the first.

    Raises
    ------
    SettingsError
        Where there are none.
    """
    shared = set.intersection(*({each.value for each in config.classes} for config in configs))
    if not shared:
        names = ", ".join(config.spec for config in configs)
        raise SettingsError(f"{names} have no class in common; compare versions of one task.")
    return tuple(
        ClassName(each.value, each.name, each.colour) for each in configs[0].classes if each.value in shared
    )
