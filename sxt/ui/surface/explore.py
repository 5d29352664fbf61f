"""One surface to explore: filters on the left, the scene, what is shown, and the table on the right."""

from collections.abc import Sequence
from urllib.parse import urlsplit

import pandas as pd
import streamlit as st

from sxt.errors import ResourceError
from sxt.ui import format as fmt
from sxt.ui.errors import show_error
from sxt.ui.fragment import fragment
from sxt.ui.services import base_path, services
from sxt.ui.shell import page_columns
from sxt.ui.surface.bridge import has_come_up, hear_view, picked_id, show_in_scene
from sxt.ui.surface.choose import choose_surface
from sxt.ui.surface.component_table import component_table, select_component, selected_id
from sxt.ui.surface.downloads import save_controls
from sxt.ui.surface.filter_controls import describe_count, filter_controls
from sxt.ui.surface.filters import ComponentFilter
from sxt.ui.surface.make import make_form
from sxt.ui.surface.routes import scene_address
from sxt.ui.surface.scene_view import show_scene
from sxt.ui.surface.table import load_table, shown_ids
from sxt.ui.text import escape_markdown
from sxt.ui.tomograms.settle import voxel_size_control
from sxt.workspace import SegmentationManifest, SurfaceManifest
from sxt.workspace.scenes import has_current_scene, redraw_scene

KEY = "sxt-surface"


@fragment
def explore(
    surfaces: list[SurfaceManifest], surface: SurfaceManifest, segmentation: SegmentationManifest
) -> None:
    """Draw the page for a surface; a changed filter runs this alone."""
    columns = page_columns("surface")
    key = f"{KEY}-{surface.id}"
    surface = services().workspace.surfaces.get(surface.id)  # it may have got a new scene since
    table = load_table(services().workspace, surface)
    with columns.result:  # first of all, as it takes longest
        scene = _draw_scene(surface, key=key)
        below = st.container()
    with columns.controls:
        choose_surface(surfaces, surface)
        _about(surface)
        with st.expander("Make another surface"):
            make_form(segmentation, services().workspace.voxel_size_of(segmentation), key=f"{KEY}-new")
        if len(table) == 0:
            st.info("No component is left; make another surface with a smaller smallest component.")
            return
        # Plotly keeps a browser busy for a second: the scene goes first.
        has_plots = scene is None or has_come_up(f"{key}-bridge")
        wanted = filter_controls(surface, table, has_plots=has_plots, key=key)
    with below:
        _draw_shown(surface, table, wanted, scene, key=key)


def _draw_shown(
    surface: SurfaceManifest, table: pd.DataFrame, wanted: ComponentFilter, scene: str | None, *, key: str
) -> None:
    """Draw how much is shown, what can be done with it, and the table; let the scene show it."""
    passed = wanted.passes(table)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{describe_count(table, passed)}**")
        with st.popover("Save"):
            save_controls(surface, table, wanted, key=key)
        _share(surface, scene, shown_ids(table, passed))
    component_table(surface, table, passed, key=key)
    if scene is not None:
        show_in_scene(
            scene,
            visible=shown_ids(table, passed),
            selected=selected_id(key),
            on_pick=lambda: select_component(key, picked_id(f"{key}-bridge")),
            key=f"{key}-bridge",
        )


def _draw_scene(surface: SurfaceManifest, *, key: str) -> str | None:
    """Show the scene and return the path of its address; where it cannot be drawn say why and return None."""
    workspace, failed = services().workspace, f"{key}-cannot-draw"
    if not has_current_scene(workspace, surface) and failed not in st.session_state:
        try:
            with st.spinner("Drawing the 3D view …"):
                surface = redraw_scene(workspace, surface.id)
        except ResourceError as error:
            st.session_state[failed] = error
    if failed in st.session_state:
        show_error(st.session_state[failed])
        st.caption("Table and files are there all the same.")
        return None
    address = scene_address(workspace, surface, prefix=base_path())
    show_scene(address, key=f"{key}-scene")
    return urlsplit(address).path


@fragment
def _share(surface: SurfaceManifest, scene: str | None, visible: Sequence[int] | None) -> None:
    from sxt.ui.sharing import share_form

    with st.container(gap=None):
        button = st.container()
        view = None if scene is None else hear_view(scene, key=f"{KEY}-{surface.id}-view")
    with button, st.popover("Share this view"):
        share_form(
            surface_id=surface.id,
            segmentation_id=surface.segmentation_id,
            view=None if view is None else view.showing(visible),
            default_title=surface.name,
            key=f"{KEY}-share",
        )


def _about(surface: SurfaceManifest) -> None:
    """Say how the surface was made, and what is doubtful about it."""
    settings = surface.settings
    words = [f"threshold {surface.threshold:g}"]
    if settings.get("smooth_z"):
        words.append(f"smoothed by {settings['smooth_z']:g} slices")
    words.append(f"{fmt.count(surface.n_display_triangles)} triangles shown")
    if surface.n_dropped:
        words.append(f"{fmt.count(surface.n_dropped, 'smaller component')} left out")
    st.caption(escape_markdown(" · ".join(words)))
    if surface.voxel_size_nm is None:
        _about_voxel_size(surface)


def _about_voxel_size(surface: SurfaceManifest) -> None:
    tomogram = services().workspace.tomograms.find(surface.tomogram_id)
    if tomogram is None:
        st.caption("Sizes are in voxels: the voxel size was not known.")
    elif tomogram.voxel_size_nm is not None:
        st.info("The voxel size is known since; make another surface for sizes in µm.")
    else:
        st.caption("Sizes are in px and voxels: the voxel size is unknown.")
        with st.popover("Set voxel size"):
            voxel_size_control(tomogram, key=f"{KEY}-voxel-size")
