"""The keys of the viewer and of the label canvas, read from the scripts themselves."""

import re
from functools import cache
from pathlib import Path

from sxt.ui import label, viewer

TABLE_FILE = Path(viewer.__file__).with_name("web") / "60_strip.js"
LABEL_TABLE_FILE = Path(label.__file__).with_name("web") / "40_tools.js"
_TABLE = re.compile(r"^const (?:LABEL_)?KEYS = \[\n(.*?)^\];", re.DOTALL | re.MULTILINE)
_ROW = re.compile(r'^  \["([^"]+)", "([^"]+)"\],$')


@cache
def viewer_keys() -> tuple[tuple[str, str], ...]:
    """Return the keys and what they do, as the viewer shows them when ``?`` is pressed."""
    return _read_table(TABLE_FILE)


@cache
def label_keys() -> tuple[tuple[str, str], ...]:
    """Return the keys of the label canvas and what they do."""
    return _read_table(LABEL_TABLE_FILE)


def _read_table(path: Path) -> tuple[tuple[str, str], ...]:
    found = _TABLE.search(path.read_text(encoding="utf-8"))
    rows = [] if found is None else [_ROW.match(line) for line in found[1].splitlines()]
    return tuple((row[1], row[2]) for row in rows if row is not None)
