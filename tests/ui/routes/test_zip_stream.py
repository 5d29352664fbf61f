import io
import itertools
import os
import zipfile

import pytest

from sxt.ui.routes.zip_stream import BLOCK_BYTES, stream_zip


def test_every_file_below_comes_under_one_folder(tmp_path):
    (tmp_path / "a/b").mkdir(parents=True)
    (tmp_path / "a/b/c").write_bytes(b"123")
    (tmp_path / "empty").write_bytes(b"")
    (tmp_path / "link").symlink_to("/etc/passwd")
    packed = b"".join(stream_zip(tmp_path, top_name="volume.zarr"))
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        assert archive.namelist() == ["volume.zarr/a/b/c", "volume.zarr/empty"]
        assert archive.read("volume.zarr/a/b/c") == b"123"


def test_an_archive_is_never_held_whole(tmp_path):
    with (tmp_path / "large").open("wb") as stream:
        stream.truncate(20 * BLOCK_BYTES)
    pieces = stream_zip(tmp_path, top_name="x")
    assert max(len(piece) for piece in pieces) <= BLOCK_BYTES + 1000


def test_a_file_beyond_four_gigabytes_is_announced_as_such(tmp_path):
    with (tmp_path / "huge").open("wb") as stream:
        stream.truncate(5 << 30)
    first = next(stream_zip(tmp_path, top_name="x"))
    assert first[4:6] == (45).to_bytes(2, "little")  # the version that knows 64-bit sizes


def test_files_without_a_date_that_zip_knows_are_packed(tmp_path):
    (tmp_path / "old").write_text("x")
    os.utime(tmp_path / "old", (0, 0))
    with zipfile.ZipFile(io.BytesIO(b"".join(stream_zip(tmp_path, top_name="x")))) as archive:
        assert archive.infolist()[0].date_time == (1980, 1, 1, 0, 0, 0)


def test_a_file_that_vanishes_breaks_the_archive_off(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).write_bytes(bytes(2 * BLOCK_BYTES))
    pieces = stream_zip(tmp_path, top_name="x")
    begun = list(itertools.islice(pieces, 2))
    (tmp_path / "b").unlink()
    assert begun
    with pytest.raises(FileNotFoundError):
        list(pieces)
