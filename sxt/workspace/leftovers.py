"""Clean up after writers that were killed."""

import os
import re
import shutil
import time
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

from sxt.workspace.ids import ID_LENGTH

LEFTOVER_AGE_S = 3600.0
"""What was touched more recently may belong to a writer that is still at work."""

UPLOAD_AGE_S = 7 * 24 * 3600.0
"""An interrupted upload can be resumed for so long."""

_PARTIAL_ITEM = re.compile(rf"\.([a-z0-9]{{{ID_LENGTH}}})\.partial")
_PARTIAL_FILE = re.compile(r"\..+\.partial(\.[a-z]+)?")
_RETIRED = re.compile(r"\.(.+)\.[0-9a-f]{8}\.retired")


def clean_leftovers(
    folders: Iterable[Path], *, owned_ids: Collection[str], older_than_s: float = LEFTOVER_AGE_S
) -> list[Path]:
    """Remove half-written items and files, and put back what was being replaced; returns what was removed.

    Parameters
    ----------
    folders : iterable of Path
        Folders of items; their items are looked into as well.
    owned_ids : collection of str
        Ids of half-made items that a job will go on with.
    older_than_s : float
        Only what nobody has touched for so long.
    """
    removed = []
    for path in _candidates(folders):
        partial_item = _PARTIAL_ITEM.fullmatch(path.name)
        if partial_item is not None and partial_item[1] in owned_ids:
            continue
        if time.time() - _last_touched(path) < older_than_s:
            continue
        retired = _RETIRED.fullmatch(path.name)
        if retired is not None and not path.with_name(retired[1]).exists():
            path.rename(path.with_name(retired[1]))
            continue
        remove_path(path)
        removed.append(path)
    return removed


def clean_uploads(
    folder: Path, *, in_use: Collection[Path], older_than_s: float = UPLOAD_AGE_S
) -> list[Path]:
    """Remove uploads that nobody has touched for long and no job will read; returns what was removed.

    ``in_use`` are files or folders that are entries of ``folder`` or lie below one.
    """
    removed = []
    for path in _entries(folder):
        is_needed = any(each.is_relative_to(path) for each in in_use)
        if not is_needed and time.time() - _last_touched(path) >= older_than_s:
            remove_path(path)
            removed.append(path)
    return removed


def remove_path(path: Path) -> None:
    """Delete a file or a folder; that it is gone already is fine."""
    try:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    except FileNotFoundError:
        return


def _candidates(folders: Iterable[Path]) -> Iterator[Path]:
    for folder in folders:
        for entry in _entries(folder):
            if _is_leftover(entry):
                yield entry
            elif entry.is_dir():
                yield from (inner for inner in _entries(entry) if _is_leftover(inner))


def _entries(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return []


def _is_leftover(path: Path) -> bool:
    return _PARTIAL_FILE.fullmatch(path.name) is not None or _RETIRED.fullmatch(path.name) is not None


def _last_touched(path: Path) -> float:
    """Return when the newest file or folder of a tree was changed."""
    newest = 0.0
    places = [
        path,
        *(Path(parent) / name for parent, folders, names in os.walk(path) for name in (*folders, *names)),
    ]
    for place in places:
        try:
            newest = max(newest, place.lstat().st_mtime)
        except FileNotFoundError:
            continue
    return newest
