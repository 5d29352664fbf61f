"""Login at the lab's provider (OIDC), as ``st.login`` does it, read where no script runs yet.

The provider's answer is kept in Streamlit's own signed cookie, so ``st.user`` works in every page. What is added here
is that nothing of the dashboard is served before.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from streamlit.auth_util import (
    encode_provider_token,
    get_cookie_with_chunks,
    is_authlib_installed,
    validate_auth_credentials,
)
from streamlit.errors import StreamlitAuthError
from streamlit.runtime.secrets import secrets_singleton
from streamlit.web.server.server_util import AUTH_COOKIE_NAME, get_cookie_secret
from streamlit.web.server.starlette.starlette_app_utils import decode_signed_value

from sxt.errors import SettingsError

LOGIN_PATH = "/auth/login"
CALLBACK_PATH = "/oauth2callback"
LOGOUT_PATH = "/auth/logout"
DEFAULT_PROVIDER = "default"


def list_providers() -> tuple[str, ...]:
    """Return the login providers in ``.streamlit/secrets.toml``, checked.

    Raises
    ------
    SettingsError
        Where the section ``[auth]`` is incomplete or the package it needs is missing.
    """
    if not secrets_singleton.load_if_toml_exists() or "auth" not in secrets_singleton:
        return ()
    section = secrets_singleton["auth"]
    providers = tuple(name for name, value in section.items() if isinstance(value, Mapping))
    if "client_id" in section or not providers:
        providers = (DEFAULT_PROVIDER, *providers)
    if not is_authlib_installed():
        raise SettingsError(
            "The section [auth] in secrets.toml asks for a login, but the package Authlib is missing; install it."
        )
    try:
        for provider in providers:
            validate_auth_credentials(provider)
    except StreamlitAuthError as error:
        raise SettingsError(
            f"The login in secrets.toml cannot work: {' '.join(str(error).split())}"
        ) from error
    return providers


def login_location(base_path: str, provider: str) -> str:
    """Return where a browser is sent to log in; it is good for two minutes."""
    return f"{base_path}{LOGIN_PATH}?provider={encode_provider_token(provider)}"


def read_login(cookies: Mapping[str, str]) -> dict[str, Any] | None:
    """Return what the provider said of the user who sent these cookies; None where nobody is logged in."""
    secret = get_cookie_secret()

    def read_part(name: str) -> bytes | None:
        value = cookies.get(name)
        try:
            return None if value is None else decode_signed_value(secret, name, value.encode("latin-1"))
        except UnicodeEncodeError:
            return None

    raw = get_cookie_with_chunks(read_part, AUTH_COOKIE_NAME)
    if raw is None:
        return None
    claims = json.loads(raw)
    return claims if isinstance(claims, dict) and claims.get("is_logged_in") is True else None


def is_allowed(claims: Mapping[str, Any], allowed_users: Sequence[str]) -> bool:
    """Return whether a user is on the list of those let in.

    Parameters
    ----------
    claims : mapping
        What the provider said.
    allowed_users : sequence of str
        E-mail addresses, or ``@lab.org`` for all of a domain; empty for everybody whom the provider knows. An address
        that the provider says is unverified is not believed.
    """
    if not allowed_users:
        return True
    email = str(claims.get("email") or "").strip().lower()
    if not email or claims.get("email_verified") is False:
        return False
    domain = "@" + email.rpartition("@")[2]
    return any(each.strip().lower() in (email, domain) for each in allowed_users)
