"""The routes by which items are saved: volumes in the formats of the field, folders as ZIP, single files."""

import io
import os
import secrets
import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args
from urllib.parse import quote, urlencode

import numpy as np
from starlette.requests import Request
from starlette.responses import FileResponse, Response, StreamingResponse
from starlette.routing import Route

from sxt.errors import InputError, SettingsError
from sxt.io import open_volume_writer
from sxt.tomogram import VoxelSize
from sxt.ui.routes.answers import NOT_KEPT, attachment, in_thread
from sxt.ui.routes.zip_stream import stream_zip
from sxt.workspace import SegmentationManifest, Workspace
from sxt.workspace.disk import check_space

VolumeName = Literal["volume", "mask", "probability"]
VolumeFormat = Literal["tif", "mrc", "npy", "zip"]
ItemGroup = Literal["tomograms", "segmentations", "surfaces"]

SLAB_BYTES = 1 << 26
BLOCK_BYTES = 1 << 20
MOST_CONVERSIONS = 2
"""Volumes that are converted at the same time; further ones wait."""

MEDIA_TYPES = {"tif": "image/tiff", "mrc": "application/octet-stream", "npy": "application/octet-stream"}
PRIVATE_FILES = frozenset({"manifest.json"})

WorkspaceGetter = Callable[[], Workspace]


@dataclass(frozen=True)
class _Volume:
    """A stored volume to be converted: ``read(start, stop)`` returns slices (k, y, x)."""

    shape: tuple[int, int, int]
    dtype: np.dtype
    voxel_size_nm: VoxelSize | None
    origin_nm: tuple[float, float, float]
    read: Callable[[int, int], np.ndarray]


def download_routes(get_workspace: WorkspaceGetter, *, prefix: str = "") -> list[Route]:
    """Return the routes that send what the workspace holds.

    Parameters
    ----------
    get_workspace : callable
        Called for each request.
    prefix : str
        What the server's addresses begin with.

    Notes
    -----
    ``/api/tomograms/{id}/volume.tif`` (``mrc``, ``npy``, ``zip`` for OME-Zarr), the same of ``segmentations`` with
    ``mask`` and ``probability`` (there ``?class=`` names a class's value), ``/api/{group}/{id}/files/{name}`` for any
    file of an item, and ``/api/models/{name}/{version}.zip``. Use `volume_address` and `file_address`.
    """
    routes = _DownloadRoutes(get_workspace)
    handlers = {
        "/api/tomograms/{item}/{volume}.{format}": routes.tomogram_volume,
        "/api/segmentations/{item}/{volume}.{format}": routes.segmentation_volume,
        "/api/{group}/{item}/files/{name}": routes.item_file,
        "/api/models/{name}/{version}.zip": routes.model_version,
    }
    return [
        Route(f"{prefix}{path}", in_thread(handler), methods=["GET"]) for path, handler in handlers.items()
    ]


def volume_address(
    group: ItemGroup,
    item_id: str,
    volume: VolumeName,
    file_format: VolumeFormat,
    *,
    class_value: int | None = None,
    prefix: str = "",
) -> str:
    """Return the address of a volume in a format, for a link on a page."""
    query = "" if class_value is None else "?" + urlencode({"class": class_value})
    return f"{prefix}/api/{group}/{quote(item_id, safe='')}/{volume}.{file_format}{query}"


def file_address(group: ItemGroup, item_id: str, name: str, *, prefix: str = "") -> str:
    """Return the address of a file in an item's folder, for a link on a page."""
    return f"{prefix}/api/{group}/{quote(item_id, safe='')}/files/{quote(name, safe='')}"


