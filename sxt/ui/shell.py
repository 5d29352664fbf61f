"""The shell around every page: navigation, page anatomy, empty states."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import streamlit as st
from streamlit.delta_generator import DeltaGenerator
from streamlit.navigation.page import Page

from sxt.ui.errors import errors_shown, show_error, show_script_error
from sxt.ui.text import escape_markdown
from sxt.ui.theme import COLUMNS_KEY, EMPTY_KEY, STYLE

PAGES_DIR = Path(__file__).resolve().parents[2] / "pages"
PAGES_DIR_KEY = "sxt-pages-dir"

Shown = Literal["segmentation", "model"]
"""What the top bar shows beside the tomogram."""


@dataclass(frozen=True)
class PageEntry:
    """A page of the navigation: its file's name, its title, and what the top bar shows on it."""

    name: str
    title: str
    shows: Shown = "segmentation"
    keeps_segmentation: bool = False
    """Whether the address says which segmentation is looked at, though the bar shows a model version."""


GROUPS: dict[str, tuple[PageEntry, ...]] = {
    "Data": (PageEntry("home", "Home"), PageEntry("upload", "Upload"), PageEntry("viewer", "Viewer")),
    "Work": (
        PageEntry("segment", "Segment", "model", keeps_segmentation=True),
        PageEntry("surface", "Surface"),
        PageEntry("label", "Label"),
        PageEntry("train", "Train", "model"),
        PageEntry("metrics", "Metrics"),
    ),
    "Lab": (
        PageEntry("models", "Models", "model"),
        PageEntry("shares", "Shares"),
        PageEntry("jobs", "Jobs"),
        PageEntry("help", "Help"),
    ),
}
"""All pages there may be; the first is the one that opens."""


@dataclass(frozen=True)
class Navigation:
    """The page to run, and its entry."""

    page: Page
    entry: PageEntry


def list_entries(pages_dir: Path = PAGES_DIR) -> dict[str, list[PageEntry]]:
    """Return the groups with the pages that exist; a group without one is left out."""
    found = {
        group: [entry for entry in entries if _file(entry, pages_dir).is_file()]
        for group, entries in GROUPS.items()
    }
    return {group: entries for group, entries in found.items() if entries}


def page_file(name: str) -> Path:
    """Return the file of a page, which need not exist; for ``st.switch_page`` and ``st.page_link``."""
    folder: Path = st.session_state.get(PAGES_DIR_KEY, PAGES_DIR)
    return folder / f"{name}.py"


def has_page(name: str) -> bool:
    """Return whether a page exists and can be gone to: a script that runs without the navigation leads nowhere."""
    return PAGES_DIR_KEY in st.session_state and page_file(name).is_file()


def set_up(pages_dir: Path = PAGES_DIR) -> Navigation:
    """Draw what is around every page and return the page to run.

    Called once at the top of the navigation script; the caller draws the top bar and then runs the page.
    """
    st.set_page_config(page_title="sxt", layout="wide")
    st.html(STYLE)
    st.session_state[PAGES_DIR_KEY] = pages_dir
    groups = list_entries(pages_dir)
    entries = {entry.title: entry for group in groups.values() for entry in group}
    first = next(iter(entries))
    pages = {
        group: [
            st.Page(_file(entry, pages_dir), title=entry.title, default=entry.title == first)
            for entry in members
        ]
        for group, members in groups.items()
    }
    page = st.navigation(pages, expanded=True)
    return Navigation(page, entries[page.title])


def page_head(title: str, sentence: str) -> None:
    """Draw a page's title and what it is for, in one sentence."""
    st.title(title, anchor=False)
    st.caption(sentence)


def _file(entry: PageEntry, pages_dir: Path) -> Path:
    return pages_dir / f"{entry.name}.py"


@dataclass(frozen=True)
class PageColumns:
    """Where a page's controls and its result go."""

    controls: DeltaGenerator
    result: DeltaGenerator


def page_columns(key: str = "page") -> PageColumns:
    """Return the left third for controls and the right two thirds for the result; stacked in narrow windows."""
    with st.container(key=f"{COLUMNS_KEY}-{key}"):
        controls, result = st.columns([1, 2], gap="large")
    return PageColumns(controls, result)


def empty_state(
    sentence: str,
    *,
    action: str = "",
    page: str = "",
    on_click: Callable[[], None] | None = None,
    key: str = "empty",
) -> None:
    """Say what is missing and offer the next step.

    Parameters
    ----------
    sentence : str
    action : str, optional
        What the button says: a verb and what it acts on.
    page : str, optional
        Name of the page the button leads to; the button is left out while that page does not exist.
    on_click : callable, optional
        What the button does, where it leads to no page.
    key : str
        Tells apart empty states of one page.
    """
    with st.container(border=True, key=f"{EMPTY_KEY}-{key}", horizontal_alignment="center"):
        st.write(escape_markdown(sentence))
        if not action:
            return
        if on_click is not None:
            st.button(action, type="primary", on_click=on_click, key=f"{EMPTY_KEY}-{key}-action")
        elif has_page(page) and st.button(action, type="primary", key=f"{EMPTY_KEY}-{key}-action"):
            st.switch_page(page_file(page))


def primary_button(label: str, *, key: str, disabled: bool = False, reason: str = "") -> bool:
    """Draw a page's main action, filled; ``reason`` says why it cannot be used now. Returns whether it was pressed."""
    return st.button(label, type="primary", key=key, disabled=disabled, help=reason or None, width="stretch")


__all__ = [
    "GROUPS",
    "Navigation",
    "PageColumns",
    "PageEntry",
    "empty_state",
    "errors_shown",
    "has_page",
    "list_entries",
    "page_columns",
    "page_file",
    "page_head",
    "primary_button",
    "set_up",
    "show_error",
    "show_script_error",
]
