"""Segment a tomogram into arrays in memory, for scripts and notebooks."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from sxt.models import Model, ModelClass
from sxt.progress import CancelToken, ProgressCallback, ignore_progress
from sxt.segment.device import choose_device
from sxt.segment.engine import SegmentationRun
from sxt.segment.settings import SegmentSettings
from sxt.tomogram import Tomogram, VoxelSize


@dataclass(frozen=True)
class Segmentation:
    """A segmented tomogram.

    Parameters
    ----------
    mask : ndarray
        (z, y, x) uint8: 0 background, else the value of a class.
    probability : ndarray
        (c, z, y, x) uint8, 0..255 for 0..1, one channel a class.
    classes : tuple of ModelClass
        The foreground classes in the order of the channels.
    first_slice : int
        Position of the first slice in the tomogram.
    voxel_size_nm : tuple of float or None
        (z, y, x) in nm.
    decisions : dict
        What was decided where the settings left it open.
    notes : tuple of str
        Sentences worth telling, for example that slices were rescaled.
    """

    mask: np.ndarray
    probability: np.ndarray
    classes: tuple[ModelClass, ...]
    first_slice: int
    voxel_size_nm: VoxelSize | None
    decisions: dict[str, Any]
    notes: tuple[str, ...]


def segment_tomogram(
    tomogram: Tomogram,
    model: Model,
    *,
    settings: SegmentSettings | None = None,
    device: str = "auto",
    progress: ProgressCallback = ignore_progress,
    cancel: CancelToken | None = None,
) -> Segmentation:
    """Segment a tomogram and return mask and probability as arrays.

    Parameters
    ----------
    tomogram : Tomogram
        (z, y, x); read slab by slab.
    model : Model
        From `sxt.load_model`.
    settings : SegmentSettings or None
        None takes the defaults.
    device : str
        ``auto``, ``cpu``, ``cuda`` or ``cuda:N``.
    progress : callable
        Receives a `Progress` once a slab.
    cancel : CancelToken or None
        Checked between batches of tiles.

    Raises
    ------
    SettingsError
        Where settings, device and tomogram do not go together.
    Cancelled
        Where ``cancel`` was called.
    """
    settings = settings or SegmentSettings()
    run = SegmentationRun(
        tomogram,
        model,
        settings=settings,
        device=choose_device(device, precision=settings.precision),
        progress=progress,
    )
    probability = np.empty((run.n_classes, *run.shape), dtype=np.uint8)
    for slab in run.slabs(cancel=cancel or CancelToken()):
        start = slab.first_slice - run.slices.start
        probability[:, start : start + slab.probability.shape[1]] = slab.probability
    return Segmentation(
        mask=run.mask(probability),
        probability=probability,
        classes=model.config.classes,
        first_slice=run.slices.start,
        voxel_size_nm=tomogram.voxel_size_nm,
        decisions=run.decisions(),
        notes=tuple(run.log.notes),
    )
