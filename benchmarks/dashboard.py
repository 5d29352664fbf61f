"""How the dashboard answers: pages while a job runs, scrubbing, the 3D view, and many sessions at once.

``python benchmarks/dashboard.py``: starts the dashboard over a workspace of its own with a simulated cell, drives it
with headless Chromium, and prints one JSON report. Times are medians; compare them within one report only.
"""

import argparse
import json
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

REPOSITORY = Path(__file__).resolve().parents[1]
CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
START_LIMIT_S = 90
JOB_LIMIT_MS = 600_000
HEADING = '[data-testid="stMain"] h1'
PAGES = ("", "viewer", "segment", "jobs", "help")
N_SESSIONS = 10
REST_MS = 4000
"""So that what a page does after it is drawn is over before it is opened again."""
WATCHED_S = 30.0
REST_S = 3.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=3, help="times each page is loaded (default: 3)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        server = start_server(Path(folder) / "workspace")
        try:
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
                report = measure(browser, server, arguments.repeats)
                browser.close()
        finally:
            os.killpg(server.process.pid, signal.SIGTERM)
            server.process.wait()
    print(json.dumps(report, indent=2))


class Server:
    """A running dashboard."""

    def __init__(self, process: subprocess.Popen[bytes], address: str) -> None:
        self.process = process
        self.address = address


def start_server(workspace: Path) -> Server:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port)],
        cwd=REPOSITORY,
        env=os.environ | {"SXT_WORKSPACE": str(workspace), "SXT_TOKEN": ""},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    address = f"http://127.0.0.1:{port}"
    deadline = time.monotonic() + START_LIMIT_S
    while time.monotonic() < deadline:
        try:
            urllib.request.urlopen(f"{address}/api/health", timeout=2).close()
            return Server(process, address)
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.2)
    raise SystemExit("The server did not start.")


def measure(browser: Browser, server: Server, repeats: int) -> dict[str, object]:
    page = new_page(browser)
    page.goto(server.address)
    say("bringing in a simulated cell")
    press(page, "Try a simulated cell")
    page.get_by_role("button", name="Segment", exact=True).first.click(timeout=JOB_LIMIT_MS)
    page.get_by_role("button", name="Segment 1 tomogram").wait_for()
    say("loading pages")
    report: dict[str, object] = {"page_load_idle_s": load_pages(browser, server, repeats)}
    report["scrub"] = scrub(page)
    say("segmenting")
    press(page, "Segment 1 tomogram")
    page.get_by_text("segment: ").first.wait_for(timeout=JOB_LIMIT_MS)
    report["page_load_while_a_job_runs_s"] = load_pages(browser, server, repeats)
    say("ten sessions")
    report["cpu_share_of_the_server_with_ten_sessions_polling"] = poll(browser, server)
    say("waiting for the result")
    press(page, "See it in 3D", timeout=JOB_LIMIT_MS)
    press(page, "Reconstruct surface")
    say("reconstructing")
    page.locator("iframe").last.wait_for(timeout=JOB_LIMIT_MS)
    say("seeing it in 3D")
    url = page.url
    page.context.close()
    report["view_in_3d"] = see_in_3d(browser, url, repeats)
    return report


def say(text: str) -> None:
    sys.stderr.write(f"{text} ...\n")


def new_page(browser: Browser) -> Page:
    page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
    page.set_default_timeout(60_000)
    return page


def press(page: Page, name: str, *, timeout: float = 60_000) -> None:
    page.get_by_role("button", name=name).first.click(timeout=timeout)


def timed(action: Callable[[], object]) -> float:
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def load_pages(browser: Browser, server: Server, repeats: int) -> dict[str, float]:
    """Return the median time to each page's title, in a fresh profile."""
    times: dict[str, list[float]] = {}
    for _ in range(repeats):
        for name in PAGES:
            page = new_page(browser)

            def load(page: Page = page, name: str = name) -> None:
                page.goto(f"{server.address}/{name}")
                page.wait_for_selector(HEADING)

            times.setdefault(name or "home", []).append(timed(load))
            page.context.close()
    return {name: round(statistics.median(values), 2) for name, values in times.items()}


SCRUB = """async (root) => {
  const { viewer } = root, waits = [];
  for (let step = 0; step < 40; step++) {
    const key = step < 20 ? "ArrowRight" : "ArrowLeft";
    root.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
    await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
    waits.push(viewer.times.latency_ms);
  }
  return waits;
}"""


def scrub(page: Page) -> dict[str, float]:
    """Return how long a slice takes from the key to the picture, in ms, the slices being loaded."""
    root = page.locator(".viewer").first
    root.wait_for()
    time.sleep(REST_S)
    root.evaluate(SCRUB)
    values = root.evaluate(SCRUB)
    return {"median_ms": round(statistics.median(values), 1), "longest_ms": round(max(values), 1)}


def poll(browser: Browser, server: Server) -> float:
    """Return the share of a core that the server itself takes while ten sessions watch a job."""
    pages = [new_page(browser) for _ in range(N_SESSIONS)]
    for page in pages:
        page.goto(f"{server.address}/help")
        page.wait_for_selector(HEADING)
    before, start = cpu_seconds(server.process.pid), time.perf_counter()
    time.sleep(WATCHED_S)
    share = (cpu_seconds(server.process.pid) - before) / (time.perf_counter() - start)
    for page in pages:
        page.context.close()
    return round(share, 3)


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def see_in_3d(browser: Browser, url: str, repeats: int) -> dict[str, float]:
    """Return the time from the address to a drawn scene: in a new browser profile, and when it is opened again."""
    page = new_page(browser)

    def draw() -> None:
        page.frame_locator("iframe").last.locator("canvas").first.wait_for()

    def load() -> None:
        page.goto(url)
        draw()

    first = timed(load)
    again = []
    for _ in range(repeats):
        page.wait_for_timeout(REST_MS)
        again.append(timed(load))
    page.context.close()
    return {"first_s": round(first, 2), "again_s": round(statistics.median(again), 2)}


if __name__ == "__main__":
    main()
