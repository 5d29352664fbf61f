"""The cookie that stands for a token once shown, and the key that only this server knows to make it."""

import contextlib
import hashlib
import hmac
import os
import secrets
import time
from collections.abc import Callable
from pathlib import Path

from sxt.errors import ResourceError

KEY_FILE = ".access-key"
KEY_BYTES = 32
COOKIE_PREFIX = "sxt_access_"
COOKIE_LIFETIME_S = 30 * 24 * 3600


class AccessCookie:
    """Makes and checks the cookie of those who showed the token.

    The cookie holds a time and its authentication code, so it neither gives the token away nor lets anybody try tokens
    by way of it. It ends with the token, with the server's key, or after 30 days.

    Parameters
    ----------
    key : bytes
        Known to this server alone.
    token : str
        The token that it stands for.
    clock : callable
        Seconds since 1970.
    """

    def __init__(self, key: bytes, token: str, *, clock: Callable[[], float] = time.time) -> None:
        self._key = hmac.digest(key, token.encode(), "sha256")
        self._clock = clock
        self.name = f"{COOKIE_PREFIX}{hashlib.sha256(key).hexdigest()[:8]}"
        """Of its own for each workspace: browsers send cookies to every port of a host."""

    def make(self) -> str:
        """Return a fresh value."""
        issued = str(int(self._clock()))
        return f"{issued}.{self._code(issued)}"

    def is_valid(self, value: str | None) -> bool:
        """Return whether a value was made here and has not expired."""
        issued, separator, code = (value or "").partition(".")
        if not separator or not (issued.isascii() and issued.isdecimal()) or len(issued) > 12:
            return False
        is_ours = hmac.compare_digest(code.encode(), self._code(issued).encode())
        return is_ours and self._clock() - int(issued) < COOKIE_LIFETIME_S

    def _code(self, issued: str) -> str:
        return hmac.digest(self._key, issued.encode(), "sha256").hex()


def are_equal(given: str, expected: str) -> bool:
    """Compare two secrets in a time that does not tell where they differ."""
    return hmac.compare_digest(given.encode(), expected.encode())


def load_key(folder: Path) -> bytes:
    """Return the server's key from ``folder``, drawn on first use and readable by its owner alone.

    Raises
    ------
    ResourceError
        Where it can be neither read nor written.
    """
    path = folder / KEY_FILE
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileExistsError):
            _write_key(path)
        key = path.read_bytes()
    except OSError as error:
        raise ResourceError(
            f"{path} cannot be read or written ({error.strerror}); check the workspace's permissions."
        ) from error
    if len(key) != KEY_BYTES:
        raise ResourceError(f"{path} has {len(key)} bytes instead of {KEY_BYTES}; delete it and start again.")
    return key


def _write_key(path: Path) -> None:
    """Write a new key, whole, unless there is one already."""
    temporary = path.with_name(f"{KEY_FILE}.{secrets.token_hex(4)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(secrets.token_bytes(KEY_BYTES))
        os.link(temporary, path)  # unlike a rename it never replaces
    finally:
        temporary.unlink()
