"""A folder as a ZIP archive that is made while it is sent, without a copy on disk or in memory."""

import io
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

BLOCK_BYTES = 1 << 20
FIRST_YEAR = 1980
"""ZIP knows no earlier one."""


class _Outbox(io.RawIOBase):
    """Keeps what was written until it is taken; being unable to seek, it makes `zipfile` write straight on."""

    def __init__(self) -> None:
        self._waiting = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: "bytes | bytearray | memoryview") -> int:  # type: ignore[override]
        self._waiting += data
        return len(data)

    def take(self) -> bytes:
        taken = bytes(self._waiting)
        self._waiting.clear()
        return taken


def stream_zip(folder: Path, *, top_name: str) -> Iterator[bytes]:
    """Yield the bytes of an archive of all files below a folder.

    Parameters
    ----------
    folder : Path
    top_name : str
        The one folder in the archive that holds the rest.

    Notes
    -----
    Nothing is compressed: Zarr's pieces and weights are, or cannot be. Links are left out.
    """
    outbox = _Outbox()
    with zipfile.ZipFile(outbox, "w", zipfile.ZIP_STORED) as archive:
        for path in _files_below(folder):
            name = f"{top_name}/{path.relative_to(folder).as_posix()}"
            status = path.stat()
            moment = time.gmtime(status.st_mtime)[:6]
            info = zipfile.ZipInfo(name, moment if moment[0] >= FIRST_YEAR else (FIRST_YEAR, 1, 1, 0, 0, 0))
            info.external_attr = 0o644 << 16
            info.file_size = status.st_size
            with path.open("rb") as source, archive.open(info, "w") as target:
                while block := source.read(BLOCK_BYTES):
                    target.write(block)
                    yield outbox.take()
    yield outbox.take()


def _files_below(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
