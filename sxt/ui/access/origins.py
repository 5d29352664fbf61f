"""Whether a request comes from where it says: host names, other web pages, proxies."""

from collections.abc import Sequence
from urllib.parse import urlsplit

from starlette.datastructures import Headers

from sxt.ui.access.policy import is_loopback

FORWARDED_HEADERS = (
    "forwarded",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-real-ip",
    "via",
)
"""What a reverse proxy adds; a program on this machine that asks for itself sends none of them."""

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
OWN_SITES = frozenset({"same-origin", "none"})
"""What browsers call requests by our own pages, and by the user's hand."""


def host_name(host: str | None) -> str | None:
    """Return the name in a ``Host`` header without its port; None where it is malformed."""
    try:
        parts = urlsplit(f"//{host or ''}")
        _ = parts.port
    except ValueError:
        return None
    if parts.path or parts.query or parts.fragment or parts.username is not None or not parts.hostname:
        return None
    return parts.hostname.lower().rstrip(".")


def is_host_known(host: str | None, allowed: Sequence[str], *, only_loopback: bool) -> bool:
    """Return whether a ``Host`` header names this server.

    Parameters
    ----------
    host : str or None
        As the browser sent it.
    allowed : sequence of str
        Names the server is known by; ``*.lab.org`` stands for every name below it, ``*`` for any.
    only_loopback : bool
        Whether, without an ``allowed`` name that fits, only the names of this machine itself will do. A web page whose
        own name was pointed at 127.0.0.1 (DNS rebinding) is kept out by that.
    """
    name = host_name(host)
    if name is None:
        return False
    if any(_fits(name, pattern.strip().lower().rstrip(".")) for pattern in allowed):
        return True
    return is_loopback(name) if only_loopback else not allowed


def is_foreign(headers: Headers, scheme: str, *, may_change: bool) -> bool:
    """Return whether a request was made by a page of another origin.

    Parameters
    ----------
    headers : Headers
    scheme : str
        Of the request, as the server sees it.
    may_change : bool
        Whether the request may change something, or is a WebSocket. Others may be followed links, which are let
        through; what another page embeds or fetches for itself is not.

    Notes
    -----
    Browsers name the page's origin in every request that may change something and in every WebSocket, and newer ones
    say in every request whether it crosses sites. Programs that are no browsers say nothing.
    """
    if not may_change and headers.get("sec-fetch-mode") == "navigate":
        return False
    if headers.get("sec-fetch-site", "none") not in OWN_SITES:
        return True
    origin = headers.get("origin")
    return may_change and origin is not None and not _is_same_origin(origin, headers.get("host"), scheme)


def is_forwarded(headers: Headers) -> bool:
    """Return whether a proxy passed the request on."""
    return any(name in headers for name in FORWARDED_HEADERS)


def _is_same_origin(origin: str, host: str | None, scheme: str) -> bool:
    """Compare host and port; the scheme may differ, for a proxy may not tell that it speaks https."""
    try:
        page, server = urlsplit(origin), urlsplit(f"//{host or ''}")
        page_port = page.port or _usual_port(page.scheme)
        ports = {server.port} if server.port else {_usual_port(scheme), _usual_port(page.scheme)}
    except ValueError:
        return False
    if page.scheme not in ("http", "https") or not page.hostname:
        return False
    return page.hostname == server.hostname and page_port in ports


def _usual_port(scheme: str) -> int:
    return 443 if scheme in ("https", "wss") else 80


def _fits(name: str, pattern: str) -> bool:
    if pattern.startswith("*."):
        return name.endswith(pattern[1:])
    return pattern in ("*", name)
