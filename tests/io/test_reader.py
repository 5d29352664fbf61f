import hashlib
import shutil
import subprocess
import sys

import numpy as np
import pytest
import tifffile

import sxt
from sxt.errors import InputError, SettingsError
from sxt.io import hash_source, read_tomogram
from sxt.tomogram import Tomogram
from tests.io.samples import WRITERS, make_volume, write_imagej, write_ome_zarr
from tests.io.test_tiff_folder import write_slices


def test_the_package_offers_it_lazily():
    assert sxt.read_tomogram is read_tomogram
    code = "import sys, sxt; print(sorted({'numpy', 'tifffile', 'sxt.io'} & set(sys.modules)))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert loaded.stdout.strip() == "[]"


def test_the_libraries_of_other_formats_are_not_loaded():
    code = "import sys, sxt.io; print(sorted({'h5py', 'zarr', 'olefile', 'mrcfile', 'torch'} & set(sys.modules)))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert loaded.stdout.strip() == "[]"


def test_a_tomogram_knows_its_source(tmp_path):
    write_imagej(tmp_path / "cell.tif", make_volume())
    tomogram = read_tomogram(str(tmp_path / "cell.tif"), absorbing_is="bright")
    assert isinstance(tomogram, Tomogram)
    assert (tomogram.source, tomogram.name) == (tmp_path / "cell.tif", "cell.tif")
    assert tomogram.absorbing_is == "bright"
    np.testing.assert_array_equal(tomogram.read_slices(1, 3), make_volume()[1:3])


def test_the_voxel_size_of_the_user_replaces_the_files_with_a_doubt(tmp_path):
    write_imagej(tmp_path / "a.tif", make_volume())
    tomogram = read_tomogram(tmp_path / "a.tif", voxel_size_nm=(10.0, 10.0, 10.0))
    assert tomogram.voxel_size_nm == (10.0, 10.0, 10.0)
    assert tomogram.doubts == (
        "The file states voxels of 20 × 10 × 5 nm (z, y, x), but 10 × 10 × 10 nm (z, y, x) was set and is used.",
    )


def test_the_same_voxel_size_or_one_for_an_unknown_is_no_doubt(tmp_path):
    write_imagej(tmp_path / "a.tif", make_volume())
    assert read_tomogram(tmp_path / "a.tif", voxel_size_nm=(20.001, 10.0, 5.0)).doubts == ()
    np.save(tmp_path / "a.npy", make_volume())
    tomogram = read_tomogram(tmp_path / "a.npy", voxel_size_nm=(20.0, 10.0, 10.0))
    assert (tomogram.voxel_size_nm, tomogram.doubts) == ((20.0, 10.0, 10.0), ())


def test_a_voxel_size_of_zero_is_refused(tmp_path):
    with pytest.raises(SettingsError, match="three positive numbers in nm"):
        read_tomogram(tmp_path / "a.tif", voxel_size_nm=(0.0, 1.0, 1.0))


def test_nan_and_infinity_are_handed_out_as_they_are(tmp_path):
    volume = make_volume(dtype="f4")
    volume[1, 2, 3], volume[2, 0, 0] = np.nan, -np.inf
    np.save(tmp_path / "a.npy", volume)
    np.testing.assert_array_equal(read_tomogram(tmp_path / "a.npy").data[:], volume)


@pytest.mark.parametrize("name", WRITERS)
def test_every_slab_of_every_format(tmp_path, name):
    volume = make_volume((6, 4, 5))
    WRITERS[name](tmp_path / name, volume)
    tomogram = read_tomogram(tmp_path / name)
    for start in range(6):
        for stop in range(start + 1, 7):
            np.testing.assert_array_equal(tomogram.read_slices(start, stop), volume[start:stop])


def test_the_hash_of_a_file_is_its_sha256(tmp_path):
    (tmp_path / "a").write_bytes(b"abc")
    assert hash_source(tmp_path / "a") == hashlib.sha256(b"abc").hexdigest()


def test_the_hash_of_a_folder_depends_on_names_and_bytes_not_on_its_place(tmp_path):
    write_slices(tmp_path / "a", make_volume((3, 7, 9)))
    before = hash_source(tmp_path / "a")
    assert hash_source(f"{tmp_path}/a/*.tif") == before
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    assert hash_source(tmp_path / "b") == before
    (tmp_path / "b/slice_0.tif").rename(tmp_path / "b/slice_7.tif")
    assert hash_source(tmp_path / "b") != before
    tifffile.imwrite(tmp_path / "a/slice_0.tif", np.zeros((7, 9), "u1"))
    assert hash_source(tmp_path / "a") != before


def test_the_hash_of_a_zarr_covers_every_piece(tmp_path):
    write_ome_zarr(tmp_path / "a.zarr", make_volume())
    before = hash_source(tmp_path / "a.zarr")
    piece = tmp_path / "a.zarr/0/c/1/0/0"
    piece.write_bytes(piece.read_bytes() + b"x")
    assert hash_source(tmp_path / "a.zarr") != before


def test_the_hash_of_nothing_is_refused(tmp_path):
    with pytest.raises(InputError, match="does not exist"):
        hash_source(tmp_path / "a")
