"""Uploads on disk: begun with a name and a size, written piece by piece, whole or not there."""

import os
import re
import secrets
import shutil
import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from pydantic import ValidationError

from sxt.errors import InputError, ResourceError, SxtError
from sxt.files import write_text_atomically
from sxt.io.tiff_folder import natural_key
from sxt.ui.upload.upload import Upload, UploadFile, UploadState, content_folder, partial_name, stored_name
from sxt.workspace.disk import check_space
from sxt.workspace.names import shorten_name

ID_BYTES = 16
ID = re.compile(r"[0-9a-f]{32}")
MANIFEST_FILE = "upload.json"
ABANDONED_AFTER_S = 24 * 3600.0
DEFAULT_LIMIT_BYTES = 500 * 10**9
MAX_FILES = 20_000
COPIES = 2
"""Room is asked for the file itself and for the copy with several resolutions that is made of it."""


class OffsetError(SxtError):
    """A piece that does not go where it was sent; ``received`` says how much of the file is there."""

    def __init__(self, message: str, *, received: int) -> None:
        super().__init__(message)
        self.received = received


class TooLargeError(SxtError):
    """More bytes than are allowed or were announced."""


class UploadStore:
    """The uploads below a folder.

    Parameters
    ----------
    root : Path
        Folder of the uploads; made where absent.
    limit_bytes : int
        The most that one upload may have.
    clock : callable
        Seconds since 1970, as the times of files are.
    """

    def __init__(
        self, root: Path, *, limit_bytes: int = DEFAULT_LIMIT_BYTES, clock: Callable[[], float] = time.time
    ) -> None:
        self.root = root
        self.limit_bytes = limit_bytes
        self._clock = clock
        self._known: dict[str, Upload] = {}
        self._locks: dict[tuple[str, int], threading.Lock] = {}
        self._guard = threading.Lock()

    def begin(self, name: str, files: Sequence[UploadFile], *, is_folder: bool, by: str) -> Upload:
        """Make room for an upload.

        Parameters
        ----------
        name : str
            Of the file or folder.
        files : sequence of UploadFile
            One where it is not a folder.
        is_folder : bool
        by : str
            Who uploads.

        Raises
        ------
        InputError
            No file, too many files, or two of the same name.
        TooLargeError
            More bytes than are allowed.
        ResourceError
            More bytes than fit on the disk beside the uploads that are under way.
        """
        upload = Upload(
            id=secrets.token_hex(ID_BYTES),
            name=shorten_name(name),
            is_folder=is_folder,
            files=tuple(sorted(files, key=lambda each: natural_key(Path(each.name)))),
            created_at=datetime.fromtimestamp(self._clock(), UTC),
            created_by=by,
        )
        _check_files(upload)
        if upload.size > self.limit_bytes:
            raise TooLargeError(
                f"{upload.name} has {upload.size / 1e9:.2f} GB, but uploads are limited to "
                f"{self.limit_bytes / 1e9:.2f} GB; bring it in from a data folder of the server."
            )
        self.root.mkdir(parents=True, exist_ok=True)
        what = f"{upload.name} with the copy that is made of it"
        check_space(self.root, COPIES * upload.size + self._outstanding_bytes(), what=what)
        folder = self.root / upload.id
        try:
            content_folder(folder, upload).mkdir(parents=True)
            write_text_atomically(folder / MANIFEST_FILE, upload.model_dump_json(indent=2) + "\n")
        except OSError as error:
            shutil.rmtree(folder, ignore_errors=True)
            raise _disk_error(folder, error) from error
        return upload

    def state(self, upload_id: str) -> UploadState:
        """Return how much of an upload is there; raises `InputError` where there is no such upload."""
        upload = self._read(upload_id)
        sizes = _sizes_in(content_folder(self.root / upload.id, upload))
        received = (
            each.size if stored_name(upload, index) in sizes else sizes.get(partial_name(index), 0)
            for index, each in enumerate(upload.files)
        )
        return UploadState(upload, tuple(received))

    def list_states(self) -> list[UploadState]:
        """Return all uploads, newest first; those that cannot be read are left out."""
        states = []
        for upload_id in self._ids():
            try:
                states.append(self.state(upload_id))
            except InputError:
                continue
        return sorted(states, key=lambda each: each.upload.created_at, reverse=True)

    def check_fits(self, upload_id: str, index: int, end: int) -> None:
        """Raise `TooLargeError` where a file was announced with less than ``end`` bytes."""
        file = self._file(upload_id, index)
        if end > file.size:
            raise TooLargeError(f"{file.name} was announced with {file.size} bytes, not more.")

    def append(self, upload_id: str, index: int, offset: int, block: bytes) -> int:
        """Write the next bytes of a file; return how many of it are there then.

        Raises
        ------
        InputError
            No such upload or file.
        OffsetError
            Where the file does not end at ``offset``: another connection wrote meanwhile, or the sender lost count.
        TooLargeError
            Where more would be written than was announced.
        ResourceError
            Where the disk is full.
        """
        self.check_fits(upload_id, index, offset + len(block))
        upload = self._read(upload_id)
        size = upload.files[index].size
        folder = content_folder(self.root / upload.id, upload)
        with self._lock_of(upload.id, index):
            received = size if (folder / stored_name(upload, index)).exists() else _size_of(folder, index)
            if offset != received:
                raise OffsetError(
                    f"The next byte of {upload.files[index].name} is {received}, not {offset}; go on from there.",
                    received=received,
                )
            if not block:
                return received
            try:
                _write(folder / partial_name(index), offset, block, is_last=offset + len(block) == size)
                if offset + len(block) == size:
                    (folder / partial_name(index)).rename(folder / stored_name(upload, index))
            except FileNotFoundError as error:
                raise _missing(upload.id) from error
            except OSError as error:
                raise _disk_error(folder, error) from error
        return offset + len(block)

    def is_completed_by(self, upload_id: str, index: int, received: int) -> bool:
        """Return whether a file of which ``received`` bytes are there now was the last one missing."""
        upload = self._read(upload_id)
        if received < upload.files[index].size:
            return False
        names = os.listdir(content_folder(self.root / upload.id, upload))  # noqa: PTH208  may be many
        return sum(not name.startswith(".") for name in names) == len(upload.files)

    def source_path(self, upload_id: str) -> Path:
        """Return the file or the folder of slices of a complete upload.

        Raises
        ------
        InputError
            Where there is no such upload, or some of it is still missing.
        """
        state = self.state(upload_id)
        upload = state.upload
        if not state.is_complete:
            missing = upload.size - sum(state.received)
            raise InputError(f"{upload.name} lacks {missing} of its {upload.size} bytes; finish the upload.")
        folder = content_folder(self.root / upload.id, upload)
        return folder if upload.is_folder else folder / stored_name(upload, 0)

    def remove(self, upload_id: str) -> None:
        """Delete an upload; that it is gone already is fine."""
        if ID.fullmatch(upload_id) is None:
            return
        retired = self.root / f".{upload_id}.{secrets.token_hex(4)}.retired"
        try:
            (self.root / upload_id).rename(retired)
        except FileNotFoundError:
            return
        shutil.rmtree(retired, ignore_errors=True)
        with self._guard:
            self._known.pop(upload_id, None)
            self._locks = {key: lock for key, lock in self._locks.items() if key[0] != upload_id}

    def remove_abandoned(self, *, older_than_s: float = ABANDONED_AFTER_S) -> list[str]:
        """Delete uploads that are not complete and that nothing was written to for long; return their ids."""
        removed = []
        for upload_id in self._ids():
            folder = self.root / upload_id
            if self._clock() - _last_written(folder) < older_than_s or self._is_complete(upload_id):
                continue
            self.remove(upload_id)
            removed.append(upload_id)
        return removed

    def _read(self, upload_id: str) -> Upload:
        if ID.fullmatch(upload_id) is None:
            raise _missing(upload_id)
        path = self.root / upload_id / MANIFEST_FILE
        if not path.is_file():
            self._known.pop(upload_id, None)
            raise _missing(upload_id)
        try:
            if upload_id not in self._known:
                self._known[upload_id] = Upload.model_validate_json(path.read_bytes())
        except ValidationError as error:
            raise InputError(f"{path} is damaged; delete the upload and begin anew.") from error
        return self._known[upload_id]

    def _file(self, upload_id: str, index: int) -> UploadFile:
        files = self._read(upload_id).files
        if not 0 <= index < len(files):
            raise InputError(f"The upload has {len(files)} files, so there is no file {index}.")
        return files[index]

    def _ids(self) -> list[str]:
        try:
            return [entry.name for entry in os.scandir(self.root) if ID.fullmatch(entry.name)]
        except FileNotFoundError:
            return []

    def _is_complete(self, upload_id: str) -> bool:
        try:
            return self.state(upload_id).is_complete
        except InputError:
            return False

    def _outstanding_bytes(self) -> int:
        """Return what the uploads under way will still write, their copies included."""
        states = [state for state in self.list_states() if not state.is_complete]
        return sum(COPIES * state.upload.size - sum(state.received) for state in states)

    def _lock_of(self, upload_id: str, index: int) -> threading.Lock:
        with self._guard:
            return self._locks.setdefault((upload_id, index), threading.Lock())


