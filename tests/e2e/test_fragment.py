from pathlib import Path

from playwright.sync_api import expect

APP = Path(__file__).parent / "apps" / "fragment_app.py"


def test_what_stands_below_a_fragment_stays_when_the_server_is_busy(start_server, open_page):
    page = open_page(f"{start_server(APP)}/")
    for n_alone in range(3):
        expect(page.get_by_text(f"ran alone {n_alone} times")).to_be_visible()
        expect(page.get_by_text("the result")).to_be_visible()
        page.get_by_role("button", name="again").click()
    expect(page.get_by_text("ran alone 3 times")).to_be_visible()
    page.wait_for_timeout(1000)
    expect(page.get_by_text("the result")).to_be_visible()
