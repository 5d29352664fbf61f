import os
import shutil
import threading
from collections import namedtuple

import pytest

from sxt.errors import InputError, ResourceError
from sxt.io import read_tomogram
from sxt.ui.upload import OffsetError, TooLargeError, UploadFile, UploadStore
from sxt.ui.upload.store import MAX_FILES
from sxt.ui.upload.upload import safe_name

DiskUsage = namedtuple("DiskUsage", "total used free")


@pytest.fixture
def store(tmp_path):
    return UploadStore(tmp_path / "uploads", limit_bytes=1000)


def begin(store, *sizes, name="cell.mrc", names=None, is_folder=False):
    names = names or [name if len(sizes) == 1 else f"slice{k}.tif" for k in range(len(sizes))]
    files = [UploadFile(name=each, size=size) for each, size in zip(names, sizes, strict=True)]
    return store.begin(name, files, is_folder=is_folder or len(sizes) > 1, by="ada")


def test_a_file_sent_in_pieces_is_whole(store):
    upload = begin(store, 10)
    assert store.append(upload.id, 0, 0, b"0123") == 4
    assert store.state(upload.id).received == (4,)
    assert not store.state(upload.id).is_complete
    assert store.append(upload.id, 0, 4, b"456789") == 10
    assert store.state(upload.id).is_complete
    assert store.source_path(upload.id).read_bytes() == b"0123456789"
    assert (upload.created_by, upload.size) == ("ada", 10)


def test_an_unfinished_upload_has_no_file_under_a_final_name(store):
    upload = begin(store, 10)
    store.append(upload.id, 0, 0, b"012345678")
    with pytest.raises(InputError, match=r"lacks 1 of its 10 bytes; finish the upload\."):
        store.source_path(upload.id)
    names = {path.name for path in store.root.rglob("*") if path.is_file()}
    assert names == {"upload.json", ".000000.partial"}


def test_a_piece_at_the_wrong_place_says_the_right_one(store):
    upload = begin(store, 10)
    store.append(upload.id, 0, 0, b"0123")
    for offset in (0, 3, 5, 9):
        with pytest.raises(OffsetError, match=r"The next byte of cell\.mrc is 4") as refused:
            store.append(upload.id, 0, offset, b"x")
        assert refused.value.received == 4
    assert store.state(upload.id).received == (4,)


def test_nothing_can_be_appended_to_a_whole_file(store):
    upload = begin(store, 4)
    store.append(upload.id, 0, 0, b"0123")
    with pytest.raises(OffsetError):
        store.append(upload.id, 0, 0, b"9999")
    with pytest.raises(TooLargeError):
        store.append(upload.id, 0, 4, b"9")
    assert store.append(upload.id, 0, 4, b"") == 4
    assert store.source_path(upload.id).read_bytes() == b"0123"


def test_more_bytes_than_announced_are_refused_before_they_are_written(store):
    upload = begin(store, 4)
    with pytest.raises(TooLargeError, match="announced with 4 bytes"):
        store.append(upload.id, 0, 0, b"01234")
    assert store.state(upload.id).received == (0,)


def test_of_two_connections_one_writes_each_byte(store):
    upload = begin(store, 900)
    outcomes = []
    start = threading.Barrier(2)

    def send(letter):
        start.wait()
        for offset in range(0, 900, 100):
            try:
                outcomes.append(store.append(upload.id, 0, offset, letter * 100))
            except OffsetError as error:
                outcomes.append(error)

    senders = [threading.Thread(target=send, args=(letter,)) for letter in (b"a", b"b")]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    received = store.state(upload.id).received[0]
    written = sorted(each for each in outcomes if isinstance(each, int))
    assert written == list(range(100, received + 1, 100))


def test_a_new_store_goes_on_with_what_is_there(store):
    upload = begin(store, 6)
    store.append(upload.id, 0, 0, b"012")
    again = UploadStore(store.root)
    assert again.state(upload.id).received == (3,)
    again.append(upload.id, 0, 3, b"345")
    assert again.source_path(upload.id).read_bytes() == b"012345"


