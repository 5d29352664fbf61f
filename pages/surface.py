"""Surfaces: reconstruct a segmentation in 3D, look at it, filter and measure its components, save and share them."""

from sxt.ui.selection import current_selection
from sxt.ui.services import services
from sxt.ui.shell import empty_state, page_columns, page_head
from sxt.ui.surface.choose import current_surface, follow_address, list_surfaces
from sxt.ui.surface.explore import explore
from sxt.ui.surface.make import make_form, watch_jobs

JOBS_KEY = "sxt-surface-jobs"

page_head(
    "Surface",
    "Reconstruct a segmentation in 3D, filter its components by what was measured, save and share them.",
)
follow_address()
workspace, selection = services().workspace, current_selection()
segmentation = (
    None if selection.segmentation is None else workspace.segmentations.find(selection.segmentation)
)
if selection.tomogram is None:
    empty_state("There is no tomogram yet.", action="Upload a tomogram", page="upload")
elif segmentation is None:
    empty_state(
        "This tomogram is not segmented yet; surfaces are made from a segmentation.",
        action="Segment it",
        page="segment",
    )
else:
    surfaces = list_surfaces(segmentation.id)
    surface = current_surface(surfaces)
    if surface is not None:
        watch_jobs(segmentation.id, key=JOBS_KEY)
        explore(surfaces, surface, segmentation)
    else:
        columns = page_columns("make")
        with columns.controls:
            make_form(segmentation, workspace.voxel_size_of(segmentation), key="sxt-surface-first")
        with columns.result:
            if not watch_jobs(segmentation.id, key=JOBS_KEY):
                empty_state(
                    "There is no surface of this segmentation yet. The settings as they are suit most tomograms."
                )
