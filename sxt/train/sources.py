"""Training data in files: tomograms with label volumes, and folders of image and label pairs."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from sxt.errors import InputError, SettingsError
from sxt.tomogram import Tomogram
from sxt.train.volumes import UNLABELLED, TrainingTomogram

PAIR_SUFFIXES = (".tif", ".tiff")
LABELS_SUFFIX = ".labels"


@dataclass(frozen=True)
class VolumeLabels:
    """The labelled slices of a volume of labels (z, y, x), read one at a time.

    Parameters
    ----------
    volume : Tomogram
        Whole numbers from 0 to 255; 255 is unlabelled.
    wanted : tuple of int or None
        Take these slices alone.
    source : str
        Where the labels come from.
    """

    volume: Tomogram
    wanted: tuple[int, ...] | None = None
    source: str = "imported"
    _found: list[tuple[int, ...]] = field(default_factory=list, repr=False, compare=False)

    @property
    def slices(self) -> tuple[int, ...]:
        if not self._found:
            self._found.append(self._find())
        return self._found[0]

    def read(self, z: int) -> np.ndarray:
        labels = self.volume.read_slices(z, z + 1)[0]
        if labels.dtype.kind not in "uib" or labels.min() < 0 or labels.max() > UNLABELLED:
            raise InputError(
                f"{self.volume.name} holds {labels.dtype} from {labels.min()} to {labels.max()} in slice {z}; labels "
                "are whole numbers from 0 to 255, of which 255 is unlabelled."
            )
        return labels.astype(np.uint8)

    def whose(self, z: int) -> str:
        return self.source

    def _find(self) -> tuple[int, ...]:
        n_slices = self.volume.shape[0]
        wanted = range(n_slices) if self.wanted is None else self.wanted
        beyond = [z for z in wanted if not 0 <= z < n_slices]
        if beyond:
            raise SettingsError(
                f"There is no slice {beyond[0]} in {self.volume.name}; it has 0 to {n_slices - 1}."
            )
        return tuple(sorted({z for z in wanted if (self.read(z) != UNLABELLED).any()}))


@dataclass(frozen=True)
class FolderSource:
    """The images of a folder as the slices of a volume, read when they are asked for."""

    paths: tuple[Path, ...]
    shape: tuple[int, int, int]
    dtype: np.dtype

    def __getitem__(self, index: slice) -> np.ndarray:
        return np.stack([read_image(path) for path in self.paths[index]])


@dataclass(frozen=True)
class PairLabels:
    """The labels beside the images of a folder; two-valued ones are background and class 1."""

    paths: dict[int, Path]
    source: str = "imported"

    @property
    def slices(self) -> tuple[int, ...]:
        return tuple(sorted(self.paths))

    def read(self, z: int) -> np.ndarray:
        values = read_image(self.paths[z])
        kinds = np.unique(values)
        if len(kinds) <= 2 and kinds[-1] not in range(1, UNLABELLED):
            return (values > 0).astype(np.uint8)
        if kinds[0] < 0 or kinds[-1] > UNLABELLED:
            raise InputError(
                f"{self.paths[z].name} holds {len(kinds)} values up to {kinds[-1]}; labels are two values, or whole "
                "numbers from 0 to 255, of which 255 is unlabelled."
            )
        return values.astype(np.uint8)

    def whose(self, z: int) -> str:
        return self.source


def open_tomogram(
    path: Path,
    labels: Path | None,
    *,
    slices: Sequence[int] | None = None,
    taken: Sequence[str] = (),
) -> TrainingTomogram:
    """Open a tomogram of any format that is read, with its labels.

    Parameters
    ----------
    path, labels : Path
        Volumes of the same shape.
    slices : sequence of int, optional
        Use the labels of these slices alone.
    taken : sequence of str
        Ids that others have already.

    Raises
    ------
    InputError
        A file that cannot be read, or labels of another shape.
    """
    from sxt.io import hash_source, read_tomogram

    tomogram = read_tomogram(path)
    volume = None if labels is None else read_tomogram(labels)
    if volume is not None and volume.shape != tomogram.shape:
        raise InputError(
            f"The labels {volume.name} are {volume.shape} (z, y, x), but {tomogram.name} is {tomogram.shape}; give the "
            "labels that belong to it, in the same order as the tomograms."
        )
    found = None
    if volume is not None:
        found = VolumeLabels(volume, None if slices is None else tuple(slices))
    return TrainingTomogram(_new_id(path.stem, taken), tomogram, found, sha256=hash_source(path))


def open_pairs(folder: Path, *, taken: Sequence[str] = ()) -> list[TrainingTomogram]:
    """Open a folder of ``X.tif`` with ``X.labels.tif``; images without labels are unlabelled.

    Images of one shape are taken for slices of one volume in the order of their names, numbers counted as numbers, so
    that a block of them with a gap can be held out.

    Raises
    ------
    InputError
        Where there are no images, or labels of another shape than their image.
    """
    from sxt.io import hash_source

    images = sorted(
        (p for p in folder.iterdir() if p.suffix.lower() in PAIR_SUFFIXES and not _is_labels(p)),
        key=_natural,
    )
    if not images:
        raise InputError(f"{folder} holds no image; give a folder of X.tif with X.labels.tif.")
    groups: dict[tuple[int, int], list[Path]] = {}
    for path in images:
        image = read_image(path)
        groups.setdefault((image.shape[0], image.shape[1]), []).append(path)
    found: list[TrainingTomogram] = []
    digest = hash_source(folder)
    for shape, paths in groups.items():
        labels = {z: mate for z, path in enumerate(paths) if (mate := _labels_of(path)) is not None}
        _check_shapes(labels.values(), shape)
        source = FolderSource(tuple(paths), (len(paths), *shape), read_image(paths[0]).dtype)
        name = _new_id(folder.name, [*taken, *(each.id for each in found)])
        tomogram = Tomogram(source, source=folder, format_name="image and label pairs")
        found.append(TrainingTomogram(name, tomogram, PairLabels(labels) if labels else None, sha256=digest))
    return found


def read_image(path: Path) -> np.ndarray:
    """Return a two-dimensional TIFF image; raise `InputError` where it is none."""
    import tifffile

    try:
        image = tifffile.imread(path)
    except (OSError, ValueError, tifffile.TiffFileError) as error:
        raise InputError(f"{path} cannot be read as TIFF ({error}); take it out or mend it.") from error
    if image.ndim != 2:
        raise InputError(f"{path} has the shape {image.shape}; a pair is of two-dimensional images.")
    return np.asarray(image)


def _check_shapes(labels: Iterable[Path], shape: tuple[int, int]) -> None:
    for path in labels:
        found = read_image(path).shape
        if found != shape:
            raise InputError(f"{path.name} is {found} px, but its image is {shape}; give labels of its size.")


def _is_labels(path: Path) -> bool:
    return path.stem.endswith(LABELS_SUFFIX)


def _labels_of(path: Path) -> Path | None:
    mate = path.with_name(f"{path.stem}{LABELS_SUFFIX}{path.suffix}")
    return mate if mate.is_file() else None


def _natural(path: Path) -> tuple[tuple[int, int | str], ...]:
    parts = re.split(r"(\d+)", path.name)
    return tuple((0, int(part)) if part.isdecimal() else (1, part) for part in parts if part)


def _new_id(name: str, taken: Sequence[str]) -> str:
    number, candidate = 1, name
    while candidate in taken:
        number += 1
        candidate = f"{name} ({number})"
    return candidate
