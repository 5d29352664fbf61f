import pytest
from starlette.datastructures import Headers

from sxt.ui.access.origins import host_name, is_foreign, is_forwarded, is_host_known


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("localhost:8501", "localhost"),
        ("LOCALHOST.", "localhost"),
        ("[::1]:8501", "::1"),
        ("127.0.0.1", "127.0.0.1"),
        (None, None),
        ("", None),
        ("a:b", None),
        ("user@host", None),
        ("host/path", None),
        ("host?x", None),
    ],
)
def test_the_name_in_a_host_header(host, name):
    assert host_name(host) == name


@pytest.mark.parametrize("host", ["localhost:8501", "127.0.0.1:8501", "[::1]:8501"])
def test_this_machine_is_known_by_its_own_names(host):
    assert is_host_known(host, (), only_loopback=True)


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example:8501", "localhost.evil.example", None]
)
def test_a_name_that_was_pointed_at_this_machine_is_not_known(host):
    assert not is_host_known(host, (), only_loopback=True)


def test_names_on_the_list_are_known():
    assert is_host_known("sxt.lab.org", ("sxt.lab.org",), only_loopback=True)
    assert is_host_known("a.lab.org:80", ("*.lab.org",), only_loopback=False)
    assert not is_host_known("lab.org", ("*.lab.org",), only_loopback=False)
    assert not is_host_known("evillab.org", ("*.lab.org",), only_loopback=False)
    assert is_host_known("anything", ("*",), only_loopback=True)


def test_without_a_list_a_server_with_login_answers_to_any_name():
    assert is_host_known("gpu7", (), only_loopback=False)
    assert not is_host_known("bad host/", (), only_loopback=False)


HOST = "sxt.lab.org:8501"


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("http://sxt.lab.org:8501", HOST),
        ("https://sxt.lab.org:8501", HOST),
        ("https://sxt.lab.org", "sxt.lab.org"),
        ("http://sxt.lab.org", "sxt.lab.org"),
        ("http://sxt.lab.org", "sxt.lab.org:80"),
        ("http://[::1]:8501", "[::1]:8501"),
        (None, HOST),
    ],
)
def test_our_own_pages_may_change_things(origin, host):
    headers = {"host": host} | ({} if origin is None else {"origin": origin})
    assert not is_foreign(Headers(headers), "http", may_change=True)


@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.example",
        "http://sxt.lab.org",
        "http://sxt.lab.org:9999",
        "http://sxt.lab.org.evil.example:8501",
        "null",
        "",
        "file://",
        "http://sxt.lab.org:port",
        "chrome-extension://sxt.lab.org:8501",
    ],
)
def test_pages_of_others_may_not(origin):
    assert is_foreign(Headers({"host": HOST, "origin": origin}), "http", may_change=True)


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_what_another_site_embeds_is_foreign_but_a_followed_link_is_not(site):
    embedded = Headers({"host": HOST, "sec-fetch-site": site, "sec-fetch-mode": "no-cors"})
    link = Headers({"host": HOST, "sec-fetch-site": site, "sec-fetch-mode": "navigate"})
    assert is_foreign(embedded, "http", may_change=False)
    assert not is_foreign(link, "http", may_change=False)
    assert is_foreign(link, "http", may_change=True)


@pytest.mark.parametrize("header", ["X-Forwarded-For", "X-Real-IP", "Forwarded", "Via", "X-Forwarded-Proto"])
def test_a_proxy_gives_itself_away(header):
    assert is_forwarded(Headers({header: "x"}))
    assert not is_forwarded(Headers({"host": HOST}))
