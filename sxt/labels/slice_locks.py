"""Who works on which slice: the first has it for as long as their heartbeat goes on."""

import json
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from sxt.errors import SxtError
from sxt.labels.files import ScratchFolder, read_bytes, writing
from sxt.labels.values import SliceKey

EXPIRY_S = 30.0
"""A slice whose holder was not heard of for so long is free."""


class SliceHeldError(SxtError):
    """Somebody else works on the slice; ``holder`` is their name."""

    def __init__(self, message: str, holder: str) -> None:
        super().__init__(message)
        self.holder = holder


@dataclass(frozen=True)
class SliceHold:
    """A held slice: who has it, since when, and when they were last heard of, both in seconds since 1970."""

    person: str
    since_s: float
    heard_s: float


class SliceLocks:
    """The holds below ``root``, one small file each.

    Parameters
    ----------
    root : Path
    scratch : ScratchFolder
    lock : callable
        Makes the lock under which holds change hands.
    clock : callable
        Returns seconds since 1970; the same on all servers to within a few seconds.
    """

    def __init__(
        self,
        root: Path,
        *,
        scratch: ScratchFolder,
        lock: Callable[[], AbstractContextManager[object]],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._root = root
        self._scratch = scratch
        self._lock = lock
        self._clock = clock

    def find(self, key: SliceKey) -> SliceHold | None:
        """Return who has a slice, or None where nobody does."""
        hold = _parse(read_bytes(self._path(key)))
        if hold is None or self._clock() - hold.heard_s > EXPIRY_S:
            return None
        return hold

    def take(self, key: SliceKey, *, by: str) -> SliceHold:
        """Take a slice, or go on holding it: called at first and then as the heartbeat, every few seconds.

        Returns
        -------
        SliceHold
            Whoever has the slice now: another ``person`` where somebody was first. The same person may hold it from
            several windows.
        """
        with self._lock():
            now, found = self._clock(), self.find(key)
            if found is not None and found.person != by:
                return found
            hold = SliceHold(by, now, now) if found is None else replace(found, heard_s=now)
            self._scratch.replace(self._path(key), json.dumps(asdict(hold)).encode())
            return hold

    def give_back(self, key: SliceKey, *, by: str) -> None:
        """Let others have a slice; nothing happens where somebody else holds it."""
        with self._lock():
            found = self.find(key)
            if found is not None and found.person == by:
                with writing(self._path(key)):
                    self._path(key).unlink(missing_ok=True)

    def check(self, key: SliceKey, *, by: str) -> None:
        """Raise `SliceHeldError` where somebody else has the slice."""
        found = self.find(key)
        if found is not None and found.person != by:
            raise SliceHeldError(
                f"Slice {key} is being labelled by {found.person}; wait until they are done, or take another.",
                found.person,
            )

    def _path(self, key: SliceKey) -> Path:
        return self._root / f"{key.plane}-{key.index}.json"


def _parse(content: bytes | None) -> SliceHold | None:
    """Return the hold that a file states; one that cannot be read holds nothing."""
    try:
        stored = json.loads(content) if content else {}
        return SliceHold(str(stored["person"]), float(stored["since_s"]), float(stored["heard_s"]))
    except (ValueError, KeyError, TypeError):
        return None
