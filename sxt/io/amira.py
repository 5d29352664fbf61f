"""AmiraMesh and Avizo files (``.am .rec .labels``): text, and binary as it is or as HxByteRLE or HxZip.

Notes
-----
The bounding box runs between the centres of the corner voxels, so a voxel is (maximum - minimum) / (n - 1).
``byte`` is unsigned and ``sbyte`` signed. x is the fastest axis.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sxt.errors import InputError
from sxt.io.amira_codecs import CODECS, CompressedSource
from sxt.io.amira_text import TextSource
from sxt.io.units import known_voxel_size, unit_in_nm
from sxt.io.volume import (
    ByteOrder,
    DatasetInfo,
    RawSource,
    SlabSource,
    VolumeFile,
    check_axes,
    check_file_holds,
    choose_dataset,
)
from sxt.tomogram import VoxelSize

FORMAT_NAME = "AmiraMesh"
MAGICS = (b"# AmiraMesh", b"# Avizo", b"# HyperSurface")
HEADER_LIMIT_BYTES = 1 << 22
FIRST_DATA_MARK = re.compile(rb"\n@1[ \t]*\r?\n")
NEXT_DATA_MARK = re.compile(rb"\s*@(\d+)[ \t]*\r?\n")
MARK_LIMIT_BYTES = 32
DTYPES = {
    "byte": "u1",
    "sbyte": "i1",
    "short": "i2",
    "ushort": "u2",
    "int": "i4",
    "int32": "i4",
    "uint": "u4",
    "uint32": "u4",
    "float": "f4",
    "double": "f8",
}

_SIZE = re.compile(r"^\s*define\s+Lattice((?:\s+\d+)+)\s*$", re.MULTILINE)
_FIELD = re.compile(
    r"^\s*Lattice\s*\{\s*(\w+)(?:\[(\d+)\])?\s+(\w+)\s*\}\s*(?:=\s*)?@(\d+)\s*(?:\(\s*(\w+)\s*,\s*(\d+)\s*\))?",
    re.MULTILINE,
)
_BOX = re.compile(r"BoundingBox\s+((?:[-+.\deE]+\s*){6})")
_UNIT = re.compile(r"Coordinates\s+\"([^\"]*)\"")
_COORDINATES = re.compile(r"CoordType\s+\"([^\"]*)\"")


@dataclass(frozen=True)
class _Field:
    """One array on the lattice."""

    name: str
    type_name: str
    n_components: int
    mark: int
    encoding: str
    n_bytes: int
    byte_order: ByteOrder

    @classmethod
    def parse(cls, match: re.Match[str], byte_order: ByteOrder) -> "_Field":
        type_name, n_components, name, mark, encoding, n_bytes = match.groups()
        return cls(
            name, type_name, int(n_components or 1), int(mark), encoding or "", int(n_bytes or 0), byte_order
        )

    @property
    def dtype(self) -> np.dtype:
        return np.dtype(DTYPES[self.type_name]).newbyteorder(self.byte_order)

    @property
    def dtype_name(self) -> str:
        return self.dtype.name if self.type_name in DTYPES else self.type_name

    def stored_bytes(self, shape: tuple[int, ...]) -> int:
        if self.encoding:
            return self.n_bytes
        n_voxels = shape[0] * shape[1] * shape[2]
        return n_voxels * self.n_components * np.dtype(DTYPES.get(self.type_name, "u1")).itemsize


def recognises(head: bytes, size_bytes: int) -> bool:
    """Say whether a file with these first bytes is AmiraMesh or Avizo."""
    return head.startswith(MAGICS)


def open_volume(path: Path, dataset: str | None) -> VolumeFile:
    """Open a uniform lattice of an AmiraMesh file."""
    with path.open("rb") as stream:
        head = stream.read(HEADER_LIMIT_BYTES)
    byte_order = _byte_order(path, head)
    mark = FIRST_DATA_MARK.search(head)
    if mark is None:
        raise InputError(f"The AmiraMesh header of {path.name} does not end; it is incomplete, copy it anew.")
    header = head[: mark.start()].decode("utf-8", errors="replace")
    shape = _shape(path, header)
    fields = [_Field.parse(match, byte_order) for match in _FIELD.finditer(header)]
    infos = tuple(DatasetInfo(each.name, shape, each.dtype_name) for each in fields)
    name = choose_dataset(path, FORMAT_NAME, infos, dataset)
    field = next(each for each in fields if each.name == name)
    _check_field(path, field)
    if _is_text(head):
        z, y, x = shape
        source: SlabSource = TextSource(
            path, (z, y, x), field.dtype, FORMAT_NAME, mark=field.mark, offset=mark.start() + 1
        )
    else:
        source = _source(path, field, shape, _data_offset(path, fields, field, shape, mark.end()))
    size, doubts = _voxel_size(header, shape)
    return VolumeFile(
        FORMAT_NAME,
        source,
        voxel_size_nm=size,
        origin_nm=_origin_nm(header),
        dataset=name,
        datasets=infos if len(infos) > 1 else (),
        doubts=doubts,
    )


def _byte_order(path: Path, head: bytes) -> ByteOrder:
    first_line = head.split(b"\n", 1)[0].decode("latin-1").upper()
    if "HYPERSURFACE" in first_line:
        raise InputError(f"{path.name} is an Amira surface, not a volume; give the lattice it was made from.")
    if "BINARY-LITTLE-ENDIAN" in first_line:
        return "<"
    if "BINARY" in first_line:
        return ">"
    if _is_text(head):
        return "<"
    raise InputError(
        f"{path.name} is AmiraMesh neither as text nor binary; save it in Amira as binary AmiraMesh."
    )


def _is_text(head: bytes) -> bool:
    return b"ASCII" in head.split(b"\n", 1)[0].upper()


def _shape(path: Path, header: str) -> tuple[int, ...]:
    match = _SIZE.search(header)
    if match is None:
        raise InputError(
            f"{path.name} is AmiraMesh without a lattice, so it is not a volume; give the image data."
        )
    shape = tuple(int(size) for size in reversed(match[1].split()))
    check_axes(path, shape, "zyx")
    return shape


def _check_field(path: Path, field: _Field) -> None:
    if field.type_name not in DTYPES:
        known = ", ".join(DTYPES)
        raise InputError(
            f"{field.name} in {path.name} is of type {field.type_name}; save it as one of {known}."
        )
    if field.n_components != 1:
        raise InputError(
            f"{field.name} in {path.name} has {field.n_components} components a voxel; save a scalar field."
        )
    if field.encoding == "HxByteRLE" and field.dtype.itemsize != 1:
        raise InputError(
            f"{field.name} in {path.name} is {field.type_name} as HxByteRLE; save it uncompressed."
        )
    if field.encoding not in ("", *CODECS):
        raise InputError(f"{field.name} in {path.name} is encoded as {field.encoding}; save it uncompressed.")


def _data_offset(path: Path, fields: list[_Field], field: _Field, shape: tuple[int, ...], first: int) -> int:
    """Return where a field's bytes begin; the sections follow each other, each after a line with its mark."""
    lengths = {each.mark: each.stored_bytes(shape) for each in fields}
    offset, mark = first, 1
    with path.open("rb") as stream:
        while mark != field.mark:
            if mark not in lengths:
                raise InputError(
                    f"{path.name} has no data section @{field.mark}; it is damaged, copy it anew."
                )
            stream.seek(offset + lengths[mark])
            found = NEXT_DATA_MARK.match(stream.read(MARK_LIMIT_BYTES))
            if found is None:
                raise InputError(f"{path.name} breaks off after data section @{mark}; copy it anew.")
            offset, mark = offset + lengths[mark] + found.end(), int(found[1])
    return offset


