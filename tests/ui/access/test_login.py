from html import unescape

import pytest

from sxt.ui.access import AccessPolicy
from tests.ui.access.conftest import TOKEN

HTML = {"Accept": "text/html"}
OWN = {"Origin": "http://127.0.0.1:8501"}


@pytest.fixture
def client(make_client):
    return make_client()


def test_a_person_gets_a_page_and_a_program_a_sentence(client):
    page = client.get("/segment", headers=HTML)
    assert page.status_code == 401
    assert "<h1>sxt</h1>" in page.text
    assert client.get("/segment").text == "Log in first."


def test_the_login_page_needs_nothing_but_itself(client):
    page = client.get("/", headers=HTML)
    assert "<script" not in page.text
    assert "http" not in page.text
    assert page.headers["content-security-policy"].startswith("default-src 'none'; style-src 'sha256-")
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["referrer-policy"] == "same-origin"


def test_a_link_with_the_token_sets_a_cookie_and_leads_to_the_clean_address(client, cookie):
    response = client.get(f"/segment?tomogram=a%20b&token={TOKEN}&x=")
    assert response.status_code == 303
    assert response.headers["location"] == "/segment?tomogram=a+b&x="
    flags = response.headers["set-cookie"]
    assert flags.startswith(f"{cookie.name}=")
    assert "; HttpOnly" in flags
    assert "; SameSite=lax" in flags
    assert "; Path=/;" in flags
    assert "Secure" not in flags
    assert TOKEN not in flags
    assert client.get("/").status_code == 200


def test_behind_https_the_cookie_is_secure(make_client):
    response = make_client(url="https://sxt.lab.org").get(f"/?token={TOKEN}")
    assert "; Secure" in response.headers["set-cookie"]


def test_the_link_goes_on_working_for_those_who_are_in(client):
    client.get(f"/?token={TOKEN}")
    response = client.get("/segment?token=an-old-one")
    assert (response.status_code, response.headers["location"]) == (303, "/segment")


@pytest.mark.parametrize("token", ["wrong", "", TOKEN[:-1], TOKEN + "x", "é"])
def test_a_wrong_token_in_a_link_lets_nobody_in(client, token):
    response = client.get("/segment", params={"token": token}, headers=HTML)
    assert response.status_code == 401
    assert "That is not the token." in response.text
    assert "set-cookie" not in response.headers


def test_the_form_lets_in_and_leads_where_one_wanted_to_go(client):
    response = client.post("/login", data={"token": f" {TOKEN} ", "next": "/segment?x=1"}, headers=OWN)
    assert (response.status_code, response.headers["location"]) == (303, "/segment?x=1")
    assert client.get("/segment").text.startswith("page for guest ")


def test_a_name_typed_in_the_form_is_remembered(client):
    client.post("/login", data={"token": TOKEN, "name": "  Åda   Lovelace\n", "next": "/"}, headers=OWN)
    assert client.get("/segment").text == "page for Åda Lovelace"


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "\\\\evil.example",
        "/%0d%0aSet-Cookie:x\r\n",
        "javascript:alert(1)",
        "/\t/evil.example",
        "",
    ],
)
def test_the_way_after_login_never_leaves_the_server(client, target):
    response = client.post("/login", data={"token": TOKEN, "next": target}, headers=OWN)
    assert response.headers["location"] == "/"


def test_a_wrong_token_in_the_form_says_so_and_keeps_the_target(client):
    response = client.post("/login", data={"token": "wrong", "next": "/segment"}, headers=OWN)
    assert response.status_code == 401
    assert "That is not the token." in response.text
    assert 'value="/segment"' in response.text
    assert "set-cookie" not in response.headers


def test_wrong_tokens_are_limited_and_then_the_right_one_waits_too(client, clock):
    for _ in range(5):
        assert client.post("/login", data={"token": "wrong"}, headers=OWN).status_code == 401
    for response in (
        client.post("/login", data={"token": TOKEN}, headers=OWN),
        client.get(f"/?token={TOKEN}"),
        client.get("/", headers={"Authorization": f"Bearer {TOKEN}"}),
    ):
        assert response.status_code == 429
        assert response.headers["retry-after"] == "60"
        assert "set-cookie" not in response.headers
    clock.now += 61
    assert client.post("/login", data={"token": TOKEN}, headers=OWN).status_code == 303


def test_the_limit_does_not_lock_out_those_who_are_in(client, cookie):
    client.cookies.set(cookie.name, cookie.make())
    for _ in range(6):
        client.post("/login", data={"token": "wrong"}, headers=OWN)
    assert client.get("/").status_code == 200


def test_another_site_cannot_log_somebody_in(client):
    response = client.post("/login", data={"token": TOKEN}, headers={"Origin": "http://evil.example"})
    assert response.status_code == 403


def test_a_form_that_is_too_long_is_not_read(client):
    response = client.post("/login", data={"token": "x" * 10_000}, headers=OWN)
    assert response.status_code == 413


def test_what_stands_in_the_address_is_escaped_on_the_page(client):
    page = client.get('/segment?x="><script>alert(1)</script>', headers=HTML).text
    assert "<script" not in page
    page = client.get("/segment", params={"a": '"><b>'}, headers=HTML).text
    assert "<b>" not in page
    assert "%22%3E%3Cb%3E" in unescape(page)


def test_logging_out_ends_the_cookie(client):
    client.get(f"/?token={TOKEN}")
    response = client.post("/logout", headers=OWN)
    assert (response.status_code, response.headers["location"]) == (303, "/")
    assert client.get("/").status_code == 401


def test_the_login_address_leads_home_who_is_in(client):
    assert client.get("/login", headers=HTML).status_code == 401
    client.get(f"/?token={TOKEN}")
    assert client.get("/login", headers=HTML).headers["location"] == "/"


def test_on_an_open_server_the_login_is_an_address_like_any_other(make_client):
    client = make_client(AccessPolicy())
    assert client.get("/login").status_code == 404
    assert client.get("/?token=abc").status_code == 200


def test_the_account_page_changes_the_name(client):
    client.get(f"/?token={TOKEN}")
    assert "“guest " in client.get("/account").text
    response = client.post("/account", data={"name": "Grace <Hopper>"}, headers=OWN)
    assert response.headers["location"] == "/account"
    page = client.get("/account").text
    assert "“Grace &lt;Hopper&gt;”" in page
    assert "Log out" in page
    client.post("/account", data={"name": " "}, headers=OWN)
    assert "“guest " in client.get("/account").text


def test_without_login_the_account_page_offers_no_logout(make_client):
    page = make_client(AccessPolicy()).get("/account").text
    assert "Save name" in page
    assert "Log out" not in page