def test_an_upload_above_the_limit_is_refused_at_the_start(store):
    with pytest.raises(TooLargeError, match=r"limited to 0\.00 GB"):
        begin(store, 1001)
    assert list(store.root.glob("*")) == []


def test_an_upload_that_does_not_fit_is_refused_at_the_start(tmp_path, monkeypatch):
    store = UploadStore(tmp_path, limit_bytes=10**12)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: DiskUsage(10**12, 0, 30 * 10**9))
    first = begin(store, 10 * 10**9)
    with pytest.raises(
        ResourceError, match=r"cell\.mrc with the copy that is made of it needs up to 32\.00 GB"
    ):
        begin(store, 6 * 10**9)
    store.remove(first.id)
    begin(store, 6 * 10**9)


def test_a_full_disk_is_named_and_what_was_written_stays(store, monkeypatch):
    upload = begin(store, 10)
    store.append(upload.id, 0, 0, b"012")

    def refuse(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("sxt.ui.upload.store._write", lambda *_, **__: refuse())
        with pytest.raises(ResourceError, match="No space left on device"):
            store.append(upload.id, 0, 3, b"345")
    assert store.state(upload.id).received == (3,)


@pytest.mark.parametrize(
    "upload_id", ["", "..", "../x", "x" * 32, "A" * 32, "a" * 31, "a" * 33, "a" * 32 + "\n", "/etc/passwd"]
)
def test_an_id_that_was_not_drawn_here_is_unknown(store, upload_id):
    begin(store, 4)
    for ask in (store.state, store.source_path):
        with pytest.raises(InputError, match="There is no upload"):
            ask(upload_id)
    with pytest.raises(InputError, match="There is no upload"):
        store.append(upload_id, 0, 0, b"x")
    store.remove(upload_id)
    assert len(store.list_states()) == 1


@pytest.mark.parametrize("index", [-1, 1, 10**9])
def test_a_file_that_was_not_announced_is_unknown(store, index):
    upload = begin(store, 4)
    with pytest.raises(InputError, match="has 1 files"):
        store.append(upload.id, index, 0, b"x")


def test_ids_are_drawn(store):
    ids = {begin(store, 1).id for _ in range(20)}
    assert len(ids) == 20
    assert all(len(each) == 32 for each in ids)


@pytest.mark.parametrize(
    ("name", "stored"),
    [
        ("cell 7.mrc", "cell_7.mrc"),
        ("../../etc/passwd", "passwd"),
        ("..\\..\\windows\\x.tif", "x.tif"),
        ("/", "volume"),
        ("..", "volume"),
        (".bashrc", "bashrc"),
        ("_.mrc", "volume.mrc"),
        ("-rf", "rf"),
        ("小林.tif", "volume.tif"),
        ("小林", "volume"),
        ("...", "volume"),
        ("Zelle_ä_tilt.mrc", "Zelle___tilt.mrc"),
        ("a\0b\nc.tif", "a_b_c.tif"),
        ("x" * 300 + ".tif", "x" * 116 + ".tif"),
    ],
)
def test_names_are_kept_as_text_and_stored_as_plain_letters(store, name, stored):
    assert safe_name(name) == stored
    upload = begin(store, 1, name=name)
    store.append(upload.id, 0, 0, b"x")
    path = store.source_path(upload.id)
    assert path.is_relative_to(store.root / upload.id)
    assert path.read_bytes() == b"x"
    assert upload.files[0].name == name


def test_a_folder_of_slices_keeps_its_order_and_its_numbers(store):
    names = ["ä slice10.tif", "ä slice9.tif", "ö slice1.tif"]
    upload = begin(store, 3, 2, 1, names=names, name="a folder/..")
    assert [each.name for each in upload.files] == ["ä slice9.tif", "ä slice10.tif", "ö slice1.tif"]
    for index, file in enumerate(upload.files):
        store.append(upload.id, index, 0, b"x" * file.size)
    folder = store.source_path(upload.id)
    assert sorted(path.name for path in folder.iterdir()) == [
        "000000_slice9.tif",
        "000001_slice10.tif",
        "000002_slice1.tif",
    ]
    assert folder.parent == store.root / upload.id / "content"


def test_an_uploaded_folder_is_read_as_a_volume(store, tmp_path):
    import numpy as np
    import tifffile

    volume = np.arange(3 * 4 * 5, dtype="uint8").reshape(3, 4, 5)
    files = {}
    for z, image in enumerate(volume):
        tifffile.imwrite(tmp_path / "slice.tif", image)
        files[f"slice{z + 8}.tif"] = (tmp_path / "slice.tif").read_bytes()
    store = UploadStore(tmp_path / "uploads")
    upload = begin(store, *(len(data) for data in files.values()), names=list(files), name="stack")
    for index, file in enumerate(upload.files):
        store.append(upload.id, index, 0, files[file.name])
    np.testing.assert_array_equal(read_tomogram(store.source_path(upload.id)).data[0:3], volume)


def test_a_folder_with_a_missing_slice_is_not_complete(store):
    upload = begin(store, 1, 1)
    store.append(upload.id, 1, 0, b"x")
    assert store.state(upload.id).received == (0, 1)
    assert not store.state(upload.id).is_complete


@pytest.mark.parametrize(
    ("names", "sentence"),
    [([], "has no files"), (["a.tif", "a.tif"], "two files of the same name")],
)
def test_a_folder_that_makes_no_sense_is_refused(store, names, sentence):
    with pytest.raises(InputError, match=sentence):
        begin(store, *(1 for _ in names), names=names or None, name="stack", is_folder=True)


def test_two_files_are_no_single_file_and_a_folder_has_its_limit(store):
    files = [UploadFile(name=f"{k}.tif", size=1) for k in range(MAX_FILES + 1)]
    with pytest.raises(InputError, match="has 2 files"):
        store.begin("x", files[:2], is_folder=False, by="ada")
    with pytest.raises(InputError, match="up to 20000 slices"):
        store.begin("x", files, is_folder=True, by="ada")


def test_uploads_left_for_a_day_are_removed(tmp_path):
    now = [0.0]
    store = UploadStore(tmp_path / "uploads", clock=lambda: now[0])
    old, fresh, whole = (begin(store, 4, name=f"{name}.mrc") for name in ("old", "fresh", "whole"))
    store.append(whole.id, 0, 0, b"0123")
    written = max(path.stat().st_mtime for path in store.root.rglob("*"))
    now[0] = written + 24 * 3600 - 1
    assert store.remove_abandoned() == []
    now[0] = written + 24 * 3600 + 1
    store.append(fresh.id, 0, 0, b"0")
    os.utime(next((store.root / fresh.id).rglob(".000000.partial")), (now[0], now[0]))
    assert store.remove_abandoned() == [old.id]
    assert {state.upload.id for state in store.list_states()} == {fresh.id, whole.id}


def test_a_removed_upload_is_gone(store):
    upload = begin(store, 4)
    store.append(upload.id, 0, 0, b"01")
    store.remove(upload.id)
    store.remove(upload.id)
    assert list(store.root.iterdir()) == []
    with pytest.raises(InputError):
        store.append(upload.id, 0, 2, b"23")


def test_an_upload_that_others_removed_is_gone_too(store):
    upload = begin(store, 4)
    store.append(upload.id, 0, 0, b"01")
    shutil.rmtree(store.root / upload.id)
    for ask in (store.state, store.source_path):
        with pytest.raises(InputError, match="There is no upload"):
            ask(upload.id)


def test_a_damaged_upload_is_named_and_left_out_of_lists(store):
    upload, sound = begin(store, 4), begin(store, 5)
    (store.root / upload.id / "upload.json").write_text("{")
    again = UploadStore(store.root)
    with pytest.raises(InputError, match="is damaged; delete the upload"):
        again.state(upload.id)
    assert [state.upload.id for state in again.list_states()] == [sound.id]
