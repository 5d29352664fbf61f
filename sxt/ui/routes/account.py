"""The page on which people say under which name their work is recorded."""

from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from sxt.ui.access import oidc, pages, user_of_request
from sxt.ui.access.login import cookie_path, read_form, set_name
from sxt.ui.access.policy import AccessPolicy
from sxt.ui.access.user import NAME_COOKIE, typed_name

PATH = "/account"


def account_routes(policy: AccessPolicy, *, prefix: str = "") -> list[Route]:
    """Return the route of the account page.

    Parameters
    ----------
    policy : AccessPolicy
        What it takes to be let in.
    prefix : str
        What the server's addresses begin with.
    """

    async def show(request: Request) -> Response:
        page = pages.account_page(
            base_path=prefix,
            user=user_of_request(request),
            typed=typed_name(request.cookies),
            is_named_by_login=oidc.read_login(request.cookies) is not None,
            has_token=policy.token is not None,
        )
        return HTMLResponse(page, headers=pages.PAGE_HEADERS)

    async def save(request: Request) -> Response:
        fields = await read_form(request)
        if fields is None:
            return PlainTextResponse("The form is too long.", HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        response = RedirectResponse(f"{prefix}{PATH}", HTTPStatus.SEE_OTHER, headers=pages.PAGE_HEADERS)
        if fields.get("name", "").strip():
            set_name(response, request, fields["name"], cookie_path(prefix))
        else:
            response.delete_cookie(NAME_COOKIE, path=cookie_path(prefix))
        return response

    return [
        Route(f"{prefix}{PATH}", show, methods=["GET"]),
        Route(f"{prefix}{PATH}", save, methods=["POST"]),
    ]
