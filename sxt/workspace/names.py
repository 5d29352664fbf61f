"""What people call things: shown, never used as a path."""

from sxt.errors import SettingsError
from sxt.workspace.manifests import MAX_NAME_LENGTH


def check_name(text: str) -> str:
    """Return a name without control characters and with single spaces.

    Raises
    ------
    SettingsError
        Where nothing is left of it, or it is too long.
    """
    name = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    if not name:
        raise SettingsError("The name is empty; give it at least one letter.")
    if len(name) > MAX_NAME_LENGTH:
        raise SettingsError(f"The name has {len(name)} characters; use {MAX_NAME_LENGTH} or fewer.")
    return name


def shorten_name(text: str) -> str:
    """Return a name made of any text, such as that of a file: cut where it is too long, never empty."""
    name = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return name[:MAX_NAME_LENGTH].strip() or "unnamed"
