"""The routes behind shared links, the only ones that need no login."""

from collections.abc import Callable
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import Route

from sxt.errors import InputError
from sxt.ui.format import voxel_size
from sxt.ui.routes.answers import CLOSED_POLICY, SHARE_HEADERS, attachment, in_thread, share_not_found
from sxt.ui.routes.downloads import find_file
from sxt.ui.routes.scene_view import page_with_view, titled
from sxt.ui.routes.share_page import PAGE_POLICY, Fact, SharedView, format_day, share_page
from sxt.workspace import SegmentationManifest, ShareManifest, SurfaceManifest, Workspace

PATH = "/share"

SCENE_POLICY = (
    "sandbox allow-scripts; default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval' blob:; "
    "style-src 'unsafe-inline'; img-src data: blob:; connect-src data: blob:; worker-src blob: data:; "
    "font-src data:; frame-ancestors 'self'"
)
"""The scene runs as a site of its own: it sees no cookies, asks for nothing, and shows only in our own page."""

WorkspaceGetter = Callable[[], Workspace]


def share_routes(get_workspace: WorkspaceGetter, *, prefix: str = "") -> list[Route]:
    """Return the routes below ``/share/{token}``: the page, its scene, and what can be saved from it.

    Parameters
    ----------
    get_workspace : callable
        Called for each request.
    prefix : str
        What the server's addresses begin with.

    Notes
    -----
    A token that is unknown, revoked, expired or malformed, an address below a token that does not exist, and a share
    of what was deleted are answered alike, to the byte.
    """
    routes = _ShareRoutes(get_workspace, prefix)
    return [Route(f"{prefix}{PATH}/{{rest:path}}", in_thread(routes.answer), methods=["GET"])]


def share_address(token: str, *, prefix: str = "") -> str:
    """Return the address of a shared link, to be appended to the server's origin."""
    return f"{prefix}{PATH}/{token}"


class _ShareRoutes:
    def __init__(self, get_workspace: WorkspaceGetter, prefix: str) -> None:
        self._get_workspace = get_workspace
        self._prefix = prefix

    def answer(self, request: Request) -> Response:
        token, _, part = request.path_params["rest"].partition("/")
        workspace = self._get_workspace()
        share = workspace.shares.look_up(token)
        parts = {
            "": self._page,
            "scene": _scene,
            "offline.html": _offline,
            "measurements.csv": _measurements,
            "overview.png": _overview,
        }
        if share is None or part not in parts or request.url.path.endswith("/"):
            return share_not_found()
        try:
            return parts[part](workspace, share)
        except InputError:
            return share_not_found()

    def _page(self, workspace: Workspace, share: ShareManifest) -> Response:
        surface, segmentation = _items(workspace, share)
        view = SharedView(
            title=share.title,
            note=share.note,
            address=share_address(share.token, prefix=self._prefix),
            facts=_facts(workspace, share),
            expires_at=share.expires_at,
            table_path=_file_or_none(workspace, surface, "table"),
            class_names={each.value: each.name for each in surface.classes} if surface else {},
            has_scene=_file_or_none(workspace, surface, "page") is not None,
            has_overview=segmentation is not None and _overview_path(workspace, segmentation).is_file(),
        )
        headers = SHARE_HEADERS | {"Content-Security-Policy": PAGE_POLICY}
        return HTMLResponse(share_page(view), headers=headers)


def _scene(workspace: Workspace, share: ShareManifest) -> Response:
    headers = SHARE_HEADERS | {"Content-Security-Policy": SCENE_POLICY}
    return _scene_page(workspace, share, headers)


def _offline(workspace: Workspace, share: ShareManifest) -> Response:
    headers = SHARE_HEADERS | {
        "Content-Security-Policy": SCENE_POLICY,
        "Content-Disposition": attachment(f"{share.title}.html"),
    }
    page = titled(_read_scene(workspace, share), share.title)
    return HTMLResponse(page, headers=headers)


