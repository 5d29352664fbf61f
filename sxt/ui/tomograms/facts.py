"""What is known of a tomogram, and what may be wrong with it."""

from collections.abc import Iterable, Sequence
from html import escape

import streamlit as st

from sxt.tomogram import VoxelSize
from sxt.ui import format as fmt
from sxt.ui.text import escape_markdown
from sxt.workspace import SegmentationManifest, TomogramManifest

NM_PER_UM = 1000.0
FACTS_STYLE = (
    "display:grid;grid-template-columns:minmax(5rem,max-content) 1fr;gap:.25rem .9rem;margin:0;padding:0;"
    "font-size:.87rem;line-height:1.4;font-variant-numeric:tabular-nums"
)
ABSORBING_WORDS = {"dark": "dark", "bright": "bright", None: "not declared; recognised when segmenting"}


def draw_facts(rows: Iterable[tuple[str, str]]) -> None:
    """Draw names and values as a small list; both are taken literally."""
    lines = "".join(
        f'<dt style="opacity:.65">{escape(name)}</dt><dd style="margin:0;overflow-wrap:anywhere">{escape(value)}</dd>'
        for name, value in rows
    )
    st.html(f'<dl style="{FACTS_STYLE}">{lines}</dl>')


def tomogram_facts(tomogram: TomogramManifest) -> list[tuple[str, str]]:
    """Return what is known of a tomogram as names and values."""
    statistics = tomogram.statistics
    return [
        ("Size (z, y, x)", f"{fmt.shape(tomogram.shape)} voxels"),
        ("Field", field_size(tomogram.shape, tomogram.voxel_size_nm)),
        ("Voxel size", fmt.voxel_size(tomogram.voxel_size_nm)),
        (
            "Grey values",
            f"{fmt.number(statistics.minimum)} to {fmt.number(statistics.maximum)}, {tomogram.dtype}",
        ),
        ("Absorbing structures", ABSORBING_WORDS[tomogram.absorbing_is]),
        ("From", f"{tomogram.source_name} ({tomogram.format_name})"),
        ("Brought in", f"{tomogram.created_at:%Y-%m-%d %H:%M} UTC by {tomogram.created_by}"),
        ("SHA-256", f"{tomogram.sha256[:16]}…"),
    ]


def segmentation_facts(segmentation: SegmentationManifest) -> list[tuple[str, str]]:
    """Return what is known of a segmentation as names and values."""
    first, n = segmentation.first_slice, segmentation.shape[0]
    shares = (f"{name} {share_of(share)}" for name, share in segmentation.foreground_share.items())
    return [
        ("Model version", segmentation.model.spec),
        ("Weights, SHA-256", f"{segmentation.model.sha256[:16]}…"),
        ("Slices", f"{first} to {first + n - 1}"),
        ("Threshold", f"{segmentation.threshold:.2f}"),
        ("Share of the voxels", ", ".join(shares)),
        ("Device", segmentation.device),
        ("Took", fmt.duration(sum(segmentation.seconds.values()))),
        ("Made", f"{segmentation.created_at:%Y-%m-%d %H:%M} UTC by {segmentation.created_by}"),
    ]


def share_of(share: float) -> str:
    """Return a share from 0 to 1 in percent with two significant digits: ``7.6 %``."""
    return f"{100 * share:.2g} %"


def field_size(shape: tuple[int, int, int], voxel_size_nm: VoxelSize | None) -> str:
    """Return the extent of a volume (z, y, x) in µm; a dash where the voxel size is not known."""
    if voxel_size_nm is None:
        return fmt.NOTHING
    sides = (n * size / NM_PER_UM for n, size in zip(shape, voxel_size_nm, strict=True))
    return f"{' × '.join(fmt.number(each) for each in sides)} µm"


def draw_doubts(doubts: Sequence[str], *, heading: str = "Worth a look") -> None:
    """Draw what may be wrong, one line each; nothing where there is nothing."""
    if doubts:
        lines = "\n".join(f"- {escape_markdown(each)}" for each in doubts)
        st.warning(f"**{escape_markdown(heading)}**\n\n{lines}")
