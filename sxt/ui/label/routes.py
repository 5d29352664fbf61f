"""The routes of the label canvas: slices out, strokes in, and who holds which slice."""

import json
from collections.abc import Callable
from dataclasses import asdict
from http import HTTPStatus
from typing import get_args
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sxt.errors import SettingsError
from sxt.labels import SliceHeldError, SliceKey
from sxt.labels.values import Plane
from sxt.ui.access.user import user_of_request
from sxt.ui.label.desk import LabelDesk, WorkspaceGetter
from sxt.ui.label.export_routes import export_routes
from sxt.ui.routes.answers import NOT_KEPT, AsyncHandler, error_response, in_thread
from sxt.ui.viewer.encode import encode_bytes

API_PATH = "/api/labels"
STATE_HEADER = "X-Label-State"
MAX_BODY_BYTES = 4 << 20
"""Of one stroke: some 20 000 points."""


def label_routes(get_workspace: WorkspaceGetter, *, prefix: str = "") -> list[Route]:
    """Return the routes below ``/api/labels/{item}``.

    Parameters
    ----------
    get_workspace : callable
        Called for each request.
    prefix : str
        What the server's addresses begin with.

    Notes
    -----
    ``slice/{plane}/{index}`` gives the labels as bytes, ``state/…`` what is known of the slice as JSON; ``POST edit/…``
    takes one stroke and answers with the slice as it is on disk then; ``POST hold/…`` takes the slice or goes on
    holding it, ``POST release/…`` lets it go. ``pseudo/{what}/{z}`` and ``disagreement/{z}`` give what is laid over
    it. Rows and columns are those of the viewer. Who holds a slice is a name: that of `user_of_request`.
    """
    routes = _LabelRoutes(LabelDesk(get_workspace))
    base = f"{prefix}{API_PATH}/{{item}}"
    place = "{plane}/{index:int}"
    return [
        *export_routes(get_workspace, prefix=prefix),
        Route(f"{base}/slice/{place}", in_thread(routes.read), methods=["GET"]),
        Route(f"{base}/state/{place}", in_thread(routes.state), methods=["GET"]),
        Route(f"{base}/pseudo/{{what}}/{{index:int}}", in_thread(routes.pseudo), methods=["GET"]),
        Route(f"{base}/disagreement/{{index:int}}", in_thread(routes.disagreement), methods=["GET"]),
        Route(f"{base}/hold/{place}", in_thread(routes.hold), methods=["POST"]),
        Route(f"{base}/release/{place}", in_thread(routes.release), methods=["POST"]),
        Route(f"{base}/edit/{place}", _with_body(routes.edit), methods=["POST"]),
    ]


class _LabelRoutes:
    def __init__(self, desk: LabelDesk) -> None:
        self._desk = desk

    def read(self, request: Request) -> Response:
        item, key = _item(request), _key(request)
        state = self._describe(request)  # before the labels: a change in between is fetched once more
        return _bytes_response(encode_bytes(self._desk.read(item, key)), state)

    def state(self, request: Request) -> Response:
        return JSONResponse(self._describe(request), headers=NOT_KEPT)

    def hold(self, request: Request) -> Response:
        self._desk.hold(_item(request), _key(request), by=user_of_request(request))
        return JSONResponse(self._describe(request), headers=NOT_KEPT)

    def release(self, request: Request) -> Response:
        self._desk.give_back(_item(request), _key(request), by=user_of_request(request))
        return Response(status_code=HTTPStatus.NO_CONTENT)

    def edit(self, request: Request, body: bytes) -> Response:
        try:
            labels = self._desk.edit(_item(request), _key(request), body, by=user_of_request(request))
        except SliceHeldError as error:
            return error_response(str(error), HTTPStatus.CONFLICT)
        return _bytes_response(encode_bytes(labels), self._describe(request))

    def pseudo(self, request: Request) -> Response:
        what = request.path_params["what"]
        if what not in ("labels", "confidence"):
            raise SettingsError(f"There is no {what[:20]!r} of pseudo-labels; ask for labels or confidence.")
        found = self._desk.read_pseudo(_item(request), request.path_params["index"], what=what)
        return _bytes_response(encode_bytes(found), {})

    def disagreement(self, request: Request) -> Response:
        item, z = _item(request), request.path_params["index"]
        if "maps" in request.query_params:
            found = self._desk.kept_disagreement(item, z)
        else:
            first, second = (request.query_params.get(name, "") for name in ("first", "second"))
            found = self._desk.disagreement(item, z, first, second)
        return _bytes_response(encode_bytes(found), {})

    def _describe(self, request: Request) -> dict[str, object]:
        return asdict(self._desk.state(_item(request), _key(request), by=user_of_request(request)))


def _with_body(handler: Callable[[Request, bytes], Response]) -> AsyncHandler:
    """Return a handler that reads the body first, up to the limit, and then answers in a thread."""

    async def answer(request: Request) -> Response:
        body = bytearray()
        async for block in request.stream():
            body += block
            if len(body) > MAX_BODY_BYTES:
                sentence = f"The stroke is larger than {MAX_BODY_BYTES >> 20} MB; draw it in parts."
                return error_response(sentence, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        return await in_thread(lambda again: handler(again, bytes(body)))(request)

    return answer


def _bytes_response(content: bytes, state: dict[str, object]) -> Response:
    headers = NOT_KEPT | {"Content-Encoding": "gzip", STATE_HEADER: quote(json.dumps(state))}
    return Response(content, headers=headers, media_type="application/octet-stream")


def _item(request: Request) -> str:
    return str(request.path_params["item"])


def _key(request: Request) -> SliceKey:
    plane = request.path_params["plane"]
    for each in get_args(Plane):
        if plane == each:
            return SliceKey(each, request.path_params["index"])
    raise SettingsError(f"{plane[:20]!r} is no plane; there are z, y and x.")
