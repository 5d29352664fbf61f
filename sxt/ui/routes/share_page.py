"""The read-only page behind a shared link: plain HTML, everything escaped, the 3D scene in a frame of its own."""

import base64
import csv
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from html import escape
from pathlib import Path

from sxt.ui.format import count, number

MAX_ROWS = 500
"""Components listed on the page; the table to download has all."""

HIDDEN_COLUMNS = ("min_", "max_", "centroid_", "std_")
UNIT_NAMES = {"um": "µm", "um2": "µm²", "um3": "µm³", "px": "px", "px2": "px²", "voxels": "voxels"}

STYLE = """
:root { color-scheme: dark light; --back: #15171a; --card: #1e2125; --line: #34383e; --text: #e6e8eb; --soft: #9aa0a6;
  --accent: #56B4E9; }
@media (prefers-color-scheme: light) { :root { --back: #f4f5f6; --card: #ffffff; --line: #d4d7db; --text: #1c1f23;
  --soft: #5c636b; --accent: #0072B2; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--back); color: var(--text); font: 15px/1.5 system-ui, sans-serif;
  overflow-wrap: anywhere; }
header, main { max-width: 90rem; margin: 0 auto; padding: 1rem 1.5rem; }
header { padding-bottom: 0; }
h1 { font-size: 1.5rem; line-height: 1.25; margin: 0 0 .25rem; }
.note { margin: .25rem 0 0; color: var(--soft); white-space: pre-wrap; max-width: 60rem; }
.view { display: block; width: 100%; height: min(72vh, 60rem); border: 1px solid var(--line); border-radius: 8px;
  background: #15171a; }
img.view { height: auto; object-fit: contain; }
.bar { display: flex; flex-wrap: wrap; gap: .75rem; align-items: center; margin: .75rem 0 1rem; color: var(--soft); }
.bar a { color: var(--accent); }
.bar a.button { color: #101214; background: #56B4E9; border-radius: 6px; padding: .45rem .9rem; font-weight: 600;
  text-decoration: none; }
details { background: var(--card); border: 1px solid var(--line); border-radius: 8px; margin: 0 0 1rem; }
summary { cursor: pointer; padding: .7rem 1rem; font-weight: 600; }
details > div { padding: 0 1rem 1rem; overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .3rem .8rem .3rem 0; text-align: right; border-bottom: 1px solid var(--line); white-space: nowrap; }
th { color: var(--soft); font-weight: 500; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .3rem 1.25rem; margin: 0; }
dt { color: var(--soft); } dd { margin: 0; }
code { font: 13px/1.5 ui-monospace, monospace; }
a:focus-visible, summary:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
@media (max-width: 40rem) { dl { grid-template-columns: 1fr; } dd { margin-bottom: .5rem; } }
"""

_STYLE_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
PAGE_POLICY = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; img-src 'self' data:; frame-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)


@dataclass(frozen=True)
class Fact:
    """A line of the table of facts; ``code`` is shown as such, for hashes."""

    name: str
    value: str
    code: str = ""


@dataclass(frozen=True)
class SharedView:
    """What the page shows.

    Parameters
    ----------
    title, note : str
    address : str
        Of the page, with the server's prefix.
    facts : tuple of Fact
    expires_at : datetime
    table_path : Path or None
        The measurements.
    class_names : mapping
        Value of a class to its name.
    has_scene, has_overview : bool
        Whether there is a 3D scene, or a picture of slices.
    """

    title: str
    note: str
    address: str
    facts: tuple[Fact, ...]
    expires_at: datetime
    table_path: Path | None
    class_names: Mapping[int, str]
    has_scene: bool
    has_overview: bool


def share_page(view: SharedView) -> str:
    """Return the page as HTML."""
    title = escape(view.title)
    note = f'<p class="note">{escape(view.note)}</p>' if view.note.strip() else ""
    parts = [_picture(view), f'<div class="bar">{_links(view)}</div>']
    if view.table_path is not None:
        parts.append(_table(view.table_path, view.class_names))
    parts.append(
        f"<details><summary>Where this comes from</summary><div><dl>{_facts(view)}</dl></div></details>"
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="robots" content="noindex"><link rel="icon" href="data:,">'
        f"<title>{title}</title><style>{STYLE}</style></head>"
        f"<body><header><h1>{title}</h1>{note}</header><main>{''.join(parts)}</main></body></html>"
    )


def _picture(view: SharedView) -> str:
    address = escape(view.address)
    if view.has_scene:
        return (
            f'<iframe class="view" title="Interactive 3D view" src="{address}/scene" sandbox="allow-scripts" '
            'referrerpolicy="no-referrer"></iframe>'
        )
    if view.has_overview:
        return f'<img class="view" alt="Slices with the segmentation in false colour" src="{address}/overview.png">'
    return "<p>There is no picture: the machine that made this could not draw one.</p>"


def _links(view: SharedView) -> str:
    address = escape(view.address)
    links = []
    if view.has_scene:
        links.append(f'<a class="button" href="{address}/offline.html" download>Download for offline use</a>')
    if view.table_path is not None:
        links.append(f'<a href="{address}/measurements.csv" download>Measurements (CSV)</a>')
    links.append(f"<span>This link works until {escape(format_day(view.expires_at))}.</span>")
    return "".join(links)


def _facts(view: SharedView) -> str:
    return "".join(
        f"<dt>{escape(fact.name)}</dt><dd>{escape(fact.value)}"
        f"{f' <code>{escape(fact.code)}</code>' if fact.code else ''}</dd>"
        for fact in view.facts
    )


def _table(path: Path, class_names: Mapping[int, str]) -> str:
    with path.open(newline="", encoding="utf-8") as stream:
        rows = list(csv.reader(stream))
    names, body = rows[0], rows[1:]
    shown = [index for index, name in enumerate(names) if not name.startswith(HIDDEN_COLUMNS)]
    head = "".join(f"<th>{escape(_heading(names[index]))}</th>" for index in shown)
    named = {str(value): name for value, name in class_names.items()}
    lines = "".join(
        "<tr>"
        + "".join(f"<td>{escape(_cell(names[index], row[index], named))}</td>" for index in shown)
        + "</tr>"
        for row in body[:MAX_ROWS]
    )
    more = ""
    if len(body) > MAX_ROWS:
        more = f"<p>The first {MAX_ROWS} of {len(body)}; the CSV file has all.</p>"
    return (
        f"<details><summary>Measurements of {len(body)} components</summary><div>"
        f"<table><thead><tr>{head}</tr></thead><tbody>{lines}</tbody></table>{more}</div></details>"
    )


def _cell(column: str, text: str, class_names: Mapping[str, str]) -> str:
    return class_names.get(text, text) if column == "class" else format_cell(text)


def _heading(column: str) -> str:
    """Return a column's name as people write it: ``volume_um3`` -> ``volume, µm³``."""
    stem, _, unit = column.rpartition("_")
    if stem and unit in UNIT_NAMES:
        return f"{stem.replace('_', ' ')}, {UNIT_NAMES[unit]}"
    return column.replace("_", " ")


def format_cell(text: str) -> str:
    """Return a cell for people: whole numbers exact, others with three significant digits, yes and no."""
    if text in ("True", "False"):
        return "yes" if text == "True" else "no"
    if text.removeprefix("-").isdecimal():
        return count(int(text))
    try:
        return number(float(text))
    except ValueError:
        return text


def format_day(when: datetime) -> str:
    """Return a date as ``24 December 2026``."""
    return f"{when.day} {when:%B %Y}"
