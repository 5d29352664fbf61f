from datetime import UTC, datetime, timedelta

import pytest

from sxt.errors import InputError, SettingsError
from sxt.workspace import Camera, SceneView
from sxt.workspace.activity import ActivityLog
from sxt.workspace.locks import PathLock
from sxt.workspace.shares import ShareBook

NOW = datetime(2026, 1, 31, tzinfo=UTC)
SURFACE, SEGMENTATION = "aaaaaaaaaa", "bbbbbbbbbb"


@pytest.fixture
def gone():
    return set()


@pytest.fixture
def log(tmp_path):
    return ActivityLog(tmp_path / "activity.jsonl", lock=lambda: PathLock(tmp_path / "lock"))


@pytest.fixture
def book(tmp_path, gone, log):
    (tmp_path / "shares").mkdir()
    return ShareBook(
        tmp_path / "shares",
        lock=lambda: PathLock(tmp_path / "lock"),
        is_there=lambda share: not gone & {share.surface_id, share.segmentation_id},
        activity=log,
    )


def share(book, **changes):
    return book.create(**{"title": "Cell", "by": "ada", "surface_id": SURFACE, "now": NOW, **changes})


def test_a_link_shows_what_was_shared(book):
    camera = Camera(position=(1, 2, 3), focal_point=(0, 0, 0), view_up=(0, 0, 1))
    view = SceneView(camera=camera, colour_by="sphericity", visible=(2, 5))
    made = share(book, note="look at the droplets", view=view, segmentation_id=SEGMENTATION)
    found = book.look_up(made.token, now=NOW + timedelta(days=29))
    assert found == made
    assert (found.title, found.note, found.view) == ("Cell", "look at the droplets", view)
    assert found.expires_at == NOW + timedelta(days=30)
    assert len(made.token) == 32


def test_unknown_expired_revoked_and_emptied_links_look_the_same(book, gone):
    expired, revoked, emptied = share(book), share(book), share(book, surface_id="cccccccccc")
    book.revoke(revoked.token, by="ada", now=NOW)
    gone.add("cccccccccc")
    at_end = NOW + timedelta(days=30)
    assert book.look_up(expired.token, now=at_end - timedelta(seconds=1)) is not None
    for token, now in (
        (expired.token, at_end),
        (revoked.token, NOW),
        (emptied.token, NOW),
        ("A" * 32, NOW),
        ("../" + expired.token, NOW),
        ("", NOW),
        (None, NOW),
    ):
        assert book.look_up(token, now=now) is None


def test_revoking_twice_keeps_the_first_date(book, log):
    made = share(book)
    book.revoke(made.token, by="ada", now=NOW)
    again = book.revoke(made.token, by="eve", now=NOW + timedelta(days=1))
    assert again.revoked_at == NOW
    assert [(each.who, each.action) for each in log.read()] == [("ada", "revoked"), ("ada", "shared")]
    assert made.token not in (log._path).read_text()
    with pytest.raises(InputError, match="no such share"):
        book.revoke("A" * 32, by="ada")


def test_shares_are_listed_newest_first_and_by_person(book):
    first = share(book)
    second = share(book, by="bob", now=NOW + timedelta(hours=1))
    assert book.list() == [second, first]
    assert book.list(by="ada") == [first]


@pytest.mark.parametrize(
    "changes",
    [
        {"surface_id": None},
        {"title": "  "},
        {"title": "x" * 201},
        {"note": "x" * 10_001},
        {"surface_id": "../../x"},
        {"expires_after": timedelta(days=10**9 - 1)},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_a_share_that_makes_no_sense_is_refused(book, changes):
    with pytest.raises(SettingsError, match="A share needs something to show"):
        share(book, **changes)
    assert book.list() == []


def test_a_share_of_nothing_and_one_that_is_over_at_once_are_refused(book, gone):
    gone.add(SURFACE)
    with pytest.raises(InputError, match="not there"):
        share(book)
    with pytest.raises(SettingsError, match="of no use"):
        share(book, expires_after=timedelta(0))
