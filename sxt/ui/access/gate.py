"""What is known of access at this start of the server, and the judgement of one request by it."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum

from starlette.requests import HTTPConnection

from sxt.ui.access import oidc
from sxt.ui.access.attempts import AttemptLimit
from sxt.ui.access.cookies import AccessCookie, are_equal
from sxt.ui.access.origins import SAFE_METHODS, is_foreign, is_forwarded, is_host_known
from sxt.ui.access.policy import AccessPolicy, is_loopback

NOT_LOCAL = (
    "This server asks for no login because it was started for this machine alone, but it was reached from outside; "
    "start it again with the environment variable SXT_TOKEN set."
)
UNKNOWN_HOST = (
    "This server is not known under that name; add the name to server.allowedHosts in .streamlit/config.toml."
)
FOREIGN = "The request came from a page of another site; open the dashboard itself."

_log = logging.getLogger(__name__)


class Verdict(Enum):
    """Whether somebody is let in."""

    LET_IN = "let in"
    UNKNOWN = "shows nothing"
    WRONG_TOKEN = "shows a wrong token"
    TOO_MANY = "showed too many wrong tokens"
    NOT_LISTED = "is logged in, but not on the list"


@dataclass(frozen=True)
class Gate:
    """The rules of access in force.

    Parameters
    ----------
    policy : AccessPolicy
    cookie : AccessCookie or None
        That of the policy's token.
    base_path : str
        Prefix of the server's addresses, ``"/sxt"`` or empty.
    allowed_hosts : callable
        Returns the names the server is known by.
    allowed_users : sequence of str
        As for `sxt.ui.access.oidc.is_allowed`.
    limit : AttemptLimit
    """

    policy: AccessPolicy
    cookie: AccessCookie | None = None
    base_path: str = ""
    allowed_hosts: Callable[[], Sequence[str]] = tuple
    allowed_users: Sequence[str] = ()
    limit: AttemptLimit = field(default_factory=AttemptLimit)

    def why_refused(self, connection: HTTPConnection) -> str:
        """Return why a request must not be answered at all, whoever sent it; empty where it may."""
        scope, headers = connection.scope, connection.headers
        if self.policy.is_open:
            reached = (scope.get("server") or ("", None))[0]
            if not is_loopback(reached) or is_forwarded(headers):
                return NOT_LOCAL
        if not is_host_known(headers.get("host"), self.allowed_hosts(), only_loopback=self.policy.is_open):
            return UNKNOWN_HOST
        may_change = scope["type"] == "websocket" or scope["method"] not in SAFE_METHODS
        return FOREIGN if is_foreign(headers, scope["scheme"], may_change=may_change) else ""

    def judge(self, connection: HTTPConnection) -> Verdict:
        """Return whether the sender of a request is let in by a cookie, a login or a token in its headers."""
        if self.policy.is_open:
            return Verdict.LET_IN
        if self.cookie is not None and self.cookie.is_valid(connection.cookies.get(self.cookie.name)):
            return Verdict.LET_IN
        verdict = Verdict.UNKNOWN
        if self.policy.providers and (claims := oidc.read_login(connection.cookies)) is not None:
            if oidc.is_allowed(claims, self.allowed_users):
                return Verdict.LET_IN
            verdict = Verdict.NOT_LISTED
        kind, _, token = connection.headers.get("authorization", "").partition(" ")
        if kind.lower() in ("bearer", "token"):
            return self.try_token(connection, token.strip())
        return verdict

    def try_token(self, connection: HTTPConnection, token: str) -> Verdict:
        """Return what a token that was shown is worth; wrong ones are counted against the client."""
        if self.policy.token is None:
            return Verdict.UNKNOWN
        client = self.client_of(connection)
        if self.limit.wait_s(client) > 0:
            return Verdict.TOO_MANY
        if are_equal(token, self.policy.token):
            return Verdict.LET_IN
        self.limit.note_failure(client)
        _log.warning("A wrong access token came from %s", client)
        return Verdict.WRONG_TOKEN

    def client_of(self, connection: HTTPConnection) -> str:
        """Return the address of a request's sender, as far as it is known."""
        client = connection.scope.get("client")
        return client[0] if client else "unknown"
