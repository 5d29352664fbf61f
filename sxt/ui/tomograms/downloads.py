"""Links by which volumes are saved."""

from collections.abc import Sequence

import streamlit as st

from sxt.ui.routes.downloads import VolumeFormat, file_address, volume_address
from sxt.ui.services import base_path
from sxt.ui.text import escape_markdown
from sxt.workspace import SegmentationManifest, TomogramManifest
from sxt.workspace.segmenting import OVERVIEW_FILE

FORMATS: dict[VolumeFormat, str] = {"tif": "TIFF", "mrc": "MRC", "npy": "NPY", "zip": "OME-Zarr (ZIP)"}


def tomogram_downloads(tomogram: TomogramManifest) -> None:
    """Draw links to a tomogram in every format."""
    links = [
        _link(label, volume_address("tomograms", tomogram.id, "volume", each, prefix=base_path()))
        for each, label in FORMATS.items()
    ]
    _line("Tomogram", links)


def segmentation_downloads(segmentation: SegmentationManifest) -> None:
    """Draw links to mask and probability of a segmentation in every format, and to its overview."""
    prefix = base_path()
    item_id = segmentation.id
    masks = [
        _link(label, volume_address("segmentations", item_id, "mask", each, prefix=prefix))
        for each, label in FORMATS.items()
    ]
    _line("Mask", masks)
    for number, each in enumerate(segmentation.classes):
        formats = {form: label for form, label in FORMATS.items() if form != "zip" or number == 0}
        links = [
            _link(
                label,
                volume_address(
                    "segmentations",
                    item_id,
                    "probability",
                    form,
                    class_value=None if form == "zip" else each.value,
                    prefix=prefix,
                ),
            )
            for form, label in formats.items()
        ]
        _line(f"Probability of {each.name}", links)
    _line("Overview", [_link("PNG", file_address("segmentations", item_id, OVERVIEW_FILE, prefix=prefix))])


def _line(name: str, links: Sequence[str]) -> None:
    st.markdown(f"**{escape_markdown(name)}**  \n{' · '.join(links)}")


def _link(label: str, address: str) -> str:
    return f"[{escape_markdown(label)}]({address})"
