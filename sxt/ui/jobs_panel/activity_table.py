"""Who did what, newest first."""

import csv
import io
from collections.abc import Sequence

import streamlit as st

from sxt.ui.format import count
from sxt.ui.services import services
from sxt.workspace import Activity

READ = 2000
"""Entries looked at; the file has all."""

EVERYBODY, EVERYTHING = "Everybody", "Everything"
HEIGHT_PX = 480
ROWS_THAT_FIT = 12
COLUMNS = ("when", "who", "what", "kind", "name", "detail", "id")
FORMULA_MARKS = ("=", "+", "-", "@", "\t", "\r")


def draw_activity() -> None:
    """Draw the latest entries of the record, by person, kind and word."""
    entries = services().workspace.activity.read(limit=READ)
    if not entries:
        st.caption("Nothing was done in this workspace yet.")
        return
    who, kind, words = st.columns(3)
    person = who.selectbox(
        "Who", [EVERYBODY, *sorted({each.who for each in entries})], key="sxt-activity-who"
    )
    sort = kind.selectbox(
        "What", [EVERYTHING, *sorted({each.kind for each in entries})], key="sxt-activity-kind"
    )
    word = words.text_input("Contains", key="sxt-activity-word")
    shown = filter_entries(
        entries,
        person="" if person == EVERYBODY else person,
        kind="" if sort == EVERYTHING else sort,
        word=word or "",
    )
    st.dataframe(
        [dict(zip(COLUMNS[:-1], _row(each)[:-1], strict=True)) for each in shown],
        hide_index=True,
        height=HEIGHT_PX if len(shown) > ROWS_THAT_FIT else "content",
        placeholder="–",
    )
    more = f"; the latest {count(READ)} are looked at" if len(entries) == READ else ""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.download_button("Download as CSV", to_csv(shown), "activity.csv", "text/csv", on_click="ignore")
        st.caption(f"{count(len(shown), 'entry', 'entries')}{more}. Times are UTC.")


def filter_entries(entries: Sequence[Activity], *, person: str, kind: str, word: str) -> list[Activity]:
    """Return the entries of a person and a kind that contain a word; what is empty does not count."""
    wanted = word.strip().lower()
    return [
        each
        for each in entries
        if person in ("", each.who)
        and kind in ("", each.kind)
        and (not wanted or any(wanted in field.lower() for field in _row(each)))
    ]


def to_csv(entries: Sequence[Activity]) -> str:
    """Return entries as CSV; what a spreadsheet would take for a formula gets an apostrophe first."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    writer.writerows([_plain(field) for field in _row(each)] for each in entries)
    return out.getvalue()


def _row(entry: Activity) -> tuple[str, ...]:
    when = f"{entry.when:%Y-%m-%d %H:%M:%S}"
    return (when, entry.who, entry.action, entry.kind, entry.name, entry.detail, entry.id)


def _plain(field: str) -> str:
    return f"'{field}" if field.startswith(FORMULA_MARKS) else field
