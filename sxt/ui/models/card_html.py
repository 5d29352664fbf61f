"""A model card as HTML: headings, tables, lists and paragraphs, and nothing that a card could do beyond these."""

import re
from collections.abc import Iterable, Iterator
from html import escape

CLASS = "sxt-card"
STYLE = f"""<style>
.{CLASS} {{ overflow-wrap: anywhere; font-size: 0.93rem; line-height: 1.5; }}
.{CLASS} h4 {{ font-size: 1rem; font-weight: 600; margin: 1rem 0 0.3rem; padding: 0; }}
.{CLASS} p, .{CLASS} ul {{ margin: 0 0 0.5rem; }}
.{CLASS} ul {{ padding-left: 1.2rem; }}
.{CLASS} table {{ border-collapse: collapse; width: 100%; margin: 0 0 0.5rem; font-variant-numeric: tabular-nums; }}
.{CLASS} th, .{CLASS} td {{ text-align: left; vertical-align: top; padding: 0.25rem 0.8rem 0.25rem 0; border: 0;
  border-bottom: 1px solid color-mix(in srgb, currentColor 16%, transparent); }}
.{CLASS} td:first-child {{ width: 15rem; }}
.{CLASS} td:only-child {{ width: auto; }}
.{CLASS} th {{ font-weight: 500; opacity: 0.7; }}
.{CLASS} code {{ font-size: 0.87em; background: color-mix(in srgb, currentColor 9%, transparent);
  padding: 0.05rem 0.3rem; border-radius: 3px; }}
.{CLASS} .swatch {{ display: inline-block; width: 0.8em; height: 0.8em; border-radius: 2px; margin-right: 0.4em;
  vertical-align: -0.05em; border: 1px solid color-mix(in srgb, currentColor 40%, transparent); }}
</style>"""

PLAIN_HEADS = (("what", "value"), ("metric", "value"), ("limit",))
"""Heads of the cards that this program writes; they say nothing that their headings do not."""

_HEADING = re.compile(r"(#{1,6})\s+(.*)")
_SEPARATOR = re.compile(r"\|?[\s:|-]+\|?")
_ITEM = re.compile(r"[-*]\s+(.*)")
_CELL_BREAK = re.compile(r"(?<!\\)\|")
_INLINE = re.compile(r"`([^`]*)`|\*\*([^*]+)\*\*")
_COLOUR = re.compile(r"#[0-9A-Fa-f]{6}")


def card_html(markdown: str) -> str:
    """Return a card in HTML.

    The first heading is left out, for it repeats the title. Links, pictures and HTML in the card stand there as the
    text that they are.
    """
    lines = [line.strip() for line in markdown.splitlines()]
    if lines and lines[0].startswith("# "):
        del lines[0]
    return f'{STYLE}<div class="{CLASS}">{"".join(_blocks(lines))}</div>'


def swatch(colour: str) -> str:
    """Return a small square of a colour, ``#RRGGBB``; nothing for anything else."""
    if not _COLOUR.fullmatch(colour):
        return ""
    return f'<span class="swatch" style="background:{colour}"></span>'


def _blocks(lines: list[str]) -> Iterator[str]:
    for kind, group in _group(lines):
        if kind == "heading":
            yield from (f"<h4>{_inline(text)}</h4>" for text in group)
        elif kind == "table":
            yield _table(group)
        elif kind == "item":
            yield f"<ul>{''.join(f'<li>{_inline(text)}</li>' for text in group)}</ul>"
        elif kind == "text":
            yield f"<p>{_inline(' '.join(group))}</p>"


def _group(lines: Iterable[str]) -> Iterator[tuple[str, list[str]]]:
    """Yield runs of lines of the same kind, without their marks."""
    kind = ""
    group: list[str] = []
    for line in lines:
        next_kind, text = _classify(line)
        if next_kind != kind:
            yield kind, group
            kind, group = next_kind, []
        group.append(text)
    yield kind, group


def _classify(line: str) -> tuple[str, str]:
    if not line:
        return "gap", ""
    if found := _HEADING.fullmatch(line):
        return "heading", found[2]
    if line.startswith("|"):
        return "table", line
    if found := _ITEM.fullmatch(line):
        return "item", found[1]
    return "text", line


def _table(lines: list[str]) -> str:
    rows = [_cells(line) for line in lines if not _SEPARATOR.fullmatch(line)]
    has_head = len(lines) > 1 and _SEPARATOR.fullmatch(lines[1]) is not None
    is_telling = has_head and rows and tuple(rows[0]) not in PLAIN_HEADS
    head = f"<thead>{_row(rows[0], 'th')}</thead>" if is_telling else ""
    body = "".join(_row(row, "td") for row in rows[1 if has_head else 0 :])
    return f"<table>{head}<tbody>{body}</tbody></table>"


def _cells(line: str) -> list[str]:
    inner = line.removeprefix("|").removesuffix("|")
    return [cell.strip().replace("\\|", "|") for cell in _CELL_BREAK.split(inner)]


def _row(cells: Iterable[str], tag: str) -> str:
    return f"<tr>{''.join(f'<{tag}>{_inline(cell)}</{tag}>' for cell in cells)}</tr>"


def _inline(text: str) -> str:
    """Return a line's text with code and bold; everything else as it stands."""
    parts, at = [], 0
    for found in _INLINE.finditer(text):
        parts.append(escape(text[at : found.start()]))
        code, bold = found.groups()
        parts.append(
            f"{swatch(code)}<code>{escape(code)}</code>" if bold is None else f"<b>{escape(bold)}</b>"
        )
        at = found.end()
    return "".join([*parts, escape(text[at:])])
