"""Disk space: what a folder takes, and whether something still fits."""

import os
import shutil
from pathlib import Path

from sxt.errors import ResourceError

RESERVE_BYTES = 256 << 20
"""Left free for manifests, logs and whatever else runs on the machine."""


def folder_bytes(folder: Path) -> int:
    """Return the size of all files below a folder; what vanishes meanwhile counts as nothing."""
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.lstat(os.path.join(parent, name)).st_size  # noqa: PTH118  many files
            except FileNotFoundError:
                continue
    return total


def check_space(folder: Path, needed_bytes: int, *, what: str) -> None:
    """Raise `ResourceError` where ``needed_bytes`` do not fit on the disk of a folder.

    Parameters
    ----------
    folder : Path
        It must be there.
    needed_bytes : int
    what : str
        What is to be written, as the subject of a sentence.
    """
    free_bytes = shutil.disk_usage(folder).free
    if needed_bytes + RESERVE_BYTES > free_bytes:
        raise ResourceError(
            f"{what} needs up to {needed_bytes / 1e9:.2f} GB, but {folder} has {free_bytes / 1e9:.2f} GB free; "
            "free some space or empty the trash."
        )
