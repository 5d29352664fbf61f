"""Segment cryo soft X-ray tomograms, reconstruct 3D surfaces and measure them."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sxt import segment
    from sxt.io import read_tomogram
    from sxt.models import load_model
    from sxt.surface import reconstruct_surfaces

__version__ = "0.1.0"

__all__ = ["__version__", "load_model", "read_tomogram", "reconstruct_surfaces", "segment"]

_MODULES = {"read_tomogram": "sxt.io", "load_model": "sxt.models", "reconstruct_surfaces": "sxt.surface"}
"""Where each public name lives; imported on first use, so that ``import sxt`` stays fast."""


def __getattr__(name: str) -> Any:
    if name == "segment":  # a package that is callable, and so its own public name
        return import_module("sxt.segment")
    if name not in _MODULES:
        raise AttributeError(f"module 'sxt' has no attribute {name!r}")
    return getattr(import_module(_MODULES[name]), name)
