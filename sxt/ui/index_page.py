"""The HTML document of every page, which tells the browser where the server's addresses begin.

Without that Streamlit's frontend tries, on a page such as ``/viewer``, whether they begin with ``/viewer``: two
requests that fail, two errors in the browser's console, and a later start.
"""

import functools
import json
from pathlib import Path

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route
from streamlit import file_util

from sxt.ui.shell import GROUPS

HEAD = "<head>"
TITLE = "<title>Streamlit</title>"


def index_routes(*, prefix: str = "") -> list[Route]:
    """Return the routes of the document: the root's and that of each page.

    Parameters
    ----------
    prefix : str
        What the server's addresses begin with, for example ``/sxt``; the same as Streamlit's ``baseUrlPath``.
    """
    base = prefix.rstrip("/")
    names = [entry.name for entries in GROUPS.values() for entry in entries]

    def answer(_: Request) -> Response:
        return HTMLResponse(render_index(base), headers={"Cache-Control": "no-cache"})

    return [Route(f"{base}/{name}", answer, methods=["GET"]) for name in ("", *names)]


@functools.cache
def render_index(base: str) -> str:
    """Return Streamlit's document with the address that all others are relative to."""
    document = (Path(file_util.get_static_dir()) / "index.html").read_text(encoding="utf-8")
    path = json.dumps(base).replace("<", "\\u003c")
    script = (
        f"<script>window.__streamlit = {{ BACKEND_BASE_URL: location.origin + {path}, "
        f"MAIN_PAGE_BASE_URL: location.origin + {path} }}</script>"
    )
    return document.replace(HEAD, HEAD + script, 1).replace(TITLE, "<title>sxt</title>", 1)
