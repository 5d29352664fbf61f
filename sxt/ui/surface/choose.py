"""Which surface is looked at: the newest of the segmentation, or the one in the address of the page."""

from collections.abc import Sequence

import streamlit as st

from sxt.ui import format as fmt
from sxt.ui.addressed import AddressedItem
from sxt.ui.selection import LABEL_LENGTH, Choice, current_selection, select, unique_labels
from sxt.ui.services import services
from sxt.ui.text import shorten
from sxt.workspace import SurfaceManifest
from sxt.workspace.clock import utc_now

ADDRESSED = AddressedItem("surface", "sxt-surface")


def list_surfaces(segmentation_id: str) -> list[SurfaceManifest]:
    """Return the surfaces of a segmentation, newest first."""
    every = services().workspace.surfaces.list()
    return [each for each in every if each.segmentation_id == segmentation_id]


def follow_address() -> None:
    """Select the segmentation of a surface that was opened by its address alone; runs the page again where it does."""
    asked = ADDRESSED.news()
    if asked is None:
        return
    workspace = services().workspace
    surface = workspace.surfaces.find(asked) if asked in workspace.surfaces.list_ids() else None
    if surface is None:
        st.warning("The surface in this address is not there any more; the newest one is shown instead.")
        return
    want_surface(surface.id)
    selection = current_selection()
    if selection.segmentation != surface.segmentation_id:
        select(tomogram=surface.tomogram_id, segmentation=surface.segmentation_id)
        st.rerun()


def current_surface(surfaces: Sequence[SurfaceManifest]) -> SurfaceManifest | None:
    """Return the surface to show, and write it into the address."""
    return ADDRESSED.current(surfaces)


def want_surface(surface_id: str) -> None:
    """Show a surface as soon as it is there."""
    ADDRESSED.want(surface_id)


def choose_surface(surfaces: Sequence[SurfaceManifest], shown: SurfaceManifest) -> None:
    """Draw the control that chooses among several surfaces; a choice runs the whole page again."""
    if len(surfaces) < 2:
        return
    labels = unique_labels([Choice(each.id, describe_surface(each)) for each in surfaces])
    ADDRESSED.control("Surface", labels, shown.id)
    wanted = ADDRESSED.wanted
    if wanted in labels and wanted != shown.id:
        st.rerun()


def describe_surface(surface: SurfaceManifest) -> str:
    """Return a surface in one line, for lists."""
    made = fmt.ago(surface.created_at, utc_now())
    rest = f" · {fmt.count(surface.n_components, 'component')} · {made}"
    return shorten(surface.name, LABEL_LENGTH - len(rest)) + rest
