"""TIFF files: multi-page, ImageJ (also its large stacks with one page), BigTIFF, OME-TIFF, compressed, tiled."""

import logging
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tifffile

from sxt.errors import InputError
from sxt.io.tiff_metadata import stated_size
from sxt.io.volume import (
    DatasetInfo,
    RawSource,
    SlabSource,
    VolumeFile,
    check_axes,
    check_file_holds,
    check_numeric,
    choose_dataset,
)

FORMAT_NAME = "TIFF"
MAGICS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
WHITE_IS_ZERO = 0
MIXED_MODES = {"composite", "color"}
"""ImageJ's display modes in which channels are colours of one image."""

logging.getLogger("tifffile").addHandler(logging.NullHandler())  # what matters is raised or told as a doubt


class PageSource(SlabSource):
    """A volume whose slices are TIFF pages, decoded page by page; ``page_offsets`` is where their tags begin."""

    def __init__(
        self, path: Path, shape: tuple[int, int, int], dtype: np.dtype, page_offsets: tuple[int, ...]
    ) -> None:
        super().__init__(path, shape, dtype, FORMAT_NAME)
        self._page_offsets = page_offsets

    def _read(self, start: int, stop: int) -> np.ndarray:
        slab = np.empty((stop - start, *self.shape[1:]), self.dtype)  # (k, y, x)
        with open_tiff(self.path) as tif:
            for row, offset in enumerate(self._page_offsets[start:stop]):
                tif.filehandle.seek(offset)  # straight to the page, not along the chain of all before it
                slab[row] = tifffile.TiffPage(tif, index=start + row).asarray(maxworkers=1)
        return slab


@dataclass(frozen=True)
class _Stack:
    """Pages that make up one volume, or what else a series turned out to be."""

    name: str
    axes: str
    shape: tuple[int, ...]
    dtype: np.dtype
    pages: tuple[Any, ...]
    data_offset: int | None
    series_index: int


def open_tiff(path: Path) -> tifffile.TiffFile:
    """Open a TIFF file without following references to other files."""
    return tifffile.TiffFile(path, _multifile=False)


def recognises(head: bytes, size_bytes: int) -> bool:
    """Say whether a file with these first bytes is TIFF or BigTIFF."""
    return head.startswith(MAGICS)


def open_volume(path: Path, dataset: str | None) -> VolumeFile:
    """Open a TIFF volume; integers are read exactly, whatever the compression."""
    with open_tiff(path) as tif:
        _check_page_chain(path, tif)
        stacks = _stacks(tif)
        stack = _choose_stack(path, stacks, dataset)
        _check_stack(path, tif, stack)
        size = stated_size(tif, stack.series_index)
        doubts = (*_stack_doubts(tif, stack), *size.doubts)
        source = _source(path, tif, stack)
    datasets = tuple(_describe(each) for each in stacks if len(each.shape) == 3) if len(stacks) > 1 else ()
    return VolumeFile(
        FORMAT_NAME,
        source,
        voxel_size_nm=size.voxel_size_nm,
        dataset=stack.name if datasets else None,
        datasets=datasets,
        doubts=doubts,
    )


def _stacks(tif: tifffile.TiffFile) -> list[_Stack]:
    """Return one stack a series; equal single pages that were appended one by one count as one stack."""
    all_series = tif.series
    if len(all_series) > 1 and len({(each.shape, each.dtype, len(each)) for each in all_series}) == 1:
        first = all_series[0]
        if len(first.shape) == 2 and len(first) == 1:
            pages = tuple(each[0] for each in all_series)
            return [_Stack("0", "ZYX", (len(pages), *first.shape), first.dtype, pages, None, 0)]
    return [_stack_of_series(tif, each, index) for index, each in enumerate(all_series)]


def _stack_of_series(tif: tifffile.TiffFile, series: Any, index: int) -> _Stack:
    axes, shape = series.axes, tuple(int(size) for size in series.shape)
    described = tif.imagej_metadata or {}
    if axes == "YX" and described.get("slices") == 1:  # one slice that says it is a stack
        axes, shape = "ZYX", (1, *shape)
    pages = tuple(series) if series.dataoffset is None else ()
    return _Stack(str(index), axes, shape, np.dtype(series.dtype), pages, series.dataoffset, index)


def _describe(stack: _Stack) -> DatasetInfo:
    return DatasetInfo(stack.name, stack.shape, stack.dtype.name)


