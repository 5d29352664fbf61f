import asyncio
import re

import pytest
from starlette.websockets import WebSocketDisconnect

from sxt.ui.access import AccessPolicy
from tests.ui.access.conftest import TOKEN

PATHS = [
    "/",
    "/segment",
    "/static/app.js",
    "/media/picture.png",
    "/_stcore/health",
    "/api/uploads",
    "/unknown",
]
SHARE = "/share/" + "a" * 32
SOCKET = "ws://127.0.0.1:8501/_stcore/stream"
OPEN = AccessPolicy()
HTML = {"Accept": "text/html"}


@pytest.fixture
def client(make_client):
    return make_client()


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS"])
def test_nothing_is_served_without_a_token(client, method, path):
    response = client.request(method, path)
    assert response.status_code == 401
    assert "page" not in response.text


def test_a_websocket_is_refused_without_a_token(client):
    with pytest.raises(WebSocketDisconnect) as refused, client.websocket_connect(SOCKET):
        pass
    assert refused.value.code == 1008


def test_the_right_cookie_opens_pages_routes_files_and_the_websocket(client, cookie):
    client.cookies.set(cookie.name, cookie.make())
    for path in PATHS[:-1]:
        assert client.get(path).text.startswith("page")
    with client.websocket_connect(SOCKET) as socket:
        assert socket.receive_text() == "hello"


def test_a_forged_cookie_opens_nothing(client, cookie):
    client.cookies.set(cookie.name, "1000000.0123456789abcdef")
    assert client.get("/").status_code == 401


@pytest.mark.parametrize("kind", ["Bearer", "token", "bearer"])
def test_programs_show_the_token_in_a_header(client, kind):
    assert client.put("/api/uploads", headers={"Authorization": f"{kind} {TOKEN}"}).status_code == 200
    assert client.put("/api/uploads", headers={"Authorization": f"{kind} wrong"}).status_code == 401
    assert client.put("/api/uploads", headers={"Authorization": f"Basic {TOKEN}"}).status_code == 401


@pytest.mark.parametrize("path", [SHARE, SHARE + "/scene"])
def test_shared_links_are_outside(client, path):
    assert client.get(path).status_code in (200, 404)
    assert client.head(path).status_code in (200, 404)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_shared_links_are_outside_for_reading_only(client, method):
    assert client.request(method, SHARE).status_code == 401


@pytest.mark.parametrize(
    "path",
    [
        "/share/",
        "/share/x",
        "/share/" + "a" * 33,
        SHARE + "/%2e%2e/%2e%2e/api/uploads",
        "/share/%2e%2e/segment",
        "/share/..%2fsegment",
        SHARE + "/",
    ],
)
def test_a_malformed_share_leads_nowhere(client, path):
    response = client.get(path)
    assert (response.status_code, response.text) == (404, "Not found")


@pytest.mark.parametrize("path", ["/share", "/shares", "/Share/" + "a" * 32, "//share/" + "a" * 32])
def test_only_the_exact_share_path_is_outside(client, path):
    assert client.get(path).status_code == 401


def test_an_open_server_serves_this_machine(make_client):
    client = make_client(OPEN)
    assert client.get("/").text == "page for local user"
    assert client.put("/api/uploads").status_code == 200
    with client.websocket_connect(SOCKET, headers={"origin": "http://127.0.0.1:8501"}) as socket:
        assert socket.receive_text() == "hello"


@pytest.mark.parametrize("header", ["X-Forwarded-For", "X-Real-IP", "Forwarded"])
def test_an_open_server_behind_a_proxy_refuses_and_says_why(make_client, header):
    response = make_client(OPEN).get("/", headers={header: "10.0.0.5"})
    assert response.status_code == 403
    assert "SXT_TOKEN" in response.text


def test_an_open_server_reached_at_another_address_refuses(make_client):
    client = make_client(OPEN, url="http://192.168.1.5:8501")
    assert client.get("/", headers={"Host": "127.0.0.1:8501"}).status_code == 403


