"""What a worker uses while it computes: its device and the memory it takes there."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path

STATM = Path("/proc/self/statm")
"""Sizes of this process in pages; the second is what it holds in memory."""


@dataclass(frozen=True)
class Usage:
    """Device and memory of a job.

    Parameters
    ----------
    device : str
        ``CPU``, ``GPU 0`` …
    memory_bytes : int or None
        What the process holds in the device's memory; None where the system does not tell.
    """

    device: str
    memory_bytes: int | None


def measure_usage() -> Usage:
    """Return what this process uses: a GPU from the moment it computes on one, the processor otherwise."""
    torch = sys.modules.get("torch")  # a job that does not compute with it does not load it
    if torch is not None and torch.cuda.is_initialized():
        number = torch.cuda.current_device()
        return Usage(f"GPU {number}", int(torch.cuda.memory_reserved(number)))
    try:
        n_pages = int(STATM.read_text().split()[1])
    except (OSError, ValueError, IndexError):
        return Usage("CPU", None)
    return Usage("CPU", n_pages * os.sysconf("SC_PAGE_SIZE"))
