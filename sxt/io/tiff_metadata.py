"""Voxel sizes in TIFF files: ImageJ's description, OME-XML, and plain resolution tags."""

import math
import xml.etree.ElementTree as ElementTree
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import tifffile

from sxt.io.units import known_voxel_size, unit_in_nm
from sxt.tomogram import VoxelSize

OME_DEFAULT_UNIT = "µm"
CENTIMETRE_NM = 1e7
INCH_NM = 2.54e7
RESOLUTION_UNITS_NM = {2: INCH_NM, 3: CENTIMETRE_NM}
"""TIFF 6.0: ResolutionUnit 2 is inch, 3 is centimetre."""

LARGEST_MICROSCOPE_PIXEL_NM = 10_000.0
"""Above this a plain resolution tag is a printer's or a screen's, not a microscope's."""


@dataclass(frozen=True)
class StatedSize:
    """A voxel size as a TIFF file states it, with what is doubtful about it."""

    voxel_size_nm: VoxelSize | None = None
    doubts: tuple[str, ...] = ()


def stated_size(tif: tifffile.TiffFile, series_index: int) -> StatedSize:
    """Return the voxel size from OME-XML, from ImageJ's description, or None; plain resolution is only a doubt."""
    if tif.is_ome and tif.ome_metadata:
        return _ome_size(tif.ome_metadata, series_index)
    page = tif.pages.first
    described = tif.imagej_metadata or (tif.shaped_metadata or ({},))[0]
    pixel = _pixel_size(page)
    if described.get("unit"):
        return _described_size(described, pixel)
    return _resolution_doubt(page, pixel)


def _pixel_size(page: Any) -> tuple[float, float]:
    """Return (y, x) in the file's unit; NaN where a tag is missing or zero."""
    sizes = []
    for name in ("YResolution", "XResolution"):
        tag = page.tags.get(name)
        numerator, denominator = tag.value if tag is not None else (0, 0)
        sizes.append(denominator / numerator if numerator else math.nan)
    return (sizes[0], sizes[1])


def _described_size(described: Mapping[str, Any], pixel: tuple[float, float]) -> StatedSize:
    unit = str(described["unit"])
    unit_nm = unit_in_nm(unit)
    if unit_nm is None:
        if unit.strip().lower() in ("pixel", "pixels"):
            return StatedSize()
        return StatedSize(doubts=(f"The TIFF gives sizes in the unit {unit!r}, which is no known length.",))
    y, x = (size * unit_nm for size in pixel)
    spacing = described.get("spacing")
    return _complete(float(spacing) * unit_nm if spacing else None, y, x)


def _complete(z: float | None, y: float, x: float) -> StatedSize:
    """Take a missing slice spacing as equal to the pixel's height, and say so."""
    if z is not None:
        return StatedSize(known_voxel_size((abs(z), y, x)))
    size = known_voxel_size((y, y, x))
    if size is None:
        return StatedSize()
    return StatedSize(
        size, (f"The TIFF gives no slice spacing; it was taken as the pixel size, {size[0]:g} nm.",)
    )


def _resolution_doubt(page: Any, pixel: tuple[float, float]) -> StatedSize:
    tag = page.tags.get("ResolutionUnit")
    unit_nm = RESOLUTION_UNITS_NM.get(int(tag.value), math.nan) if tag is not None else math.nan
    y, x = (size * unit_nm for size in pixel)
    if not (0 < y < LARGEST_MICROSCOPE_PIXEL_NM and 0 < x < LARGEST_MICROSCOPE_PIXEL_NM):
        return StatedSize()
    return StatedSize(
        doubts=(f"The TIFF's resolution gives pixels of {y:g} × {x:g} nm (y, x) but no slice spacing.",)
    )


def _ome_size(xml: str, series_index: int) -> StatedSize:
    root = ElementTree.fromstring(xml)
    pixels = [element for element in root.iter() if element.tag.rpartition("}")[2] == "Pixels"]
    if series_index >= len(pixels):
        return StatedSize()
    attributes = pixels[series_index].attrib
    sizes = [_ome_length(attributes, axis) for axis in "ZYX"]
    if math.isnan(sizes[0]):
        return _complete(None, *_pair(sizes[1:]))
    return StatedSize(known_voxel_size(sizes))


def _ome_length(attributes: Mapping[str, str], axis: str) -> float:
    unit_nm = unit_in_nm(attributes.get(f"PhysicalSize{axis}Unit", OME_DEFAULT_UNIT))
    size = attributes.get(f"PhysicalSize{axis}")
    return float(size) * unit_nm if size and unit_nm is not None else math.nan


def _pair(sizes: Sequence[float]) -> tuple[float, float]:
    y, x = sizes
    return (y, x)
