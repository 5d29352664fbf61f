"""What takes the disk, and the trash."""

import shutil
from collections import defaultdict
from dataclasses import dataclass
from html import escape
from pathlib import Path

import streamlit as st

from sxt.ui.access.user import current_user
from sxt.ui.errors import errors_shown
from sxt.ui.format import ago, count, file_size, percent
from sxt.ui.services import services
from sxt.ui.text import escape_markdown, shorten
from sxt.workspace import TrashManifest, Workspace, folder_bytes
from sxt.workspace.clock import utc_now

REMEMBERED_S = 30
"""Measuring many small files takes a while; for so long the last figures will do."""

LARGEST = 15
NAME_LENGTH = 80
CLASS = "sxt-disk"
STYLE = f"""<style>
.{CLASS} {{ width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: 0.93rem; }}
.{CLASS} td {{ padding: 0.25rem 0.8rem 0.25rem 0; border: 0; overflow-wrap: anywhere;
  border-bottom: 1px solid color-mix(in srgb, currentColor 16%, transparent); }}
.{CLASS} td.number {{ text-align: right; white-space: nowrap; width: 7rem; }}
.{CLASS} td.share {{ width: 35%; }}
.{CLASS} td.share div {{ height: 0.55rem; border-radius: 2px; background: #56B4E9; min-width: 1px; }}
</style>"""


@dataclass(frozen=True)
class DiskReport:
    """Bytes by kind, the largest items, and the whole disk.

    Parameters
    ----------
    by_kind : dict
        What, in the plural, to its bytes; the largest first.
    largest : tuple of tuple
        Name, kind and bytes of single items, the largest first.
    free_bytes, total_bytes : int
        Of the disk.
    """

    by_kind: dict[str, int]
    largest: tuple[tuple[str, str, int], ...]
    free_bytes: int
    total_bytes: int


def measure_disk(workspace: Workspace) -> DiskReport:
    """Return what takes the space of a workspace; every file of it is looked at."""
    by_kind: dict[str, int] = defaultdict(int)
    items = workspace.disk_use()
    for item in items:
        by_kind[item.kind if item.kind in ("trash", "labels") else f"{item.kind}s"] += item.size_bytes
    others: dict[str, Path] = {
        "model versions": workspace.models_root,
        "labels": workspace.labels_root,
        "uploads that wait": workspace.uploads,
        "jobs and their logs": workspace.jobs.root,
    }
    for what, folder in others.items():
        by_kind[what] = folder_bytes(folder)
    disk = shutil.disk_usage(workspace.root)
    ordered = dict(sorted(by_kind.items(), key=lambda pair: -pair[1]))
    largest = tuple((each.name, each.kind, each.size_bytes) for each in items[:LARGEST])
    return DiskReport(ordered, largest, disk.free, disk.total)


def draw_disk() -> None:
    """Draw free space, what takes how much, and the largest items."""
    report = _measure(str(services().workspace.root))
    used = sum(report.by_kind.values())
    st.markdown(
        f"**{file_size(report.free_bytes)}** free of {file_size(report.total_bytes)} "
        f"({percent(report.free_bytes / report.total_bytes)}); the workspace takes {file_size(used)}."
    )
    st.html(STYLE + _table([(name, size) for name, size in report.by_kind.items()], used))
    if report.largest:
        st.subheader("Largest items", anchor=False)
        st.html(STYLE + _table([(f"{name} ({kind})", size) for name, kind, size in report.largest], used))


def draw_trash() -> None:
    """Draw what was deleted, to be restored or deleted for good."""
    workspace = services().workspace
    entries = workspace.trash.list()
    if not entries:
        st.caption(
            "The trash is empty. What is deleted waits here until it is restored or the trash is emptied."
        )
        return
    sizes = {entry.id: workspace.trash.size_bytes(entry.id) for entry in entries}
    st.markdown(f"{count(len(entries), 'item')}, {file_size(sum(sizes.values()))}.")
    with st.popover("Empty the trash"):
        st.write("Everything in it is deleted for good and cannot be brought back.")
        st.button(
            f"Delete {count(len(entries), 'item')} for good",
            key="sxt-trash-empty",
            on_click=_empty,
            args=(None,),
        )
    for entry in entries:
        with st.container(border=True, key=f"sxt-trash-{entry.id}"):
            _draw_entry(entry, sizes[entry.id])


def _draw_entry(entry: TrashManifest, size_bytes: int) -> None:
    name = escape_markdown(shorten(entry.name, NAME_LENGTH))
    facts = f"{entry.kind} · {file_size(size_bytes)} · deleted {ago(entry.deleted_at, utc_now())} by {entry.deleted_by}"
    st.markdown(f"**{name}**  \n:gray[{escape_markdown(facts)}]")
    with st.container(horizontal=True):
        st.button("Restore", key=f"sxt-trash-restore-{entry.id}", on_click=_restore, args=(entry.id,))
        with st.popover("Delete for good", key=f"sxt-trash-delete-{entry.id}"):
            st.write("It cannot be brought back.")
            st.button(
                f"Delete {name} for good", key=f"sxt-trash-gone-{entry.id}", on_click=_empty, args=(entry.id,)
            )


@st.cache_data(ttl=REMEMBERED_S, max_entries=4, show_spinner="Measuring the disk")
def _measure(_root: str) -> DiskReport:
    return measure_disk(services().workspace)


def _table(rows: list[tuple[str, int]], whole: int) -> str:
    lines = (
        f"<tr><td>{escape(name)}</td><td class='share'>{_bar(size / max(1, whole))}</td>"
        f"<td class='number'>{file_size(size)}</td></tr>"
        for name, size in rows
    )
    return f"<table class='{CLASS}'><tbody>{''.join(lines)}</tbody></table>"


def _bar(share: float) -> str:
    return f"<div style='width:{100 * share:.1f}%'></div>" if share > 0 else ""


def _restore(entry_id: str) -> None:
    with errors_shown():
        services().workspace.restore(entry_id, by=current_user())
    _measure.clear()


def _empty(entry_id: str | None) -> None:
    with errors_shown():
        services().workspace.empty_trash(by=current_user(), entry_id=entry_id)
    _measure.clear()
