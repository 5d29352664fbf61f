"""How long a segmentation will take, from those that were made before."""

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median
from typing import Any

from sxt.segment.settings import SegmentSettings
from sxt.workspace import SegmentationManifest, TomogramManifest

N_VIEWS = {"none": 1, "rot4": 4, "d4": 8}
"""How often each slice passes through the network."""

LEAST_VOXELS = 100_000
"""Shorter runs say little about longer ones."""

LATEST = 5


@dataclass(frozen=True)
class Estimate:
    """Seconds that a segmentation will take, and how many earlier ones say so."""

    seconds: float
    n_earlier: int


def estimate_seconds(
    tomograms: Iterable[TomogramManifest],
    settings: SegmentSettings,
    *,
    model: str,
    on_cpu: bool,
    earlier: Iterable[SegmentationManifest],
) -> Estimate | None:
    """Return how long it will take; None where nothing like it was done before.

    Parameters
    ----------
    tomograms : iterable of TomogramManifest
        What is to be segmented.
    settings : SegmentSettings
    model : str
        ``name:version``.
    on_cpu : bool
        Whether it will run on a CPU.
    earlier : iterable of SegmentationManifest
        Newest first; those of the same model on the same kind of device count.
    """
    costs = [
        sum(each.seconds.values()) / (_views(each.settings) * _voxels(each))
        for each in earlier
        if each.model.spec == model
        and each.device.startswith("CPU") == on_cpu
        and each.seconds
        and _voxels(each) >= LEAST_VOXELS
    ][:LATEST]
    if not costs:
        return None
    n_voxels = sum(
        len(settings.slice_range(each.shape[0])) * each.shape[1] * each.shape[2] for each in tomograms
    )
    return Estimate(median(costs) * N_VIEWS[settings.tta] * n_voxels, len(costs))


def _views(settings: dict[str, Any]) -> int:
    return N_VIEWS.get(str(settings.get("tta")), 1)


def _voxels(segmentation: SegmentationManifest) -> int:
    z, y, x = segmentation.shape
    return z * y * x
