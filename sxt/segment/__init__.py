"""Segmentation of tomograms in 2D with a model version.

The package is callable: ``sxt.segment(tomogram, model)`` is `segment_tomogram`. Its public names are imported on first
use, so that settings and thresholds are at hand without torch.
"""

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sxt.segment.device import Device, choose_device
    from sxt.segment.engine import SegmentationRun, Slab
    from sxt.segment.folder import WrittenSegmentation, segment_to_folder
    from sxt.segment.memory import Segmentation, segment_tomogram
    from sxt.segment.settings import SegmentSettings, TileSettings
    from sxt.segment.threshold import mask_from_probability

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

_MODULES = {
    "Device": "device",
    "SegmentSettings": "settings",
    "Segmentation": "memory",
    "SegmentationRun": "engine",
    "Slab": "engine",
    "TileSettings": "settings",
    "WrittenSegmentation": "folder",
    "choose_device": "device",
    "mask_from_probability": "threshold",
    "segment_to_folder": "folder",
    "segment_tomogram": "memory",
}
"""The module of each public name."""


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module 'sxt.segment' has no attribute {name!r}")
    return getattr(import_module(f"sxt.segment.{_MODULES[name]}"), name)


class _CallablePackage(ModuleType):
    """Lets ``sxt.segment`` be both the package and the function that a script calls."""

    def __call__(self, *args: Any, **kwargs: Any) -> "Segmentation":
        from sxt.segment.memory import segment_tomogram

        return segment_tomogram(*args, **kwargs)


sys.modules[__name__].__class__ = _CallablePackage
