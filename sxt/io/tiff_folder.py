"""A folder or a glob of single-slice TIFF files, in the natural order of their names."""

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from sxt.errors import InputError
from sxt.io import tiff
from sxt.io.tiff_metadata import StatedSize, stated_size
from sxt.io.volume import SlabSource, VolumeFile, check_numeric, reading

FORMAT_NAME = "TIFF slices"
MAGIC_BYTES = 4


class FileSource(SlabSource):
    """A volume with one TIFF file a slice."""

    def __init__(self, path: Path, shape: tuple[int, int], dtype: np.dtype, files: tuple[Path, ...]) -> None:
        super().__init__(path, (len(files), *shape), dtype, FORMAT_NAME)
        self._files = files

    def _read(self, start: int, stop: int) -> np.ndarray:
        slab = np.empty((stop - start, *self.shape[1:]), self.dtype)  # (k, y, x)
        for row, file in enumerate(self._files[start:stop]):
            with reading(file, tiff.FORMAT_NAME), tiff.open_tiff(file) as tif:
                slab[row] = tif.pages[0].asarray(maxworkers=1)
        return slab


def natural_key(path: Path) -> list[tuple[int, int, str]]:
    """Return a sort key in which ``slice2`` comes before ``slice10``."""
    parts = re.split(r"(\d+)", path.name.lower())
    return [(1, int(part), "") if part.isdecimal() else (0, 0, part) for part in parts]


def list_slices(folder: Path) -> list[Path]:
    """Return the folder's TIFF files, known by their content, in natural order; hidden files are left out."""
    files = (file for file in folder.iterdir() if file.is_file() and not file.name.startswith("."))
    return sorted((file for file in files if _is_tiff(file)), key=natural_key)


def open_slices(path: Path, files: Sequence[Path], n_ignored: int = 0) -> VolumeFile:
    """Open single-slice TIFF files as one volume.

    Parameters
    ----------
    path : Path
        The folder or glob, named in messages.
    files : sequence of Path
        One file a slice, in z order.
    n_ignored : int
        Other files that lay beside them.

    Raises
    ------
    InputError
        A file that is no TIFF, has several slices or colours, or differs from the others in size or dtype.
    """
    pages = [_inspect_slice(file) for file in files]
    kinds = Counter(pages)
    (shape, dtype_name), _ = kinds.most_common(1)[0]
    for file, page in zip(files, pages, strict=True):
        if page != (shape, dtype_name):
            raise InputError(
                f"{file.name} is {page[0]} {page[1]} while the other slices are {shape} {dtype_name}; "
                "remove it or bring all slices to one size and type."
            )
    doubts = _gap_doubts(files)
    if n_ignored:
        doubts.append(f"Left out {n_ignored} of the folder's files, which are no TIFF.")
    with reading(files[0], tiff.FORMAT_NAME), tiff.open_tiff(files[0]) as tif:
        size: StatedSize = stated_size(tif, 0)
    source = FileSource(path, shape, np.dtype(dtype_name), tuple(files))
    return VolumeFile(FORMAT_NAME, source, size.voxel_size_nm, doubts=(*doubts, *size.doubts))


def _is_tiff(file: Path) -> bool:
    with reading(file, FORMAT_NAME), file.open("rb") as stream:
        return tiff.recognises(stream.read(MAGIC_BYTES), 0)


def _inspect_slice(file: Path) -> tuple[tuple[int, int], str]:
    """Return a slice's (y, x) shape and its dtype's name."""
    if not _is_tiff(file):
        raise InputError(
            f"{file.name} is no TIFF file; give a folder or glob of single-slice TIFF files alone."
        )
    with reading(file, tiff.FORMAT_NAME), tiff.open_tiff(file) as tif:
        page = tif.pages.first
        if len(tif.pages) != 1:
            raise InputError(
                f"{file.name} holds {len(tif.pages)} slices, but each file of a folder or glob must hold one; "
                "give that file by itself."
            )
        if page.ndim != 2:
            raise InputError(
                f"{file.name} is an RGB image {page.shape}; convert the slices to one grey channel."
            )
        y, x = page.shape
        dtype = np.dtype(page.dtype)
        check_numeric(file, dtype)
        tiff.check_page(file, page, 0, (y, x))
        return ((y, x), dtype.name)


def _gap_doubts(files: Sequence[Path]) -> list[str]:
    """Return a doubt where the last number in the names does not go up evenly."""
    numbers = [re.findall(r"\d+", file.stem) for file in files]
    if len(files) < 3 or not all(numbers):
        return []
    steps = np.diff([int(found[-1]) for found in numbers])
    usual = Counter(steps.tolist()).most_common(1)[0][0]
    odd = np.flatnonzero(steps != usual)
    if odd.size == 0:
        return []
    before, after = files[odd[0]].name, files[odd[0] + 1].name
    return [
        f"The slices' numbers do not go up evenly, for example from {before} to {after}; some may be missing."
    ]
