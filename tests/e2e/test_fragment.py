import re
from pathlib import Path

from playwright.sync_api import expect

APP = Path(__file__).parent / "apps" / "fragment_app.py"


def test_what_stands_below_a_fragment_stays_when_the_server_is_busy(start_server, open_page):
    page = open_page(f"{start_server(APP)}/")
    n_watched = 1
    for _ in range(2):
        expect(page.get_by_text(f"watched {n_watched} times")).to_be_visible()
        page.get_by_role("button", name="again").click()
        more = "|".join(str(n_watched + n) for n in range(2, 9))  # by the page's run, and alone after it
        expect(page.get_by_text(re.compile(f"watched ({more}) times"))).to_be_visible()
        expect(page.get_by_text("the result")).to_be_visible()
        page.wait_for_timeout(1000)
        expect(page.get_by_text("the result")).to_be_visible()
        n_watched = int(re.findall(r"watched (\d+)", page.get_by_text("watched").inner_text())[0])
