"""Uploads in a real browser: whole, paused, broken off, dropped, and as a folder."""

import hashlib
import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.conftest import REPOSITORY

APP = REPOSITORY / "tests/e2e/apps/upload_app.py"
NAME = "Zelle <i>ä</i> & 7.mrc".replace("/", "")
SIZE = 4 << 20
PIECE_DELAY_S = 0.02
"""For each piece of 256 kB, so that there is time to interrupt."""

DROP = """([zone, names]) => {
  const transfer = new DataTransfer();
  names.forEach((name) => transfer.items.add(new File([name.repeat(1000)], name)));
  zone.dispatchEvent(new DragEvent("dragover", { dataTransfer: transfer, bubbles: true, cancelable: true }));
  zone.dispatchEvent(new DragEvent("drop", { dataTransfer: transfer, bubbles: true, cancelable: true }));
}"""


@pytest.fixture(scope="module")
def server(start_server, tmp_path_factory) -> str:
    workspace = tmp_path_factory.mktemp("uploads") / "workspace"
    return start_server(APP, environment={"SXT_WORKSPACE": str(workspace)})


@pytest.fixture(scope="module")
def large_file(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("files") / NAME
    path.write_bytes(hashlib.shake_256(b"seed").digest(SIZE))
    return path


@pytest.fixture
def open_upload(open_page, server) -> Callable[..., Page]:
    def open_(**options: bool) -> Page:
        page = open_page(f"{server}/", **options)
        page.get_by_text("Drop tomograms here").wait_for()
        return page

    return open_


def slow_down(page: Page) -> list[int]:
    """Delay every piece; return the offsets at which pieces are sent, as they come."""
    offsets: list[int] = []

    def delay(route: Route) -> None:
        if route.request.method == "PUT":
            offsets.append(int(route.request.url.rsplit("offset=", 1)[1]))
            time.sleep(PIECE_DELAY_S)
        route.continue_()

    page.route("**/api/uploads/**", delay)
    return offsets


def row_of(page: Page, name: str) -> Locator:
    return page.locator("li.row").filter(has=page.get_by_text(name, exact=True))


def wait_for_some(row: Locator) -> None:
    """Wait until a tenth or more has arrived, but not all."""
    expect(row.locator(".text")).to_have_text(re.compile(r"^[1-8]\d %"), timeout=20_000)


def expect_arrived(page: Page, path: Path) -> None:
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    expect(page.get_by_text(f"arrived {path.name} {digest}")).to_be_visible(timeout=60_000)


def remove(page: Page, name: str) -> None:
    page.get_by_role("button", name=f"Remove {name}", exact=True).click()
    expect(page.get_by_text(f"arrived {name}")).to_have_count(0)
    expect(row_of(page, name)).to_have_count(0)


def test_a_file_arrives_whole_with_its_progress_shown(open_upload, large_file):
    page = open_upload()
    slow_down(page)
    page.locator("input.file").set_input_files(large_file)
    row = row_of(page, large_file.name)
    expect(row.locator(".size")).to_have_text("4.19 MB")
    expect(row.locator(".text")).to_have_text(re.compile(r"^\d+ % · [\d.]+ [kM]B/s · \d+ s left$"))
    expect_arrived(page, large_file)
    expect(row.locator(".text")).to_have_text("arrived")
    remove(page, large_file.name)


def test_an_upload_goes_on_after_a_reload(open_upload, large_file):
    page = open_upload()
    slow_down(page)
    page.locator("input.file").set_input_files(large_file)
    wait_for_some(row_of(page, large_file.name))
    page.reload()
    row = row_of(page, large_file.name)
    expect(row.locator(".text")).to_have_text(re.compile(r"^\d+ % · broken off; choose the same file again"))
    offsets = slow_down(page)
    page.locator("input.file").set_input_files(large_file)
    expect_arrived(page, large_file)
    assert min(offsets) >= SIZE // 10
    assert offsets == sorted(set(offsets))
    remove(page, large_file.name)


def test_an_upload_goes_on_when_the_connection_is_back(open_upload, large_file):
    page = open_upload(is_logged=False)
    offsets = slow_down(page)
    page.locator("input.file").set_input_files(large_file)
    row = row_of(page, large_file.name)
    wait_for_some(row)
    page.context.set_offline(True)
    expect(row.locator(".text")).to_have_text(re.compile(r"Trying again in \d+ s\."))
    sent = len(offsets)
    page.context.set_offline(False)
    expect_arrived(page, large_file)
    assert min(offsets[sent:]) >= SIZE // 10
    remove(page, large_file.name)


def test_an_upload_can_be_paused_and_goes_on(open_upload, large_file):
    page = open_upload(is_logged=False)  # an aborted request is an error in the console
    slow_down(page)
    page.locator("input.file").set_input_files(large_file)
    row = row_of(page, large_file.name)
    wait_for_some(row)
    row.get_by_role("button", name="Pause").click()
    expect(row.locator(".text")).to_have_text(re.compile(r"^\d+ % · paused$"))
    shown = row.locator(".text").text_content()
    page.wait_for_timeout(500)
    assert row.locator(".text").text_content() == shown
    row.get_by_role("button", name="Go on").click()
    expect_arrived(page, large_file)
    remove(page, large_file.name)


def test_a_cancelled_upload_leaves_nothing(open_upload, server, large_file):
    page = open_upload(is_logged=False)
    slow_down(page)
    page.locator("input.file").set_input_files(large_file)
    row = row_of(page, large_file.name)
    wait_for_some(row)
    with page.expect_response(lambda response: response.request.method == "DELETE") as deleted:
        row.get_by_role("button", name="Cancel").click()
    assert deleted.value.status == 204
    expect(row).to_have_count(0)
    assert page.request.get(f"{server}/api/uploads").json() == {"uploads": []}
    page.reload()
    page.get_by_text("Drop tomograms here").wait_for()
    page.wait_for_timeout(300)
    expect(page.locator("li.row")).to_have_count(0)


def test_an_upload_goes_on_while_another_page_is_looked_at(open_upload, large_file):
    page = open_upload()
    slow_down(page)
    page.locator("input.file").set_input_files(large_file)
    wait_for_some(row_of(page, large_file.name))
    page.get_by_role("link", name="Other").click()
    page.get_by_text("another page").wait_for()
    page.get_by_role("link", name="Upload").click()
    expect_arrived(page, large_file)
    expect(row_of(page, large_file.name).locator(".text")).to_have_text("arrived")
    remove(page, large_file.name)


def test_several_dropped_files_arrive_one_after_the_other(open_upload, tmp_path):
    page = open_upload()
    names = ["first.tif", "second.tif"]
    page.locator(".zone").evaluate("(zone, names) => (" + DROP + ")([zone, names])", names)
    for name in names:
        path = tmp_path / name
        path.write_text(name * 1000)
        expect_arrived(page, path)
    for name in names:  # only now, since a line that arrives above moves the button under a click
        remove(page, name)


def test_a_folder_of_slices_arrives_as_one(open_upload, tmp_path):
    folder = tmp_path / "run 7"
    (folder / "deeper").mkdir(parents=True)
    for name in ("slice10.tif", "slice9.tif", ".hidden.tif", "notes.txt", "deeper/slice1.tif"):
        (folder / name).write_text(name)
    page = open_upload()
    page.locator("input.folder").set_input_files(folder)
    digest = hashlib.sha256(b"slice9.tifslice10.tif").hexdigest()
    expect(page.get_by_text(f"arrived run 7 {digest}")).to_be_visible()
    expect(row_of(page, "run 7").locator(".size")).to_have_text(re.compile("2 slices"))
    remove(page, "run 7")


def test_what_cannot_be_sent_is_said_at_once(open_upload, tmp_path):
    page = open_upload()
    (tmp_path / "empty.mrc").write_bytes(b"")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder/notes.txt").write_text("x")
    page.locator("input.file").set_input_files(tmp_path / "empty.mrc")
    expect(row_of(page, "empty.mrc").locator(".text")).to_have_text("The file is empty (0 bytes).")
    page.locator("input.folder").set_input_files(tmp_path / "folder")
    expect(row_of(page, "folder").locator(".text")).to_have_text(
        re.compile("no TIFF slices directly in this folder")
    )
    row_of(page, "folder").get_by_role("button", name="Dismiss").click()
    expect(row_of(page, "folder")).to_have_count(0)


def test_what_the_server_refuses_is_said_in_its_words(open_upload, tmp_path):
    page = open_upload(is_logged=False)
    page.route(
        "**/api/uploads",
        lambda route: route.fulfill(
            status=507, json={"error": "cell.mrc needs up to 4.00 GB; free some space."}
        ),
    )
    (tmp_path / "cell.mrc").write_bytes(b"x")
    page.locator("input.file").set_input_files(tmp_path / "cell.mrc")
    row = row_of(page, "cell.mrc")
    expect(row.locator(".text")).to_have_text("cell.mrc needs up to 4.00 GB; free some space.")
    page.unroute("**/api/uploads")
    row.get_by_role("button", name="Try again").click()
    expect_arrived(page, tmp_path / "cell.mrc")
    remove(page, "cell.mrc")
