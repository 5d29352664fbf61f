"""The page: what to show stands in the address."""

import streamlit as st

from sxt.ui.fragment import fragment
from sxt.ui.viewer import Mark, OverlayClass, OverlaySource, ViewerSource, slice_viewer

CLASSES = (
    OverlayClass(1, "membrane", "#E69F00"),
    OverlayClass(2, "mitochondrion", "#56B4E9"),
    OverlayClass(3, "lipid droplet", "#F0E442", is_hatched=True),
)
MARKS = (
    Mark(2, "label", "labelled by Ada"),
    Mark(3, "pseudo", "pseudo-label, round 1"),
    Mark(5, "error", "many false positives"),
)

st.set_page_config(page_title="viewer", layout="wide")
chosen = st.query_params.to_dict() | st.session_state.get("changes", {})
voxel_nm = float(chosen.get("voxel_nm", 0))


def change(**changes: str) -> None:
    """Show something else from now on."""
    st.session_state.changes = st.session_state.get("changes", {}) | changes


st.button("wide", on_click=lambda: change(tomogram="wide000000", overlay=""))
st.button("newer", on_click=lambda: change(version="2"))
st.button("to slice 4", on_click=lambda: change(z="4"))
st.button("threshold 0.6", on_click=lambda: change(threshold="0.6"))
overlays = {
    kind: OverlaySource(
        volume=kind,
        item_id=chosen["segmentation"],
        name=f"{kind} of the cell",
        kind=kind,
        classes=CLASSES[: int(chosen.get("classes", 3))],
        version=chosen.get("version", "1"),
        threshold=float(chosen.get("threshold", 0.5)),
    )
    for kind in ("mask", "probability")
    if "segmentation" in chosen
}


@fragment
def show() -> None:
    state = slice_viewer(
        "viewer",
        source=ViewerSource(
            chosen["tomogram"],
            chosen.get("name", "cell <b>7</b> µ.tif"),
            voxel_size_nm=(2 * voxel_nm, voxel_nm, voxel_nm) if voxel_nm else None,
        ),
        overlay=overlays.get(chosen.get("overlay", "")),
        before=overlays.get(chosen.get("before", "")),
        height_px=int(chosen.get("height", 720)),
        position=(int(chosen["z"]), 10, 10) if "z" in chosen else None,
        marks=MARKS,
        brush_px=int(chosen["brush"]) if "brush" in chosen else None,
        voxel_size_url="/?set=voxel",
    )
    st.text(f"told {state.position} {state.plane} {state.threshold} {state.is_inverted} {state.brush_px}")


show()
