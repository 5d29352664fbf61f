"""The route that sends labels as a file of any format."""

import secrets
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import FileResponse, Response, StreamingResponse
from starlette.routing import Route

from sxt.errors import SettingsError
from sxt.ui.access.user import user_of_request
from sxt.ui.routes.answers import NOT_KEPT, attachment, in_thread
from sxt.ui.routes.zip_stream import stream_zip
from sxt.workspace import Workspace
from sxt.workspace.labelling import export_label_pairs, export_labels

EXPORTS = {
    "tif": "TIFF",
    "mrc": "MRC",
    "am": "Amira",
    "npy": "NPY",
    "zarr": "OME-Zarr (ZIP)",
    "pairs": "pairs (ZIP)",
}
FOLDERS = ("zarr", "pairs")


def export_routes(get_workspace: Callable[[], Workspace], *, prefix: str = "") -> list[Route]:
    """Return ``/api/labels/{item}/export/{format}``; of pairs, ``class`` says which class."""

    def export(request: Request) -> Response:
        return _export(get_workspace(), request)

    return [Route(f"{prefix}/api/labels/{{item}}/export/{{format}}", in_thread(export), methods=["GET"])]


def export_address(item_id: str, name: str, *, value: int | None = None, prefix: str = "") -> str:
    """Return the address of a tomogram's labels in a format."""
    query = "" if value is None else f"?class={value}"
    return f"{prefix}/api/labels/{quote(item_id)}/export/{name}{query}"


def _export(workspace: Workspace, request: Request) -> Response:
    """Write the file into a folder of its own, send it, and remove the folder."""
    item_id: str = request.path_params["item"]
    name: Any = request.path_params["format"]
    if name not in EXPORTS:
        raise SettingsError(f"There is no format {name[:20]!r}; use {', '.join(EXPORTS)}.")
    tomogram = workspace.tomograms.get(item_id)
    folder = workspace.root / f".download.{secrets.token_hex(8)}.partial"
    folder.mkdir()
    try:
        path = _write(workspace, request, folder / f"labels.{name}", name)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    stem = f"{tomogram.name} labels"
    if name in FOLDERS:
        headers = NOT_KEPT | {"Content-Disposition": attachment(f"{stem}.{name}.zip")}
        blocks = _then_remove(stream_zip(path, top_name=f"labels.{name}"), folder)
        return StreamingResponse(blocks, headers=headers, media_type="application/zip")
    headers = NOT_KEPT | {"Content-Disposition": attachment(f"{stem}.{name}")}
    task = BackgroundTask(shutil.rmtree, folder, ignore_errors=True)
    return FileResponse(path, headers=headers, media_type="application/octet-stream", background=task)


def _write(workspace: Workspace, request: Request, path: Path, name: Any) -> Path:
    item_id, by = request.path_params["item"], user_of_request(request)
    if name == "pairs":
        export_label_pairs(workspace, item_id, path, value=_class_value(request), by=by)
    else:
        export_labels(workspace, item_id, path, format_name=name, by=by)
    return path


def _class_value(request: Request) -> int:
    text = request.query_params.get("class", "")
    if not (text.isascii() and text.isdecimal() and len(text) <= 3):
        raise SettingsError(f"{text[:20]!r} is no class; give the value of one.")
    return int(text)


def _then_remove(blocks: Iterator[bytes], folder: Path) -> Iterator[bytes]:
    try:
        yield from blocks
    finally:
        shutil.rmtree(folder, ignore_errors=True)
