"""The server's own data folders: what lies in them, and nothing outside."""

import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from sxt.errors import InputError
from sxt.io.tiff_folder import natural_key

MAX_ENTRIES = 5000
ZARR_MARKS = ("zarr.json", ".zgroup", ".zarray")

EntryKind = Literal["folder", "file", "zarr"]


@dataclass(frozen=True)
class FolderEntry:
    """Something that lies in a data folder.

    Parameters
    ----------
    name : str
    path : Path
        Absolute, without symbolic links.
    kind : {"folder", "file", "zarr"}
        A Zarr folder is one volume, and not to be opened as a folder.
    size_bytes : int or None
        Of a file.
    changed_at : datetime
    """

    name: str
    path: Path
    kind: EntryKind
    size_bytes: int | None
    changed_at: datetime


@dataclass(frozen=True)
class FolderListing:
    """What a data folder holds.

    Parameters
    ----------
    path : Path or None
        None for the list of the data folders themselves.
    parent : Path or None
        The folder above, where that is still inside the data folders.
    entries : tuple of FolderEntry
        Folders first, in the natural order of their names; hidden ones are left out.
    n_left_out : int
        How many more there are than are listed.
    """

    path: Path | None
    parent: Path | None
    entries: tuple[FolderEntry, ...]
    n_left_out: int = 0


def list_data_folder(path: str | Path | None, *, roots: Sequence[Path]) -> FolderListing:
    """Return what lies in a folder of the server.

    Parameters
    ----------
    path : str, Path or None
        A folder inside one of ``roots``; None for the list of ``roots``.
    roots : sequence of Path
        The data folders that may be looked into; what their symbolic links lead to outside of them may not.

    Raises
    ------
    InputError
        Where the folder is not inside, is not there, or must not be read.
    """
    if path is None:
        entries = [entry for root in roots if (entry := _describe(root, root.name or str(root), roots))]
        return FolderListing(None, None, tuple(entries))
    folder = resolve_data_path(path, roots=roots)
    try:
        if not folder.is_dir():
            raise InputError(f"{folder.name} is no folder; choose it as a file.")
        names = [name for name in os.listdir(folder) if not name.startswith(".")]  # noqa: PTH208  names only
    except OSError as error:
        raise InputError(
            f"{folder.name} cannot be read ({error.strerror}); choose another folder."
        ) from error
    names.sort(key=lambda name: natural_key(Path(name)))
    found = [entry for name in names[:MAX_ENTRIES] if (entry := _describe(folder / name, name, roots))]
    found.sort(key=lambda entry: entry.kind != "folder")
    parent = folder.parent if _is_inside(folder.parent, roots) else None
    return FolderListing(folder, parent, tuple(found), max(0, len(names) - MAX_ENTRIES))


def resolve_data_path(path: str | Path, *, roots: Sequence[Path]) -> Path:
    """Return where a path really leads, provided that it is inside the data folders.

    Raises
    ------
    InputError
        The same for what is outside and for what is not there: nothing is said of the rest of the server.
    """
    text = str(path)
    refusal = InputError(
        f"{text[:200]!r} is not in a data folder of the server; choose a file from the list."
    )
    given = Path(text)
    if "\0" in text or not given.is_absolute():
        raise refusal
    try:
        resolved = given.resolve(strict=True)
    except (OSError, RuntimeError) as error:
        raise refusal from error
    if not _is_inside(resolved, roots):
        raise refusal
    return resolved


def _is_inside(resolved: Path, roots: Sequence[Path]) -> bool:
    return any(resolved.is_relative_to(root.resolve()) for root in roots)


def _describe(path: Path, name: str, roots: Sequence[Path]) -> FolderEntry | None:
    """Return an entry; None for what leads outside, is neither file nor folder, or vanished."""
    try:
        resolved = path.resolve(strict=True)
        status = resolved.stat()
        if not _is_inside(resolved, roots):
            return None
        kind: EntryKind = "file"
        if stat.S_ISDIR(status.st_mode):
            kind = "zarr" if any((resolved / mark).is_file() for mark in ZARR_MARKS) else "folder"
        elif not stat.S_ISREG(status.st_mode):
            return None
    except (OSError, RuntimeError):
        return None
    changed_at = datetime.fromtimestamp(status.st_mtime, UTC)
    return FolderEntry(name, resolved, kind, status.st_size if kind == "file" else None, changed_at)
