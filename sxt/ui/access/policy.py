"""Whether a login is needed, and which: decided once, from the address the server is bound to."""

import ipaddress
import secrets
from dataclasses import dataclass

TOKEN_BYTES = 24
"""192 bits: a generated token cannot be guessed."""

SHORT_TOKEN_LENGTH = 16
"""Tokens set by hand that are shorter are worth a warning."""


@dataclass(frozen=True)
class AccessPolicy:
    """What a request must show to be let in.

    Parameters
    ----------
    token : str or None
        The access token; None where no token lets anyone in.
    is_token_generated : bool
        Whether it was drawn at this start, so that nobody knows it unless told.
    providers : tuple of str
        Login providers (OIDC) by their name; empty where there are none.
    """

    token: str | None = None
    is_token_generated: bool = False
    providers: tuple[str, ...] = ()

    @property
    def is_open(self) -> bool:
        """Whether anybody who reaches the server is let in."""
        return self.token is None and not self.providers


def decide_access(address: str | None, *, token: str | None, providers: tuple[str, ...] = ()) -> AccessPolicy:
    """Return what is needed to use a server that is bound to ``address``.

    Parameters
    ----------
    address : str or None
        Address or host name; None where the server listens on all of them.
    token : str or None
        The token that was set; it is always demanded, on this machine alone too.
    providers : tuple of str
        Login providers that are configured; they are always demanded likewise.
    """
    if token is not None or providers:
        return AccessPolicy(token=token, providers=providers)
    if is_loopback(address):
        return AccessPolicy()
    return AccessPolicy(token=secrets.token_hex(TOKEN_BYTES), is_token_generated=True)


def is_loopback(address: str | None) -> bool:
    """Return whether only programs on this machine reach ``address``."""
    if address is None:
        return False
    if address == "localhost":
        return True
    try:
        return ipaddress.ip_address(address.strip("[]")).is_loopback
    except ValueError:
        return False
