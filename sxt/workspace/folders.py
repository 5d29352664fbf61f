"""Items of one kind: folders named by their ids, each with a manifest."""

import builtins
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

from sxt.errors import InputError, ResourceError
from sxt.workspace.ids import check_id, is_id, new_id
from sxt.workspace.locks import PathLock
from sxt.workspace.manifest_files import MANIFEST_FILE, ManifestCache, write_manifest
from sxt.workspace.manifests import ItemManifest, JobManifest

T = TypeVar("T", bound=ItemManifest | JobManifest)


class ItemFolders(Generic[T]):
    """The items of one kind.

    Parameters
    ----------
    root : Path
        Folder of the items; made where absent.
    manifest_type : type
    lock : callable
        Makes the lock that is held while a manifest is changed or a folder gets or loses its name.
    what : str
        The kind in words, for messages.
    """

    def __init__(
        self, root: Path, manifest_type: type[T], *, lock: Callable[[], PathLock], what: str
    ) -> None:
        self.root = root
        self.what = what
        self._prefix = f"{root}/"
        self._lock = lock
        self._cache: ManifestCache[T] = ManifestCache(manifest_type)

    def path(self, item_id: str) -> Path:
        """Return the folder of an item, which need not be there; `InputError` where the id has no such form."""
        return self.root / check_id(item_id)

    def partial_path(self, item_id: str) -> Path:
        """Return the folder in which an item is made before it is whole."""
        return self.root / f".{check_id(item_id)}.partial"

    def draw_id(self) -> str:
        """Return an id that no item and no half-made item has."""
        return new_id(lambda drawn: self.path(drawn).exists() or self.partial_path(drawn).exists())

    def find(self, item_id: str) -> T | None:
        """Return an item's manifest, or None where there is no such item."""
        try:
            return self._cache.read(f"{self._prefix}{check_id(item_id)}/{MANIFEST_FILE}")
        except (FileNotFoundError, NotADirectoryError):
            return None

    def get(self, item_id: str) -> T:
        """Return an item's manifest.

        Raises
        ------
        InputError
            Where there is no such item, or its manifest is damaged.
        """
        found = self.find(item_id)
        if found is None:
            raise InputError(f"There is no {self.what} {item_id!r}; it may have been deleted.")
        return found

    def list(self) -> builtins.list[T]:
        """Return all items that can be read, newest first."""
        found = [manifest for item_id in self.list_ids() if (manifest := self._find_sound(item_id))]
        return sorted(found, key=_sort_key, reverse=True)

    def list_ids(self) -> builtins.list[str]:
        """Return the ids of all items in no particular order."""
        try:
            with os.scandir(self.root) as entries:
                return [entry.name for entry in entries if is_id(entry.name)]
        except FileNotFoundError:
            return []

    def list_damaged(self) -> dict[str, str]:
        """Return the ids of items whose manifest cannot be read, each with the reason."""
        damaged = {}
        for item_id in self.list_ids():
            try:
                self.find(item_id)
            except InputError as error:
                damaged[item_id] = str(error)
        return damaged

    def change(self, item_id: str, change: Callable[[T], T]) -> T:
        """Replace an item's manifest by what ``change`` makes of it, while nobody else can; return the new one.

        ``change`` may return the manifest it was given, then nothing is written; what it raises is passed on.
        """
        with self._lock():
            old = self.get(item_id)
            new = change(old)
            if new is not old:
                write_manifest(self.path(item_id) / MANIFEST_FILE, new)
            return new

    def publish(self, folder: Path, manifest: T) -> None:
        """Add the manifest to a finished folder and give it its final name.

        Raises
        ------
        InputError
            Where there is an item of that name already.
        """
        write_manifest(folder / MANIFEST_FILE, manifest)
        with self._lock():
            self.move_into_place(folder, manifest.id)

    def move_into_place(self, folder: Path, item_id: str) -> None:
        """Give a finished folder its final name; the lock must be held."""
        final = self.path(item_id)
        if final.exists():
            raise InputError(f"There is a {self.what} {item_id!r} already; nothing was changed.")
        try:
            folder.rename(final)
        except OSError as error:
            raise ResourceError(
                f"{final} cannot be made ({error.strerror}); check the permissions of the workspace."
            ) from error

    def prepare_partial(self, item_id: str) -> Path:
        """Return an empty folder in which to make an item."""
        folder = self.partial_path(item_id)
        if folder.exists():
            shutil.rmtree(folder)
        folder.mkdir(parents=True)
        return folder

    def remove_partial(self, item_id: str) -> None:
        """Remove what was left of a half-made item, if anything."""
        folder = self.partial_path(item_id)
        if folder.exists():
            shutil.rmtree(folder)

    def _find_sound(self, item_id: str) -> T | None:
        try:
            return self.find(item_id)
        except InputError:
            return None  # named by `list_damaged`


def _sort_key(manifest: ItemManifest | JobManifest) -> tuple[float, str]:
    when = manifest.submitted_at if isinstance(manifest, JobManifest) else manifest.created_at
    return (when.timestamp(), manifest.id)
