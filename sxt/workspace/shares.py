"""Read-only links, one file each: made, listed, looked up and revoked."""

import builtins
import os
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from pydantic import ValidationError

from sxt.errors import InputError, SettingsError
from sxt.workspace.activity import ActivityLog
from sxt.workspace.clock import utc_now
from sxt.workspace.ids import is_token, new_token
from sxt.workspace.locks import PathLock
from sxt.workspace.manifest_files import ManifestCache, write_manifest
from sxt.workspace.manifests import MAX_NAME_LENGTH, MAX_NOTE_LENGTH, ShareManifest
from sxt.workspace.scene_view import SceneView

DEFAULT_EXPIRY = timedelta(days=30)


class ShareBook:
    """The shares of a workspace.

    Parameters
    ----------
    root : Path
        Folder of ``<token>.json`` files.
    lock : callable
        Makes the lock that is held while a share is changed.
    is_there : callable
        Whether what a share shows can still be shown.
    activity : ActivityLog
        Told who shared and revoked what; tokens are not written there.
    """

    def __init__(
        self,
        root: Path,
        *,
        lock: Callable[[], PathLock],
        is_there: Callable[[ShareManifest], bool],
        activity: ActivityLog,
    ) -> None:
        self._root = root
        self._lock = lock
        self._is_there = is_there
        self._activity = activity
        self._cache = ManifestCache(ShareManifest)

    def create(
        self,
        *,
        title: str,
        by: str,
        surface_id: str | None = None,
        segmentation_id: str | None = None,
        note: str = "",
        view: SceneView | None = None,
        expires_after: timedelta = DEFAULT_EXPIRY,
        now: datetime | None = None,
    ) -> ShareManifest:
        """Make a link to a surface, a segmentation or both.

        Raises
        ------
        SettingsError
            Where nothing is shared, the time is not positive, or the title is empty or too long.
        InputError
            Where what is shared is not there.
        """
        created_at = now or utc_now()
        if expires_after <= timedelta(0):
            raise SettingsError(f"A link that works for {expires_after} is of no use; give at least a day.")
        try:
            share = ShareManifest(
                token=new_token(),
                title=title,
                note=note,
                surface_id=surface_id,
                segmentation_id=segmentation_id,
                view=view,
                created_at=created_at,
                created_by=by,
                expires_at=created_at + expires_after,
            )
        except (ValidationError, OverflowError) as error:
            raise SettingsError(
                "A share needs something to show, and at least a day; its title has 1 to "
                f"{MAX_NAME_LENGTH} characters and its note up to {MAX_NOTE_LENGTH}."
            ) from error
        if not self._is_there(share):
            raise InputError("What was to be shared is not there; it may have been deleted.")
        write_manifest(self._path(share.token), share)
        self._activity.add(
            "shared", by=by, kind="share", item_id=surface_id or segmentation_id or "", name=title
        )
        return share

    def look_up(self, token: object, *, now: datetime | None = None) -> ShareManifest | None:
        """Return the share behind a link, or None where it is unknown, revoked, expired, or its items are gone."""
        share = self._read(token)
        if share is None or not share.is_open(now or utc_now()) or not self._is_there(share):
            return None
        return share

    def list(self, *, by: str | None = None) -> builtins.list[ShareManifest]:
        """Return all shares, or those of one person, revoked and expired ones too, newest first."""
        try:
            names = os.listdir(self._root)  # noqa: PTH208  names are what is needed
        except FileNotFoundError:
            return []
        shares = (self._read(name.removesuffix(".json")) for name in names if name.endswith(".json"))
        found = [share for share in shares if share is not None and by in (None, share.created_by)]
        return sorted(found, key=lambda share: (share.created_at, share.token), reverse=True)

    def revoke(self, token: str, *, by: str, now: datetime | None = None) -> ShareManifest:
        """Close a link for good; revoking it again changes nothing.

        Raises
        ------
        InputError
            Where there is no such share.
        """
        with self._lock():
            share = self._read(token)
            if share is None:
                raise InputError("There is no such share; it may have been deleted.")
            was_open = share.revoked_at is None
            if was_open:
                share = share.model_copy(update={"revoked_at": now or utc_now()})
                write_manifest(self._path(share.token), share)
        if was_open:
            item_id = share.surface_id or share.segmentation_id or ""
            self._activity.add("revoked", by=by, kind="share", item_id=item_id, name=share.title)
        return share

    def _path(self, token: str) -> Path:
        return self._root / f"{token}.json"

    def _read(self, token: object) -> ShareManifest | None:
        if not isinstance(token, str) or not is_token(token):
            return None
        try:
            return self._cache.read(str(self._path(token)))
        except (FileNotFoundError, InputError):
            return None
