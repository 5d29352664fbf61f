"""MRC files (``.mrc .rec .st .map .ali``): the MRC2014 header, and IMOD's departures from it.

Notes
-----
Header layout and modes: Cheng et al. 2015, J. Struct. Biol. 192(2) 146-150, doi 10.1016/j.jsb.2015.04.002.
IMOD's stamp, its flags for signed bytes and for the sign of the origin, and the rule by which bytes without a stamp
are taken as signed or unsigned: https://bio3d.colorado.edu/imod/doc/mrc_format.txt.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sxt.errors import InputError
from sxt.io.units import known_voxel_size, shortest_length
from sxt.io.volume import ByteOrder, RawSource, VolumeFile, check_axes, check_file_holds, refuse_dataset

FORMAT_NAME = "MRC"
HEADER_BYTES = 1024
BYTE_ORDERS: tuple[ByteOrder, ...] = ("<", ">")
ANGSTROM_NM = 0.1
IMOD_STAMP = 1146047817
IMOD_SIGNED_BYTES = 1
IMOD_MRC_ORIGIN = 4
IMOD_PACKED_4BIT = 16
VOLUME_STACK_SPACE_GROUP = 401

HEADER_FIELDS = [
    ("n", "i4", 3),  # columns, rows, sections
    ("mode", "i4"),
    ("start", "i4", 3),
    ("m", "i4", 3),  # grid along x, y, z
    ("cell", "f4", 3),  # Å along x, y, z
    ("angles", "f4", 3),
    ("map_axes", "i4", 3),  # which of 1 = x, 2 = y, 3 = z the columns, rows and sections are
    ("minimum", "f4"),
    ("maximum", "f4"),
    ("mean", "f4"),
    ("space_group", "i4"),
    ("extended_bytes", "i4"),
    ("extra1", "V8"),
    ("extended_type", "S4"),
    ("version", "i4"),
    ("extra2", "V40"),
    ("imod_stamp", "i4"),
    ("imod_flags", "i4"),
    ("extra3", "V36"),
    ("origin", "f4", 3),  # Å along x, y, z
    ("map_id", "S4"),
    ("machine_stamp", "V4"),
    ("deviation", "f4"),
    ("n_labels", "i4"),
    ("labels", "S80", 10),
]
"""The 1024 bytes of the header; words in the byte order of the machine that wrote it."""

MODE_DTYPES = {0: "i1", 1: "i2", 2: "f4", 6: "u2", 12: "f2"}
REFUSED_MODES = {
    3: "complex 16-bit integers (a Fourier transform); export the real-space volume",
    4: "complex floats (a Fourier transform); export the real-space volume",
    16: "RGB colours; export grey values",
    101: "4-bit values; expand them to bytes, for example with IMOD's newstack -mode 0",
}
TILT_SERIES_SUFFIXES = {".st", ".ali", ".preali"}
TILT_SERIES_COMPANIONS = (".tlt", ".rawtlt", ".mdoc")
TILT_SERIES_EXTENDED_TYPES = {b"SERI", b"AGAR", b"FEI1", b"FEI2"}


@dataclass(frozen=True)
class _Header:
    words: np.void
    byte_order: ByteOrder
    is_standard: bool
    file_bytes: int

    @property
    def has_imod_stamp(self) -> bool:
        return int(self.words["imod_stamp"]) == IMOD_STAMP

    @property
    def imod_flags(self) -> int:
        return int(self.words["imod_flags"]) if self.has_imod_stamp else 0

    @property
    def stored_shape(self) -> tuple[int, int, int]:
        """(sections, rows, columns)."""
        columns, rows, sections = (int(size) for size in self.words["n"])
        return (sections, rows, columns)

    @property
    def is_plausible(self) -> bool:
        sizes, axes = self.words["n"], sorted(abs(self.words["map_axes"]))
        return (
            bool(np.all((sizes > 0) & (sizes < 1 << 20)))
            and int(self.words["mode"]) in MODE_DTYPES.keys() | REFUSED_MODES.keys()
            and axes in ([1, 2, 3], [0, 0, 0])
        )


def recognises(head: bytes, size_bytes: int) -> bool:
    """Say whether a file is MRC: by its ``MAP`` mark, or without it by a header that fits the file's size."""
    if len(head) < HEADER_BYTES:
        return False
    header = _parse_header(head, size_bytes)
    if header.is_standard:
        return True
    if not header.is_plausible or int(header.words["mode"]) not in MODE_DTYPES:
        return False
    voxels = int(np.prod(header.stored_shape, dtype=object))
    needed = HEADER_BYTES + voxels * np.dtype(MODE_DTYPES[int(header.words["mode"])]).itemsize
    return 0 <= int(header.words["extended_bytes"]) <= size_bytes - needed


