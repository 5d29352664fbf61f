"""The comparisons that are stored in the workspace, and which of them the page shows."""

import functools
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import streamlit as st

from sxt.errors import InputError
from sxt.metrics import Study, from_record, read_study
from sxt.metrics.output import STUDY_FILE
from sxt.ui import format as fmt
from sxt.ui.addressed import AddressedItem
from sxt.ui.selection import LABEL_LENGTH, Choice, unique_labels
from sxt.ui.services import services
from sxt.ui.text import escape_markdown, shorten
from sxt.workspace import Workspace
from sxt.workspace.clock import utc_now
from sxt.workspace.evaluating import EVALUATIONS_FOLDER, REQUEST_FILE, ComparisonRequest, comparison_folder

ADDRESSED = AddressedItem("study", "sxt-study")
KEPT_ENTRIES, KEPT_STUDIES = 256, 8


@dataclass(frozen=True)
class StoredStudy:
    """A comparison as lists show it: what was asked for, by whom, and when it was done."""

    id: str
    request: ComparisonRequest
    by: str
    made_at: datetime


def list_studies(workspace: Workspace) -> list[StoredStudy]:
    """Return the stored comparisons, newest first; what cannot be read is left out."""
    root = workspace.root / EVALUATIONS_FOLDER
    found = [_find(each) for each in root.glob(f"*/{REQUEST_FILE}")] if root.is_dir() else []
    return sorted((each for each in found if each), key=lambda each: each.made_at, reverse=True)


def open_study(workspace: Workspace, study_id: str) -> Study:
    """Return a stored comparison; raise `InputError` where it is damaged or not there."""
    folder = comparison_folder(workspace, study_id)
    try:
        stamp = (folder / STUDY_FILE).stat().st_mtime_ns
    except OSError as error:
        raise InputError("This comparison is not there any more; compare again.") from error
    return _read_study(folder, stamp)


def follow_address(studies: Sequence[StoredStudy]) -> None:
    """Want the comparison that the address names, where it was opened by its address."""
    asked = ADDRESSED.news()
    if asked is None:
        return
    if any(each.id == asked for each in studies):
        want_study(asked)
        return
    st.warning("The comparison in this address is not there any more; the newest one is shown instead.")


def current_study(studies: Sequence[StoredStudy]) -> StoredStudy | None:
    """Return the comparison to show, the newest one by default, and write it into the address."""
    return ADDRESSED.current(studies)


def want_study(study_id: str) -> None:
    """Show a comparison when the page runs again."""
    ADDRESSED.want(study_id)


def choose_study(studies: Sequence[StoredStudy], shown: StoredStudy) -> None:
    """Draw the list of stored comparisons."""
    labels = unique_labels([Choice(each.id, describe_study(each)) for each in studies])
    ADDRESSED.control("Stored comparisons", labels, shown.id)
    st.caption(escape_markdown(describe_data(shown)))


def describe_study(study: StoredStudy) -> str:
    """Return a comparison in a few words, for lists."""
    when = f"{fmt.ago(study.made_at, utc_now())} · "
    return when + shorten(", ".join(study.request.models), LABEL_LENGTH - len(when))


def describe_data(study: StoredStudy) -> str:
    """Return what was compared on, and by whom."""
    request = study.request
    names = [
        "a deleted tomogram"
        if (each := services().workspace.tomograms.find(tomogram_id)) is None
        else each.name
        for tomogram_id in request.tomogram_ids
    ]
    where = names[0] if len(names) == 1 else fmt.count(len(names), "tomogram")
    held_out = "held-out slices, where there are any" if request.hold_out_only else "all labelled slices"
    return f"On {where}; {held_out if request.with_labels else 'without labels'}. By {study.by}."


def _find(path: Path) -> StoredStudy | None:
    try:
        stamp = path.stat().st_mtime_ns
    except OSError:
        return None  # deleted meanwhile
    return _read_entry(path, stamp)


@functools.lru_cache(maxsize=KEPT_ENTRIES)
def _read_entry(path: Path, stamp_ns: int) -> StoredStudy | None:
    """Read what was asked for; ``stamp_ns`` tells apart what lay there at different times."""
    try:
        note = json.loads(path.read_bytes())
        request = from_record(ComparisonRequest, note["request"])
        by = str(note["by"])
    except (InputError, OSError, ValueError, KeyError, TypeError):
        return None
    return StoredStudy(path.parent.name, request, by, datetime.fromtimestamp(stamp_ns / 1e9, UTC))


@functools.lru_cache(maxsize=KEPT_STUDIES)
def _read_study(folder: Path, _stamp_ns: int) -> Study:
    return read_study(folder)