def _source(path: Path, field: _Field, shape: tuple[int, ...], offset: int) -> SlabSource:
    z, y, x = shape
    if not field.encoding:
        check_file_holds(path, offset, shape, field.dtype)
        return RawSource(path, (z, y, x), field.dtype, FORMAT_NAME, offset=offset)
    check_file_holds(path, offset, (field.n_bytes,), np.dtype("u1"))
    codec = CODECS[field.encoding]
    return CompressedSource(path, (z, y, x), field.dtype, FORMAT_NAME, codec, offset, field.n_bytes)


def _box(header: str) -> np.ndarray | None:
    """Return the bounding box as ((z, y, x), (minimum, maximum)), in the file's unit."""
    match = _BOX.search(header)
    return np.array(match[1].split(), dtype=float).reshape(3, 2)[::-1] if match else None


def _unit_nm(header: str) -> float | None:
    match = _UNIT.search(header)
    return unit_in_nm(match[1]) if match else None


def _voxel_size(header: str, shape: tuple[int, ...]) -> tuple[VoxelSize | None, tuple[str, ...]]:
    coordinates = _COORDINATES.search(header)
    if coordinates is not None and coordinates[1] != "uniform":
        return (
            None,
            (f"The lattice's coordinates are {coordinates[1]}, not uniform; its voxels differ in size.",),
        )
    box, unit_nm = _box(header), _unit_nm(header)
    if box is None or 1 in shape:
        return (None, ())
    spacing = (box[:, 1] - box[:, 0]) / (np.array(shape) - 1)  # (z, y, x)
    if unit_nm is not None:
        return (known_voxel_size((spacing * unit_nm).tolist()), ())
    if np.allclose(spacing, 1.0):
        return (None, ())
    stated = ", ".join(f"{size:.6g}" for size in spacing)
    return (
        None,
        (f"The bounding box gives voxels of {stated} (z, y, x) but not the unit, so it was not used.",),
    )


def _origin_nm(header: str) -> tuple[float, float, float]:
    box, unit_nm = _box(header), _unit_nm(header)
    if box is None or unit_nm is None:
        return (0.0, 0.0, 0.0)
    z, y, x = (box[:, 0] * unit_nm).tolist()
    return (z, y, x)