def test_an_open_server_is_not_fooled_by_dns_rebinding(make_client):
    client = make_client(OPEN)
    response = client.get("/", headers={"Host": "evil.example:8501"})
    assert response.status_code == 403
    with (
        pytest.raises(WebSocketDisconnect),
        client.websocket_connect(
            SOCKET, headers={"Host": "evil.example:8501", "Origin": "http://evil.example:8501"}
        ),
    ):
        pass


@pytest.mark.parametrize("policy", [OPEN, AccessPolicy(token=TOKEN)])
@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:9999"])
def test_pages_of_others_can_neither_write_nor_open_the_websocket(make_client, cookie, policy, origin):
    client = make_client(policy)
    client.cookies.set(cookie.name, cookie.make())
    for method in ("POST", "PUT", "DELETE"):
        assert client.request(method, "/api/uploads", headers={"Origin": origin}).status_code == 403
    with (
        pytest.raises(WebSocketDisconnect),
        client.websocket_connect(SOCKET, headers={"Origin": origin}),
    ):
        pass
    assert client.put("/api/uploads", headers={"Origin": "http://127.0.0.1:8501"}).status_code == 200


def test_known_hosts_can_be_limited_with_a_token_too(make_client, cookie):
    client = make_client(url="https://sxt.lab.org", allowed_hosts=("sxt.lab.org",))
    client.cookies.set(cookie.name, cookie.make())
    assert client.get("/").status_code == 200
    assert client.get("/", headers={"Host": "other.lab.org"}).status_code == 403


def test_pages_may_ask_nothing_of_other_hosts(make_client):
    response = make_client(OPEN).get("/", headers=HTML)
    policy = response.headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "connect-src 'self' blob: data: ws://127.0.0.1:8501 wss://127.0.0.1:8501;" in policy
    assert "http:" not in policy
    assert "*" not in policy
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["referrer-policy"] == "same-origin"


def test_a_strange_host_does_not_get_into_the_policy(make_client, cookie):
    client = make_client()
    client.cookies.set(cookie.name, cookie.make())
    response = client.get("/", headers=HTML | {"Host": "a;script-src"})
    assert "a;script" not in response.headers.get("content-security-policy", "")


def test_what_the_api_sends_is_never_compressed_on_the_way(make_client):
    seen = {}

    async def app(scope, receive, send):
        seen[scope["path"]] = dict(scope["headers"]).get(b"accept-encoding")

    middleware = make_client(OPEN).app.build_middleware_stack()
    while not hasattr(middleware, "_gate"):
        middleware = middleware.app
    middleware.app = app
    for path in ("/api/x", "/page"):
        headers = [(b"host", b"localhost"), (b"accept-encoding", b"gzip")]
        scope = {
            "type": "http",
            "method": "GET",
            "path": path,
            "query_string": b"",
            "scheme": "http",
            "server": ("127.0.0.1", 8501),
            "headers": headers,
        }
        asyncio.run(middleware(scope, None, None))
    assert seen == {"/api/x": None, "/page": b"gzip"}


def test_behind_a_prefix_everything_keeps_its_rule(make_client, cookie):
    client = make_client(base_path="/sxt", url="http://gpu:8501")
    assert client.get("/sxt/segment").status_code == 401
    assert client.get("/sxt" + SHARE).status_code == 200
    assert client.get("/sxt/share/x").text == "Not found"
    page = client.get("/sxt/segment?a=1", headers=HTML).text
    assert 'action="/sxt/login"' in page
    assert 'value="/sxt/segment?a=1"' in page
    response = client.get(f"/sxt/segment?a=1&token={TOKEN}")
    assert response.headers["location"] == "/sxt/segment?a=1"
    assert "Path=/sxt;" in response.headers["set-cookie"]
    assert re.search(r"^sxt_access_\w{8}=", response.headers["set-cookie"])
