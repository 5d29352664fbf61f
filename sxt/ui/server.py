"""What ``app.py`` hands to Streamlit: routes, the access check, and what runs as long as the server does."""

import asyncio
import contextlib
import functools
import gc
import importlib
import logging
import socket
import sys
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.routing import BaseRoute
from streamlit import config

from sxt.errors import SxtError
from sxt.ui.access import AccessPolicy, decide_access
from sxt.ui.access.cookies import AccessCookie, load_key
from sxt.ui.access.gate import Gate
from sxt.ui.access.middleware import AccessMiddleware
from sxt.ui.access.oidc import list_providers
from sxt.ui.access.policy import SHORT_TOKEN_LENGTH
from sxt.ui.format import file_size
from sxt.ui.index_page import index_routes
from sxt.ui.label.routes import label_routes
from sxt.ui.routes.account import account_routes
from sxt.ui.routes.downloads import download_routes
from sxt.ui.routes.health import health_routes
from sxt.ui.routes.shares import share_routes
from sxt.ui.routes.uploads import MODEL_API_PATH, upload_routes
from sxt.ui.services import Services, base_path, open_services, services, use_services
from sxt.ui.settings import ServerSettings, read_settings
from sxt.ui.surface.routes import surface_routes
from sxt.ui.surface.scene_view import preload
from sxt.ui.upload.upload import Upload
from sxt.ui.viewer.routes import viewer_routes

CLEANING_INTERVAL_S = 3600.0
WARMED_UP = ("sxt.models", "sxt.surface", "plotly.graph_objects")
EVERY_ADDRESS = frozenset({"", "0.0.0.0", "::"})

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Start:
    """What was decided when the server started."""

    settings: ServerSettings
    policy: AccessPolicy


def routes() -> list[BaseRoute]:
    """Return the dashboard's own routes beside its pages."""
    prefix = base_path()

    def workspace() -> Any:
        return services().workspace

    return [
        *index_routes(prefix=prefix),
        *share_routes(workspace, prefix=prefix),
        *account_routes(_start().policy, prefix=prefix),
        *upload_routes(lambda: services().uploads, prefix=prefix, on_complete=_record_upload),
        *upload_routes(lambda: services().model_uploads, prefix=prefix, path=MODEL_API_PATH),
        *viewer_routes(workspace, prefix=prefix),
        *download_routes(workspace, prefix=prefix),
        *surface_routes(workspace, prefix=prefix),
        *label_routes(workspace, prefix=prefix),
        *health_routes(workspace, prefix=prefix),
    ]


def middleware() -> list[Middleware]:
    """Return what every request passes first."""
    try:
        return [Middleware(AccessMiddleware, gate=_make_gate(_start()))]
    except SxtError as error:
        raise SystemExit(f"sxt: {error}") from error


@contextlib.asynccontextmanager
async def lifespan(_app: Any) -> AsyncIterator[dict[str, Any]]:
    """Open workspace and jobs when the server starts, and say how to get in; close them when it ends.

    Pages are served at once; the workers of the jobs come up meanwhile.
    """
    start = _start()
    opened = await run_in_threadpool(open_services, start.settings)
    sys.stderr.write(describe_access(start.policy, server_urls()))
    sys.stderr.flush()
    tasks = [
        asyncio.create_task(run_in_threadpool(_start_jobs_and_warm_up, opened)),
        asyncio.create_task(_clean_now_and_then(opened)),
    ]
    try:
        with use_services(opened):
            yield {}
    finally:
        tasks[1].cancel()
        for result in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(result, Exception):
                _log.error("Something that runs beside the pages failed", exc_info=result)
        await run_in_threadpool(opened.jobs.stop)


def describe_access(policy: AccessPolicy, urls: Sequence[str]) -> str:
    """Return what the terminal says when the server has started: where it is, and how to get in."""
    if policy.is_token_generated:
        lines = ["Open the dashboard at one of these addresses, which hold the access token:"]
        return _block([*lines, *(f"  {url}?token={policy.token}" for url in urls)])
    lines = ["Open the dashboard at", *(f"  {url}" for url in urls)]
    if policy.token is not None:
        lines.append("and log in with the token in SXT_TOKEN.")
        if len(policy.token) < SHORT_TOKEN_LENGTH:
            lines.append(
                f"It has {len(policy.token)} characters; {SHORT_TOKEN_LENGTH} or more are hard to guess."
            )
    if policy.providers:
        lines.append("and log in as .streamlit/secrets.toml says.")
    return _block(lines)


def server_urls() -> list[str]:
    """Return the addresses at which the server can be reached."""
    address = str(config.get_option("server.address") or "")
    hosts = [socket.gethostname(), "127.0.0.1"] if address in EVERY_ADDRESS else [address]
    scheme = "https" if config.get_option("server.sslCertFile") else "http"
    place = f":{config.get_option('server.port')}{base_path()}/"
    return [f"{scheme}://{f'[{host}]' if ':' in host else host}{place}" for host in hosts]


def _block(lines: Sequence[str]) -> str:
    return "\n" + "".join(f"  {line}\n" for line in lines) + "\n"


@functools.cache
def _start() -> _Start:
    try:
        settings = read_settings()
        policy = decide_access(
            config.get_option("server.address"), token=settings.token, providers=list_providers()
        )
    except SxtError as error:
        raise SystemExit(f"sxt: {error}") from error
    return _Start(settings, policy)


def _make_gate(start: _Start) -> Gate:
    cookie = None
    if start.policy.token is not None:
        cookie = AccessCookie(load_key(start.settings.workspace), start.policy.token)
    return Gate(
        policy=start.policy,
        cookie=cookie,
        base_path=base_path(),
        allowed_hosts=lambda: config.get_option("server.allowedHosts"),
        allowed_users=start.settings.allowed_users,
    )


def _record_upload(upload: Upload) -> None:
    """Note who uploaded what."""
    services().workspace.activity.add(
        "uploaded",
        by=upload.created_by,
        kind="upload",
        item_id=upload.id,
        name=upload.name,
        detail=file_size(upload.size),
    )


def _start_jobs_and_warm_up(opened: Services) -> None:
    """Start the workers; then import what the next pages need, which takes seconds, before somebody waits for it."""
    opened.jobs.start()
    if opened.workspace.tomograms.list_ids():
        for name in WARMED_UP:
            importlib.import_module(name)
    if opened.workspace.segmentations.list_ids():
        preload()
    _spare_the_collector()


def _spare_the_collector() -> None:
    """Let the garbage collector pass over what was imported: Streamlit calls it after every run of a page."""
    gc.collect()
    gc.freeze()


async def _clean_now_and_then(opened: Services) -> None:
    while True:
        try:
            removed = await run_in_threadpool(opened.uploads.remove_abandoned)
            removed += await run_in_threadpool(opened.model_uploads.remove_abandoned)
        except OSError:
            _log.exception("Abandoned uploads could not be removed")
        else:
            if removed:
                _log.info("Removed %d abandoned uploads", len(removed))
        await asyncio.sleep(CLEANING_INTERVAL_S)
