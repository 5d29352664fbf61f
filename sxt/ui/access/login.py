"""Logging in and out: the requests that are answered before anybody is let in."""

import math
import re
from collections.abc import Mapping
from http import HTTPStatus
from urllib.parse import parse_qs, parse_qsl, urlencode

from starlette.requests import HTTPConnection, Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response

from sxt.ui.access import oidc, pages
from sxt.ui.access.cookies import COOKIE_LIFETIME_S
from sxt.ui.access.gate import Gate, Verdict
from sxt.ui.access.user import NAME_COOKIE, NAME_LIFETIME_S, name_for_cookie, typed_name

TOKEN_PARAMETER = "token"
NEXT_COOKIE = "sxt_next"
NEXT_LIFETIME_S = 600
MAX_FORM_BYTES = 8192
SAFE_NEXT = re.compile(r"/(?![/\\])[^\\\x00-\x20\x7f]*")
"""A path on this server; browsers take ``//host`` and ``/\\host`` for another."""

WRONG_TOKEN = "That is not the token."


class Login:
    """Answers the requests by which people log in and out.

    Parameters
    ----------
    gate : Gate
    """

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self._home = f"{gate.base_path}/"
        self._cookie_path = cookie_path(gate.base_path)

    async def answer(self, path: str, request: Request) -> Response | None:
        """Return the answer to a request that is part of logging in or out; None for all others.

        Parameters
        ----------
        path : str
            Without the server's prefix.
        request : Request
        """
        if request.method == "POST":
            if path == "/login":
                return await self._log_in_by_form(request)
            return self._log_out(request) if path == "/logout" else None
        if request.method not in ("GET", "HEAD"):
            return None
        if self._gate.policy.token is not None and TOKEN_PARAMETER in request.query_params:
            return self._log_in_by_link(request)
        if path == "/login":
            is_in = self._gate.judge(request) is Verdict.LET_IN
            return self._see(self._home) if is_in else self.ask(request, next_path=self._cookie_path)
        head, _, provider = path.rpartition("/")
        if head == "/login" and provider in self._gate.policy.providers:
            return self._go_to_provider(request, provider)
        return None

    def refuse(self, connection: HTTPConnection, verdict: Verdict) -> Response:
        """Return the answer to somebody who is not let in: a page to log in for people, a sentence for programs."""
        if "text/html" in connection.headers.get("accept", ""):
            if verdict is Verdict.NOT_LISTED:
                page = pages.not_listed_page(self._gate.base_path)
                return HTMLResponse(page, HTTPStatus.FORBIDDEN, headers=pages.PAGE_HEADERS)
            return self.ask(connection, next_path=_address_of(connection), verdict=verdict)
        status, sentence, headers = self._status_of(connection, verdict)
        return PlainTextResponse(sentence or "Log in first.", status, headers=headers)

    def ask(
        self, connection: HTTPConnection, *, next_path: str, verdict: Verdict = Verdict.UNKNOWN
    ) -> Response:
        """Return the page to log in."""
        status, sentence, headers = self._status_of(connection, verdict)
        page = pages.login_page(
            base_path=self._gate.base_path,
            next_path=self._safe_next(next_path),
            has_token=self._gate.policy.token is not None,
            providers=self._gate.policy.providers,
            error=sentence,
            name=typed_name(connection.cookies),
        )
        return HTMLResponse(page, status, headers={**pages.PAGE_HEADERS, **headers})

    def return_after_login(self, request: Request, path: str) -> Response | None:
        """Return the way to the page that somebody wanted before their login provider sent them to the first one."""
        wanted = request.cookies.get(NEXT_COOKIE)
        if wanted is None or path != "/" or not self._gate.policy.providers:
            return None
        response = self._see(self._safe_next(wanted))
        response.delete_cookie(NEXT_COOKIE, path=self._cookie_path)
        return response

    async def _log_in_by_form(self, request: Request) -> Response:
        fields = await read_form(request)
        if fields is None:
            return PlainTextResponse("The form is too long.", HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        next_path = self._safe_next(fields.get("next", ""))
        verdict = self._gate.try_token(request, fields.get("token", "").strip())
        if verdict is not Verdict.LET_IN:
            return self.ask(request, next_path=next_path, verdict=verdict)
        response = self._let_in(request, next_path)
        if fields.get("name", "").strip():
            set_name(response, request, fields["name"], self._cookie_path)
        return response

    def _log_in_by_link(self, request: Request) -> Response:
        rest = [
            (name, value)
            for name, value in parse_qsl(request.url.query, keep_blank_values=True)
            if name != TOKEN_PARAMETER
        ]
        clean = request.url.path + (f"?{urlencode(rest)}" if rest else "")
        if self._gate.judge(request) is Verdict.LET_IN:
            return self._see(self._safe_next(clean))
        verdict = self._gate.try_token(request, request.query_params[TOKEN_PARAMETER])
        if verdict is not Verdict.LET_IN:
            return self.ask(request, next_path=clean, verdict=verdict)
        return self._let_in(request, self._safe_next(clean))

    def _let_in(self, request: Request, next_path: str) -> Response:
        cookie = self._gate.cookie
        assert cookie is not None, "a token lets in only where there is one"
        response = self._see(next_path)
        response.set_cookie(
            cookie.name,
            cookie.make(),
            max_age=COOKIE_LIFETIME_S,
            path=self._cookie_path,
            secure=is_encrypted(request),
            httponly=True,
            samesite="lax",
        )
        return response

    def _log_out(self, request: Request) -> Response:
        response = self._see(self._home)
        if self._gate.cookie is not None:
            response.delete_cookie(self._gate.cookie.name, path=self._cookie_path)
        return response

    def _go_to_provider(self, request: Request, provider: str) -> Response:
        response = self._see(oidc.login_location(self._gate.base_path, provider))
        response.set_cookie(
            NEXT_COOKIE,
            self._safe_next(request.query_params.get("next", "")),
            max_age=NEXT_LIFETIME_S,
            path=self._cookie_path,
            secure=is_encrypted(request),
            httponly=True,
            samesite="lax",
        )
        return response

    def _status_of(self, connection: HTTPConnection, verdict: Verdict) -> tuple[int, str, dict[str, str]]:
        match verdict:
            case Verdict.TOO_MANY:
                wait_s = math.ceil(self._gate.limit.wait_s(self._gate.client_of(connection)))
                sentence = f"Too many wrong tokens; try again in {wait_s} s."
                return HTTPStatus.TOO_MANY_REQUESTS, sentence, {"Retry-After": str(wait_s)}
            case Verdict.WRONG_TOKEN:
                return HTTPStatus.UNAUTHORIZED, WRONG_TOKEN, {}
            case Verdict.NOT_LISTED:
                return HTTPStatus.FORBIDDEN, "Your account is not on the list of those let in.", {}
        return HTTPStatus.UNAUTHORIZED, "", {}

    def _safe_next(self, wanted: str) -> str:
        return wanted if SAFE_NEXT.fullmatch(wanted) else self._home

    def _see(self, path: str) -> Response:
        return RedirectResponse(path, HTTPStatus.SEE_OTHER, headers=pages.PAGE_HEADERS)


async def read_form(request: Request) -> Mapping[str, str] | None:
    """Return the fields of a small form; None where it is too long to be one of ours."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > MAX_FORM_BYTES:
            return None
    fields = parse_qs(body.decode("utf-8", errors="replace"), keep_blank_values=True)
    return {name: values[0] for name, values in fields.items()}


def set_name(response: Response, request: HTTPConnection, name: str, path: str) -> None:
    """Keep a typed name in a cookie."""
    response.set_cookie(
        NAME_COOKIE,
        name_for_cookie(name),
        max_age=NAME_LIFETIME_S,
        path=path,
        secure=is_encrypted(request),
        httponly=True,
        samesite="lax",
    )


def cookie_path(base_path: str) -> str:
    """Return the path of the server's cookies: ``/sxt`` stands for all below it and for itself."""
    return base_path or "/"


def is_encrypted(connection: HTTPConnection) -> bool:
    """Return whether the browser speaks https, to this server or to the proxy before it."""
    return connection.scope["scheme"] in ("https", "wss")


def _address_of(connection: HTTPConnection) -> str:
    return connection.url.path + (f"?{connection.url.query}" if connection.url.query else "")
