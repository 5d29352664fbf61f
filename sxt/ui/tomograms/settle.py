"""Controls that declare what a file does not say: voxel size, and whether absorbing structures are dark or bright."""

from typing import get_args

import streamlit as st

from sxt.tomogram import Absorbing, VoxelSize
from sxt.ui.access.user import current_user
from sxt.ui.errors import errors_shown
from sxt.ui.services import services
from sxt.workspace import TomogramManifest

LARGEST_NM = 10_000.0
RECOGNISE = "recognise it"
ABSORBING_CHOICES = (RECOGNISE, *get_args(Absorbing))


def voxel_size_fields(known: VoxelSize | None, *, key: str) -> VoxelSize | None:
    """Draw three fields (z, y, x) in nm, and return the size; None where one of them is empty."""
    st.caption("Voxel size in nm; leave it empty where it is not known.")
    columns = st.columns(3)
    values = []
    for index, (column, axis) in enumerate(zip(columns, "zyx", strict=True)):
        values.append(
            column.number_input(
                axis,
                min_value=0.0,
                max_value=LARGEST_NM,
                value=None if known is None else float(known[index]),
                format="%.4g",
                step=None,
                key=f"{key}-{axis}",
                placeholder="nm",
            )
        )
    z, y, x = values
    return (z, y, x) if z and y and x else None


def voxel_size_control(tomogram: TomogramManifest, *, key: str) -> None:
    """Draw a form that declares the voxel size of a tomogram."""
    with st.form(f"{key}-form", border=False):
        size = voxel_size_fields(tomogram.voxel_size_nm, key=f"{key}-{tomogram.id}")
        if not st.form_submit_button("Set voxel size"):
            return
    if size == tomogram.voxel_size_nm:
        return
    with errors_shown():
        services().workspace.set_voxel_size(tomogram.id, size, by=current_user())
        st.rerun()


def absorbing_control(tomogram: TomogramManifest, *, key: str) -> None:
    """Draw a control that declares the grey value of absorbing structures; it acts at once."""
    widget = f"{key}-{tomogram.id}"
    st.session_state[widget] = tomogram.absorbing_is or RECOGNISE
    st.segmented_control(
        "Absorbing structures (membranes, droplets) are",
        ABSORBING_CHOICES,
        key=widget,
        on_change=_take_absorbing,
        args=(tomogram.id, widget),
        help="Dark in most reconstructions. A wrong declaration inverts what the network sees.",
    )


def choose_absorbing(*, key: str) -> Absorbing | None:
    """Draw the same control for a file that is not brought in yet, and return what was chosen."""
    chosen = st.segmented_control(
        "Absorbing structures (membranes, droplets) are",
        ABSORBING_CHOICES,
        default=RECOGNISE,
        key=key,
    )
    return chosen if chosen in get_args(Absorbing) else None


def _take_absorbing(tomogram_id: str, widget: str) -> None:
    chosen = st.session_state[widget]
    absorbing = chosen if chosen in get_args(Absorbing) else None
    services().workspace.set_absorbing(tomogram_id, absorbing, by=current_user())
