"""Names of items and shares: drawn at random, and checked whenever one comes from outside."""

import re
import secrets
import string
from collections.abc import Callable
from typing import Annotated

from pydantic import StringConstraints

from sxt.errors import InputError

ID_LENGTH = 10
"""36^10 values: among a million items a clash has a chance of about one in 7000, and a clash is drawn anew."""

ID_PATTERN = r"^[a-z0-9]{10}$"
TOKEN_BYTES = 24
"""192 bits: a link cannot be guessed."""

TOKEN_PATTERN = r"^[A-Za-z0-9_-]{32}$"

ItemId = Annotated[str, StringConstraints(pattern=ID_PATTERN)]
"""The id of a tomogram, a segmentation, a surface or a job."""

ShareToken = Annotated[str, StringConstraints(pattern=TOKEN_PATTERN)]
"""What stands in the link of a share."""

_ALPHABET = string.ascii_lowercase + string.digits
_ID = re.compile(r"[a-z0-9]{10}")
_TOKEN = re.compile(r"[A-Za-z0-9_-]{32}")
SHOWN_CHARACTERS = 40


def new_id(is_taken: Callable[[str], bool]) -> str:
    """Draw an id for which ``is_taken`` is false."""
    while True:
        drawn = "".join(secrets.choice(_ALPHABET) for _ in range(ID_LENGTH))
        if not is_taken(drawn):
            return drawn


def new_token() -> str:
    """Draw the token of a share: 192 random bits as 32 characters."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def is_id(text: object) -> bool:
    """Return whether ``text`` has the form of an id."""
    return isinstance(text, str) and _ID.fullmatch(text) is not None


def is_token(text: object) -> bool:
    """Return whether ``text`` has the form of a token."""
    return isinstance(text, str) and _TOKEN.fullmatch(text) is not None


def check_id(text: object) -> str:
    """Return ``text`` where it has the form of an id; raise `InputError` otherwise."""
    if not isinstance(text, str) or not is_id(text):
        raise InputError(
            f"{str(text)[:SHOWN_CHARACTERS]!r} is not an id; an id is {ID_LENGTH} lower-case letters and digits."
        )
    return text
