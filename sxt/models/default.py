"""Which model version a folder of versions uses where none is named: ``default.json`` beside them."""

import json
from collections.abc import Iterable
from pathlib import Path

from sxt.errors import ModelError, ResourceError
from sxt.files import write_text_atomically
from sxt.models.spec import parse_spec

DEFAULT_FILE = "default.json"
SCHEMA_VERSION = 1


def write_default(root: Path, spec: str) -> None:
    """Make ``name:version`` what is used where no model is named, among the versions of ``root`` and those shipped.

    Raises
    ------
    ModelError
        Where ``spec`` does not name a version.
    ResourceError
        Where the folder cannot be written.
    """
    if parse_spec(spec)[1] is None:
        raise ModelError(f"{spec!r} names no version; give one as name:version.")
    text = json.dumps({"schema_version": SCHEMA_VERSION, "model": spec}, indent=2)
    try:
        write_text_atomically(root / DEFAULT_FILE, text + "\n")
    except OSError as error:
        raise ResourceError(
            f"{root / DEFAULT_FILE} cannot be written ({error.strerror}); check the permissions."
        ) from error


def read_default(root: Path) -> str | None:
    """Return the ``name:version`` chosen in a folder of versions; None where none was, or the file is damaged."""
    try:
        values = json.loads((root / DEFAULT_FILE).read_bytes())
        spec = str(values["model"])
        return spec if parse_spec(spec)[1] is not None else None
    except (OSError, ValueError, KeyError, TypeError, ModelError):
        return None


def chosen_default(roots: Iterable[Path], present: Iterable[str]) -> str | None:
    """Return the first choice of some folders that is among the versions there are."""
    there = set(present)
    return next((spec for root in roots if (spec := read_default(root)) in there), None)
