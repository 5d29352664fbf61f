"""How a model version is named: ``name`` for the newest, ``name:version`` for one of them."""

import re

from sxt.errors import ModelError

MAX_NAME_LENGTH = 64
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]*")
_VERSION_PART = re.compile(r"\d+|[a-z]+")


def parse_spec(spec: str) -> tuple[str, str | None]:
    """Split ``"name"`` or ``"name:version"`` into the name and the version, None where none is given.

    Raises
    ------
    ModelError
        Where either holds anything but lower-case letters, digits, ``.``, ``-`` and ``_``.
    """
    name, colon, version = spec.partition(":")
    check_name(name, what="model name")
    if colon:
        check_name(version, what="model version")
    return name, version if colon else None


def is_name(name: str) -> bool:
    """Return whether ``name`` is safe as the name of one folder of the registry."""
    return len(name) <= MAX_NAME_LENGTH and _NAME.fullmatch(name) is not None


def check_name(name: str, *, what: str) -> None:
    """Raise `ModelError` unless ``name`` is safe as the name of one folder; ``what`` says what it names."""
    if not is_name(name):
        raise ModelError(
            f"{name[: 2 * MAX_NAME_LENGTH]!r} is not a {what}; use 1 to {MAX_NAME_LENGTH} lower-case "
            "letters, digits, '.', '-' or '_', starting with a letter or a digit."
        )


def version_order(version: str) -> tuple[tuple[tuple[int, int, str], ...], str]:
    """Return a sort key that puts versions in their natural order: 1, 1.2, 1.10, 2, 10.

    Numbers compare as numbers and come after letters in the same place; what spells the same number ("1" and
    "01") is ordered by its text, so that the order is always total.
    """
    parts = _VERSION_PART.findall(version)
    return tuple((1, int(part), "") if part.isdigit() else (0, 0, part) for part in parts), version
