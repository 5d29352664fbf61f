"""What was deleted: kept in ``trash/`` until it is restored or the trash is emptied."""

import builtins
import os
import shutil
from collections.abc import Callable
from pathlib import Path

from sxt.errors import InputError
from sxt.workspace.clock import utc_now
from sxt.workspace.disk import folder_bytes
from sxt.workspace.ids import check_id, is_id, new_id
from sxt.workspace.locks import PathLock
from sxt.workspace.manifest_files import ManifestCache, write_manifest
from sxt.workspace.manifests import TrashManifest

ENTRY_FILE = "entry.json"
ITEM_NAME = "item"


class Trash:
    """The deleted items of a workspace.

    Parameters
    ----------
    root : Path
        Folder of the trash.
    workspace_root : Path
        What the places of its entries are relative to.
    lock : callable
        Makes the lock that is held while something gets or loses its name.
    """

    def __init__(self, root: Path, workspace_root: Path, *, lock: Callable[[], PathLock]) -> None:
        self._root = root
        self._workspace_root = workspace_root
        self._lock = lock
        self._cache = ManifestCache(TrashManifest)

    def put(self, path: Path, *, kind: str, item_id: str, name: str, by: str) -> TrashManifest:
        """Move a folder into the trash; the lock must be held."""
        entry_id = new_id(lambda drawn: (self._root / drawn).exists())
        entry = TrashManifest(
            id=entry_id,
            kind=kind,
            item_id=item_id,
            name=name,
            place=path.relative_to(self._workspace_root).as_posix(),
            deleted_at=utc_now(),
            deleted_by=by,
        )
        folder = self._root / entry_id
        folder.mkdir(parents=True)
        write_manifest(folder / ENTRY_FILE, entry)
        path.rename(folder / ITEM_NAME)  # last, so that an item in the trash always says where it belongs
        return entry

    def list(self) -> builtins.list[TrashManifest]:
        """Return what is in the trash, deleted last first."""
        found = [entry for entry_id in self._ids() if (entry := self._find(entry_id))]
        return sorted(found, key=lambda entry: (entry.deleted_at, entry.id), reverse=True)

    def restore(self, entry_id: str) -> TrashManifest:
        """Put something back where it was.

        Raises
        ------
        InputError
            Where it is not in the trash, or its place is taken.
        """
        with self._lock():
            entry = self._get(entry_id)
            final = self._workspace_root / entry.place
            if final.exists():
                raise InputError(
                    f"{entry.name!r} cannot be restored: there is something in its place {entry.place}."
                )
            final.parent.mkdir(parents=True, exist_ok=True)
            (self._root / entry.id / ITEM_NAME).rename(final)
        shutil.rmtree(self._root / entry.id)
        return entry

    def remove(self, entry_id: str) -> TrashManifest:
        """Delete something in the trash for good."""
        with self._lock():
            entry = self._get(entry_id)
            doomed = self._root / f".{entry.id}.partial"  # a killed removal is finished by the next clean-up
            (self._root / entry.id).rename(doomed)
        shutil.rmtree(doomed)
        return entry

    def size_bytes(self, entry_id: str) -> int:
        """Return how much disk space something in the trash takes."""
        return folder_bytes(self._root / check_id(entry_id))

    def _ids(self) -> builtins.list[str]:
        try:
            return [name for name in os.listdir(self._root) if is_id(name)]  # noqa: PTH208  names are needed
        except FileNotFoundError:
            return []

    def _find(self, entry_id: str) -> TrashManifest | None:
        folder = self._root / check_id(entry_id)
        try:
            entry = self._cache.read(str(folder / ENTRY_FILE))
        except (FileNotFoundError, InputError):
            return None
        return entry if (folder / ITEM_NAME).exists() else None

    def _get(self, entry_id: str) -> TrashManifest:
        entry = self._find(entry_id)
        if entry is None:
            raise InputError(f"There is nothing {entry_id!r} in the trash; it may have been restored.")
        return entry
