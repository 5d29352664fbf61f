"""Segment cryo soft X-ray tomograms, reconstruct 3D surfaces and measure them."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sxt.io import read_tomogram

__version__ = "0.1.0"

__all__ = ["__version__", "read_tomogram"]

_MODULES = {"read_tomogram": "sxt.io"}
"""Where each public name lives; imported on first use, so that ``import sxt`` stays fast."""


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module 'sxt' has no attribute {name!r}")
    return getattr(import_module(_MODULES[name]), name)