def open_volume(path: Path, dataset: str | None) -> VolumeFile:
    """Open an MRC volume; axes are brought to (z, y, x) after ``mapc``, ``mapr`` and ``maps``, none is flipped."""
    refuse_dataset(path, FORMAT_NAME, dataset)
    with path.open("rb") as stream:
        head = stream.read(HEADER_BYTES)
    header = _parse_header(head, path.stat().st_size)
    dtype = _dtype(path, header)
    offset = HEADER_BYTES + int(header.words["extended_bytes"])
    if offset < HEADER_BYTES:
        raise InputError(
            f"The header of {path.name} claims {offset - HEADER_BYTES} extended bytes; it is damaged."
        )
    order = _axis_order(path, header)
    check_axes(path, tuple(header.stored_shape[axis] for axis in order), "zyx")
    _check_is_one_volume(path, header)
    n_left_over = check_file_holds(path, offset, header.stored_shape, dtype)
    return VolumeFile(
        FORMAT_NAME,
        RawSource(path, header.stored_shape, dtype, FORMAT_NAME, offset=offset, order=order),
        voxel_size_nm=known_voxel_size(_stated_voxel_size_nm(header)),
        origin_nm=_origin_nm(header),
        doubts=(*_header_doubts(header, n_left_over), *_tilt_series_doubts(path, header)),
    )


def _parse_header(head: bytes, file_bytes: int) -> _Header:
    is_standard = head[208:211] == b"MAP"
    candidates = [
        _Header(np.frombuffer(head, _header_dtype(order), 1)[0], order, is_standard, file_bytes)
        for order in BYTE_ORDERS
    ]
    if head[212:213] == b"\x11":
        candidates.reverse()
    return next((each for each in candidates if each.is_plausible), candidates[0])


def _header_dtype(byte_order: ByteOrder) -> np.dtype:
    return np.dtype(HEADER_FIELDS).newbyteorder(byte_order)


def _dtype(path: Path, header: _Header) -> np.dtype:
    mode = int(header.words["mode"])
    if mode in REFUSED_MODES:
        raise InputError(f"{path.name} is MRC mode {mode}, which holds {REFUSED_MODES[mode]}.")
    if mode not in MODE_DTYPES:
        raise InputError(
            f"{path.name} is MRC mode {mode}, which is not a known one; use mode 0, 1, 2, 6 or 12."
        )
    if mode == 0 and header.imod_flags & IMOD_PACKED_4BIT:
        raise InputError(f"{path.name} is MRC with {REFUSED_MODES[101]}.")
    if mode == 0 and not _bytes_are_signed(header):
        return np.dtype("u1")
    return np.dtype(MODE_DTYPES[mode]).newbyteorder(header.byte_order)


def _bytes_are_signed(header: _Header) -> bool:
    if header.has_imod_stamp:
        return bool(header.imod_flags & IMOD_SIGNED_BYTES)
    minimum, maximum = float(header.words["minimum"]), float(header.words["maximum"])
    if not maximum >= 128:  # also where it is not a number
        return True
    return minimum < 0 and -minimum > maximum - 128


