"""Open a tomogram of any known format, and hash what it was read from."""

import hashlib
from pathlib import Path

from sxt.errors import InputError
from sxt.files import HASH_BLOCK_BYTES, sha256_of_file
from sxt.io.formats import locate, open_volume_file
from sxt.io.units import describe_voxel_size
from sxt.io.volume import VolumeFile, reading
from sxt.tomogram import Absorbing, Tomogram, VoxelSize, check_voxel_size

SAME_SIZE_TOLERANCE = 1e-3
UNKNOWN_VOXEL_DOUBT = "The voxel size is not known; set it with --voxel-nm Z,Y,X."


def read_tomogram(
    path: str | Path,
    *,
    dataset: str | None = None,
    voxel_size_nm: VoxelSize | None = None,
    absorbing_is: Absorbing | None = None,
) -> Tomogram:
    """Open a tomogram or a label volume; nothing but its header is read yet.

    Parameters
    ----------
    path : str or Path
        A file, a folder or a glob of single-slice TIFF files, or a Zarr folder. The format is found by content.
    dataset : str, optional
        Which volume of a file that holds several.
    voxel_size_nm : tuple of float, optional
        (z, y, x) in nm; replaces what the file states.
    absorbing_is : {"dark", "bright"}, optional
        Passed on to the tomogram.

    Returns
    -------
    Tomogram
        ``data[start:stop]`` reads a slab (stop - start, y, x) from disk, in the file's dtype and with its NaN.

    Raises
    ------
    InputError
        Missing, unreadable, damaged or incomplete files, and files that are not one grey volume.
    SettingsError
        A voxel size that is not three positive numbers.
    """
    if voxel_size_nm is not None:
        check_voxel_size(voxel_size_nm)
    found = open_volume_file(path, dataset)
    return make_tomogram(found, path, voxel_size_nm=voxel_size_nm, absorbing_is=absorbing_is)


def make_tomogram(
    found: VolumeFile,
    path: str | Path,
    *,
    voxel_size_nm: VoxelSize | None = None,
    absorbing_is: Absorbing | None = None,
) -> Tomogram:
    """Return what was found as a tomogram, with the voxel size the user set instead of the file's own."""
    return Tomogram(
        data=found.data,
        voxel_size_nm=voxel_size_nm or found.voxel_size_nm,
        absorbing_is=absorbing_is,
        source=Path(path),
        format_name=found.format_name,
        origin_nm=found.origin_nm,
        doubts=_doubts(found, voxel_size_nm),
    )


def _doubts(found: VolumeFile, voxel_size_nm: VoxelSize | None) -> tuple[str, ...]:
    """Return the file's doubts and those about its voxel size, given the one the user set."""
    stated = found.voxel_size_nm
    if voxel_size_nm is None:
        return found.doubts if stated else (*found.doubts, UNKNOWN_VOXEL_DOUBT)
    if stated is None or all(
        abs(a - b) <= SAME_SIZE_TOLERANCE * b for a, b in zip(voxel_size_nm, stated, strict=True)
    ):
        return found.doubts
    return (
        *found.doubts,
        f"The file states voxels of {describe_voxel_size(stated)}, "
        f"but {describe_voxel_size(voxel_size_nm)} was set and is used.",
    )


def hash_source(path: str | Path) -> str:
    """Return the SHA-256 of what a tomogram is read from, as 64 hexadecimal digits.

    Parameters
    ----------
    path : str or Path
        A file: the hash of its bytes. A folder, Zarr folder or glob: the hash over the sorted relative names and
        the bytes of its files, which does not depend on where they lie.

    Raises
    ------
    InputError
        Where the path stands for nothing or cannot be read.
    """
    location = locate(path)
    with reading(location.path, "a file"):
        if location.path.is_file():
            return sha256_of_file(location.path)
        if location.path.is_dir():
            root, files = location.path, [each for each in location.path.rglob("*") if each.is_file()]
        else:
            root, files = location.files[0].parent, list(location.files)
        if not all(each.is_relative_to(root) for each in files):
            raise InputError(f"The glob {path} matches files in several folders; give slices of one folder.")
        return _hash_files(root, files)


def _hash_files(root: Path, files: list[Path]) -> str:
    digest = hashlib.sha256()
    for name, file in sorted((each.relative_to(root).as_posix(), each) for each in files):
        digest.update(f"{len(name)}:{name}:{file.stat().st_size}:".encode())
        with file.open("rb") as stream:
            while block := stream.read(HASH_BLOCK_BYTES):
                digest.update(block)
    return digest.hexdigest()
