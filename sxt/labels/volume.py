"""Volumes of one byte a voxel that are written slice by slice: Zarr version 3, sparse, each piece replaced whole.

Notes
-----
Metadata and chunk names are those of https://zarr-specs.readthedocs.io/en/latest/v3/core/ with the zstd codec, so that
every Zarr reader opens the folder. Pieces are read and written here directly: a stroke touches one or two of them,
which takes about a millisecond, and none is ever seen half written. A piece of the fill value alone is not stored.
"""

import itertools
import json
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from sxt.errors import InputError, SettingsError
from sxt.labels.files import ScratchFolder, read_bytes, writing
from sxt.labels.packing import ZSTD_LEVEL, pack, unpack
from sxt.labels.values import Box, Shape, SliceKey, slice_box

PIECE_SIZE_PX = 512
"""Pieces are one slice thick: a stroke in plane z replaces one to four, and reading a slice decodes nothing else."""

METADATA_FILE = "zarr.json"
PIECES_FOLDER = "c"
MAX_VOXELS = 1 << 40


class ByteVolume:
    """A volume (z, y, x) uint8 on disk; it satisfies `sxt.tomogram.VolumeSource`.

    Parameters
    ----------
    path : Path
        The Zarr folder, made by `create`.
    scratch : ScratchFolder
        Where pieces are written before they get their place.

    Raises
    ------
    InputError
        Where it is not there or not of the form that `create` makes.
    """

    def __init__(self, path: Path, *, scratch: ScratchFolder) -> None:
        self.path = path
        self._scratch = scratch
        self._root = f"{path}/{PIECES_FOLDER}"
        self.shape, self._piece, self.fill_value = _read_metadata(path)
        self.dtype = np.dtype(np.uint8)

    @classmethod
    def create(cls, path: Path, shape: Shape, *, fill_value: int, scratch: ScratchFolder) -> "ByteVolume":
        """Make a volume that holds ``fill_value`` everywhere; no voxel is written."""
        if len(shape) != 3 or min(shape) < 1 or np.prod(shape, dtype=object) > MAX_VOXELS:
            raise SettingsError(f"A volume of shape {shape} cannot be made; give three sizes of at least 1.")
        scratch.replace(path / METADATA_FILE, json.dumps(_metadata(shape, fill_value), indent=2).encode())
        return cls(path, scratch=scratch)

    def __getitem__(self, index: slice) -> np.ndarray:
        start, stop, step = index.indices(self.shape[0])
        if step != 1:
            raise TypeError(f"Labels are indexed by [start:stop] along z, not by {index!r}.")
        if stop <= start:
            return np.empty((0, *self.shape[1:]), np.uint8)
        return self.read_box(Box((start, 0, 0), (stop, *self.shape[1:])))

    def read_slice(self, key: SliceKey) -> np.ndarray:
        """Return a slice (rows, columns) of any plane."""
        return self.read_box(slice_box(self.shape, key)).squeeze(axis=key.axis)

    def read_box(self, box: Box) -> np.ndarray:
        """Return the voxels of a box, in its shape."""
        self._check_inside(box)
        voxels = np.full(box.shape, self.fill_value, np.uint8)
        for number in self._stored_pieces(box):
            content = read_bytes(self._piece_path(number))
            if content is not None:
                inner, outer = self._overlap(number, box)
                voxels[outer] = self._decode(content, number)[inner]
        return voxels

    def write_box(self, box: Box, voxels: np.ndarray) -> None:
        """Replace the voxels of a box; each piece changes as a whole, and one that stays the same is not written."""
        self._check_inside(box)
        if voxels.shape != box.shape or voxels.dtype != np.uint8:
            raise SettingsError(f"A box of {box.shape} cannot be filled by {voxels.shape} {voxels.dtype}.")
        for number in itertools.product(*self._piece_ranges(box)):
            inner, outer = self._overlap(number, box)
            path = self._piece_path(number)
            content = read_bytes(path)
            if content is None:
                piece = np.full((1, *self._piece[1:]), self.fill_value, np.uint8)
            else:
                piece = self._decode(content, number)
            if not np.array_equal(piece[inner], voxels[outer]):
                piece[inner] = voxels[outer]
                self._store(path, piece)

    def list_slices(self) -> list[int]:
        """Return the z of all slices that hold anything but the fill value, in rising order."""
        numbers = (int(name) for name in _names(self._root) if name.isdecimal())
        return sorted(z for z in numbers if self._has_piece(z))

    def pieces(self) -> Iterator[Box]:
        """Yield the box of every stored piece, slice by slice."""
        _, height, width = self._piece
        for z in self.list_slices():
            for number in self._stored_pieces(Box((z, 0, 0), (z + 1, *self.shape[1:]))):
                if not self._piece_path(number).exists():
                    continue
                _, row, column = number
                stop_y = min(self.shape[1], (row + 1) * height)
                stop_x = min(self.shape[2], (column + 1) * width)
                yield Box((z, row * height, column * width), (z + 1, stop_y, stop_x))

    def _has_piece(self, z: int) -> bool:
        return any(_names(f"{self._root}/{z}/{row}") for row in _names(f"{self._root}/{z}"))

    def _piece_ranges(self, box: Box) -> list[range]:
        return [
            range(first // size, (last - 1) // size + 1)
            for first, last, size in zip(box.start, box.stop, self._piece, strict=True)
        ]

    def _stored_pieces(self, box: Box) -> Iterator[tuple[int, ...]]:
        """Yield the numbers of the pieces in a box, without those in folders that are not there."""
        slices, rows, columns = self._piece_ranges(box)
        stored = set(_names(self._root)) if len(slices) > 1 else {str(z) for z in slices}
        for z in slices:
            if str(z) in stored:
                yield from itertools.product((z,), rows, columns)

    def _piece_path(self, number: tuple[int, ...]) -> Path:
        z, row, column = number
        return Path(f"{self._root}/{z}/{row}/{column}")

    def _overlap(self, number: tuple[int, ...], box: Box) -> tuple[tuple[slice, ...], tuple[slice, ...]]:
        """Return where a piece and a box overlap, counted within the piece and within the box."""
        inner, outer = [], []
        for n, size, first, last in zip(number, self._piece, box.start, box.stop, strict=True):
            start, stop = max(first, n * size), min(last, (n + 1) * size)
            inner.append(slice(start - n * size, stop - n * size))
            outer.append(slice(start - first, stop - first))
        return tuple(inner), tuple(outer)

    def _decode(self, content: bytes, number: tuple[int, ...]) -> np.ndarray:
        try:
            voxels = np.frombuffer(unpack(content), np.uint8)
            return voxels.reshape(self._piece).copy()  # (1, height, width)
        except ValueError as error:
            raise InputError(
                f"{self._piece_path(number)} is damaged ({error}); restore it from a backup."
            ) from error

    def _store(self, path: Path, piece: np.ndarray) -> None:
        if (piece == self.fill_value).all():
            _remove_with_empty_folders(path)
        else:
            self._scratch.replace(path, pack(piece.tobytes()))

    def _check_inside(self, box: Box) -> None:
        if any(last > size for last, size in zip(box.stop, self.shape, strict=True)):
            raise SettingsError(
                f"The box {box.start} to {box.stop} leaves the volume, which is {self.shape}."
            )


def _metadata(shape: Shape, fill_value: int) -> dict[str, object]:
    piece = [1, min(PIECE_SIZE_PX, shape[1]), min(PIECE_SIZE_PX, shape[2])]
    return {
        "zarr_format": 3,
        "node_type": "array",
        "shape": list(shape),
        "data_type": "uint8",
        "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": piece}},
        "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
        "fill_value": fill_value,
        "codecs": [
            {"name": "bytes"},
            {"name": "zstd", "configuration": {"level": ZSTD_LEVEL, "checksum": False}},
        ],
        "attributes": {},
        "dimension_names": ["z", "y", "x"],
    }