def _axis_order(path: Path, header: _Header) -> tuple[int, int, int]:
    columns, rows, sections = (abs(int(axis)) for axis in header.words["map_axes"])
    if (columns, rows, sections) == (0, 0, 0):
        return (0, 1, 2)
    stored = [sections, rows, columns]
    if sorted(stored) != [1, 2, 3]:
        raise InputError(
            f"The header of {path.name} gives the axes {columns}, {rows}, {sections} instead of an order of 1, 2, 3; "
            "it is damaged."
        )
    return (stored.index(3), stored.index(2), stored.index(1))


def _check_is_one_volume(path: Path, header: _Header) -> None:
    sections, n_grid = header.stored_shape[0], int(header.words["m"][2])
    if int(header.words["space_group"]) >= VOLUME_STACK_SPACE_GROUP and 0 < n_grid < sections:
        raise InputError(
            f"{path.name} is a stack of {sections // n_grid} volumes of {n_grid} sections; export one of them."
        )
    if header.is_standard and sections == 1 and int(header.words["space_group"]) == 0:
        raise InputError(
            f"{path.name} is a single 2-D image {header.stored_shape[1:]}, not a volume; "
            "stack all slices into one file, for example with IMOD's newstack."
        )


def _stated_voxel_size_nm(header: _Header) -> list[float]:
    grid = np.maximum(header.words["m"], 0).astype(float)
    with np.errstate(divide="ignore", invalid="ignore"):
        x, y, z = header.words["cell"].astype(float) / grid * ANGSTROM_NM
    return [z, y, x]


def _origin_nm(header: _Header) -> tuple[float, float, float]:
    """Return (z, y, x); the old form without ``MAP`` keeps other things in these bytes."""
    stated = header.words["origin"].astype(float)
    if not header.is_standard or not np.all(np.isfinite(stated)):
        return (0.0, 0.0, 0.0)
    is_imod_sign = header.has_imod_stamp and not header.imod_flags & IMOD_MRC_ORIGIN
    if is_imod_sign and int(header.words["version"]) == 0:
        stated = -stated
    x, y, z = (shortest_length(float(value) * ANGSTROM_NM) + 0.0 for value in stated)
    return (z, y, x)


def _header_doubts(header: _Header, n_left_over: int) -> list[str]:
    doubts = []
    if not header.is_standard:
        doubts.append("The MRC header has no MAP mark; it was read permissively.")
    if int(header.words["mode"]) == 0 and not header.has_imod_stamp:
        sign = "signed" if _bytes_are_signed(header) else "unsigned"
        doubts.append(
            f"MRC mode 0 without IMOD's flag does not say whether bytes are signed; they were taken as {sign}."
        )
    axes = [int(axis) for axis in header.words["map_axes"]]
    if sorted(abs(axis) for axis in axes) != [1, 2, 3]:
        doubts.append(
            "The MRC header does not say which axis is which; columns, rows, sections became x, y, z."
        )
    elif axes != [1, 2, 3]:
        doubts.append(f"The MRC axis order {axes} differs from 1, 2, 3; the axes were brought to (z, y, x).")
    if min(axes) < 0:
        doubts.append("The MRC header says that rows run the other way; no axis was flipped.")
    if n_left_over:
        doubts.append(
            f"The file is {n_left_over:,} bytes longer than its MRC header says; "
            "a wrong extended header would shift the image."
        )
    return doubts


def _tilt_series_doubts(path: Path, header: _Header) -> list[str]:
    signs = []
    if path.suffix.lower() in TILT_SERIES_SUFFIXES:
        signs.append(f"its name ends in {path.suffix}")
    companions = (name for end in TILT_SERIES_COMPANIONS for name in (path.stem + end, path.name + end))
    signs += [f"{name} lies beside it" for name in companions if (path.parent / name).exists()]
    extended_type = bytes(header.words["extended_type"])
    if int(header.words["extended_bytes"]) and extended_type in TILT_SERIES_EXTENDED_TYPES:
        signs.append(f"its extended header is of type {extended_type.decode()}")
    if not signs:
        return []
    return [f"This may be a tilt series rather than a volume: {' and '.join(signs)}."]
