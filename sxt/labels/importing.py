"""Bring labels in from files: checked to the last voxel first, then taken over slice by slice."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np

from sxt.errors import InputError
from sxt.io import read_tomogram
from sxt.io.tiff_folder import open_slices
from sxt.labels.label_set import LabelSet
from sxt.labels.tools.paint import paste
from sxt.labels.values import BACKGROUND, UNLABELLED, Shape, SliceKey, check_class, check_value
from sxt.progress import CancelToken, Progress, ProgressCallback, ignore_progress
from sxt.tomogram import Tomogram

Overlap = Literal["keep", "replace"]
"""Where there is a class or imported one already: keep it, or replace the slice where the file says anything."""

CHECK_STAGE, IMPORT_STAGE = "check labels", "import labels"
LABELS_SUFFIX = ".labels"
TIFF_SUFFIXES = (".tif", ".tiff")
SLAB_SLICES = 8
SHOWN_VALUES = 6


@dataclass(frozen=True)
class ImportResult:
    """What an import did: slices that changed, their common group in the ledger, and how many voxels changed."""

    slices: tuple[int, ...]
    group: str
    n_voxels: int


@dataclass(frozen=True)
class LabelPair:
    """An image and its labels, as the published training folders have them, and the slice they belong to."""

    name: str
    index: int
    labels_path: Path


def count_values(path: Path, *, dataset: str | None = None, shape: Shape | None = None) -> dict[int, int]:
    """Return how often each value stands in a file of labels, so that a mapping can be chosen.

    Raises
    ------
    InputError
        A file that cannot be read, that holds other than whole numbers of at least 0, or is not of ``shape``.
    """
    counts: dict[int, int] = {}
    source = read_tomogram(path, dataset=dataset)
    if shape is not None:
        _check_shape(path, source.shape, shape)
    for start in range(0, source.shape[0], SLAB_SLICES):
        slab = _whole_numbers(source, start)
        for value, count in zip(*np.unique(slab, return_counts=True), strict=True):
            counts[int(value)] = counts.get(int(value), 0) + int(count)
    return dict(sorted(counts.items()))


def import_volume(
    labels: LabelSet,
    path: Path,
    *,
    by: str,
    dataset: str | None = None,
    values: Mapping[int, int] | None = None,
    overlap: Overlap = "keep",
    progress: ProgressCallback = ignore_progress,
    cancel: CancelToken | None = None,
) -> ImportResult:
    """Take labels over from a volume of any format that `sxt.io.read_tomogram` reads.

    Parameters
    ----------
    labels : LabelSet
    path : Path
        Zarr, TIFF stack or folder, MRC, Amira, NPY or HDF5; whole numbers of the label set's shape.
    by : str
    dataset : str, optional
        Which volume of a file that holds several.
    values : dict, optional
        What each value of the file becomes; by default itself, where that is a label.
    overlap : {"keep", "replace"}
        Whether classes that are there already stay.
    progress, cancel
        Told and checked once a slice; the ledger says which slices a cancelled import has reached.

    Raises
    ------
    InputError
        A file that cannot be read, of another shape, or with a value that means nothing: nothing is imported then.
    """
    source = read_tomogram(path, dataset=dataset)
    _check_shape(path, source.shape, labels.shape)
    table = _ValueTable(labels, values)
    for start in range(0, source.shape[0], SLAB_SLICES):
        _check_cancel(cancel)
        table.check(path.name, _whole_numbers(source, start), start)
        progress(Progress(CHECK_STAGE, min(source.shape[0], start + SLAB_SLICES), source.shape[0]))
    return _take_over(
        labels,
        range(source.shape[0]),
        lambda z: table.translate(source.read_slices(z, z + 1)[0]),
        by=by,
        note=path.name,
        overlap=overlap,
        progress=progress,
        cancel=cancel,
    )


def find_pairs(folder: Path, n_slices: int) -> tuple[LabelPair, ...]:
    """Return the pairs ``X.tif`` and ``X.labels.tif`` of a folder, each with the slice it belongs to.

    The slice is the last number in the name; where names have none, the pairs are taken in order and must be as many
    as there are slices.

    Raises
    ------
    InputError
        Where there is no pair, labels lack their image, or it is unclear which slices they belong to.
    """
    paths = sorted(each for each in folder.iterdir() if each.suffix.lower() in TIFF_SUFFIXES)
    stems = {each.stem for each in paths}
    found = [each for each in paths if each.stem.endswith(LABELS_SUFFIX)]
    if not found:
        raise InputError(
            f"{folder} has no files X.labels.tif; give a folder of pairs X.tif and X.labels.tif."
        )
    names = [each.stem.removesuffix(LABELS_SUFFIX) for each in found]
    if lonely := [name for name in names if name not in stems]:
        raise InputError(
            f"{lonely[0]}{LABELS_SUFFIX}.tif lacks its image {lonely[0]}.tif; add it or remove both."
        )
    numbers = [re.findall(r"\d+", name) for name in names]
    if all(numbers):
        indices = [int(each[-1]) for each in numbers]
    elif len(names) == n_slices:
        indices = list(range(n_slices))
    else:
        raise InputError(
            f"It is unclear which slices the {len(names)} pairs in {folder} belong to; end their names in the number "
            "of the slice, counted from 0."
        )
    if len(set(indices)) != len(indices) or not all(0 <= z < n_slices for z in indices):
        raise InputError(
            f"The pairs in {folder} are numbered {min(indices)} to {max(indices)}; "
            f"number them by slice, each once, from 0 to {n_slices - 1}."
        )
    pairs = zip(names, indices, found, strict=True)
    return tuple(sorted((LabelPair(*each) for each in pairs), key=lambda pair: pair.index))


def import_pairs(
    labels: LabelSet,
    folder: Path,
    *,
    value: int,
    by: str,
    overlap: Overlap = "keep",
    progress: ProgressCallback = ignore_progress,
    cancel: CancelToken | None = None,
) -> ImportResult:
    """Take labels over from a folder of pairs ``X.tif`` and ``X.labels.tif``.

    There, 0 is background and the largest value of all files the structure; half of that, rounded down, is unlabelled.
    All-background and all-structure slices keep their meaning, since the files are judged together.

    Parameters
    ----------
    value : int
        The class that the structure becomes.

    Raises
    ------
    InputError
        As `find_pairs`, or a slice of another size or with further values: nothing is imported then.
    """
    labels.classes.get(check_class(value))
    pairs = find_pairs(folder, labels.shape[0])
    highest = 0
    for pair in pairs:
        _check_cancel(cancel)
        highest = max(highest, int(_read_pair(pair, labels.shape[1:]).max()))
    meaning = {BACKGROUND: BACKGROUND}
    if highest > 0:
        meaning.update({highest // 2: UNLABELLED} if highest > 2 else {})
        meaning[highest] = value
    table = _ValueTable(labels, meaning)
    for pair in pairs:
        table.check(pair.labels_path.name, _read_pair(pair, labels.shape[1:])[None], pair.index)
    by_index = {pair.index: pair for pair in pairs}
    return _take_over(
        labels,
        [pair.index for pair in pairs],
        lambda z: table.translate(_read_pair(by_index[z], labels.shape[1:])),
        by=by,
        note=folder.name,
        overlap=overlap,
        progress=progress,
        cancel=cancel,
    )


class _ValueTable:
    """What the values of a file become."""

    def __init__(self, labels: LabelSet, values: Mapping[int, int] | None) -> None:
        known = [BACKGROUND, *labels.classes.values, UNLABELLED]
        self._meaning = dict(values) if values is not None else {value: value for value in known}
        labels.classes.check_values(check_value(each) for each in self._meaning.values())

    def check(self, name: str, slab: np.ndarray, first: int) -> None:
        """Raise `InputError` where a slab (k, y, x) holds a value without a meaning."""
        unknown = [int(each) for each in np.unique(slab) if int(each) not in self._meaning]
        if unknown:
            at = next(first + k for k, each in enumerate(slab) if np.isin(each, unknown).any())
            shown = ", ".join(str(each) for each in unknown[:SHOWN_VALUES])
            known = ", ".join(str(each) for each in sorted(self._meaning)[:SHOWN_VALUES])
            raise InputError(
                f"{name} holds the value {shown} on slice {at}, but only {known} have a meaning; "
                "nothing was imported: add the class, or say what the value stands for."
            )

    def translate(self, values: np.ndarray) -> np.ndarray:
        """Return a slice with its values replaced by their meaning, uint8."""
        translated = np.full(values.shape, UNLABELLED, np.uint8)
        for value, meaning in self._meaning.items():
            translated[values == value] = meaning
        return translated


def _take_over(
    labels: LabelSet,
    slices: Sequence[int],
    read: Callable[[int], np.ndarray],
    *,
    by: str,
    note: str,
    overlap: Overlap,
    progress: ProgressCallback,
    cancel: CancelToken | None,
) -> ImportResult:
    for z in slices:
        labels.locks.check(SliceKey("z", z), by=by)
    group, changed, n_voxels = labels.new_group(), [], 0
    for done, z in enumerate(slices, start=1):
        _check_cancel(cancel)
        saved = labels.change(
            SliceKey("z", z),
            partial(_lay_over, values=read(z), overlap=overlap),
            by=by,
            tool="import",
            source="imported",
            group=group,
            note=note,
        )
        if saved is not None:
            changed.append(z)
            n_voxels += saved.entry.n_voxels
        progress(Progress(IMPORT_STAGE, done, len(slices)))
    return ImportResult(tuple(changed), group, n_voxels)


def _lay_over(old: np.ndarray, values: np.ndarray, overlap: Overlap) -> np.ndarray:
    return paste(old, values, protects_others=overlap == "keep")


def _whole_numbers(source: Tomogram, start: int) -> np.ndarray:
    """Return a slab of labels; raise `InputError` where it holds anything but whole numbers of at least 0."""
    slab = source.read_slices(start, min(source.shape[0], start + SLAB_SLICES))
    is_whole = slab.dtype.kind in "ub" or (
        bool(np.isfinite(slab).all()) and bool((slab >= 0).all()) and bool((slab == np.floor(slab)).all())
    )
    if not is_whole:
        raise InputError(
            f"{source.name} holds other than whole numbers of at least 0, so it is no volume of labels; "
            "nothing was imported: give labels, not grey values."
        )
    return slab


def _read_pair(pair: LabelPair, shape: tuple[int, int]) -> np.ndarray:
    """Return the labels (y, x) of a pair, unsigned integers."""
    found = open_slices(pair.labels_path, [pair.labels_path])
    if tuple(found.data.shape[1:]) != shape or found.data.dtype.kind not in "ub":
        raise InputError(
            f"{pair.labels_path.name} is {tuple(found.data.shape[1:])} {found.data.dtype}, but slices are {shape}; "
            "nothing was imported: give slices of that size, of 8 or 16 bits."
        )
    return found.data[0:1][0]


def _check_cancel(cancel: CancelToken | None) -> None:
    if cancel is not None:
        cancel.raise_if_cancelled()


def _check_shape(path: Path, found: Shape, wanted: Shape) -> None:
    if found != wanted:
        raise InputError(
            f"{path.name} is {found} (z, y, x), but the tomogram is {wanted}; "
            "nothing was imported: give labels of the same shape."
        )
