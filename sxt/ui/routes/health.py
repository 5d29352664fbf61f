"""A short answer for monitors: whether the workspace can be used, and how much room there is."""

import os
import shutil
from collections.abc import Callable
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

import sxt
from sxt.ui.routes.answers import NOT_KEPT, in_thread
from sxt.workspace import Workspace

PATH = "/api/health"

WorkspaceGetter = Callable[[], Workspace]


def health_routes(get_workspace: WorkspaceGetter, *, prefix: str = "") -> list[Route]:
    """Return ``/api/health``: 200 with version and free space, or 503 where the workspace cannot be written.

    Parameters
    ----------
    get_workspace : callable
        Called for each request.
    prefix : str
        What the server's addresses begin with.
    """

    def answer(_: Request) -> Response:
        root = get_workspace().root
        is_writable = os.access(root, os.W_OK)
        facts = {
            "status": "ok" if is_writable else "the workspace cannot be written",
            "version": sxt.__version__,
            "free_bytes": shutil.disk_usage(root).free if root.is_dir() else 0,
        }
        status = HTTPStatus.OK if is_writable else HTTPStatus.SERVICE_UNAVAILABLE
        return JSONResponse(facts, status, headers=NOT_KEPT)

    return [Route(f"{prefix}{PATH}", in_thread(answer), methods=["GET"])]
