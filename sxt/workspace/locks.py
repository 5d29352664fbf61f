"""A lock that one holder has at a time, among all processes and threads that know its path."""

import errno
import fcntl
import os
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from sxt.errors import ResourceError

FIRST_WAIT_S = 0.005
LONGEST_WAIT_S = 0.1

_IN_PROCESS: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
_REGISTRY = threading.Lock()


class PathLock:
    """A lock on a file, which is made where absent and stays.

    The operating system frees it when its holder dies, however it dies. A child made by a bare fork does not inherit
    it.

    Parameters
    ----------
    path : Path
        Its folder must be there.

    Notes
    -----
    POSIX record locks (``lockf``) belong to a process, so threads of one process are kept apart by a lock in memory.
    Closing any handle of the file would free the lock: nothing else may open it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None
        with _REGISTRY:
            self._in_process = _IN_PROCESS[os.path.realpath(path)]

    @property
    def is_held(self) -> bool:
        """Whether this object holds the lock."""
        return self._descriptor is not None

    def acquire(self, *, timeout_s: float | None = None) -> bool:
        """Take the lock; return whether that succeeded within ``timeout_s``, where None waits for ever.

        Raises
        ------
        ResourceError
            Where the file system cannot lock files.
        """
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        if not self._in_process.acquire(timeout=-1 if timeout_s is None else timeout_s):
            return False
        try:
            self._descriptor = self._lock_file(deadline)
        finally:
            if self._descriptor is None:
                self._in_process.release()
        return self._descriptor is not None

    def release(self) -> None:
        """Give the lock back."""
        if self._descriptor is None:
            raise RuntimeError(f"the lock on {self.path} is not held")
        descriptor, self._descriptor = self._descriptor, None
        os.close(descriptor)
        self._in_process.release()

    def __enter__(self) -> "PathLock":
        self.acquire()
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    def _lock_file(self, deadline: float | None) -> int | None:
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        is_locked = False
        try:
            is_locked = (deadline is None and _wait_for_lock(descriptor, self.path)) or any(
                _try_lock(descriptor, self.path) for _ in _attempts(deadline)
            )
        finally:
            if not is_locked:
                os.close(descriptor)
        return descriptor if is_locked else None


def is_free(path: Path) -> bool:
    """Return whether nobody holds the lock at ``path`` just now; a lock that nobody ever took is free."""
    if not path.exists():
        return True
    lock = PathLock(path)
    if not lock.acquire(timeout_s=0):
        return False
    lock.release()
    return True


def _wait_for_lock(descriptor: int, path: Path) -> bool:
    """Wait in the operating system's queue, which is fair; return False where it suspects a deadlock.

    It takes a process for a single thread, so that its suspicion can be wrong; polling goes on then.
    """
    try:
        fcntl.lockf(descriptor, fcntl.LOCK_EX)
    except OSError as error:
        if error.errno == errno.EDEADLK:
            return False
        raise _cannot_lock(path, error) from error
    return True


def _try_lock(descriptor: int, path: Path) -> bool:
    try:
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in (errno.EACCES, errno.EAGAIN):
            return False
        raise _cannot_lock(path, error) from error
    return True


def _cannot_lock(path: Path, error: OSError) -> ResourceError:
    return ResourceError(
        f"{path} cannot be locked ({error.strerror}); put the workspace on a file system that locks files."
    )


def _attempts(deadline: float | None) -> Iterator[None]:
    """Yield at once and then after ever longer waits until the deadline has passed."""
    wait_s = FIRST_WAIT_S
    yield
    while deadline is None or time.monotonic() < deadline:
        time.sleep(wait_s)
        wait_s = min(2 * wait_s, LONGEST_WAIT_S)
        yield
