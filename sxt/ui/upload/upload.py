"""An upload as it was begun, how much of it is there, and the names under which its files are stored."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

MAX_STORED_NAME = 120

FileName = Annotated[str, StringConstraints(min_length=1, max_length=1024)]


class UploadFile(BaseModel):
    """One file of an upload: its name as the browser gave it, for people to read, and its size in bytes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: FileName
    size: int = Field(gt=0)


class Upload(BaseModel):
    """An upload as it was begun; it never changes.

    Parameters
    ----------
    id : str
        Drawn by the server.
    name : str
        Of the file or folder, for people to read.
    is_folder : bool
        Whether it is a folder of slices rather than a single file.
    files : tuple of UploadFile
        In the natural order of their names.
    created_at : datetime
    created_by : str
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    name: str
    is_folder: bool
    files: tuple[UploadFile, ...]
    created_at: AwareDatetime
    created_by: str

    @property
    def size(self) -> int:
        """Bytes of all its files."""
        return sum(each.size for each in self.files)


@dataclass(frozen=True)
class UploadState:
    """How much of an upload is there: bytes of each file."""

    upload: Upload
    received: tuple[int, ...]

    @property
    def is_complete(self) -> bool:
        """Whether every file has all its bytes."""
        sizes = (each.size for each in self.upload.files)
        return all(got == size for got, size in zip(self.received, sizes, strict=True))


def stored_name(upload: Upload, index: int) -> str:
    """Return the name under which a file of an upload is stored.

    It consists of letters, digits, dots, dashes and underscores of the name it came with, since names say what a file
    may be and which slice it holds. In a folder, the position comes first, so that names that become equal stay apart.
    """
    plain = safe_name(upload.files[index].name)
    return f"{index:06d}_{plain}" if upload.is_folder else plain


def safe_name(name: str) -> str:
    """Return what of a name is safe as the name of a file, never empty and never hidden."""
    last = re.split(r"[/\\]", name)[-1]
    plain = re.sub(r"[^A-Za-z0-9._-]+", "_", last)[-MAX_STORED_NAME:].lstrip("._-")
    if "." in last.strip(".") and "." not in plain:
        plain = f"volume.{plain}"
    return plain or "volume"


def content_folder(folder: Path, upload: Upload) -> Path:
    """Return where an upload's files lie: apart from its manifest, so that their names can be anything."""
    return folder / "content" / safe_name(upload.name) if upload.is_folder else folder / "content"


def partial_name(index: int) -> str:
    return f".{index:06d}.partial"
