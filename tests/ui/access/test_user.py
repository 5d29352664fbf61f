from types import SimpleNamespace

import pytest
from starlette.requests import Request
from streamlit.testing.v1 import AppTest

from sxt.ui.access.user import (
    NAME_COOKIE,
    current_user,
    name_for_cookie,
    name_of,
    tidy_name,
    typed_name,
    user_of_request,
)


@pytest.mark.parametrize(
    ("claims", "name"),
    [
        ({"name": "Ada Lovelace", "email": "ada@lab.org"}, "Ada Lovelace (ada@lab.org)"),
        ({"name": "Ada Lovelace"}, "Ada Lovelace"),
        ({"email": "ada@lab.org"}, "ada@lab.org"),
        ({"name": "ada@lab.org", "email": "ada@lab.org"}, "ada@lab.org"),
        ({"sub": "1234"}, "1234"),
        ({"name": None, "email": ""}, "local user"),
    ],
)
def test_what_a_user_of_the_provider_is_called(claims, name):
    assert name_of(claims) == name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("  Ada \t Lovelace\r\n", "Ada Lovelace"),
        ("Ada\x00\u202eLovelace", "Ada Lovelace"),
        ("小林 太郎", "小林 太郎"),
        ("x" * 100, "x" * 80),
        ("\n", ""),
    ],
)
def test_a_name_is_one_line_that_can_be_seen(text, name):
    assert tidy_name(text) == name


@pytest.mark.parametrize("name", ["Ada", "Åda; Path=/", 'a"b,c', "小林 太郎", "100 %"])
def test_a_name_survives_its_cookie(name):
    kept = name_for_cookie(name)
    assert not set(kept) & set(' ;,"\\')
    assert kept.isascii()
    assert typed_name({NAME_COOKIE: kept}) == name


def test_a_request_without_a_name_is_of_the_local_user():
    request = Request({"type": "http", "headers": []})
    assert user_of_request(request) == "local user"


def test_a_cookie_that_is_no_name_does_no_harm():
    request = Request({"type": "http", "headers": [(b"cookie", b"sxt_name=%ff%00%0a")]})
    assert user_of_request(request) == "\ufffd"


def test_a_page_is_told_the_same():
    def page():
        import streamlit as st

        from sxt.ui.access import current_user

        st.text(current_user())

    assert AppTest.from_function(page).run().text[0].value == "local user"


class Page:
    """What a page sees of who looks at it."""

    def __init__(self, claims: dict[str, object], cookies: dict[str, str]) -> None:
        self.user = SimpleNamespace(to_dict=lambda: claims)
        self.context = SimpleNamespace(cookies=cookies)


@pytest.mark.parametrize(
    ("claims", "cookies", "name"),
    [
        ({"is_logged_in": True, "name": "Ada"}, {NAME_COOKIE: "Eve"}, "Ada"),
        ({"is_logged_in": False}, {NAME_COOKIE: "Grace%20H"}, "Grace H"),
        ({"email": "test@localhost"}, {}, "local user"),
        ({}, {}, "local user"),
        ({}, {"sxt_access_1": "a", NAME_COOKIE: "Ada"}, "Ada"),
        ({}, {"sxt_access_1": "a"}, "guest ca97"),
        ({}, {"sxt_access_1": "b", "theme": "dark"}, "guest 3e23"),
    ],
)
def test_a_login_goes_before_a_typed_name(monkeypatch, claims, cookies, name):
    monkeypatch.setattr("sxt.ui.access.user.st", Page(claims, cookies))
    assert current_user() == name
