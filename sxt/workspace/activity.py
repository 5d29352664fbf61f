"""Who did what and when: one line of JSON each, only ever appended."""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from sxt.errors import ResourceError
from sxt.workspace.clock import utc_now
from sxt.workspace.locks import PathLock

BLOCK_BYTES = 1 << 16


class Activity(BaseModel):
    """One thing that was done.

    Parameters
    ----------
    when : datetime
    who : str
    action : str
        A verb in the past, for example ``imported``.
    kind, id, name : str
        What it was done to.
    detail : str
        What else is worth knowing.
    """

    model_config = ConfigDict(frozen=True)

    when: AwareDatetime
    who: str
    action: str
    kind: str
    id: str = ""
    name: str = ""
    detail: str = ""


class ActivityLog:
    """The log at ``path``; several processes may add to it."""

    def __init__(self, path: Path, *, lock: Callable[[], PathLock]) -> None:
        self._path = path
        self._lock = lock

    def add(
        self, action: str, *, by: str, kind: str, item_id: str = "", name: str = "", detail: str = ""
    ) -> None:
        """Append a line with the present time.

        Raises
        ------
        ResourceError
            Where the disk is full or refuses.
        """
        entry = Activity(
            when=utc_now(), who=by, action=action, kind=kind, id=item_id, name=name, detail=detail
        )
        line = entry.model_dump_json() + "\n"
        try:
            with self._lock(), self._path.open("ab") as stream:
                if _ends_in_half_a_line(self._path):
                    line = "\n" + line
                stream.write(line.encode("utf-8"))
        except OSError as error:
            raise ResourceError(
                f"{self._path} cannot be written ({error.strerror}); free disk space or check the permissions."
            ) from error

    def read(self, *, limit: int = 100, item_id: str | None = None) -> list[Activity]:
        """Return the latest entries, newest first, of one item where its id is given; broken lines are left out."""
        found: list[Activity] = []
        if limit < 1 or not self._path.exists():
            return found
        with self._path.open("rb") as stream:
            for line in _lines_backwards(stream):
                entry = _parse(line)
                if entry is not None and item_id in (None, entry.id):
                    found.append(entry)
                    if len(found) == limit:
                        break
        return found


def _parse(line: bytes) -> Activity | None:
    """Return the entry of a line, or None where a killed writer left half of it."""
    try:
        return Activity.model_validate(json.loads(line))
    except (ValueError, ValidationError):
        return None


def _ends_in_half_a_line(path: Path) -> bool:
    with path.open("rb") as stream:
        if stream.seek(0, os.SEEK_END) == 0:
            return False
        stream.seek(-1, os.SEEK_END)
        return stream.read(1) != b"\n"


def _lines_backwards(stream: BinaryIO) -> Iterator[bytes]:
    """Yield the lines of a file from its last to its first."""
    position = stream.seek(0, os.SEEK_END)
    rest = b""
    while position > 0:
        size = min(BLOCK_BYTES, position)
        position -= size
        stream.seek(position)
        lines = (stream.read(size) + rest).split(b"\n")
        rest = lines[0]
        yield from (line for line in reversed(lines[1:]) if line)
    if rest:
        yield rest
