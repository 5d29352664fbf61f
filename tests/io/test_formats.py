import contextlib
import gzip
import os
import socket

import numpy as np
import pytest
import tifffile

from sxt.errors import InputError
from sxt.io import read_tomogram
from tests.io.samples import WRITERS, make_volume, write_imagej, write_mrc, write_ome_zarr

NOBODY = 65534


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize("disguise", ["volume", "volume.tif", "volume.mrc", "volume.rec"])
def test_the_content_decides_not_the_extension(tmp_path, name, disguise):
    volume = make_volume()
    WRITERS[name](tmp_path / name, volume)
    (tmp_path / name).rename(tmp_path / disguise)
    np.testing.assert_array_equal(read_tomogram(tmp_path / disguise).data[:], volume)


def test_a_zarr_folder_needs_no_extension(tmp_path):
    write_ome_zarr(tmp_path / "volume.tif", make_volume())
    np.testing.assert_array_equal(read_tomogram(tmp_path / "volume.tif").data[:], make_volume())


def test_an_empty_file_is_refused(tmp_path):
    (tmp_path / "a.tif").touch()
    with pytest.raises(InputError, match=r"a\.tif is empty \(0 bytes\)"):
        read_tomogram(tmp_path / "a.tif")


@pytest.mark.parametrize("content", [b"x", b"plain text\n" * 200, bytes(5000), b"\xff" * 5000])
def test_unknown_content_names_the_formats(tmp_path, content):
    (tmp_path / "a.mrc").write_bytes(content)
    with pytest.raises(InputError, match=r"a\.mrc is of no known format .*TIFF, HDF5, NPY, Zeiss"):
        read_tomogram(tmp_path / "a.mrc")


@pytest.mark.parametrize(
    ("content", "advice"),
    [
        (gzip.compress(b"data", mtime=0), "compressed with gzip; unpack it first"),
        (b"PK\x03\x04" + bytes(100), "a ZIP or NPZ archive"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "a PNG image"),
    ],
)
def test_known_foreign_files_come_with_advice(tmp_path, content, advice):
    (tmp_path / "a").write_bytes(content)
    with pytest.raises(InputError, match=advice):
        read_tomogram(tmp_path / "a")


@pytest.mark.parametrize("name", ["no.tif", "no/where.tif", "no*.tif", "", "a\0b"])
def test_a_missing_path_is_named(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=r"does not exist|folder without TIFF slices"):
        read_tomogram(name)


def test_a_path_through_a_file_is_named(tmp_path):
    (tmp_path / "a").touch()
    with pytest.raises(InputError, match="does not exist"):
        read_tomogram(tmp_path / "a" / "b.tif")


def test_a_pipe_and_a_socket_do_not_hang(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InputError, match="neither a file nor a folder"):
        read_tomogram(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(os.path.relpath(tmp_path / "socket"))
        with pytest.raises(InputError, match="neither a file nor a folder"):
            read_tomogram(tmp_path / "socket")


def test_a_glob_that_matches_folders_is_refused(tmp_path):
    for name in ("a1", "a2"):
        (tmp_path / name).mkdir()
    with pytest.raises(InputError, match="matches folders"):
        read_tomogram(tmp_path / "a*")


@contextlib.contextmanager
def without_root_rights(tmp_path):
    """Root may read everything, so act as nobody; the folders above stay passable."""
    if os.getuid() != 0:
        yield
        return
    for folder in (tmp_path, tmp_path.parent, tmp_path.parent.parent):
        folder.chmod(0o755)
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.mark.parametrize("kind", ["file", "folder", "slice", "zarr"])
def test_missing_permission_is_named(tmp_path, kind):
    path = tmp_path / "a"
    if kind == "file":
        write_imagej(path, make_volume())
        locked = path
    elif kind == "zarr":
        write_ome_zarr(path, make_volume())
        locked = path / "zarr.json"
    else:
        path.mkdir()
        tifffile.imwrite(path / "1.tif", np.zeros((7, 9), "u1"))
        locked = path if kind == "folder" else path / "1.tif"
    locked.chmod(0)
    with (
        without_root_rights(tmp_path),
        pytest.raises(InputError, match=r"No permission to read .*ask its owner"),
    ):
        read_tomogram(path)
    locked.chmod(0o755)


def test_mrc_is_recognised_after_everything_with_a_mark(tmp_path):
    write_mrc(tmp_path / "a", make_volume(dtype="f4"))
    assert read_tomogram(tmp_path / "a").format_name == "MRC"
