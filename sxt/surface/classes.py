"""Read a mask's values: which voxels are foreground, and of which class."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from sxt.errors import InputError
from sxt.progress import CancelToken
from sxt.surface.settings import SurfaceSettings
from sxt.tomogram import VolumeSource

UNLABELLED = 255
"""Value of a voxel that nobody labelled; for a surface it is background."""

MAX_CLASSES = 20
"""More distinct values than this are an image, a probability or object ids rather than classes."""

SLAB_VOXELS = 1 << 22
REMEDY_FOR_IDS = "read them as instances (--instances) or as one foreground (--binary)"


@dataclass(frozen=True)
class ClassVolume:
    """The foreground of a mask.

    Parameters
    ----------
    data : np.ndarray
        (z, y, x), an unsigned integer type; 0 is background, any other value its class (or object id).
    values : tuple of int
        The foreground values present, ascending.
    notes : tuple of str
        One sentence for each decision taken on the way that a user should know.
    """

    data: np.ndarray
    values: tuple[int, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Foreground:
    kept: tuple[int, ...]
    is_one: bool
    notes: tuple[str, ...] = ()


def read_classes(
    mask: VolumeSource, settings: SurfaceSettings, *, cancel: CancelToken | None = None
) -> ClassVolume:
    """Read a mask slab by slab into the smallest type that holds its classes.

    Parameters
    ----------
    mask : VolumeSource
        (z, y, x); bool, integers, or floating-point numbers that are whole. It is not changed; a uint8 mask that
        needs no conversion is used as it is.
    settings : SurfaceSettings
        ``reading`` and ``only_class`` are used.
    cancel : CancelToken, optional
        Checked once a slab.

    Raises
    ------
    InputError
        Not three axes, fractions, negative values, too many values for classes, a class that is not there, or no
        foreground at all.
    """
    _check_shape(mask)
    token = cancel or CancelToken()
    present = _present_values(mask, token)
    foreground = _choose_foreground(present, settings)
    data = _convert(mask, present, foreground, token)
    values = (1,) if foreground.is_one else foreground.kept
    return ClassVolume(data=data, values=values, notes=foreground.notes)


def slab_depth(shape: tuple[int, ...]) -> int:
    """Number of slices of a slab of about ``SLAB_VOXELS`` voxels, at least one."""
    return max(1, SLAB_VOXELS // (shape[1] * shape[2]))


def _check_shape(mask: VolumeSource) -> None:
    shape = tuple(mask.shape)
    if len(shape) != 3 or 0 in shape:
        raise InputError(
            f"A mask has three axes (z, y, x) of at least one voxel, but this one has shape {shape}."
        )
    if np.dtype(mask.dtype).kind not in "buif":
        raise InputError(
            f"A mask holds whole numbers, but this one is {mask.dtype}; save it as 8-bit integers."
        )


def _slabs(mask: VolumeSource, cancel: CancelToken) -> Iterator[tuple[slice, np.ndarray]]:
    """Yield (place along z, slab as integers); values that are no number become 0."""
    depth = slab_depth(tuple(mask.shape))
    for start in range(0, mask.shape[0], depth):
        cancel.raise_if_cancelled()
        place = slice(start, min(start + depth, mask.shape[0]))
        slab = np.asarray(mask[place])
        yield place, _whole_numbers(slab) if slab.dtype.kind == "f" else slab


def _whole_numbers(slab: np.ndarray) -> np.ndarray:
    finite = np.where(np.isfinite(slab), slab, 0)
    fractions = finite[finite != np.rint(finite)]
    if len(fractions):
        raise InputError(
            f"The mask holds fractions such as {fractions[0]:.4g}, so it looks like a probability or an image; "
            "threshold it first and give the mask."
        )
    return finite.astype(np.int64)


def _present_values(mask: VolumeSource, cancel: CancelToken) -> np.ndarray:
    """Return the distinct values of the mask, ascending, as int64."""
    present = np.zeros(0, np.int64)
    for _, slab in _slabs(mask, cancel):
        present = np.union1d(present, _distinct(slab))
    if present[0] < 0:
        raise InputError(
            f"The mask holds negative values down to {present[0]}; a class is 0 (background) or more."
        )
    return present


def _distinct(slab: np.ndarray) -> np.ndarray:
    if slab.dtype.kind == "b" or (slab.dtype == np.uint8 and slab.max() <= 1):
        return np.array([v for v, is_there in enumerate((not slab.all(), slab.any())) if is_there], np.int64)
    if slab.dtype in (np.uint8, np.uint16):
        is_present = np.zeros(np.iinfo(slab.dtype).max + 1, np.bool_)
        is_present[slab.ravel()] = True
        return np.flatnonzero(is_present)
    if slab.dtype == np.uint64 and slab.max() > np.iinfo(np.int64).max:
        raise InputError(
            f"The mask holds the value {slab.max()}, which is too large for an object id; renumber it."
        )
    return np.unique(slab).astype(np.int64)


def _choose_foreground(present: np.ndarray, settings: SurfaceSettings) -> _Foreground:
    nonzero = tuple(int(v) for v in present if v != 0)
    if not nonzero:
        raise InputError(
            "The mask has no foreground, every voxel is 0; lower the threshold of the segmentation or check the file."
        )
    if settings.reading == "binary":
        chosen = _Foreground(nonzero, is_one=True)
    elif settings.reading == "instances":
        chosen = _choose_ids(nonzero)
    elif nonzero == (UNLABELLED,):
        note = "The only value besides 0 is 255; it is taken as the foreground and called class 1."
        chosen = _Foreground(nonzero, is_one=True, notes=(note,))
    else:
        chosen = _choose_classes(nonzero, settings.only_class)
    return chosen if settings.only_class is None else _only(chosen, settings.only_class)


def _choose_ids(nonzero: tuple[int, ...]) -> _Foreground:
    if nonzero[-1] > np.iinfo(np.uint32).max:
        raise InputError(f"The object id {nonzero[-1]} is larger than 4294967295; renumber the objects.")
    return _Foreground(nonzero, is_one=False)


def _choose_classes(nonzero: tuple[int, ...], only_class: int | None) -> _Foreground:
    kept = tuple(v for v in nonzero if v != UNLABELLED)
    if kept[-1] > UNLABELLED:
        raise InputError(
            f"The mask holds the value {kept[-1]}, but classes are 1 to 254; if these are object ids, {REMEDY_FOR_IDS}."
        )
    if len(kept) > MAX_CLASSES and only_class is None:
        raise InputError(
            f"The mask holds {len(kept)} different values, more than {MAX_CLASSES} classes; if it is a grey image or a "
            f"probability, threshold it first; if these are object ids, {REMEDY_FOR_IDS}."
        )
    unlabelled = "Voxels of value 255 are unlabelled and count as background."
    return _Foreground(kept, is_one=False, notes=(unlabelled,) if kept != nonzero else ())


def _only(chosen: _Foreground, only_class: int) -> _Foreground:
    there = (1,) if chosen.is_one else chosen.kept
    if only_class not in there:
        listed = ", ".join(map(str, there[:MAX_CLASSES])) + (", …" if len(there) > MAX_CLASSES else "")
        raise InputError(f"The mask has no class {only_class}; it has {listed}.")
    return chosen if chosen.is_one else _Foreground((only_class,), is_one=False, notes=chosen.notes)


def _convert(
    mask: VolumeSource, present: np.ndarray, foreground: _Foreground, cancel: CancelToken
) -> np.ndarray:
    """Return (z, y, x) with 0 outside the kept values; a view of ``mask`` where nothing is to be converted."""
    is_all_kept = len(foreground.kept) == np.count_nonzero(present)
    is_one = foreground.is_one or foreground.kept == (1,)
    if isinstance(mask, np.ndarray) and is_all_kept:
        if mask.dtype == np.bool_:
            return mask.view(np.uint8)
        if mask.dtype == np.uint8 and not (foreground.is_one and foreground.kept != (1,)):
            return mask
    data = np.empty(tuple(mask.shape), np.uint8 if is_one else np.min_scalar_type(foreground.kept[-1]))
    for place, slab in _slabs(mask, cancel):
        if is_all_kept:
            data[place] = slab != 0 if is_one else slab
        else:
            data[place] = np.where(np.isin(slab, foreground.kept), 1 if is_one else slab, 0)
    return data
