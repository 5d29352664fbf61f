"""The routes by which a browser or a script sends a file, piece by piece and straight to the disk."""

import json
from collections.abc import AsyncIterator, Callable
from http import HTTPStatus
from typing import Any

from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sxt.errors import InputError, SettingsError, SxtError
from sxt.ui.access import user_of_request
from sxt.ui.routes.answers import NOT_KEPT, error_response, in_thread, refuse
from sxt.ui.upload.store import OffsetError, TooLargeError, UploadStore
from sxt.ui.upload.upload import Upload, UploadFile, UploadState

API_PATH = "/api/uploads"
MODEL_API_PATH = "/api/model-uploads"
"""For model versions, which wait apart from tomograms."""

BLOCK_BYTES = 1 << 20
"""Written at once; what a connection needs in memory."""

MAX_BEGIN_BYTES = 4 << 20
"""The list of names and sizes of a folder of slices."""

MAX_DRAINED_BYTES = 64 << 20

StoreGetter = Callable[[], UploadStore]


def upload_routes(
    get_store: StoreGetter,
    *,
    prefix: str = "",
    path: str = API_PATH,
    on_complete: Callable[[Upload], None] | None = None,
) -> list[Route]:
    """Return the routes below ``/api/uploads``, or another path.

    Parameters
    ----------
    get_store : callable
        Called for each request.
    prefix : str
        What the server's addresses begin with.
    path : str
        What the routes' addresses go on with.
    on_complete : callable, optional
        Told of each upload whose last byte has arrived.

    Notes
    -----
    ``POST /api/uploads`` with ``{"name", "is_folder", "files": [{"name", "size"}]}`` begins an upload and returns its
    ``id``; ``PUT /api/uploads/{id}?file=&offset=`` appends the body to one of its files; ``GET`` says how much is
    there and ``DELETE`` ends it. A wrong offset is a 409 that says the right one; more bytes than announced or allowed
    are a 413; a disk without room is a 507.
    """
    routes = _UploadRoutes(get_store, on_complete)
    base = f"{prefix}{path}"
    return [
        Route(base, routes.begin, methods=["POST"]),
        Route(base, in_thread(routes.list_unfinished), methods=["GET"]),
        Route(f"{base}/{{upload_id}}", routes.append, methods=["PUT"]),
        Route(f"{base}/{{upload_id}}", in_thread(routes.describe), methods=["GET"]),
        Route(f"{base}/{{upload_id}}", in_thread(routes.remove), methods=["DELETE"]),
    ]


class _UploadRoutes:
    def __init__(self, get_store: StoreGetter, on_complete: Callable[[Upload], None] | None) -> None:
        self._get_store = get_store
        self._on_complete = on_complete

    async def begin(self, request: Request) -> Response:
        body = b""
        async for part in request.stream():
            body += part
            if len(body) > MAX_BEGIN_BYTES:
                return error_response("The list of files is too long.", HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        try:
            upload = await run_in_threadpool(self._begin, body, user_of_request(request))
        except TooLargeError as error:
            return error_response(str(error), HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        except InputError as error:
            return error_response(str(error), HTTPStatus.BAD_REQUEST)
        except SxtError as error:
            return refuse(error)
        return JSONResponse(_describe(upload), HTTPStatus.CREATED, headers=NOT_KEPT)

    async def append(self, request: Request) -> Response:
        parts = request.stream()
        try:
            index = _number(request, "file", 0)
            start = _number(request, "offset")
            store, upload_id = self._get_store(), request.path_params["upload_id"]
            await run_in_threadpool(store.check_fits, upload_id, index, start + _length(request))
            received = await _append(parts, store, upload_id, index, start)
            await run_in_threadpool(self._note_completion, store, upload_id, index, received)
        except SxtError as error:
            await _drain(parts)
            return _refuse_piece(error)
        return JSONResponse({"received": received}, headers=NOT_KEPT)

    def _note_completion(self, store: UploadStore, upload_id: str, index: int, received: int) -> None:
        if self._on_complete is not None and store.is_completed_by(upload_id, index, received):
            self._on_complete(store.state(upload_id).upload)

    def describe(self, request: Request) -> Response:
        state = self._get_store().state(request.path_params["upload_id"])
        return JSONResponse(_describe(state), headers=NOT_KEPT)

    def list_unfinished(self, request: Request) -> Response:
        states = [each for each in self._get_store().list_states() if not each.is_complete]
        return JSONResponse({"uploads": [_summarise(each) for each in states]}, headers=NOT_KEPT)

    def remove(self, request: Request) -> Response:
        self._get_store().remove(request.path_params["upload_id"])
        return Response(status_code=HTTPStatus.NO_CONTENT, headers=NOT_KEPT)

    def _begin(self, body: bytes, by: str) -> UploadState:
        try:
            asked = json.loads(body)
            files = [UploadFile.model_validate(each) for each in asked["files"]]
            name, is_folder = str(asked["name"]), bool(asked.get("is_folder", False))
        except (ValidationError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise SettingsError(
                "An upload needs a name and files with a name and a size above 0 each, as JSON."
            ) from error
        store = self._get_store()
        return store.state(store.begin(name, files, is_folder=is_folder, by=by).id)


async def _append(
    parts: AsyncIterator[bytes], store: UploadStore, upload_id: str, index: int, start: int
) -> int:
    """Write a request's body as it comes; what came before a lost connection is kept."""
    received, waiting = start, bytearray()

    async def write() -> None:
        nonlocal received
        received = await run_in_threadpool(store.append, upload_id, index, received, bytes(waiting))
        waiting.clear()

    try:
        async for part in parts:
            waiting += part
            if len(waiting) >= BLOCK_BYTES:
                await write()
    except ClientDisconnect:
        await write()
        return received
    await write()
    return received


async def _drain(parts: AsyncIterator[bytes]) -> None:
    """Read on a little, for a browser that is still sending would take a closed connection for a broken one."""
    n_bytes = 0
    try:
        async for part in parts:
            n_bytes += len(part)
            if n_bytes > MAX_DRAINED_BYTES:
                return
    except ClientDisconnect:
        return


def _refuse_piece(error: SxtError) -> Response:
    if isinstance(error, OffsetError):
        return error_response(str(error), HTTPStatus.CONFLICT, received=error.received)
    if isinstance(error, TooLargeError):
        return error_response(str(error), HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    return refuse(error)


def _describe(state: UploadState) -> dict[str, Any]:
    files = [
        {"name": each.name, "size": each.size, "received": received}
        for each, received in zip(state.upload.files, state.received, strict=True)
    ]
    return _summarise(state) | {"files": files}


def _summarise(state: UploadState) -> dict[str, Any]:
    upload = state.upload
    return {
        "id": upload.id,
        "name": upload.name,
        "is_folder": upload.is_folder,
        "size": upload.size,
        "received": sum(state.received),
        "is_complete": state.is_complete,
        "created_by": upload.created_by,
        "created_at": upload.created_at.isoformat(),
    }


def _number(request: Request, name: str, default: int | None = None) -> int:
    text = request.query_params.get(name)
    if text is None and default is not None:
        return default
    if text is None or not (text.isascii() and text.isdecimal()) or len(text) > 18:
        raise SettingsError(f"The address lacks the number {name!r}; give it as ?{name}=0.")
    return int(text)


def _length(request: Request) -> int:
    """Return how long the body is said to be; 0 where nothing is said."""
    text = request.headers.get("content-length", "0")
    return int(text) if text.isascii() and text.isdecimal() else 0
