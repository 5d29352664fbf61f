"""The routes of surfaces: the scene's page, and meshes and measurements of all or of some components."""

import functools
import secrets
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from starlette.requests import Request
from starlette.responses import FileResponse, Response, StreamingResponse
from starlette.routing import Route

from sxt.errors import InputError, SettingsError
from sxt.ui.routes.answers import NOT_KEPT, attachment, in_thread
from sxt.ui.routes.downloads import find_file
from sxt.ui.surface.filters import ComponentFilter, parse_filter
from sxt.ui.surface.table import load_table
from sxt.workspace import SurfaceManifest, Workspace
from sxt.workspace.disk import check_space

MESH_FORMATS = ("vtp", "ply", "obj", "stl", "glb")
BLOCK_BYTES = 1 << 20
GROWTH = 4
"""A mesh takes at most this many times the room in the most wordy format (OBJ)."""

MOST_CONVERSIONS = 2
SCENE_HEADERS = {
    "Cache-Control": "private, max-age=31536000, immutable",
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval' blob:; style-src 'unsafe-inline'; "
        "img-src data: blob:; connect-src data: blob:; worker-src blob: data:; font-src data:; "
        "frame-ancestors 'self'"
    ),
    "X-Content-Type-Options": "nosniff",
}
"""The scene's address names its version, so a browser may keep it; it may ask for nothing."""

WorkspaceGetter = Callable[[], Workspace]


def surface_routes(get_workspace: WorkspaceGetter, *, prefix: str = "") -> list[Route]:
    """Return ``/api/surfaces/{id}/scene.html``, ``mesh.{format}`` and ``components.csv``.

    Parameters
    ----------
    get_workspace : callable
        Called for each request.
    prefix : str
        What the server's addresses begin with.
    """
    routes = _SurfaceRoutes(get_workspace)
    handlers = {
        "scene.html": routes.scene,
        "components.csv": routes.measurements,
        "mesh.{format}": routes.mesh,
    }
    return [
        Route(f"{prefix}/api/surfaces/{{item}}/{path}", in_thread(handler), methods=["GET"])
        for path, handler in handlers.items()
    ]


def scene_address(workspace: Workspace, surface: SurfaceManifest, *, prefix: str = "") -> str:
    """Return the address of a surface's scene as it is now."""
    version = _scene_path(workspace, surface).stat().st_mtime_ns
    return f"{_address(surface.id, 'scene.html', prefix)}?{urlencode({'v': version})}"


def mesh_address(item_id: str, mesh_format: str, wanted: ComponentFilter, *, prefix: str = "") -> str:
    """Return the address of the full-resolution mesh of the components that pass."""
    return _with_query(_address(item_id, f"mesh.{mesh_format}", prefix), wanted)


def table_address(item_id: str, wanted: ComponentFilter, *, prefix: str = "") -> str:
    """Return the address of the measurements of the components that pass, as CSV."""
    return _with_query(_address(item_id, "components.csv", prefix), wanted)


class _SurfaceRoutes:
    def __init__(self, get_workspace: WorkspaceGetter) -> None:
        self._get_workspace = get_workspace
        self._conversions = threading.BoundedSemaphore(MOST_CONVERSIONS)

    def scene(self, request: Request) -> Response:
        workspace, surface = self._find(request)
        path = _scene_path(workspace, surface)
        return FileResponse(path, headers=SCENE_HEADERS, media_type="text/html")

    def measurements(self, request: Request) -> Response:
        workspace, surface = self._find(request)
        table = load_table(workspace, surface)
        rows = table[_filter(request).passes(table)]
        headers = NOT_KEPT | {"Content-Disposition": attachment(f"{surface.name}.csv")}
        return Response(rows.to_csv(index=False), headers=headers, media_type="text/csv")

    def mesh(self, request: Request) -> Response:
        from sxt.surface.mesh_export import export_mesh

        workspace, surface = self._find(request)
        mesh_format: Any = request.path_params["format"]
        if mesh_format not in MESH_FORMATS:
            raise SettingsError(f"There is no format {mesh_format[:20]!r}; use {', '.join(MESH_FORMATS)}.")
        table, wanted = load_table(workspace, surface), _filter(request)
        source = find_file(workspace.surfaces.path(surface.id), surface.files.get("mesh", ""))
        headers = NOT_KEPT | {"Content-Disposition": attachment(f"{surface.name}.{mesh_format}")}
        if wanted.is_empty and f".{mesh_format}" == source.suffix:
            return FileResponse(source, headers=headers)
        ids = None if wanted.is_empty else table["id"].to_numpy()[wanted.passes(table)].tolist()
        if ids == []:
            raise InputError("No component passes the filter; widen it.")
        unit: Any = "px" if surface.voxel_size_nm is None else "nm"
        export = functools.partial(export_mesh, source, mesh_format=mesh_format, unit=unit, ids=ids)
        with self._conversions:
            return _send_made(workspace.root, GROWTH * source.stat().st_size, export, headers)

    def _find(self, request: Request) -> tuple[Workspace, SurfaceManifest]:
        workspace = self._get_workspace()
        return workspace, workspace.surfaces.get(request.path_params["item"])


def _send_made(
    root: Path, most_bytes: int, make: Callable[[Path], None], headers: dict[str, str]
) -> Response:
    """Send a file that is made for this answer and vanishes with it."""
    check_space(root, most_bytes, what="The download")
    folder = root / f".download.{secrets.token_hex(8)}.partial"
    folder.mkdir()
    try:
        path = folder / "mesh"
        make(path)
        length, stream = path.stat().st_size, path.open("rb")
    finally:
        shutil.rmtree(folder)
    headers = headers | {"Content-Length": str(length)}
    return StreamingResponse(_blocks(stream), headers=headers, media_type="application/octet-stream")


def _blocks(stream: Any) -> Iterator[bytes]:
    with stream:
        while block := stream.read(BLOCK_BYTES):
            yield block


def _filter(request: Request) -> ComponentFilter:
    return parse_filter(request.query_params.multi_items())


def _scene_path(workspace: Workspace, surface: SurfaceManifest) -> Path:
    return find_file(workspace.surfaces.path(surface.id), surface.files.get("page", ""))


def _address(item_id: str, name: str, prefix: str) -> str:
    return f"{prefix}/api/surfaces/{quote(item_id, safe='')}/{name}"


def _with_query(address: str, wanted: ComponentFilter) -> str:
    return address if wanted.is_empty else f"{address}?{urlencode(wanted.query())}"