def _choose_stack(path: Path, stacks: list[_Stack], dataset: str | None) -> _Stack:
    if len(stacks) == 1 and dataset is None:
        return stacks[0]
    volumes = [each for each in stacks if len(each.shape) == 3 and "S" not in each.axes]
    if not volumes and dataset is None:
        raise InputError(
            f"{path.name} holds {len(stacks)} images of different sizes, not a volume; "
            "save slices of one size as one stack."
        )
    name = choose_dataset(path, FORMAT_NAME, tuple(_describe(each) for each in volumes), dataset)
    return next(each for each in volumes if each.name == name)


def _check_stack(path: Path, tif: tifffile.TiffFile, stack: _Stack) -> None:
    found = ", ".join(f"{axis} {size}" for axis, size in zip(stack.axes, stack.shape, strict=True))
    if "S" in stack.axes:
        raise InputError(
            f"{path.name} is an RGB or multi-sample image ({found}); convert it to one grey channel."
        )
    check_axes(path, stack.shape, stack.axes)
    check_numeric(path, stack.dtype)
    mode = str((tif.imagej_metadata or {}).get("mode", ""))
    if stack.axes[0] == "C" and (mode in MIXED_MODES or tif.is_ome):
        raise InputError(
            f"{path.name} is one slice with {stack.shape[0]} channels ({found}), not a volume; "
            "save one channel of all slices."
        )
    if stack.axes[1:] != "YX":
        raise InputError(
            f"{path.name} has the axes {found}, not slices of y and x; save it as a stack of slices."
        )


def _stack_doubts(tif: tifffile.TiffFile, stack: _Stack) -> list[str]:
    doubts = []
    name = {"C": "channels", "T": "time points"}.get(stack.axes[0])
    if name is not None:
        doubts.append(f"The TIFF calls its {stack.shape[0]} slices {name}; they were taken as z.")
    if tif.pages.first.photometric == WHITE_IS_ZERO:
        doubts.append("The TIFF is shown inverted (white is zero); the stored values were taken as they are.")
    return doubts


def _source(path: Path, tif: tifffile.TiffFile, stack: _Stack) -> SlabSource:
    z, y, x = stack.shape
    if stack.data_offset is not None:
        dtype = stack.dtype.newbyteorder(tif.byteorder)
        check_file_holds(path, stack.data_offset, stack.shape, dtype)
        return RawSource(path, (z, y, x), dtype, FORMAT_NAME, offset=stack.data_offset)
    if len(stack.pages) != z or any(page is None for page in stack.pages):
        n_pages = sum(page is not None for page in stack.pages)
        raise InputError(
            f"{path.name} says it has {z} slices, but it holds {n_pages}; it is incomplete or keeps the others in "
            "more files, save it as one file."
        )
    for number, page in enumerate(stack.pages):
        check_page(path, page, number, (y, x))
    return PageSource(path, (z, y, x), stack.dtype, tuple(int(page.offset) for page in stack.pages))


def check_page(path: Path, page: Any, number: int, shape: tuple[int, int]) -> None:
    """Raise `InputError` for a page of another size than ``shape``, or whose bytes lie beyond the end of the file."""
    if tuple(page.shape) != shape:
        raise InputError(
            f"Slice {number} of {path.name} is {page.shape}, the others are {shape}; save it again."
        )
    file_bytes = path.stat().st_size
    segments = list(zip(page.dataoffsets, page.databytecounts, strict=True))
    if any(offset + count > file_bytes or not offset or not count for offset, count in segments):
        raise InputError(
            f"Slice {number} of {path.name} is incomplete: the file ends before its data; copy it anew."
        )


def _check_page_chain(path: Path, tif: tifffile.TiffFile) -> None:
    """Raise `InputError` where the last page points to a further one that cannot be read."""
    last = tif.pages[len(tif.pages) - 1]
    if _next_page_offset(tif, int(last.offset)):
        raise InputError(
            f"{path.name} breaks off after page {len(tif.pages)}: the next one lies beyond the end of the file; "
            "copy it anew."
        )


def _next_page_offset(tif: tifffile.TiffFile, offset: int) -> int:
    is_classic = not tif.is_bigtiff
    count_format, tag_bytes, pointer_format = ("H", 12, "I") if is_classic else ("Q", 20, "Q")
    stream = tif.filehandle
    stream.seek(offset)
    count_bytes = struct.calcsize(count_format)
    (n_tags,) = struct.unpack(tif.byteorder + count_format, stream.read(count_bytes))
    stream.seek(offset + count_bytes + n_tags * tag_bytes)
    pointer = stream.read(struct.calcsize(pointer_format))
    return int(struct.unpack(tif.byteorder + pointer_format, pointer)[0])
