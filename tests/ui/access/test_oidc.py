import json

import pytest
from streamlit import config
from streamlit.runtime.secrets import secrets_singleton
from streamlit.web.server.server_util import AUTH_COOKIE_NAME
from streamlit.web.server.starlette.starlette_app_utils import create_signed_value

from sxt.errors import SettingsError
from sxt.ui.access import AccessPolicy
from sxt.ui.access.oidc import is_allowed, list_providers, read_login
from tests.ui.access.conftest import TOKEN

HTML = {"Accept": "text/html"}
SECRET = "a cookie secret"
AUTH = """
[auth]
redirect_uri = "http://127.0.0.1:8501/oauth2callback"
cookie_secret = "a cookie secret"
"""
PROVIDER = """
client_id = "sxt"
client_secret = "xyz"
server_metadata_url = "https://login.lab.org/.well-known/openid-configuration"
"""


@pytest.fixture
def write_secrets(tmp_path, monkeypatch):
    """Make Streamlit read these secrets."""
    path = tmp_path / "secrets.toml"
    before = config.get_option("secrets.files")

    def write(text: str) -> None:
        path.write_text(text)
        config.set_option("secrets.files", [str(path)])
        secrets_singleton._reset()

    yield write
    config.set_option("secrets.files", before)
    secrets_singleton._reset()


@pytest.fixture
def log_in(write_secrets):
    """Return cookies as Streamlit sets them for somebody whom the provider described."""
    write_secrets(AUTH + PROVIDER)

    def cookies(secret: str = SECRET, **claims: object) -> dict[str, str]:
        text = json.dumps({"is_logged_in": True, "origin": "http://127.0.0.1:8501"} | claims)
        return {AUTH_COOKIE_NAME: create_signed_value(secret, AUTH_COOKIE_NAME, text).decode()}

    return cookies


def test_no_secrets_no_provider(write_secrets):
    write_secrets('[other]\nx = "y"')
    assert list_providers() == ()


def test_the_default_provider_is_found(write_secrets):
    write_secrets(AUTH + PROVIDER)
    assert list_providers() == ("default",)


def test_named_providers_are_found(write_secrets):
    write_secrets(f"{AUTH}\n[auth.lab]\n{PROVIDER}\n[auth.google]\n{PROVIDER}")
    assert list_providers() == ("lab", "google")


@pytest.mark.parametrize(
    "text", [AUTH, AUTH + PROVIDER.replace("client_id", "client"), '[auth]\nclient_id = "x"']
)
def test_an_incomplete_login_is_refused_at_the_start(write_secrets, text):
    write_secrets(text)
    with pytest.raises(SettingsError, match=r"login in secrets\.toml cannot work: .* missing"):
        list_providers()


def test_the_login_cookie_is_read(log_in):
    assert read_login(log_in(email="ada@lab.org"))["email"] == "ada@lab.org"


def test_a_forged_or_foreign_cookie_is_nobody(log_in):
    assert read_login({}) is None
    assert read_login(log_in(secret="another secret")) is None
    assert read_login({AUTH_COOKIE_NAME: "x.y.z"}) is None
    assert read_login({AUTH_COOKIE_NAME: "\u20ac"}) is None
    assert read_login(log_in(is_logged_in=False)) is None


@pytest.mark.parametrize(
    ("claims", "allowed", "is_in"),
    [
        ({"email": "ada@lab.org"}, (), True),
        ({}, (), True),
        ({"email": "Ada@Lab.org"}, ("ada@lab.org",), True),
        ({"email": "ada@lab.org"}, ("@LAB.org",), True),
        ({"email": "ada@evil.org"}, ("@lab.org", "bob@evil.org"), False),
        ({"email": "ada@lab.org.evil.org"}, ("@lab.org",), False),
        ({"email": "x@evil.org@lab.org"}, ("x@evil.org",), False),
        ({"email": "ada@lab.org", "email_verified": False}, ("@lab.org",), False),
        ({"email": "ada@lab.org", "email_verified": True}, ("@lab.org",), True),
        ({"name": "ada@lab.org"}, ("@lab.org",), False),
        ({"email": None}, ("@lab.org",), False),
    ],
)
def test_who_is_on_the_list(claims, allowed, is_in):
    assert is_allowed(claims, allowed) is is_in


def test_nothing_is_served_before_the_login_but_the_way_to_it(make_client, log_in):
    client = make_client(AccessPolicy(providers=("default",)))
    for path in ("/", "/static/app.js", "/_stcore/health", "/api/uploads"):
        assert client.get(path).status_code == 401
    page = client.get("/segment?x=1", headers=HTML).text
    assert 'href="/login/default?next=%2Fsegment%3Fx%3D1"' in page
    assert "Access token" not in page
    for path in ("/auth/login", "/oauth2callback", "/auth/logout"):
        assert client.get(path).status_code == 200
        assert client.post(path).status_code == 401


def test_the_way_to_the_provider_remembers_where_one_was(make_client, log_in):
    client = make_client(AccessPolicy(providers=("default",)))
    response = client.get("/login/default", params={"next": "/segment?x=1"})
    assert response.status_code == 303
    assert response.headers["location"].startswith("/auth/login?provider=ey")
    assert client.get("/login/other").status_code == 401
    client.cookies.update(log_in(email="ada@lab.org", name="Ada"))
    response = client.get("/")
    assert (response.status_code, response.headers["location"]) == (303, "/segment?x=1")
    assert client.get("/").text == "page for Ada (ada@lab.org)"


def test_those_who_are_not_listed_stay_outside(make_client, log_in):
    client = make_client(AccessPolicy(providers=("default",)), allowed_users=("@lab.org",))
    client.cookies.update(log_in(email="eve@evil.org"))
    response = client.get("/", headers=HTML)
    assert response.status_code == 403
    assert "not on the list" in response.text
    assert 'href="/auth/logout"' in response.text
    assert client.get("/static/app.js").status_code == 403


def test_a_provider_and_a_token_may_both_let_in(make_client, log_in):
    client = make_client(AccessPolicy(token=TOKEN, providers=("default",)))
    page = client.get("/", headers=HTML).text
    assert "Access token" in page
    assert "/login/default" in page
    assert client.get("/", headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 200
    client.cookies.update(log_in(email="ada@lab.org"))
    assert client.get("/").text == "page for ada@lab.org"


def test_who_is_named_by_the_provider_cannot_type_a_name(make_client, log_in):
    client = make_client(AccessPolicy(providers=("default",)))
    client.cookies.update(log_in(email="ada@lab.org") | {"sxt_name": "Somebody%20else"})
    page = client.get("/account").text
    assert "“ada@lab.org”" in page
    assert "Save name" not in page
    assert 'href="/auth/logout"' in page


def test_a_login_cookie_means_nothing_where_there_is_no_provider(make_client, log_in):
    client = make_client(AccessPolicy(token=TOKEN))
    client.cookies.update(log_in(email="ada@lab.org"))
    assert client.get("/").status_code == 401
