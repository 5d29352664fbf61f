"""Text that users chose, safe to be part of what Streamlit renders as Markdown."""

import re

_SPECIAL = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~$:&])")


def escape_markdown(text: str) -> str:
    """Return text that Markdown shows literally: no emphasis, links, HTML, colours, icons or formulas; on one line."""
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))


def shorten(text: str, limit: int) -> str:
    """Return text of at most ``limit`` characters; the middle of a longer one, which ends mostly differ in, goes."""
    if len(text) <= limit:
        return text
    n_end = (limit - 1) // 2
    return f"{text[: limit - 1 - n_end]}…{text[-n_end:]}"
