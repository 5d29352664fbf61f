"""The slice viewer: what the browser shows, and the routes it fetches slices from."""

from sxt.ui.viewer.component import (
    Mark,
    OverlayClass,
    OverlaySource,
    ViewerSource,
    ViewerState,
    slice_viewer,
)
from sxt.ui.viewer.routes import viewer_routes
from sxt.ui.viewer.sources import mask_overlay, partial_overlay, probability_overlay, tomogram_source

__all__ = [
    "Mark",
    "OverlayClass",
    "OverlaySource",
    "ViewerSource",
    "ViewerState",
    "mask_overlay",
    "partial_overlay",
    "probability_overlay",
    "slice_viewer",
    "tomogram_source",
    "viewer_routes",
]
