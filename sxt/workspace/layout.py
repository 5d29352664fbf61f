"""The folders of a workspace, what lies in them, and what keeps them in order."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from sxt.errors import InputError, ResourceError, SxtError
from sxt.workspace.activity import ActivityLog
from sxt.workspace.disk import folder_bytes
from sxt.workspace.folders import ItemFolders
from sxt.workspace.leftovers import LEFTOVER_AGE_S, clean_leftovers, clean_uploads, remove_path
from sxt.workspace.locks import PathLock
from sxt.workspace.manifests import (
    ItemKind,
    ItemManifest,
    JobManifest,
    LabelsManifest,
    SegmentationManifest,
    ShareManifest,
    SurfaceManifest,
    TomogramManifest,
    TrashManifest,
)
from sxt.workspace.names import check_name
from sxt.workspace.shares import ShareBook
from sxt.workspace.trash import Trash

T = TypeVar("T", bound=ItemManifest | JobManifest)

LOCK_FILE = ".lock"
SUBFOLDERS = (
    "tomograms",
    "segmentations",
    "labels",
    "models",
    "surfaces",
    "evaluations",
    "jobs",
    "shares",
    "trash",
    "uploads",
)


class InUseError(SxtError):
    """Something that others need; ``users`` says who, one phrase each."""

    def __init__(self, message: str, users: tuple[str, ...]) -> None:
        super().__init__(message)
        self.users = users


@dataclass(frozen=True)
class DiskUse:
    """What an item, a model version or an entry of the trash takes on the disk."""

    kind: str
    id: str
    name: str
    size_bytes: int


class WorkspaceLayout:
    """The folders below ``root``; several processes may use them at the same time.

    Parameters
    ----------
    root : Path
        Made where absent.

    Attributes
    ----------
    tomograms, segmentations, surfaces, labels, jobs : ItemFolders
        The items by kind: ``list``, ``get``, ``find``, ``path``. Labels have their tomogram's id.
    shares : ShareBook
    trash : Trash
    activity : ActivityLog
    models_root, labels_root, uploads : Path
        Folders whose contents other parts look after.
    """

    def __init__(self, root: str | Path) -> None:
        self.root = Path(root).absolute()
        try:
            for name in SUBFOLDERS:
                (self.root / name).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ResourceError(
                f"The workspace {self.root} cannot be made ({error.strerror}); choose a folder that can be written."
            ) from error
        self.models_root = self.root / "models"
        self.labels_root = self.root / "labels"
        self.uploads = self.root / "uploads"
        self.tomograms = self._folders("tomograms", TomogramManifest, "tomogram")
        self.segmentations = self._folders("segmentations", SegmentationManifest, "segmentation")
        self.surfaces = self._folders("surfaces", SurfaceManifest, "surface")
        self.labels = self._folders("labels", LabelsManifest, "set of labels")
        self.jobs = self._folders("jobs", JobManifest, "job")
        self.activity = ActivityLog(self.root / "activity.jsonl", lock=self.lock)
        self.trash = Trash(self.root / "trash", self.root, lock=self.lock)
        self.shares = ShareBook(
            self.root / "shares", lock=self.lock, is_there=self._can_show, activity=self.activity
        )

    def lock(self) -> PathLock:
        """Return the lock under which names are given and manifests change; hold it for milliseconds only."""
        return PathLock(self.root / LOCK_FILE)

    def items(self, kind: ItemKind) -> ItemFolders[Any]:
        """Return the items of one kind."""
        by_kind: dict[str, ItemFolders[Any]] = {
            "tomogram": self.tomograms,
            "segmentation": self.segmentations,
            "surface": self.surfaces,
            "labels": self.labels,
        }
        if kind not in by_kind:
            raise InputError(f"There is no kind of item {kind!r}; the kinds are {', '.join(by_kind)}.")
        return by_kind[kind]

    def log(self, action: str, kind: str, item: ItemManifest, *, by: str, detail: str = "") -> None:
        """Add what was done to an item to the activity log."""
        self.activity.add(action, by=by, kind=kind, item_id=item.id, name=item.name, detail=detail)

    def rename(self, kind: ItemKind, item_id: str, name: str, *, by: str) -> ItemManifest:
        """Give an item another name."""
        shown = check_name(name)
        changed: ItemManifest = self.items(kind).change(
            item_id, lambda old: old.model_copy(update={"name": shown})
        )
        self.log("renamed", kind, changed, by=by)
        return changed

    def list_users(self, kind: ItemKind, item_id: str) -> list[str]:
        """Return what depends on an item, one phrase each, for example ``the segmentation 'cell'``."""
        users = []
        if kind == "tomogram":
            users += _phrases("segmentation", self.segmentations.list(), tomogram_id=item_id)
            if (self.labels_root / item_id).exists():
                users.append("its labels")
        if kind == "segmentation":
            users += _phrases("surface", self.surfaces.list(), segmentation_id=item_id)
        users += [
            f"the share {share.title!r}"
            for share in self.shares.list()
            if share.revoked_at is None and item_id in (share.surface_id, share.segmentation_id)
        ]
        return users + [f"the {job.state} job {job.title!r}" for job in self._jobs_using(item_id)]

    def delete(self, kind: ItemKind, item_id: str, *, by: str, force: bool = False) -> TrashManifest:
        """Move an item into the trash.

        Parameters
        ----------
        kind, item_id
        by : str
            Who does it.
        force : bool
            Also where others depend on it; these stay, but a tomogram's labels go to the trash with it. An item that an
            unfinished job needs is kept in any case.

        Raises
        ------
        InUseError
            Where others depend on it; its ``users`` lists them.
        """
        folders = self.items(kind)
        item: ItemManifest = folders.get(item_id)
        if users := [] if force else self.list_users(kind, item_id):
            raise InUseError(
                f"The {kind} {item.name!r} is needed by {_enumerate(users)}; delete these first, or it all the same.",
                tuple(users),
            )
        if jobs := self._jobs_using(item_id):
            titles = tuple(f"the {job.state} job {job.title!r}" for job in jobs)
            raise InUseError(
                f"The {kind} {item.name!r} is needed by {_enumerate(list(titles))}; cancel that first.",
                titles,
            )
        with self.lock():
            item = folders.get(item_id)
            labels = self.labels.path(item_id)
            if kind == "tomogram" and labels.exists():
                self.trash.put(labels, kind="labels", item_id=item_id, name=item.name, by=by)
            entry = self.trash.put(folders.path(item_id), kind=kind, item_id=item_id, name=item.name, by=by)
        self.log("deleted", kind, item, by=by)
        return entry

    def delete_model(self, spec: str, *, by: str) -> TrashManifest:
        """Move a model version of the workspace, ``name:version``, into the trash.

        Raises
        ------
        InputError
            Where the workspace has no such version; shipped versions are not in the workspace.
        ModelError
            Where ``spec`` has no such form.
        """
        from sxt.models import parse_spec

        name, version = parse_spec(spec)
        folder = self.models_root / name / (version or "")
        if version is None or not folder.is_dir():
            raise InputError(
                f"The workspace has no model version {spec!r}; shipped versions cannot be deleted."
            )
        with self.lock():
            entry = self.trash.put(folder, kind="model", item_id=spec, name=spec, by=by)
        self.activity.add("deleted", by=by, kind="model", item_id=spec, name=spec)
        return entry

    def restore(self, entry_id: str, *, by: str) -> TrashManifest:
        """Put something in the trash back where it was; raises as `Trash.restore` does."""
        entry = self.trash.restore(entry_id)
        self.activity.add("restored", by=by, kind=entry.kind, item_id=entry.item_id, name=entry.name)
        return entry

    def empty_trash(self, *, by: str, entry_id: str | None = None) -> list[TrashManifest]:
        """Delete everything in the trash for good, or one entry of it; returns what is gone."""
        doomed = [each.id for each in self.trash.list()] if entry_id is None else [entry_id]
        gone = [self.trash.remove(each) for each in doomed]
        for entry in gone:
            self.activity.add(
                "deleted for good", by=by, kind=entry.kind, item_id=entry.item_id, name=entry.name
            )
        return gone

    def disk_use(self) -> list[DiskUse]:
        """Return what every item and every entry of the trash takes, the largest first."""
        used = [
            DiskUse(kind, item.id, item.name, folder_bytes(folders.path(item.id)))
            for kind, folders in (
                ("tomogram", self.tomograms),
                ("segmentation", self.segmentations),
                ("surface", self.surfaces),
                ("labels", self.labels),
            )
            for item in folders.list()
        ]
        used += [
            DiskUse("trash", entry.id, entry.name, self.trash.size_bytes(entry.id))
            for entry in self.trash.list()
        ]
        return sorted(used, key=lambda each: each.size_bytes, reverse=True)

    def free_bytes(self) -> int:
        """Return the free space of the disk."""
        return shutil.disk_usage(self.root).free

    def clean_leftovers(self, *, older_than_s: float = LEFTOVER_AGE_S) -> list[Path]:
        """Remove what killed writers left, unless a job will go on with it; returns what was removed.

        Failed jobs keep what they finished, so that trying again goes on from there.
        """
        jobs = [job for job in self.jobs.list() if job.is_active or job.state == "failed"]
        owned = {job.item_id for job in jobs if job.item_id} | {job.id for job in jobs}
        names = [name for name in SUBFOLDERS if name not in ("uploads", "models")]
        folders = [
            *(self.root / name for name in names),
            self.models_root,
            *_subfolders(self.models_root),
            *_subfolders(self.labels_root),
        ]
        removed = clean_leftovers([self.root, *folders], owned_ids=owned, older_than_s=older_than_s)
        in_use = {Path(str(job.settings.get("source", ""))) for job in jobs}
        return removed + clean_uploads(self.uploads, in_use=in_use)

    def remove_upload(self, source: Path) -> None:
        """Delete the upload that ``source`` is or lies in; a path anywhere else is left alone."""
        if source.is_relative_to(self.uploads) and source != self.uploads and ".." not in source.parts:
            remove_path(self.uploads / source.relative_to(self.uploads).parts[0])

    def _folders(self, name: str, manifest_type: type[T], what: str) -> ItemFolders[T]:
        return ItemFolders(self.root / name, manifest_type, lock=self.lock, what=what)

    def _jobs_using(self, item_id: str) -> list[JobManifest]:
        return [job for job in self.jobs.list() if job.is_active and item_id in job.inputs]

    def _can_show(self, share: ShareManifest) -> bool:
        """Return whether all that a share shows is there."""
        is_surface_there = share.surface_id is None or self.surfaces.find(share.surface_id) is not None
        return is_surface_there and (
            share.segmentation_id is None or self.segmentations.find(share.segmentation_id) is not None
        )


def _phrases(what: str, items: list[Any], **wanted: str) -> list[str]:
    return [
        f"the {what} {item.name!r}"
        for item in items
        if all(getattr(item, key) == value for key, value in wanted.items())
    ]


def _enumerate(phrases: list[str], *, shown: int = 3) -> str:
    more = f" and {len(phrases) - shown} more" if len(phrases) > shown else ""
    return ", ".join(phrases[:shown]) + more


def _subfolders(folder: Path) -> list[Path]:
    return [each for each in folder.iterdir() if each.is_dir()]
