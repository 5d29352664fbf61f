import os

import pytest

from sxt.errors import InputError
from sxt.ui.upload import list_data_folder, resolve_data_path


@pytest.fixture
def tree(tmp_path):
    """Two data folders, and something beside them that is none of a browser's business."""
    for name in ("data/run2", "data/run10", "data/cell.zarr", "more", "secret"):
        (tmp_path / name).mkdir(parents=True)
    for name in (
        "data/slice10.tif",
        "data/slice9.tif",
        "data/.hidden",
        "data/run2/a.mrc",
        "secret/key",
        "more/b.mrc",
    ):
        (tmp_path / name).write_bytes(b"12345")
    (tmp_path / "data/cell.zarr/zarr.json").write_text("{}")
    return tmp_path


@pytest.fixture
def roots(tree):
    return (tree / "data", tree / "more")


def test_without_a_path_the_data_folders_are_listed(tree, roots):
    listing = list_data_folder(None, roots=(*roots, tree / "absent"))
    assert [(each.name, each.kind) for each in listing.entries] == [("data", "folder"), ("more", "folder")]
    assert (listing.path, listing.parent) == (None, None)


def test_a_folder_lists_folders_first_in_natural_order(tree, roots):
    listing = list_data_folder(str(tree / "data"), roots=roots)
    assert [(each.name, each.kind, each.size_bytes) for each in listing.entries] == [
        ("run2", "folder", None),
        ("run10", "folder", None),
        ("cell.zarr", "zarr", None),
        ("slice9.tif", "file", 5),
        ("slice10.tif", "file", 5),
    ]
    assert listing.parent is None


def test_a_folder_below_leads_back_up(tree, roots):
    assert list_data_folder(tree / "data/run2", roots=roots).parent == tree / "data"


@pytest.mark.parametrize(
    "path",
    [
        "{tree}",
        "{tree}/secret",
        "{tree}/secret/key",
        "{tree}/data/../secret",
        "{tree}/data/run2/../../secret/key",
        "{tree}/data/../../../../../etc/passwd",
        "{tree}/database",
        "{tree}/data/absent",
        "/etc",
        "/",
        "",
        ".",
        "..",
        "data",
        "../data",
        "~",
        "{tree}/data\0/x",
        "/" + "x" * 5000,
    ],
)
def test_nothing_outside_is_reached_and_nothing_is_said_of_it(tree, roots, path):
    (tree / "database").mkdir()
    given = path.format(tree=tree)
    for ask in (list_data_folder, resolve_data_path):
        with pytest.raises(InputError, match="is not in a data folder of the server"):
            ask(given, roots=roots)


def test_links_that_lead_outside_are_neither_listed_nor_followed(tree, roots):
    (tree / "data/way_out").symlink_to(tree / "secret")
    (tree / "data/key").symlink_to(tree / "secret/key")
    (tree / "data/loop").symlink_to(tree / "data/loop")
    (tree / "data/gone").symlink_to(tree / "data/absent")
    names = {each.name for each in list_data_folder(tree / "data", roots=roots).entries}
    assert names == {"run2", "run10", "cell.zarr", "slice9.tif", "slice10.tif"}
    for name in ("way_out", "way_out/key", "key", "loop", "gone"):
        with pytest.raises(InputError, match="is not in a data folder"):
            resolve_data_path(tree / "data" / name, roots=roots)


def test_links_that_stay_inside_lead_to_where_they_point(tree, roots):
    (tree / "data/link.mrc").symlink_to(tree / "more/b.mrc")
    entries = {each.name: each for each in list_data_folder(tree / "data", roots=roots).entries}
    assert entries["link.mrc"].path == tree / "more/b.mrc"
    assert resolve_data_path(tree / "data/link.mrc", roots=roots) == tree / "more/b.mrc"


def test_a_data_folder_may_itself_be_a_link(tree):
    (tree / "link").symlink_to(tree / "data")
    listing = list_data_folder(tree / "link", roots=(tree / "link",))
    assert listing.path == tree / "data"
    assert len(listing.entries) == 5


def test_pipes_and_sockets_are_left_out(tree, roots):
    os.mkfifo(tree / "data/pipe")
    assert "pipe" not in {each.name for each in list_data_folder(tree / "data", roots=roots).entries}


def test_a_file_is_no_folder(tree, roots):
    with pytest.raises(InputError, match=r"slice9\.tif is no folder"):
        list_data_folder(tree / "data/slice9.tif", roots=roots)


def test_without_data_folders_there_is_nothing(tree):
    assert list_data_folder(None, roots=()).entries == ()
    with pytest.raises(InputError):
        resolve_data_path(tree / "data", roots=())


def test_a_folder_with_very_many_files_says_what_it_left_out(tree, roots, monkeypatch):
    monkeypatch.setattr("sxt.ui.upload.data_folders.MAX_ENTRIES", 3)
    listing = list_data_folder(tree / "data", roots=roots)
    assert (len(listing.entries), listing.n_left_out) == (3, 2)