def _read_scene(workspace: Workspace, share: ShareManifest) -> str:
    path = _surface_file(workspace, share, "page")
    return path.read_text(encoding="utf-8") if share.view is None else page_with_view(path, share.view)


def _scene_page(workspace: Workspace, share: ShareManifest, headers: dict[str, str]) -> Response:
    path = _surface_file(workspace, share, "page")
    if share.view is None:
        return FileResponse(path, headers=headers, media_type="text/html")
    return HTMLResponse(page_with_view(path, share.view), headers=headers)


def _measurements(workspace: Workspace, share: ShareManifest) -> Response:
    headers = SHARE_HEADERS | {
        "Content-Security-Policy": CLOSED_POLICY,
        "Content-Disposition": attachment(f"{share.title}.csv"),
    }
    return FileResponse(_surface_file(workspace, share, "table"), headers=headers, media_type="text/csv")


def _overview(workspace: Workspace, share: ShareManifest) -> Response:
    _, segmentation = _items(workspace, share)
    if segmentation is None:
        raise InputError("Nothing but a surface is shared.")
    path = _overview_path(workspace, segmentation)
    if not path.is_file():
        raise InputError("There is no overview.")
    headers = SHARE_HEADERS | {"Content-Security-Policy": CLOSED_POLICY}
    return FileResponse(path, headers=headers, media_type="image/png")


def _items(
    workspace: Workspace, share: ShareManifest
) -> tuple[SurfaceManifest | None, SegmentationManifest | None]:
    """Return what is shared."""
    surface = None if share.surface_id is None else workspace.surfaces.get(share.surface_id)
    segmentation = (
        None if share.segmentation_id is None else workspace.segmentations.get(share.segmentation_id)
    )
    return surface, segmentation


def _facts(workspace: Workspace, share: ShareManifest) -> tuple[Fact, ...]:
    surface, segmentation = _items(workspace, share)
    if surface is not None and segmentation is None:
        segmentation = workspace.segmentations.find(surface.segmentation_id)
    shown = surface or segmentation
    assert shown is not None, "a share shows a surface, a segmentation or both"
    tomogram = workspace.tomograms.find(shown.tomogram_id)
    facts = []
    if surface is not None:
        facts.append(Fact("Surface", f"{surface.name}: {surface.n_components} components"))
    if segmentation is not None:
        facts.append(Fact("Segmentation", f"{segmentation.name}, threshold {segmentation.threshold:g}"))
        name = "deleted since" if tomogram is None else tomogram.name
        facts.append(Fact("Tomogram", name, f"sha256 {segmentation.tomogram_sha256}"))
    elif tomogram is not None:
        facts.append(Fact("Tomogram", tomogram.name, f"sha256 {tomogram.sha256}"))
    size = surface.voxel_size_nm if surface else tomogram.voxel_size_nm if tomogram else None
    facts.append(Fact("Voxel size", voxel_size(size)))
    facts.append(Fact("Model version", shown.model.spec, f"sha256 {shown.model.sha256}"))
    facts.append(Fact("Shared", f"by {share.created_by} on {format_day(share.created_at)}"))
    return tuple(facts)


def _surface_file(workspace: Workspace, share: ShareManifest, role: str) -> Path:
    surface, _ = _items(workspace, share)
    path = _file_or_none(workspace, surface, role)
    if path is None:
        raise InputError(f"Nothing that is shared has a {role}.")
    return path


def _file_or_none(workspace: Workspace, surface: SurfaceManifest | None, role: str) -> Path | None:
    if surface is None or role not in surface.files:
        return None
    try:
        return find_file(workspace.surfaces.path(surface.id), surface.files[role])
    except InputError:
        return None


def _overview_path(workspace: Workspace, segmentation: SegmentationManifest) -> Path:
    return workspace.segmentations.path(segmentation.id) / "overview.png"
