"""The keys of the viewer, read from the viewer itself."""

import re
from functools import cache
from pathlib import Path

from sxt.ui import viewer

TABLE_FILE = Path(viewer.__file__).with_name("web") / "60_strip.js"
_TABLE = re.compile(r"^const KEYS = \[\n(.*?)^\];", re.DOTALL | re.MULTILINE)
_ROW = re.compile(r'^  \["([^"]+)", "([^"]+)"\],$')


@cache
def viewer_keys() -> tuple[tuple[str, str], ...]:
    """Return the keys and what they do, as the viewer shows them when ``?`` is pressed."""
    found = _TABLE.search(TABLE_FILE.read_text(encoding="utf-8"))
    rows = [] if found is None else [_ROW.match(line) for line in found[1].splitlines()]
    return tuple((row[1], row[2]) for row in rows if row is not None)
