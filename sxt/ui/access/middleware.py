"""What every request passes before any page, route, WebSocket or file of the dashboard."""

import re
from http import HTTPStatus

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection, Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocketClose

from sxt.ui.access import oidc
from sxt.ui.access.gate import Gate, Verdict
from sxt.ui.access.login import Login
from sxt.ui.routes.answers import share_not_found

POLICY_VIOLATION = 1008
API_PREFIX = "/api/"
SHARE_PREFIX = "/share/"
SHARE_PATH = re.compile(r"/share/[A-Za-z0-9_-]{32}(/[a-z.]+)?")
LOGIN_PROVIDER_PATHS = frozenset({oidc.LOGIN_PATH, oidc.CALLBACK_PATH, oidc.LOGOUT_PATH})
PLAIN_HOST = re.compile(r"[A-Za-z0-9.:\[\]-]+")

APP_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob: data:; "
    "style-src 'self' 'unsafe-inline' blob: data:; img-src 'self' blob: data:; font-src 'self' data:; "
    "media-src 'self' blob: data:; worker-src 'self' blob: data:; frame-src 'self' blob: data:; "
    "connect-src 'self' blob: data:{sockets}; object-src 'none'; base-uri 'self'; form-action 'self'; "
    "frame-ancestors 'self'"
)
"""The dashboard's Content-Security-Policy: Streamlit's own scripts evaluate code, but nothing comes from elsewhere."""

COMMON_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class AccessMiddleware:
    """Lets in who may use the dashboard and nobody else; only shared links need no login.

    Parameters
    ----------
    app : ASGI application
    gate : Gate
        The rules in force.
    """

    def __init__(self, app: ASGIApp, gate: Gate) -> None:
        self.app = app
        self._gate = gate
        self._login = Login(gate)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        answer = await self._answer(scope, receive)
        if answer is None:
            await self.app(self._uncompressed(scope), receive, _with_headers(scope, send))
        elif scope["type"] == "websocket":
            await WebSocketClose(code=POLICY_VIOLATION)(scope, receive, send)
        else:
            await answer(scope, receive, _with_headers(scope, send))

    async def _answer(self, scope: Scope, receive: Receive) -> Response | None:
        """Return what to answer instead of the dashboard; None where the request may pass."""
        connection = HTTPConnection(scope)
        if reason := self._gate.why_refused(connection):
            return PlainTextResponse(reason, HTTPStatus.FORBIDDEN)
        path = self._own_path(scope)
        if path.startswith(SHARE_PREFIX) and SHARE_PATH.fullmatch(path) is None:
            return share_not_found()
        if self._gate.policy.is_open or self._is_public(scope, path):
            return None
        if scope["type"] == "websocket":
            is_in = self._gate.judge(connection) is Verdict.LET_IN
            return None if is_in else PlainTextResponse("Log in first.", HTTPStatus.UNAUTHORIZED)
        request = Request(scope, receive)
        if (answer := await self._login.answer(path, request)) is not None:
            return answer
        verdict = self._gate.judge(request)
        if verdict is not Verdict.LET_IN:
            return self._login.refuse(request, verdict)
        return self._login.return_after_login(request, path)

    def _uncompressed(self, scope: Scope) -> Scope:
        """Return a request to the API as one that takes no gzip: packing a volume takes longer than sending it."""
        if scope["type"] != "http" or not self._own_path(scope).startswith(API_PREFIX):
            return scope
        headers = [(name, value) for name, value in scope["headers"] if name != b"accept-encoding"]
        return {**scope, "headers": headers}

    def _is_public(self, scope: Scope, path: str) -> bool:
        if scope["type"] != "http" or scope["method"] not in ("GET", "HEAD"):
            return False
        is_at_provider = bool(self._gate.policy.providers) and path in LOGIN_PROVIDER_PATHS
        return is_at_provider or path.startswith(SHARE_PREFIX)

    def _own_path(self, scope: Scope) -> str:
        """Return the path without the server's prefix; as it is where it lacks the prefix."""
        path: str = scope["path"]
        prefix = self._gate.base_path
        return path[len(prefix) :] if prefix and path.startswith(f"{prefix}/") else path


def _with_headers(scope: Scope, send: Send) -> Send:
    """Return a ``send`` that adds what every answer states of its own safety, unless it states it itself."""

    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in COMMON_HEADERS.items():
                headers.setdefault(name, value)
            if headers.get("content-type", "").startswith("text/html"):
                headers.setdefault("Content-Security-Policy", _app_policy(Headers(scope=scope).get("host")))
        await send(message)

    return send_with_headers


def _app_policy(host: str | None) -> str:
    """Return the policy for pages of the dashboard; older browsers want their WebSocket's host named."""
    is_plain = host is not None and PLAIN_HOST.fullmatch(host) is not None
    return APP_POLICY.format(sockets=f" ws://{host} wss://{host}" if is_plain else "")
