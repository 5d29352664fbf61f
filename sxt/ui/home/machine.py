"""What the server has to work with: device, memory, disk, and what is in the way."""

import os
import platform
import shutil
from pathlib import Path

import streamlit as st

from sxt.ui import format as fmt
from sxt.ui.choices import list_devices
from sxt.ui.services import services
from sxt.ui.shell import has_page, page_file
from sxt.ui.text import escape_markdown
from sxt.ui.tomograms import draw_facts

MEMORY_FILE = Path("/proc/meminfo")
BYTES_PER_KIB = 1024
LITTLE_DISK_SHARE = 0.05


def draw_machine() -> None:
    """Draw the facts about the server that decide how long something takes and whether it fits."""
    opened = services()
    st.subheader("This server", anchor=False)
    devices = list_devices(has_cluster=opened.settings.scheduler is not None)
    disk = shutil.disk_usage(opened.workspace.root)
    free_memory = free_memory_bytes()
    draw_facts(
        [
            ("Segments on", devices[0].name),
            ("Processor", f"{os.cpu_count()} threads, {platform.machine()}"),
            *([] if free_memory is None else [("Free memory", fmt.file_size(free_memory))]),
            ("Free disk", f"{fmt.file_size(disk.free)} of {fmt.file_size(disk.total)}"),
            ("In the workspace", _contents()),
        ]
    )
    if devices[0].name == "CPU":
        st.caption("There is no GPU: everything works, only slower.")
    if disk.free < LITTLE_DISK_SHARE * disk.total:
        st.warning("The disk is nearly full: empty the trash, or delete what is no longer needed.")
    problem = opened.jobs.status().problem
    if problem:
        st.warning(escape_markdown(problem))
    if has_page("jobs"):
        st.page_link(page_file("jobs"), label="Jobs, disk and activity")


def free_memory_bytes() -> int | None:
    """Return the memory that programs may still take; None where the system does not tell."""
    try:
        lines = MEMORY_FILE.read_text(encoding="ascii").splitlines()
    except FileNotFoundError:
        return None
    values = dict(line.split(":", 1) for line in lines)
    return int(values["MemAvailable"].split()[0]) * BYTES_PER_KIB


def _contents() -> str:
    workspace = services().workspace
    return ", ".join(
        (
            fmt.count(len(workspace.tomograms.list()), "tomogram"),
            fmt.count(len(workspace.segmentations.list()), "segmentation"),
            fmt.count(len(workspace.surfaces.list()), "surface"),
        )
    )
