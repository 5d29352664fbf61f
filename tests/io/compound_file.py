"""A minimal OLE2 compound file, the container of Zeiss images: version 3, 512-byte sectors, small streams apart."""

import struct
from dataclasses import dataclass, field

SECTOR = 512
SMALL_SECTOR = 64
SMALL_LIMIT = 4096
FREE, END, FAT_MARK, NONE = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD, 0xFFFFFFFF
STORAGE, STREAM, ROOT = 1, 2, 5


@dataclass
class _Entry:
    name: str
    kind: int
    content: bytes = b""
    children: list[int] = field(default_factory=list)
    start: int = END


def make_compound_file(streams: dict[str, bytes]) -> bytes:
    """Return the bytes of a compound file with these streams, named like ``ImageInfo/ImageWidth``."""
    entries = _entries(streams)
    small = [entry for entry in entries if entry.kind == STREAM and len(entry.content) < SMALL_LIMIT]
    large = [entry for entry in entries if entry.kind == STREAM and len(entry.content) >= SMALL_LIMIT]
    small_data, small_fat = _chain(small, SMALL_SECTOR)
    entries[0].content = small_data
    small_fat_entry = _Entry("minifat", STREAM, struct.pack(f"<{len(small_fat)}I", *small_fat))
    directory = _Entry("directory", STREAM, bytes(-(-len(entries) // 4) * SECTOR))
    in_sectors = [directory, small_fat_entry, entries[0], *large]
    data, fat = _chain(in_sectors, SECTOR)
    directory_bytes = b"".join(_pack_entry(entries, entry) for entry in entries)
    start = directory.start * SECTOR
    data = data[:start] + directory_bytes + data[start + len(directory_bytes) :]
    n_fat_sectors = -(-(len(fat) + 1) // (SECTOR // 4 - 1))
    fat_starts = range(len(fat), len(fat) + n_fat_sectors)
    fat += [FAT_MARK] * n_fat_sectors
    fat += [FREE] * (n_fat_sectors * SECTOR // 4 - len(fat))
    header = _header(directory, small_fat_entry, list(fat_starts))
    return header + data + struct.pack(f"<{len(fat)}I", *fat)


def _entries(streams: dict[str, bytes]) -> list[_Entry]:
    entries, places = [_Entry("Root Entry", ROOT)], {"": 0}
    for path, content in streams.items():
        parent, _, name = path.rpartition("/")
        if parent not in places:
            places[parent] = len(entries)
            entries[0].children.append(len(entries))
            entries.append(_Entry(parent, STORAGE))
        entries[places[parent]].children.append(len(entries))
        entries.append(_Entry(name, STREAM, content))
    return entries


def _chain(entries: list[_Entry], sector: int) -> tuple[bytes, list[int]]:
    """Lay contents out sector by sector; returns the bytes and the table of following sectors."""
    data, table = b"", []
    for entry in entries:
        n_sectors = -(-len(entry.content) // sector)
        if n_sectors:
            entry.start = len(table)
            table += [*range(len(table) + 1, len(table) + n_sectors), END]
            data += entry.content.ljust(n_sectors * sector, b"\0")
    return data, table


def _pack_entry(entries: list[_Entry], entry: _Entry) -> bytes:
    name = entry.name.encode("utf-16-le") + b"\0\0"
    child = entry.children[0] if entry.children else NONE
    siblings = next((other.children for other in entries if entries.index(entry) in other.children), [])
    place = siblings.index(entries.index(entry)) if siblings else 0
    right = siblings[place + 1] if place + 1 < len(siblings) else NONE
    packed = name.ljust(64, b"\0") + struct.pack("<HBBIII", len(name), entry.kind, 1, NONE, right, child)
    return packed + bytes(36) + struct.pack("<IQ", entry.start, len(entry.content))


def _header(directory: _Entry, small_fat: _Entry, fat_starts: list[int]) -> bytes:
    n_small_fat = -(-len(small_fat.content) // SECTOR)
    fields = struct.pack(
        "<8s16xHHHHH6xIIIIIIIIII",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        0x3E,
        3,
        0xFFFE,
        9,
        6,
        0,
        len(fat_starts),
        directory.start,
        0,
        SMALL_LIMIT,
        small_fat.start,
        n_small_fat,
        END,
        0,
        fat_starts[0],
    )
    rest = fat_starts[1:] + [FREE] * (109 - len(fat_starts))
    return fields + struct.pack("<108I", *rest)
