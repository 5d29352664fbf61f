"""Getting in: by token, by a login provider, and by a shared link, on the whole dashboard."""

import re
import threading
import time
from collections.abc import Iterator
from urllib.parse import parse_qs, urlencode, urlsplit

import numpy as np
import pytest
import requests
import uvicorn
from joserfc import jwt
from joserfc.jwk import RSAKey
from playwright.sync_api import expect
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse
from starlette.routing import Route
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from sxt.workspace import Workspace
from tests.conftest import REPOSITORY
from tests.e2e.conftest import find_free_port
from tests.ui.items import add_segmentation, add_tomogram

APP = REPOSITORY / "app.py"
TOKEN = "a-token-that-is-long-enough"
PATHS = ["/", "/upload", "/static/index.html", "/favicon.png", "/_stcore/health", "/_stcore/host-config"]
PATHS += [
    "/media/x.png",
    "/component/x/index.html",
    "/api/uploads",
    "/api/health",
    "/account",
    "/nothing/here",
]
HTML = {"Accept": "text/html"}


@pytest.fixture(scope="module")
def workspace(tmp_path_factory) -> Workspace:
    return Workspace(tmp_path_factory.mktemp("access") / "workspace")


@pytest.fixture(scope="module")
def server(start_server, workspace) -> str:
    return start_server(APP, environment={"SXT_WORKSPACE": str(workspace.root), "SXT_TOKEN": TOKEN})


@pytest.mark.parametrize("path", PATHS)
def test_nothing_of_the_dashboard_is_served_without_the_token(server, path):
    assert requests.get(server + path, timeout=10).status_code == 401
    allowed = requests.get(server + path, headers={"Authorization": f"Bearer {TOKEN}"}, timeout=10)
    assert allowed.status_code in (200, 404)


def test_the_websocket_wants_the_token_too(server):
    address = server.replace("http", "ws") + "/_stcore/stream"
    with pytest.raises(InvalidStatus) as refused, connect(address, subprotocols=["streamlit"]):
        pass
    assert refused.value.response.status_code == 403
    with connect(
        address, subprotocols=["streamlit"], additional_headers={"Authorization": f"Bearer {TOKEN}"}
    ) as socket:
        assert socket.subprotocol == "streamlit"
    headers = {"Authorization": f"Bearer {TOKEN}"}
    with (
        pytest.raises(InvalidStatus),
        connect(address, origin="http://evil.example", additional_headers=headers),
    ):
        pass


def test_a_person_logs_in_by_the_form_and_lands_where_they_wanted(open_page, server):
    page = open_page(f"{server}/?tomogram=abc", is_logged=False)  # the refusal is an error in the console
    page.get_by_label("Access token").fill("wrong")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("alert")).to_have_text("That is not the token.")
    page.get_by_label("Access token").fill(TOKEN)
    page.get_by_label(re.compile("Your name")).fill("Ada Löwe")
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url(re.compile(r"/\?tomogram=abc"))
    page.locator('[data-testid="stAppViewContainer"] h1').first.wait_for()
    cookies = {
        each["name"].split("_")[1]: each for each in page.context.cookies() if each["name"].startswith("sxt_")
    }
    assert set(cookies) == {"access", "name"}
    assert all(
        each["httpOnly"] and each["sameSite"] == "Lax" and not each["secure"] for each in cookies.values()
    )
    page.goto(f"{server}/account")
    expect(page.get_by_text("“Ada Löwe”")).to_be_visible()
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_label("Access token")).to_be_visible()


def test_the_link_with_the_token_opens_the_dashboard(open_page, server):
    page = open_page(f"{server}/?token={TOKEN}")
    page.locator('[data-testid="stAppViewContainer"] h1').first.wait_for()
    assert "token" not in page.url
    assert page.evaluate("document.cookie").find("sxt_access") == -1


def two_balls() -> np.ndarray:
    z, y, x = np.ogrid[:24, :40, :60]
    balls = [(z - 12) ** 2 + (y - 20) ** 2 + (x - centre) ** 2 < 8**2 for centre in (15, 45)]
    return (balls[0] | balls[1]).astype("u1")


def test_a_shared_link_needs_no_login_and_a_wrong_one_says_nothing(open_page, server, workspace, tmp_path):
    tomogram = add_tomogram(workspace, tmp_path, two_balls(), voxel_size_nm=(10.0, 10.0, 10.0))
    segmentation = add_segmentation(workspace, tomogram, two_balls())
    surface = workspace.reconstruct(segmentation.id, by="Ada")
    share = workspace.shares.create(title="Two <b>balls</b>", note="seen", by="Ada", surface_id=surface.id)
    page = open_page(f"{server}/share/{share.token}")
    expect(page.get_by_role("heading", name="Two <b>balls</b>")).to_be_visible()
    scene = page.frame_locator("iframe.view")
    expect(scene.locator("canvas")).to_be_visible(timeout=30_000)
    page.get_by_text("Measurements of 2 components").click()
    expect(page.get_by_role("columnheader", name="volume, µm³", exact=True)).to_be_visible()
    unknown = requests.get(f"{server}/share/{'x' * 32}", timeout=10)
    workspace.shares.revoke(share.token, by="Ada")
    revoked = requests.get(f"{server}/share/{share.token}", timeout=10)
    assert (unknown.status_code, unknown.text) == (revoked.status_code, revoked.text) == (404, "Not found")


