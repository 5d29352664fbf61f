"""Manifests on disk: read with their schema checked, written whole, remembered while they stay the same."""

import json
import os
from pathlib import Path
from typing import Any, Generic, TypeVar

from pydantic import ValidationError

from sxt.errors import InputError, ResourceError
from sxt.files import write_text_atomically
from sxt.workspace.manifests import SCHEMA_VERSION, Manifest

MANIFEST_FILE = "manifest.json"

M = TypeVar("M", bound=Manifest)


def read_manifest(path: Path, kind: type[M]) -> M:
    """Read and check a manifest.

    Raises
    ------
    FileNotFoundError
        Where there is none.
    InputError
        Where it is damaged, or of a newer schema.
    """
    try:
        content = json.loads(path.read_bytes())
        _check_schema(path, content)
        return kind.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(each) for each in first["loc"]) or "manifest"
        raise InputError(f"{path} is damaged ({place}: {first['msg']}); restore it from a backup.") from error
    except ValueError as error:
        raise InputError(f"{path} is damaged ({error}); restore it from a backup.") from error


def write_manifest(path: Path, manifest: Manifest) -> None:
    """Write a manifest, whole or not at all.

    Raises
    ------
    ResourceError
        Where the disk is full or refuses.
    """
    try:
        write_text_atomically(path, manifest.model_dump_json(indent=2) + "\n")
    except OSError as error:
        raise ResourceError(
            f"{path} cannot be written ({error.strerror or error}); free disk space or check the permissions."
        ) from error


class ManifestCache(Generic[M]):
    """Reads a manifest again only when its file has been replaced.

    Paths are plain text here: there can be thousands, and lists are asked for every other second.
    """

    def __init__(self, kind: type[M]) -> None:
        self._kind = kind
        self._known: dict[str, tuple[tuple[int, int, int], M]] = {}

    def read(self, path: str) -> M:
        """Return the manifest at ``path``; raises as `read_manifest` does."""
        try:
            status = os.stat(path)  # noqa: PTH116  one system call
        except FileNotFoundError:
            self._known.pop(path, None)
            raise
        stamp = (status.st_ino, status.st_mtime_ns, status.st_size)
        known = self._known.get(path)
        if known is not None and known[0] == stamp:
            return known[1]
        manifest = read_manifest(Path(path), self._kind)
        self._known[path] = (stamp, manifest)
        return manifest


def _check_schema(path: Path, content: Any) -> None:
    version = content.get("schema_version") if isinstance(content, dict) else None
    if isinstance(version, int) and version > SCHEMA_VERSION:
        raise InputError(
            f"{path} has schema version {version}, but this program knows up to {SCHEMA_VERSION}; "
            "use a newer version of the program."
        )
