"""Notes that people leave on model versions: what a version is good for, who says so, and when."""

import json
from typing import TYPE_CHECKING

from pydantic import AwareDatetime, BaseModel, ConfigDict, TypeAdapter, ValidationError

from sxt.errors import InputError, ResourceError
from sxt.files import write_text_atomically
from sxt.workspace.clock import utc_now

if TYPE_CHECKING:
    from pathlib import Path

    from sxt.workspace.workspace import Workspace

NOTES_FILE = "notes.json"
LONGEST_NOTE = 2000


class VersionNote(BaseModel):
    """A note on a model version.

    Parameters
    ----------
    text : str
    who : str
    when : datetime
    sha256 : str
        Of the weights that it speaks of: a version of the same name with others has no note.
    """

    model_config = ConfigDict(frozen=True)

    text: str
    who: str
    when: AwareDatetime
    sha256: str


_NOTES = TypeAdapter(dict[str, VersionNote])


def find_note(workspace: "Workspace", spec: str, sha256: str) -> VersionNote | None:
    """Return the note on ``name:version`` with these weights; None where there is none.

    Raises
    ------
    InputError
        Where the file of notes is damaged.
    """
    found = _read(_path(workspace)).get(spec)
    return found if found is not None and found.sha256 == sha256 else None


def write_note(workspace: "Workspace", spec: str, sha256: str, text: str, *, by: str) -> None:
    """Replace the note on a version; an empty one removes it.

    Raises
    ------
    InputError
        Where it is too long, or the file of notes is damaged.
    ResourceError
        Where the disk refuses.
    """
    text = text.strip()
    if len(text) > LONGEST_NOTE:
        raise InputError(f"The note has {len(text)} characters; {LONGEST_NOTE} are the most.")
    path = _path(workspace)
    with workspace.lock():
        notes = _read(path)
        notes.pop(spec, None)
        if text:
            notes[spec] = VersionNote(text=text, who=by, when=utc_now(), sha256=sha256)
        content = json.dumps(_NOTES.dump_python(notes, mode="json"), indent=2, ensure_ascii=False)
        try:
            write_text_atomically(path, content + "\n")
        except OSError as error:
            raise ResourceError(
                f"{path} cannot be written ({error.strerror}); free disk space or check the permissions."
            ) from error
    action = "noted on" if text else "removed the note on"
    workspace.activity.add(action, by=by, kind="model", item_id=spec, name=spec, detail=text)


def _path(workspace: "Workspace") -> "Path":
    return workspace.models_root / NOTES_FILE


def _read(path: "Path") -> dict[str, VersionNote]:
    try:
        return _NOTES.validate_json(path.read_bytes())
    except FileNotFoundError:
        return {}
    except (OSError, ValidationError) as error:
        raise InputError(
            f"The notes on model versions in {path} cannot be read; delete that file."
        ) from error