class Provider:
    """A login provider as OIDC describes it, for one client and one user."""

    def __init__(self, port: int) -> None:
        self.issuer = f"http://127.0.0.1:{port}"
        self.claims = {"sub": "1", "name": "Ada Lovelace", "email": "ada@lab.org", "email_verified": True}
        self._key = RSAKey.generate_key(2048, parameters={"kid": "1"})
        self._nonce = ""
        self.app = Starlette(
            routes=[
                Route("/.well-known/openid-configuration", self._describe),
                Route("/authorize", self._authorize),
                Route("/token", self._hand_out, methods=["POST"]),
                Route("/keys", lambda _: JSONResponse({"keys": [self._key.as_dict(private=False)]})),
            ]
        )

    def _describe(self, _: Request) -> JSONResponse:
        places = {
            "authorization_endpoint": "authorize",
            "token_endpoint": "token",
            "jwks_uri": "keys",
        }
        found = {name: f"{self.issuer}/{place}" for name, place in places.items()}
        return JSONResponse(
            {"issuer": self.issuer, "id_token_signing_alg_values_supported": ["RS256"]} | found
        )

    def _authorize(self, request: Request) -> RedirectResponse:
        asked = request.query_params
        self._nonce = asked["nonce"]
        return RedirectResponse(
            f"{asked['redirect_uri']}?{urlencode({'code': 'x', 'state': asked['state']})}"
        )

    def _hand_out(self, _: Request) -> JSONResponse:
        now = int(time.time())
        claims = {"iss": self.issuer, "aud": "sxt", "iat": now, "exp": now + 60, "nonce": self._nonce}
        token = jwt.encode({"alg": "RS256", "kid": "1"}, claims | self.claims, self._key)
        return JSONResponse(
            {"access_token": "a", "token_type": "Bearer", "expires_in": 60, "id_token": token}
        )


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    port = find_free_port()
    provider = Provider(port)
    server = uvicorn.Server(uvicorn.Config(provider.app, host="127.0.0.1", port=port, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    yield provider
    server.should_exit = True
    thread.join()


@pytest.fixture(scope="module")
def guarded(start_server, provider, tmp_path_factory) -> str:
    """The dashboard with ``[auth]`` in its secrets, for people of lab.org."""
    folder = tmp_path_factory.mktemp("guarded")
    port = find_free_port()
    (folder / "secrets.toml").write_text(
        f"""
[auth]
redirect_uri = "http://127.0.0.1:{port}/oauth2callback"
cookie_secret = "{"s" * 40}"
client_id = "sxt"
client_secret = "secret"
server_metadata_url = "{provider.issuer}/.well-known/openid-configuration"
"""
    )
    environment = {"SXT_WORKSPACE": str(folder / "workspace"), "SXT_ALLOWED_USERS": "@lab.org"}
    return start_server(
        APP, environment=environment, options=("--secrets.files", str(folder / "secrets.toml")), port=port
    )


def log_in(guarded: str, path: str) -> tuple[requests.Session, requests.Response]:
    session = requests.Session()
    page = session.get(guarded + path, headers=HTML, timeout=10)
    assert page.status_code == 401
    (link,) = re.findall(r'href="(/login/[^"]+)"', page.text)
    return session, session.get(guarded + link.replace("&amp;", "&"), headers=HTML, timeout=10)


def test_the_login_provider_lets_in_and_leads_back(guarded, provider):
    session, response = log_in(guarded, "/upload?x=1")
    assert response.status_code == 200
    assert urlsplit(response.url).path == "/upload"
    assert parse_qs(urlsplit(response.url).query) == {"x": ["1"]}
    assert session.get(f"{guarded}/api/uploads", timeout=10).status_code == 200
    assert "“Ada Lovelace (ada@lab.org)”" in session.get(f"{guarded}/account", timeout=10).text
    files = [{"name": "a.mrc", "size": 1}]
    upload = session.post(f"{guarded}/api/uploads", json={"name": "a.mrc", "files": files}, timeout=10)
    assert upload.json()["created_by"] == "Ada Lovelace (ada@lab.org)"
    assert requests.get(f"{guarded}/api/uploads", timeout=10).status_code == 401
    session.get(f"{guarded}/auth/logout", timeout=10)
    assert session.get(f"{guarded}/api/uploads", timeout=10).status_code == 401


def test_somebody_who_is_not_on_the_list_stays_outside(guarded, provider):
    lab = dict(provider.claims)
    provider.claims |= {"email": "eve@elsewhere.org", "name": "Eve"}
    try:
        session, response = log_in(guarded, "/")
    finally:
        provider.claims = lab
    assert response.status_code == 403
    assert "not on the list" in response.text
    assert session.get(f"{guarded}/api/uploads", timeout=10).status_code == 403
