"""What can be saved of a surface: meshes, measurements, pages; all components or those that are shown."""

import pandas as pd
import streamlit as st

from sxt.ui.routes.downloads import file_address
from sxt.ui.services import base_path
from sxt.ui.surface.filters import ComponentFilter
from sxt.ui.surface.routes import MESH_FORMATS, mesh_address, table_address
from sxt.workspace import SurfaceManifest

ALL, SHOWN = "All components", "Those shown"


def save_controls(
    surface: SurfaceManifest, table: pd.DataFrame, wanted: ComponentFilter, *, key: str
) -> None:
    """Draw the links that save a surface."""
    prefix = base_path()
    kept = wanted
    if not wanted.is_empty:
        which = st.segmented_control("Save", [SHOWN, ALL], default=SHOWN, required=True, key=f"{key}-which")
        kept = wanted if which == SHOWN else ComponentFilter()
    links = [(each.upper(), mesh_address(surface.id, each, kept, prefix=prefix)) for each in MESH_FORMATS]
    unit = "voxels" if surface.voxel_size_nm is None else "nm (GLB: µm)"
    st.markdown(_line("Mesh, full resolution", links))
    st.caption(f"{surface.n_triangles:,} triangles in all, in {unit}.".replace(",", "\u2009"))
    st.markdown(_line("Measurements", [("CSV", table_address(surface.id, kept, prefix=prefix))]))
    pages = {"page": "3D view, one file for offline use", "picture": "Picture of all"}
    stored = [
        (label, file_address("surfaces", surface.id, surface.files[role], prefix=prefix))
        for role, label in pages.items()
        if role in surface.files
    ]
    if stored:
        st.markdown(_line("Scene", stored))
        st.caption("PNG in the corner of the 3D view saves what you see there.")


def _line(name: str, links: list[tuple[str, str]]) -> str:
    return f"{name}: " + " · ".join(f"[{label}]({address})" for label, address in links)
