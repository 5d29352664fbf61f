"""The formats there are, and which of them a path is, by content and never by its extension."""

import glob
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sxt.errors import InputError
from sxt.io import amira, hdf5, mrc, npy, tiff, tiff_folder, zarr, zeiss
from sxt.io.volume import VolumeFile, reading

HEAD_BYTES = 4096


@dataclass(frozen=True)
class Format:
    """A file format: its name, how its first bytes and size give it away, and how it is opened."""

    name: str
    recognises: Callable[[bytes, int], bool]
    open_volume: Callable[[Path, str | None], VolumeFile]


FORMATS = tuple(
    Format(module.FORMAT_NAME, module.recognises, module.open_volume)
    for module in (tiff, hdf5, npy, zeiss, amira, mrc)  # MRC last: without its mark it is a guess
)

FOREIGN_MAGICS = {
    b"\x1f\x8b": "compressed with gzip; unpack it first",
    b"BZh": "compressed with bzip2; unpack it first",
    b"\xfd7zXZ": "compressed with xz; unpack it first",
    b"PK\x03\x04": "a ZIP or NPZ archive; unpack it first",
    b"\x89PNG": "a PNG image; export the volume as TIFF",
    b"\xff\xd8\xff": "a JPEG image; export the volume as TIFF",
    b"NRRD": "an NRRD file; convert it to TIFF or MRC",
    b"%PDF": "a PDF document; give the volume itself",
}


@dataclass(frozen=True)
class Location:
    """A path as the user gave it, and the files it stands for; ``files`` is empty for a file or a Zarr folder."""

    path: Path
    files: tuple[Path, ...] = ()
    n_ignored: int = 0


def open_volume_file(path: str | Path, dataset: str | None) -> VolumeFile:
    """Open whatever lies at ``path``.

    Raises
    ------
    InputError
        Everything that keeps it from being read as one volume.
    """
    location = locate(path)
    if location.files:
        if dataset is not None:
            raise InputError(
                f"{location.path} is a stack of single slices, so there is no dataset {dataset!r}."
            )
        return tiff_folder.open_slices(location.path, location.files, location.n_ignored)
    if location.path.is_dir():
        with reading(location.path, zarr.FORMAT_NAME):
            return zarr.open_volume(location.path, dataset)
    found = _recognise(location.path)
    with reading(location.path, found.name):
        return found.open_volume(location.path, dataset)


def locate(path: str | Path) -> Location:
    """Return what a path, a folder or a glob stands for.

    Raises
    ------
    InputError
        Where there is nothing, or nothing that could be a volume.
    """
    given = Path(path)
    with reading(given, "a file"):
        if given.is_file():
            return Location(given)
        if given.is_dir():
            return Location(given) if zarr.is_zarr(given) else _locate_folder(given)
        if given.exists():
            raise InputError(f"{given} is neither a file nor a folder; give a file on disk.")
        is_glob = glob.has_magic(str(given))
        matches = [Path(each) for each in glob.glob(str(given))] if is_glob else []  # noqa: PTH207  absolute too
    if not matches:
        raise InputError(f"{given} does not exist; check the path.")
    if len(matches) == 1:
        return locate(matches[0])
    files = sorted((each for each in matches if each.is_file()), key=tiff_folder.natural_key)
    if len(files) != len(matches):
        raise InputError(f"The glob {given} matches folders; narrow it down to the slices' files.")
    return Location(given, tuple(files))


def _locate_folder(folder: Path) -> Location:
    slices = tiff_folder.list_slices(folder)
    if not slices:
        raise InputError(
            f"{folder} is a folder without TIFF slices and not a Zarr array; give the file of the volume itself."
        )
    visible = [each for each in folder.iterdir() if each.is_file() and not each.name.startswith(".")]
    return Location(folder, tuple(slices), len(visible) - len(slices))


def _recognise(path: Path) -> Format:
    with reading(path, "a file"), path.open("rb") as stream:
        head = stream.read(HEAD_BYTES)
        size_bytes = path.stat().st_size
    if not head:
        raise InputError(f"{path.name} is empty (0 bytes); copy or export it again.")
    for each in FORMATS:
        if each.recognises(head, size_bytes):
            return each
    for magic, advice in FOREIGN_MAGICS.items():
        if head.startswith(magic):
            raise InputError(f"{path.name} is {advice}.")
    names = ", ".join(each.name for each in FORMATS)
    raise InputError(
        f"{path.name} is of no known format by its content; give one of {names}, {zarr.FORMAT_NAME}."
    )
