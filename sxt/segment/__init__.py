"""Segmentation of tomograms in 2D with a model version.

The package is callable: ``sxt.segment(tomogram, model)`` is `segment_tomogram`.
"""

import sys
from types import ModuleType
from typing import Any

from sxt.segment.device import Device, choose_device
from sxt.segment.engine import SegmentationRun, Slab, mask_from_probability
from sxt.segment.folder import WrittenSegmentation, segment_to_folder
from sxt.segment.memory import Segmentation, segment_tomogram
from sxt.segment.settings import SegmentSettings, TileSettings

__all__ = [
    "Device",
    "SegmentSettings",
    "Segmentation",
    "SegmentationRun",
    "Slab",
    "TileSettings",
    "WrittenSegmentation",
    "choose_device",
    "mask_from_probability",
    "segment_to_folder",
    "segment_tomogram",
]


class _CallablePackage(ModuleType):
    """Lets ``sxt.segment`` be both the package and the function that a script calls."""

    def __call__(self, *args: Any, **kwargs: Any) -> Segmentation:
        return segment_tomogram(*args, **kwargs)


sys.modules[__name__].__class__ = _CallablePackage
