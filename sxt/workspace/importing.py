"""Bring a tomogram into the workspace: converted slab by slab to OME-Zarr with several resolutions."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sxt.errors import InputError
from sxt.io import FileInfo, hash_source, inspect_file, read_tomogram
from sxt.io.reader import UNKNOWN_VOXEL_DOUBT
from sxt.progress import CancelToken, Progress, ProgressCallback
from sxt.tomogram import Absorbing, Tomogram, VoxelSize
from sxt.workspace.clock import utc_now
from sxt.workspace.disk import check_space
from sxt.workspace.manifest_files import MANIFEST_FILE, write_manifest
from sxt.workspace.manifests import LevelInfo, TomogramManifest
from sxt.workspace.names import check_name, shorten_name
from sxt.workspace.pyramid import LAYER_SLICES, PyramidWriter, count_stored_bytes, plan_levels
from sxt.workspace.thumbnails import THUMBNAIL_FILE, THUMBNAIL_PX, write_thumbnail

if TYPE_CHECKING:
    from sxt.workspace.workspace import Workspace

VOLUME_FOLDER = "volume.zarr"
SLAB_BYTES = 1 << 26
HASH_STAGE, CONVERT_STAGE, FOUND_STAGE = "hash", "convert", "import"


def import_tomogram(
    workspace: "Workspace",
    source: Path,
    *,
    name: str | None,
    dataset: str | None,
    voxel_size_nm: VoxelSize | None,
    absorbing_is: Absorbing | None,
    by: str,
    tomogram_id: str | None,
    progress: ProgressCallback,
    cancel: CancelToken,
) -> TomogramManifest:
    """Convert a file and publish it; see `Workspace.import_tomogram`."""
    tomogram = read_tomogram(source, dataset=dataset, voxel_size_nm=voxel_size_nm, absorbing_is=absorbing_is)
    shown_name = shorten_name(source.stem or source.name) if name is None else check_name(name)
    levels = plan_levels(tomogram.shape, tomogram.voxel_size_nm)
    check_space(
        workspace.root, count_stored_bytes(levels, tomogram.dtype.itemsize), what=f"Bringing in {source.name}"
    )
    progress(Progress(HASH_STAGE, 0, 1))
    sha256 = hash_source(source)
    progress(Progress(HASH_STAGE, 1, 1))
    cancel.raise_if_cancelled()
    info = inspect_file(
        source, dataset=dataset, voxel_size_nm=voxel_size_nm, progress=progress, cancel=cancel
    )
    existing = workspace.find_tomogram(sha256, info.dataset)
    if existing is not None:
        return _announce(existing, progress)
    manifest = _describe(
        tomogram,
        info,
        levels,
        tomogram_id=tomogram_id or workspace.tomograms.draw_id(),
        name=shown_name,
        sha256=sha256,
        by=by,
    )
    folder = workspace.tomograms.prepare_partial(manifest.id)
    try:
        _convert(tomogram, levels, folder / VOLUME_FOLDER, progress, cancel)
        _write_thumbnail(folder, manifest)
        published = _publish(workspace, folder, manifest)
    finally:
        workspace.tomograms.remove_partial(manifest.id)
    if published.id != manifest.id:
        return _announce(published, progress)
    workspace.log("imported", "tomogram", manifest, by=by)
    return published


def _announce(existing: TomogramManifest, progress: ProgressCallback) -> TomogramManifest:
    progress(Progress(FOUND_STAGE, 1, 1, f"This file is here already, as {existing.name!r}."))
    return existing


def _describe(
    tomogram: Tomogram,
    info: FileInfo,
    levels: tuple[LevelInfo, ...],
    *,
    tomogram_id: str,
    name: str,
    sha256: str,
    by: str,
) -> TomogramManifest:
    if info.statistics is None:
        raise InputError(f"{tomogram.name} holds several volumes; choose one of them.")
    return TomogramManifest(
        id=tomogram_id,
        name=name,
        created_at=utc_now(),
        created_by=by,
        source_name=shorten_name(tomogram.name),
        sha256=sha256,
        format_name=tomogram.format_name,
        dataset=info.dataset,
        shape=tomogram.shape,
        dtype=_stored_dtype(tomogram).name,
        voxel_size_nm=tomogram.voxel_size_nm,
        origin_nm=tomogram.origin_nm,
        absorbing_is=tomogram.absorbing_is,
        doubts=tuple(each for each in info.doubts if each != UNKNOWN_VOXEL_DOUBT),  # the size itself says so
        statistics=info.statistics,
        levels=levels,
    )


def _convert(
    tomogram: Tomogram,
    levels: tuple[LevelInfo, ...],
    path: Path,
    progress: ProgressCallback,
    cancel: CancelToken,
) -> None:
    dtype = _stored_dtype(tomogram)
    writer = PyramidWriter(
        path,
        levels,
        dtype,
        pooling="mean",
        voxel_size_nm=tomogram.voxel_size_nm,
        origin_nm=tomogram.origin_nm,
    )
    n_slices, y, x = tomogram.shape
    depth = max(1, SLAB_BYTES // (y * x * dtype.itemsize * LAYER_SLICES)) * LAYER_SLICES
    progress(Progress(CONVERT_STAGE, 0, n_slices))
    for start in range(0, n_slices, depth):
        cancel.raise_if_cancelled()
        stop = min(n_slices, start + depth)
        writer.append(tomogram.read_slices(start, stop).astype(dtype, copy=False))
        progress(Progress(CONVERT_STAGE, stop, n_slices))
    writer.finish()


def _stored_dtype(tomogram: Tomogram) -> np.dtype:
    return np.dtype("u1") if tomogram.dtype.kind == "b" else tomogram.dtype.newbyteorder("=")


def _write_thumbnail(folder: Path, manifest: TomogramManifest) -> None:
    large = [level for level in manifest.levels if max(level.shape[1:]) >= THUMBNAIL_PX]
    level = large[-1] if large else manifest.levels[0]
    middle = level.shape[0] // 2
    small = read_tomogram(folder / VOLUME_FOLDER, dataset=level.path)
    write_thumbnail(folder / THUMBNAIL_FILE, small.read_slices(middle, middle + 1)[0], manifest.statistics)


def _publish(workspace: "Workspace", folder: Path, manifest: TomogramManifest) -> TomogramManifest:
    """Give the folder its name, unless another process brought in the same file meanwhile."""
    write_manifest(folder / MANIFEST_FILE, manifest)
    with workspace.lock():
        existing = workspace.find_tomogram(manifest.sha256, manifest.dataset)
        if existing is None:
            workspace.tomograms.move_into_place(folder, manifest.id)
    return existing or manifest
