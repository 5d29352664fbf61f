import stat
from concurrent.futures import ThreadPoolExecutor

import pytest

from sxt.errors import ResourceError
from sxt.ui.access.cookies import COOKIE_LIFETIME_S, KEY_FILE, AccessCookie, are_equal, load_key
from tests.ui.access.conftest import KEY, TOKEN


def test_a_cookie_is_valid_for_thirty_days(clock, cookie):
    value = cookie.make()
    assert cookie.is_valid(value)
    clock.now += 30 * 24 * 3600 - 1
    assert cookie.is_valid(value)
    clock.now += 1
    assert not cookie.is_valid(value)


def test_a_cookie_does_not_hold_the_token(cookie):
    assert TOKEN not in cookie.make()


def test_another_token_or_another_key_ends_a_cookie(clock, cookie):
    value = cookie.make()
    assert not AccessCookie(KEY, "another token", clock=clock).is_valid(value)
    assert not AccessCookie(bytes(32), TOKEN, clock=clock).is_valid(value)
    assert AccessCookie(KEY, TOKEN, clock=clock).is_valid(value)


def test_a_cookie_cannot_be_given_another_time(clock, cookie):
    issued, code = cookie.make().split(".")
    assert not cookie.is_valid(f"{int(issued) + COOKIE_LIFETIME_S}.{code}")


@pytest.mark.parametrize(
    "value", [None, "", ".", "1", "1.", ".abc", "x.y", "1e5.abc", "９.abc", "9" * 40 + ".a", "1.é"]
)
def test_what_is_no_cookie_is_refused(cookie, value):
    assert not cookie.is_valid(value)


def test_workspaces_have_cookies_of_different_names():
    assert AccessCookie(KEY, TOKEN).name != AccessCookie(bytes(32), TOKEN).name


def test_the_key_is_drawn_once_and_private(tmp_path):
    folder = tmp_path / "new" / "workspace"
    key = load_key(folder)
    assert len(key) == 32
    assert load_key(folder) == key
    assert load_key(tmp_path / "other") != key
    assert stat.S_IMODE((folder / KEY_FILE).stat().st_mode) == 0o600
    assert [each.name for each in folder.iterdir()] == [KEY_FILE]


def test_servers_that_start_together_agree_on_the_key(tmp_path):
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(lambda _: load_key(tmp_path), range(16)))
    assert len(keys) == 1


def test_a_damaged_key_is_named(tmp_path):
    (tmp_path / KEY_FILE).write_bytes(b"short")
    with pytest.raises(ResourceError, match="has 5 bytes instead of 32"):
        load_key(tmp_path)


def test_secrets_are_compared_whatever_their_letters():
    assert are_equal("naïve", "naïve")
    assert not are_equal("naïve", "naive")
    assert not are_equal("", "x")