class _DownloadRoutes:
    def __init__(self, get_workspace: WorkspaceGetter) -> None:
        self._get_workspace = get_workspace
        self._conversions = threading.BoundedSemaphore(MOST_CONVERSIONS)

    def tomogram_volume(self, request: Request) -> Response:
        workspace, item_id = self._get_workspace(), request.path_params["item"]
        manifest = workspace.tomograms.get(item_id)
        _check_name(request, "volume")
        if request.path_params["format"] == "zip":
            folder = workspace.tomograms.path(item_id) / "volume.zarr"
            return _send_folder(folder, f"{manifest.name}.zarr.zip", top_name="volume.zarr")
        tomogram = workspace.open_tomogram(item_id)
        volume = _Volume(
            tomogram.shape,
            tomogram.dtype,
            tomogram.voxel_size_nm,
            tomogram.origin_nm,
            tomogram.read_slices,
        )
        return self._send_volume(request, volume, manifest.name)

    def segmentation_volume(self, request: Request) -> Response:
        workspace, item_id = self._get_workspace(), request.path_params["item"]
        manifest = workspace.segmentations.get(item_id)
        name = _check_name(request, "mask", "probability")
        stem = f"{manifest.name} {name}"
        if request.path_params["format"] == "zip":
            folder = workspace.segmentations.path(item_id) / f"{name}.zarr"
            return _send_folder(folder, f"{stem}.zarr.zip", top_name=f"{name}.zarr")
        mask = workspace.open_mask(item_id)
        volume = _Volume(mask.shape, mask.dtype, mask.voxel_size_nm, mask.origin_nm, mask.read_slices)
        if name == "probability":
            channel = _channel(manifest, request.query_params.get("class"))
            array = workspace.open_probability(item_id)
            stem += f" {manifest.classes[channel].name}"
            volume = _Volume(
                mask.shape,
                np.dtype("u1"),
                mask.voxel_size_nm,
                mask.origin_nm,
                lambda start, stop: np.asarray(array[channel, start:stop]),
            )
        return self._send_volume(request, volume, stem)

    def item_file(self, request: Request) -> Response:
        workspace, parts = self._get_workspace(), request.path_params
        groups = {
            "tomograms": workspace.tomograms,
            "segmentations": workspace.segmentations,
            "surfaces": workspace.surfaces,
        }
        folders: Any = groups.get(parts["group"])
        if folders is None:
            raise InputError(
                f"There are no {parts['group'][:40]!r}; there are {', '.join(get_args(ItemGroup))}."
            )
        manifest = folders.get(parts["item"])
        path = find_file(folders.path(parts["item"]), parts["name"])
        disposition = attachment(f"{manifest.name} {path.name}")
        if "inline" in request.query_params and path.suffix == ".png":
            disposition = "inline"
        return FileResponse(path, headers={"Content-Disposition": disposition, "Cache-Control": "no-cache"})

    def model_version(self, request: Request) -> Response:
        from sxt.models import SHIPPED_ROOT, find_model

        name, version = request.path_params["name"], request.path_params["version"]
        folder = find_model(f"{name}:{version}", root=[self._get_workspace().models_root, SHIPPED_ROOT])
        return _send_folder(folder, f"{name}-{version}.zip", top_name=f"{name}-{version}")

    def _send_volume(self, request: Request, volume: _Volume, stem: str) -> Response:
        file_format = request.path_params["format"]
        if file_format not in MEDIA_TYPES:
            raise InputError(
                f"There is no format {file_format[:20]!r}; there are {', '.join(get_args(VolumeFormat))}."
            )
        headers = NOT_KEPT | {"Content-Disposition": attachment(f"{stem}.{file_format}")}
        media_type = MEDIA_TYPES[file_format]
        if request.method == "HEAD":
            return Response(headers=headers, media_type=media_type)
        with self._conversions:
            converted = _convert(volume, self._get_workspace().root, file_format)
        headers["Content-Length"] = str(os.fstat(converted.fileno()).st_size)
        return StreamingResponse(_blocks(converted), headers=headers, media_type=media_type)


def find_file(folder: Path, name: str) -> Path:
    """Return a file that lies directly in an item's folder; `InputError` for anything else."""
    path = folder / name
    is_plain = Path(name).name == name and not name.startswith(".") and name not in PRIVATE_FILES
    if "\0" in name or not is_plain or path.is_symlink() or not path.is_file():
        raise InputError(f"There is no file {name[:80]!r}; it may have been deleted.")
    return path


def _check_name(request: Request, *names: VolumeName) -> VolumeName:
    for name in names:
        if request.path_params["volume"] == name:
            return name
    raise InputError(f"There is no {request.path_params['volume'][:40]!r}; there is {' and '.join(names)}.")


def _channel(manifest: SegmentationManifest, value: str | None) -> int:
    """Return which channel of the probability belongs to a class's value."""
    values = [str(each.value) for each in manifest.classes]
    if value is None and len(values) == 1:
        return 0
    if value not in values:
        raise SettingsError(f"The address needs ?class= with one of {', '.join(values)}.")
    return values.index(value)


def _send_folder(folder: Path, name: str, *, top_name: str) -> Response:
    if not folder.is_dir():
        raise InputError(f"There is no {folder.name}; it may have been deleted.")
    headers = NOT_KEPT | {"Content-Disposition": attachment(name)}
    return StreamingResponse(
        stream_zip(folder, top_name=top_name), headers=headers, media_type="application/zip"
    )


def _convert(volume: _Volume, root: Path, file_format: str) -> io.FileIO:
    """Write a volume to a file without a name, which vanishes when it is closed; return it open."""
    z, y, x = volume.shape
    slice_bytes = y * x * volume.dtype.itemsize
    check_space(root, 2 * z * slice_bytes, what="The download")
    folder = root / f".download.{secrets.token_hex(8)}.partial"
    folder.mkdir()
    try:
        path = folder / f"volume.{file_format}"
        with open_volume_writer(
            path,
            shape=volume.shape,
            dtype=volume.dtype,
            voxel_size_nm=volume.voxel_size_nm,
            origin_nm=volume.origin_nm,
        ) as writer:
            depth = max(1, SLAB_BYTES // slice_bytes)
            for start in range(0, z, depth):
                writer.write(volume.read(start, min(z, start + depth)))
        return path.open("rb", buffering=0)
    finally:
        shutil.rmtree(folder)


def _blocks(converted: io.FileIO) -> Iterator[bytes]:
    with converted:
        while block := converted.read(BLOCK_BYTES):
            yield block
