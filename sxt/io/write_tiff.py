"""Write TIFF files that ImageJ and Fiji open with the right voxel size and slice spacing.

Notes
-----
Up to 4 GB the file is an ImageJ stack: classic TIFF, the voxels of all slices in one run (ImageJ goes by that where
``images=`` is stated and nothing is compressed), X and YResolution in pixels per nm, ``unit`` and ``spacing`` in the
description. Beyond that it is BigTIFF with OME-XML, one page a slice: ImageJ's own form for large stacks has a single
page, of which every other program would show one slice only, whereas Fiji opens BigTIFF through Bio-Formats with the
sizes from OME-XML. No date and no random identifier is written, so the same volume gives the same bytes.
"""

from fractions import Fraction
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

import numpy as np
import tifffile

from sxt.io.sink import VolumeRequest, VolumeSink, refuse_dtype

CLASSIC_LIMIT_BYTES = (1 << 32) - (1 << 25)
"""Offsets have 32 bits; 32 MiB are left for the pages' tags."""

PAGE_TAGS_BYTES = 256
RATIONAL_LIMIT = 1_000_000
"""Largest denominator of a pixel size in nm."""

UINT32_LIMIT = (1 << 32) - 1

IMAGEJ_VERSION = "1.54f"
DTYPES = ("uint8", "int8", "uint16", "int16", "uint32", "int32", "float32")
OME_PIXEL_TYPES = {"float32": "float"}
OME_NAMESPACE = "http://www.openmicroscopy.org/Schemas/OME/2016-06"


class TiffSink(VolumeSink):
    """One page a slice."""

    def __init__(self, path: Path, request: VolumeRequest) -> None:
        super().__init__(path, request)
        refuse_dtype("TIFF", request.dtype, DTYPES)
        is_big = request.n_bytes + request.shape[0] * PAGE_TAGS_BYTES > CLASSIC_LIMIT_BYTES
        self._description = _ome_description(request) if is_big else _imagej_description(request)
        self._options = _page_options(request)
        self._is_first = True
        self._tif = tifffile.TiffWriter(path, bigtiff=is_big, byteorder="<")

    def append(self, slab: np.ndarray) -> None:
        for image in slab:
            description = self._description if self._is_first or self._options["contiguous"] else None
            self._tif.write(np.ascontiguousarray(image), description=description, **self._options)
            self._is_first = False

    def finish(self) -> None:
        self.close()

    def close(self) -> None:
        self._tif.close()


def _page_options(request: VolumeRequest) -> dict[str, Any]:
    options: dict[str, Any] = {
        "metadata": None,
        "software": False,
        "photometric": "minisblack",
        "contiguous": not request.is_compressed,
        "compression": "zlib" if request.is_compressed else None,
    }
    if request.voxel_size_nm is not None:
        _, y, x = request.voxel_size_nm
        options["resolution"] = (_pixels_per_nm(x), _pixels_per_nm(y))
        options["resolutionunit"] = "none"
    return options


def _pixels_per_nm(pixel_nm: float) -> tuple[int, int]:
    """Return 1 / ``pixel_nm`` as two 32-bit integers; exact for sizes below 4 µm with up to six decimals."""
    limit = max(1, min(RATIONAL_LIMIT, int(UINT32_LIMIT / pixel_nm)))
    size = Fraction(pixel_nm).limit_denominator(limit) or Fraction(1, limit)
    return (size.denominator, size.numerator)


def _imagej_description(request: VolumeRequest) -> str:
    n_slices = request.shape[0]
    lines = [f"ImageJ={IMAGEJ_VERSION}", f"images={n_slices}", f"slices={n_slices}"]
    if request.voxel_size_nm is not None:
        lines += ["unit=nm", f"spacing={float(request.voxel_size_nm[0])!r}"]
    return "\n".join([*lines, "loop=false", ""])


def _ome_description(request: VolumeRequest) -> str:
    z, y, x = request.shape
    pixel_type = OME_PIXEL_TYPES.get(request.dtype.name, request.dtype.name)
    attributes = {
        "ID": "Pixels:0",
        "DimensionOrder": "XYZCT",
        "Type": pixel_type,
        "BigEndian": "false",
        "SizeX": x,
        "SizeY": y,
        "SizeZ": z,
        "SizeC": 1,
        "SizeT": 1,
    }
    for axis, size in zip("ZYX", request.voxel_size_nm or (), strict=False):
        attributes |= {f"PhysicalSize{axis}": repr(float(size)), f"PhysicalSize{axis}Unit": "nm"}
    pixels = " ".join(f"{name}={quoteattr(str(value))}" for name, value in attributes.items())
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        f'<OME xmlns="{OME_NAMESPACE}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
        f'xsi:schemaLocation="{OME_NAMESPACE} {OME_NAMESPACE}/ome.xsd">'
        f'<Image ID="Image:0" Name="volume"><Pixels {pixels}>'
        f'<Channel ID="Channel:0:0" SamplesPerPixel="1"/><TiffData IFD="0" PlaneCount="{z}"/></Pixels></Image></OME>'
    )
