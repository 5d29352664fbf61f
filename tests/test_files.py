import hashlib

import pytest

from sxt.files import HASH_BLOCK_BYTES, atomic_path, sha256_of_file, write_text_atomically


def names_in(folder):
    return sorted(each.name for each in folder.iterdir())


def test_a_file_appears_only_at_the_end_of_the_block(tmp_path):
    final = tmp_path / "deep/mask.tif"
    with atomic_path(final) as temporary:
        temporary.write_bytes(b"voxels")
        assert not final.exists()
        assert temporary.parent == final.parent
        assert temporary.suffix == ".tif"
    assert final.read_bytes() == b"voxels"
    assert names_in(final.parent) == ["mask.tif"]


def test_an_error_leaves_the_old_file_and_no_other(tmp_path):
    final = tmp_path / "mask.tif"
    final.write_bytes(b"old")

    def write_half():
        with atomic_path(final) as temporary:
            temporary.write_bytes(b"new")
            raise RuntimeError("half way")

    with pytest.raises(RuntimeError, match="half way"):
        write_half()
    assert final.read_bytes() == b"old"
    assert names_in(tmp_path) == ["mask.tif"]


def test_an_error_removes_a_half_written_folder(tmp_path):
    def write_half():
        with atomic_path(tmp_path / "volume.zarr") as temporary:
            (temporary / "0").mkdir(parents=True)
            (temporary / "0/c").write_bytes(b"1")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_half()
    assert names_in(tmp_path) == []


def test_an_existing_file_is_replaced(tmp_path):
    final = tmp_path / "table.csv"
    final.write_text("old")
    with atomic_path(final) as temporary:
        temporary.write_text("new")
    assert final.read_text() == "new"


def test_an_existing_folder_is_replaced_as_a_whole(tmp_path):
    final = tmp_path / "volume.zarr"
    final.mkdir()
    (final / "old").write_text("1")
    with atomic_path(final) as temporary:
        temporary.mkdir()
        (temporary / "new").write_text("2")
    assert names_in(final) == ["new"]
    assert names_in(tmp_path) == ["volume.zarr"]


def test_a_link_to_a_folder_is_replaced_and_the_folder_kept(tmp_path):
    target = tmp_path / "target"
    target.mkdir()
    (target / "kept").write_text("1")
    link = tmp_path / "link"
    link.symlink_to(target)
    with atomic_path(link) as temporary:
        temporary.write_text("file")
    assert link.read_text() == "file"
    assert not link.is_symlink()
    assert names_in(target) == ["kept"]


def test_a_block_that_writes_nothing_is_an_error_and_keeps_the_old_file(tmp_path):
    final = tmp_path / "mask.tif"
    final.write_bytes(b"old")
    with pytest.raises(FileNotFoundError), atomic_path(final):
        pass
    assert final.read_bytes() == b"old"


def test_two_writers_of_one_file_do_not_share_a_temporary_path(tmp_path):
    with atomic_path(tmp_path / "a") as first, atomic_path(tmp_path / "a") as second:
        assert first != second
        first.write_text("1")
        second.write_text("2")
    assert (tmp_path / "a").read_text() == "1"


def test_text_is_written_as_utf8(tmp_path):
    write_text_atomically(tmp_path / "card.md", "0.482 µm³\n")
    assert (tmp_path / "card.md").read_bytes() == b"0.482 \xc2\xb5m\xc2\xb3\n"


def test_the_hash_is_that_of_the_bytes(tmp_path):
    path = tmp_path / "abc"
    path.write_bytes(b"abc")
    assert sha256_of_file(path) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_a_file_longer_than_one_block_is_hashed_whole(tmp_path):
    data = b"x" * (HASH_BLOCK_BYTES + 1)
    (tmp_path / "long").write_bytes(data)
    assert sha256_of_file(tmp_path / "long") == hashlib.sha256(data).hexdigest()
