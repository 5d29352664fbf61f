"""An application behind the access check that stands for pages, routes, static files and a WebSocket."""

from collections.abc import Callable

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket

from sxt.ui.access import AccessPolicy, user_of_request
from sxt.ui.access.attempts import AttemptLimit
from sxt.ui.access.cookies import AccessCookie
from sxt.ui.access.gate import Gate
from sxt.ui.access.middleware import AccessMiddleware
from sxt.ui.routes.account import account_routes

TOKEN = "correct-horse-battery-staple"
KEY = bytes(range(32))

MakeClient = Callable[..., TestClient]


class Clock:
    """A clock that is set by hand, in seconds."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def cookie(clock) -> AccessCookie:
    return AccessCookie(KEY, TOKEN, clock=clock)


@pytest.fixture
def make_client(clock, cookie) -> MakeClient:
    """``make_client(AccessPolicy(...), url=..., base_path=...)``; redirects are not followed."""

    def make(
        policy: AccessPolicy | None = None,
        *,
        url: str = "http://127.0.0.1:8501",
        base_path: str = "",
        allowed_hosts: tuple[str, ...] = (),
        allowed_users: tuple[str, ...] = (),
        client: tuple[str, int] = ("127.0.0.1", 50000),
    ) -> TestClient:
        policy = policy or AccessPolicy(token=TOKEN)
        gate = Gate(
            policy=policy,
            cookie=None if policy.token is None else cookie,
            base_path=base_path,
            allowed_hosts=lambda: allowed_hosts,
            allowed_users=allowed_users,
            limit=AttemptLimit(clock),
        )
        paths = ["/", "/segment", "/static/app.js", "/media/picture.png", "/_stcore/health", "/api/uploads"]
        paths += ["/share/" + "a" * 32, "/oauth2callback", "/auth/login", "/auth/logout"]
        routes = [Route(base_path + path, _page, methods=["GET", "POST", "PUT", "DELETE"]) for path in paths]
        routes += account_routes(policy, prefix=base_path)
        routes.append(WebSocketRoute(base_path + "/_stcore/stream", _greet))
        app = Starlette(routes=routes, middleware=[Middleware(AccessMiddleware, gate=gate)])
        return TestClient(app, base_url=url, follow_redirects=False, client=client)

    return make


async def _page(request: Request) -> PlainTextResponse:
    if "text/html" in request.headers.get("accept", ""):
        return HTMLResponse("<p>page</p>")
    return PlainTextResponse(f"page for {user_of_request(request)}")


async def _greet(websocket: WebSocket) -> None:
    await websocket.accept()
    await websocket.send_text("hello")
    await websocket.close()
