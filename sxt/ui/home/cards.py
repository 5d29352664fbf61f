"""Tomograms as cards: a picture, the facts that tell them apart, and the next step of each."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import streamlit as st

from sxt.ui import format as fmt
from sxt.ui.routes.downloads import file_address
from sxt.ui.selection import select
from sxt.ui.services import base_path, services
from sxt.ui.shell import has_page, page_file
from sxt.ui.tomograms.facts import field_size
from sxt.workspace import THUMBNAIL_FILE, SegmentationManifest, SurfaceManifest, TomogramManifest
from sxt.workspace.clock import utc_now

N_COLUMNS = 3
N_SHOWN = 24
SEARCH_FROM = 7
"""Fewer tomograms are found without a search."""

MORE_KEY = "home-cards-shown"


@dataclass(frozen=True)
class NextStep:
    """What to do with a tomogram now: the page, and what the button says."""

    page: str
    label: str


def draw_cards(tomograms: Sequence[TomogramManifest]) -> None:
    """Draw a card for each tomogram, with a search where there are many."""
    found = _search(tomograms) if len(tomograms) >= SEARCH_FROM else list(tomograms)
    if not found:
        st.caption("No tomogram has that in its name.")
    n_shown = st.session_state.get(MORE_KEY, N_SHOWN)
    n_segmentations = _count_by_tomogram(services().workspace.segmentations.list())
    n_surfaces = _count_by_tomogram(services().workspace.surfaces.list())
    for start in range(0, min(len(found), n_shown), N_COLUMNS):
        columns = st.columns(N_COLUMNS)
        for column, tomogram in zip(columns, found[start : start + N_COLUMNS], strict=False):
            with column, st.container(border=True, key=f"card-{tomogram.id}"):
                _draw_card(tomogram, n_segmentations[tomogram.id], n_surfaces[tomogram.id])
    if len(found) > n_shown and st.button(f"Show {min(N_SHOWN, len(found) - n_shown)} more"):
        st.session_state[MORE_KEY] = n_shown + N_SHOWN
        st.rerun()


def next_step(n_segmentations: int, n_surfaces: int) -> NextStep:
    """Return what to do with a tomogram that has so many segmentations and surfaces."""
    if n_segmentations == 0:
        return NextStep("segment", "Segment")
    return NextStep("surface", "See in 3D" if n_surfaces else "Make a surface")


def _search(tomograms: Sequence[TomogramManifest]) -> list[TomogramManifest]:
    words = st.text_input(
        "Search", key="home-search", placeholder="Search by name", label_visibility="collapsed"
    )
    wanted = words.casefold().split()
    return [
        each
        for each in tomograms
        if all(word in f"{each.name} {each.source_name}".casefold() for word in wanted)
    ]


def _draw_card(tomogram: TomogramManifest, n_segmentations: int, n_surfaces: int) -> None:
    st.html(_card_html(tomogram, n_segmentations, n_surfaces))
    with st.container(horizontal=True):
        if has_page("viewer") and st.button("View", key=f"card-view-{tomogram.id}"):
            _go(tomogram, "viewer")
        step = next_step(n_segmentations, n_surfaces)
        if has_page(step.page) and st.button(step.label, key=f"card-next-{tomogram.id}", type="primary"):
            _go(tomogram, step.page)


def _go(tomogram: TomogramManifest, page: str) -> None:
    select(tomogram=tomogram.id, segmentation=None)
    st.switch_page(page_file(page))


def _card_html(tomogram: TomogramManifest, n_segmentations: int, n_surfaces: int) -> str:
    picture = file_address("tomograms", tomogram.id, THUMBNAIL_FILE, prefix=base_path())
    size = fmt.voxel_size(tomogram.voxel_size_nm)
    field = field_size(tomogram.shape, tomogram.voxel_size_nm)
    results = [fmt.count(n_segmentations, "segmentation")] if n_segmentations else ["not segmented yet"]
    if n_surfaces:
        results.append(fmt.count(n_surfaces, "surface"))
    added = f"{fmt.ago(tomogram.created_at, utc_now())} by {tomogram.created_by}"
    lines = [
        f"{fmt.shape(tomogram.shape)} · {size}",
        field if field != fmt.NOTHING else "lengths in voxels until the voxel size is set",
        ", ".join(results),
        added,
    ]
    text = "".join(f"<div>{escape(line)}</div>" for line in lines)
    return (
        f'<a href="{escape(base_path())}/viewer?tomogram={escape(tomogram.id)}" target="_self" '
        f'style="display:block"><img src="{escape(picture)}?inline" alt="" loading="lazy" style="width:100%;'
        'aspect-ratio:16/10;object-fit:cover;border-radius:5px;background:#000;display:block"></a>'
        f'<div style="font-weight:600;margin:.5rem 0 .15rem;overflow-wrap:anywhere">{escape(tomogram.name)}</div>'
        f'<div style="font-size:.85rem;opacity:.75;line-height:1.45">{text}</div>'
    )


def _count_by_tomogram(items: Sequence[SegmentationManifest] | Sequence[SurfaceManifest]) -> Counter[str]:
    return Counter(each.tomogram_id for each in items)
