"""Files replaced whole, by way of one scratch folder whose leftovers are easily found."""

import contextlib
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

from sxt.errors import ResourceError


class ScratchFolder:
    """Half-written files on their way to their place; on the same file system as where they go.

    Parameters
    ----------
    path : Path
        Made when first used.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def replace(self, final: Path, content: bytes) -> None:
        """Write ``content`` to ``final``, whole or not at all.

        Raises
        ------
        ResourceError
            Where the disk is full or refuses.
        """
        temporary = self.path / secrets.token_hex(8)
        with writing(final):
            try:
                temporary.write_bytes(content)
            except FileNotFoundError:
                self.path.mkdir(parents=True, exist_ok=True)
                temporary.write_bytes(content)
            try:
                os.replace(temporary, final)  # noqa: PTH105  many small files
            except FileNotFoundError:
                final.parent.mkdir(parents=True, exist_ok=True)
                temporary.replace(final)

    def clear(self) -> None:
        """Remove what killed writers left; nobody may be writing."""
        shutil.rmtree(self.path, ignore_errors=True)


@contextlib.contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn what the system refuses into a `ResourceError`."""
    try:
        yield
    except OSError as error:
        raise ResourceError(
            f"{path} cannot be written ({error.strerror or error}); free disk space or check the permissions."
        ) from error


def read_bytes(path: Path) -> bytes | None:
    """Return a file's bytes, or None where there is no such file."""
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None


def ends_in_half_a_line(path: Path) -> bool:
    """Return whether a file's last line has no end, as a killed writer leaves it."""
    with path.open("rb") as stream:
        if stream.seek(0, os.SEEK_END) == 0:
            return False
        stream.seek(-1, os.SEEK_END)
        return stream.read(1) != b"\n"
