"""Edits of one slice as pure functions: given labels (rows, columns) uint8, each returns the new ones."""

from sxt.labels.tools.between import Propagated, interpolate_slice, propagate_labels
from sxt.labels.tools.paint import Paint, paste
from sxt.labels.tools.proposals import (
    Proposal,
    accept_proposal,
    find_proposal,
    propose_classes,
    reject_proposal,
)
from sxt.labels.tools.regions import flood_fill, flood_region, grow_region, grow_to_edge, threshold_region
from sxt.labels.tools.shapes import (
    box_region,
    clear_box,
    fill_lasso,
    fill_polygon,
    lasso_region,
    paint_stroke,
    polygon_region,
    stroke_region,
)
from sxt.labels.tools.superpixels import (
    SuperpixelCache,
    SuperpixelSettings,
    make_superpixels,
    paint_superpixels,
)

__all__ = [
    "Paint",
    "Propagated",
    "Proposal",
    "SuperpixelCache",
    "SuperpixelSettings",
    "accept_proposal",
    "box_region",
    "clear_box",
    "fill_lasso",
    "fill_polygon",
    "find_proposal",
    "flood_fill",
    "flood_region",
    "grow_region",
    "grow_to_edge",
    "interpolate_slice",
    "lasso_region",
    "make_superpixels",
    "paint_stroke",
    "paint_superpixels",
    "paste",
    "polygon_region",
    "propagate_labels",
    "propose_classes",
    "reject_proposal",
    "stroke_region",
    "threshold_region",
]