def _read_metadata(path: Path) -> tuple[Shape, Shape, int]:
    content = read_bytes(path / METADATA_FILE)
    if content is None:
        raise InputError(f"There are no labels in {path}; make them first, or restore them from a backup.")
    try:
        stored = json.loads(content)
        z, y, x = (int(size) for size in stored["shape"])
        found = {key: value for key, value in stored.items() if key in _metadata((z, y, x), 0)}
        fill_value = int(stored["fill_value"])
    except (ValueError, TypeError, KeyError) as error:
        raise InputError(f"{path / METADATA_FILE} is damaged ({error}); restore it from a backup.") from error
    if found != _metadata((z, y, x), fill_value):
        raise InputError(f"{path} was not written by this program; bring it in as a file of labels instead.")
    return (z, y, x), (1, min(PIECE_SIZE_PX, y), min(PIECE_SIZE_PX, x)), fill_value


def _names(folder: str) -> list[str]:
    try:
        return os.listdir(folder)  # noqa: PTH208  names are what is needed
    except (FileNotFoundError, NotADirectoryError):
        return []


def _remove_with_empty_folders(path: Path) -> None:
    with writing(path):
        path.unlink(missing_ok=True)
        for folder in path.parents[:2]:
            try:
                folder.rmdir()
            except OSError:  # it holds other pieces, or is gone
                return
