"""A server on a free port of this machine, and a page of a real browser that may ask nothing of any other host."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    expect,
    sync_playwright,
)

from tests.conftest import REPOSITORY

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
CHROMIUM_ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
VIEWPORT = {"width": 1440, "height": 900}
START_TIMEOUT_S = 120
BROWSER_TIMEOUT_MS = 60_000

StartServer = Callable[..., str]


@dataclass
class Watch:
    """What a page did that it must not do."""

    origin: str
    foreign_requests: list[str] = field(default_factory=list)
    console_errors: list[str] = field(default_factory=list)

    def on_request(self, request: Request) -> None:
        if not request.url.startswith((self.origin, "data:", f"blob:{self.origin}", "blob:null/")):
            self.foreign_requests.append(request.url)

    def on_console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.console_errors.append(f"{message.text} {message.location.get('url', '')}")

    def assert_quiet(self) -> None:
        assert self.foreign_requests == []
        assert self.console_errors == []


@pytest.fixture(scope="session")
def start_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StartServer]:
    """Start Streamlit on an app's file and return its address; all servers end with the session.

    ``start_server(path, environment={...}, options=("--server.baseUrlPath", "sxt"), port=8000)``; by default the port
    is a free one.
    """
    with contextlib.ExitStack() as stack:

        def start(
            app: Path,
            *,
            environment: dict[str, str] | None = None,
            options: tuple[str, ...] = (),
            port: int | None = None,
        ) -> str:
            log = tmp_path_factory.mktemp("server") / "log.txt"
            return stack.enter_context(
                run_server(app, log=log, environment=environment or {}, options=options, port=port)
            )

        yield start


@contextlib.contextmanager
def run_server(
    app: Path,
    *,
    log: Path,
    environment: dict[str, str],
    options: tuple[str, ...] = (),
    port: int | None = None,
) -> Iterator[str]:
    """Run a server; ends it and all its children afterwards."""
    port = port or find_free_port()
    command = [
        *(sys.executable, "-m", "streamlit", "run", str(app)),
        *("--server.address", "127.0.0.1", "--server.port", str(port), "--server.headless", "true"),
        *options,
    ]
    with log.open("w") as output:
        process = subprocess.Popen(
            command,
            cwd=REPOSITORY,
            env=os.environ | {"PYTHONPATH": str(REPOSITORY)} | environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        base = f"http://127.0.0.1:{port}"
        _wait_until_up(f"{base}{_prefix(options)}/_stcore/health", process, log)
        yield base + _prefix(options)
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def find_free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """A browser for the tests of this folder; Playwright's event loop must not outlive them."""
    if not Path(CHROMIUM).exists():
        pytest.skip(f"there is no {CHROMIUM} on this machine")
    expect.set_options(timeout=BROWSER_TIMEOUT_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(CHROMIUM_ARGUMENTS))
        yield browser
        browser.close()


class PageOpener:
    """Opens pages and watches them; `close` fails on foreign requests and console errors."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._watches: list[Watch] = []
        self._contexts: list[BrowserContext] = []
        self._shared: dict[str, BrowserContext] = {}

    def __call__(
        self, url: str, *, theme: str = "dark", is_logged: bool = True, is_shared: bool = False
    ) -> Page:
        context = self._shared.get(theme) if is_shared else None
        if context is None:
            context = self._browser.new_context(viewport=VIEWPORT, accept_downloads=True, color_scheme=theme)
            context.set_default_timeout(BROWSER_TIMEOUT_MS)
            self._contexts.append(context)
        if is_shared:
            self._shared[theme] = context
        page = context.new_page()
        watch = Watch(origin=url[: url.index("/", len("http://"))])
        if is_logged:
            self._watches.append(watch)
        page.on("request", watch.on_request)
        page.on("websocket", lambda socket: _note_socket(watch, socket.url))
        page.on("console", watch.on_console)
        page.on("pageerror", lambda error: watch.console_errors.append(str(error)))
        page.goto(url)
        return page

    def close(self) -> None:
        for context in self._contexts:
            context.close()
        for watch in self._watches:
            watch.assert_quiet()


@pytest.fixture
def open_page(browser: Browser) -> Iterator[PageOpener]:
    """Open an address in a fresh browser profile; fails at the end on foreign requests and console errors.

    ``open_page(url, theme="light")``. With ``is_shared`` pages of one test share a profile; with ``is_logged=False``
    nothing is checked at the end.
    """
    opener = PageOpener(browser)
    yield opener
    opener.close()


@pytest.fixture(scope="module")
def open_module_page(browser: Browser) -> Iterator[PageOpener]:
    """As `open_page`, for pages that the tests of a module share."""
    opener = PageOpener(browser)
    yield opener
    opener.close()


def _note_socket(watch: Watch, url: str) -> None:
    if not url.startswith(watch.origin.replace("http:", "ws:")):
        watch.foreign_requests.append(url)


def _prefix(options: tuple[str, ...]) -> str:
    if "--server.baseUrlPath" not in options:
        return ""
    return "/" + options[options.index("--server.baseUrlPath") + 1].strip("/")


def _wait_until_up(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except urllib.error.HTTPError:
            return  # it answers, though it wants a login first
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.1)
    pytest.fail(f"The server did not start: {log.read_text()[-2000:]}")
