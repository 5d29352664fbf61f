"""Who is using the dashboard, for the record of who did what."""

import hashlib
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, unquote

import streamlit as st
from starlette.requests import HTTPConnection

from sxt.ui.access import oidc
from sxt.ui.access.cookies import COOKIE_PREFIX

LOCAL_USER = "local user"
"""Somebody who neither logged in nor typed a name, on a server that asks for nothing."""

GUEST_LETTERS = 4

NAME_COOKIE = "sxt_name"
NAME_LIFETIME_S = 365 * 24 * 3600
MAX_NAME_LENGTH = 80


def current_user() -> str:
    """Return the name of whoever looks at the page that calls this.

    The login provider's name for those who logged in there; else the name typed once and kept in a cookie; else
    ``"guest 3f2a"`` for a browser that showed the token, and ``"local user"`` where none is asked for. A typed name is
    a courtesy among people who share a token, not a proof.
    """
    claims = st.user.to_dict()
    if claims.get("is_logged_in") is True:
        return name_of(claims)
    return _nameless_or_typed(st.context.cookies)


def user_of_request(request: HTTPConnection) -> str:
    """Return the name of whoever sent a request, as `current_user` does."""
    claims = oidc.read_login(request.cookies)
    if claims is not None:
        return name_of(claims)
    return _nameless_or_typed(request.cookies)


def name_of(claims: Mapping[str, Any]) -> str:
    """Return what to call a user whom a provider described: ``Ada Lovelace (ada@lab.org)``."""
    name = tidy_name(str(claims.get("name") or ""))
    email = tidy_name(str(claims.get("email") or ""))
    if name and email and name != email:
        return f"{name} ({email})"
    return name or email or tidy_name(str(claims.get("sub") or "")) or LOCAL_USER


def typed_name(cookies: Mapping[str, str]) -> str:
    """Return the name kept in a cookie; empty where there is none."""
    return tidy_name(unquote(cookies.get(NAME_COOKIE, ""), errors="replace"))


def guest_name(cookies: Mapping[str, str]) -> str:
    """Return what tells browsers apart that showed the same token; empty where none was shown."""
    shown = "".join(value for name, value in sorted(cookies.items()) if name.startswith(COOKIE_PREFIX))
    return f"guest {hashlib.sha256(shown.encode()).hexdigest()[:GUEST_LETTERS]}" if shown else ""


def _nameless_or_typed(cookies: Mapping[str, str]) -> str:
    return typed_name(cookies) or guest_name(cookies) or LOCAL_USER


def tidy_name(text: str) -> str:
    """Return a name on one line, without characters that cannot be seen, of at most 80 characters."""
    visible = "".join(each if each.isprintable() else " " for each in text)
    return " ".join(visible.split())[:MAX_NAME_LENGTH].strip()


def name_for_cookie(name: str) -> str:
    """Return a name in the letters that a cookie may have."""
    return quote(tidy_name(name), safe="")
