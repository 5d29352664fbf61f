"""How routes answer: in threads, with errors as sentences, and file names that survive a header."""

import logging
import re
import unicodedata
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from sxt.errors import InputError, ModelError, ResourceError, SxtError

FAILED = "The server failed to answer; its log says why."
NOT_KEPT = {"Cache-Control": "no-store"}

SHARE_HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
}
"""Of everything behind a shared link, and of the answer where there is none."""

CLOSED_POLICY = "default-src 'none'; frame-ancestors 'none'"

_log = logging.getLogger(__name__)

Handler = Callable[[Request], Response]
AsyncHandler = Callable[[Request], Awaitable[Response]]


def in_thread(handler: Handler) -> AsyncHandler:
    """Return a handler that runs ``handler`` in a thread and says its errors as JSON."""

    async def answer(request: Request) -> Response:
        return await run_in_threadpool(_answer, handler, request)

    return answer


def _answer(handler: Handler, request: Request) -> Response:
    try:
        return handler(request)
    except SxtError as error:
        return refuse(error)
    except Exception:
        _log.exception("%s %s failed", request.method, request.url.path)
        return error_response(FAILED, HTTPStatus.INTERNAL_SERVER_ERROR)


def refuse(error: SxtError) -> Response:
    """Return the answer that says an error."""
    status = HTTPStatus.BAD_REQUEST
    if isinstance(error, InputError | ModelError):
        status = HTTPStatus.NOT_FOUND
    elif isinstance(error, ResourceError):
        status = HTTPStatus.INSUFFICIENT_STORAGE
    return error_response(str(error), status)


def error_response(sentence: str, status: HTTPStatus, **facts: int) -> Response:
    """Return ``{"error": sentence}`` with further facts."""
    return JSONResponse({"error": sentence, **facts}, status, headers=NOT_KEPT)


def share_not_found() -> Response:
    """Return the one answer to all shared links that do not work."""
    headers = SHARE_HEADERS | {"Content-Security-Policy": CLOSED_POLICY}
    return PlainTextResponse("Not found", HTTPStatus.NOT_FOUND, headers=headers)


def attachment(name: str) -> str:
    """Return the ``Content-Disposition`` under which a browser saves a file with any name.

    Older programs read a name in plain letters, all others the real one (RFC 6266).
    """
    clean = "".join(each if each.isprintable() else "_" for each in name)
    clean = re.sub(r"[/\\]+", "_", clean).strip(" .") or "download"
    plain = unicodedata.normalize("NFKD", clean).encode("ascii", "ignore").decode()
    plain = re.sub(r"[^A-Za-z0-9 ._()+-]", "_", plain).strip()
    if not plain or plain.startswith("."):
        plain = f"download{plain}"
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(clean, safe='')}"