def _check_files(upload: Upload) -> None:
    if not upload.files:
        raise InputError(f"{upload.name} has no files; choose at least one.")
    if len(upload.files) > (MAX_FILES if upload.is_folder else 1):
        raise InputError(
            f"{upload.name} has {len(upload.files)} files; up to {MAX_FILES} slices make a folder."
        )
    names = [each.name for each in upload.files]
    if len(set(names)) < len(names):
        raise InputError(f"{upload.name} has two files of the same name; choose a folder without subfolders.")


def _sizes_in(folder: Path) -> dict[str, int]:
    try:
        return {entry.name: entry.stat().st_size for entry in os.scandir(folder)}
    except FileNotFoundError:
        return {}


def _size_of(folder: Path, index: int) -> int:
    try:
        return (folder / partial_name(index)).stat().st_size
    except FileNotFoundError:
        return 0


def _write(path: Path, offset: int, block: bytes, *, is_last: bool) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb", buffering=0) as stream:
        stream.seek(offset)
        left = memoryview(block)
        while left:
            left = left[stream.write(left) :]
        if is_last:
            os.fsync(descriptor)


def _last_written(folder: Path) -> float:
    newest = 0.0
    for parent, folders, names in os.walk(folder):
        for name in (*folders, *names):
            try:
                newest = max(newest, (Path(parent) / name).lstat().st_mtime)
            except FileNotFoundError:
                continue
    return newest


def _missing(upload_id: str) -> InputError:
    return InputError(f"There is no upload {upload_id[:40]!r}; it may have been cancelled or cleaned up.")


def _disk_error(path: Path, error: OSError) -> ResourceError:
    return ResourceError(
        f"{path} cannot be written ({error.strerror}); free disk space or check the permissions."
    )
