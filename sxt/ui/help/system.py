"""Whether this server has what the program needs."""

import os
import platform
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import sxt
from sxt.errors import SxtError
from sxt.ui.choices import list_devices
from sxt.ui.format import file_size
from sxt.ui.home.machine import free_memory_bytes
from sxt.ui.jobs_panel.queue_status import describe_problem
from sxt.ui.services import Services

DRIVER = Path("/proc/driver/nvidia/version")
LEAST_MEMORY_BYTES = 4 * 10**9
LEAST_DISK_BYTES = 10 * 10**9
NO_GPU = "No GPU that torch can use: everything works on the CPU, only slower."


@dataclass(frozen=True)
class Check:
    """One thing that was looked at: what, how it stands, and whether that will do."""

    what: str
    finding: str
    is_fine: bool


def check_system(opened: Services) -> list[Check]:
    """Look at device, memory, disk, rendering and the queue of jobs; takes some seconds the first time."""
    memory, free = free_memory_bytes(), shutil.disk_usage(opened.workspace.root).free
    is_writable = os.access(opened.workspace.root, os.W_OK)
    problem = describe_problem(opened.jobs.status())
    return [
        _check_device(opened),
        Check(
            "Free memory",
            "unknown" if memory is None else file_size(memory),
            memory is None or memory >= LEAST_MEMORY_BYTES,
        ),
        Check("Free disk", file_size(free), free >= LEAST_DISK_BYTES),
        Check(
            "Workspace",
            f"{opened.workspace.root}{'' if is_writable else ' cannot be written'}",
            is_writable,
        ),
        _check_rendering(),
        Check("Jobs", problem or "they run", not problem),
    ]


def list_versions() -> list[tuple[str, str]]:
    """Return what runs here: program, Python, system, GPU driver."""
    rows = [
        ("sxt", sxt.__version__),
        ("Python", sys.version.split()[0]),
        (
            "System",
            f"{platform.system()} {platform.release()}, {platform.machine()}, {os.cpu_count()} threads",
        ),
    ]
    if DRIVER.exists():
        rows.append(("GPU driver", DRIVER.read_text(encoding="utf-8", errors="replace").splitlines()[0]))
    return rows


def _check_device(opened: Services) -> Check:
    device = list_devices(has_cluster=opened.settings.scheduler is not None)[0].name
    return Check("Device", NO_GPU if device == "CPU" else device, device != "CPU")


def _check_rendering(probe: Callable[[], None] | None = None) -> Check:
    from sxt.surface.rendering import check_rendering

    try:
        (probe or check_rendering)()
    except SxtError as error:
        return Check("Drawing of 3D views", str(error), False)
    return Check("Drawing of 3D views", "works", True)
