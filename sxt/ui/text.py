"""Text that users chose, safe to be part of what Streamlit renders as Markdown."""

import re

WORD_JOINER = "\u2060"
"""Takes no room and breaks no line; between the parts of an address it keeps Markdown from making a link of it."""

_ADDRESS = re.compile(r"(https?:|ftp:|www)(?=//|\.)", re.IGNORECASE)
_SPECIAL = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~$:&])")


def escape_markdown(text: str) -> str:
    """Return text that Markdown shows literally: no emphasis, links, HTML, colours, icons or formulas; on one line."""
    apart = _ADDRESS.sub(rf"\1{WORD_JOINER}", " ".join(text.split()))
    return _SPECIAL.sub(r"\\\1", apart)


def shorten(text: str, limit: int) -> str:
    """Return text of at most ``limit`` characters; the middle of a longer one, which ends mostly differ in, goes."""
    if len(text) <= limit:
        return text
    n_end = (limit - 1) // 2
    return f"{text[: limit - 1 - n_end]}…{text[-n_end:]}"
