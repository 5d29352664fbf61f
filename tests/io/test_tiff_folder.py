from pathlib import Path

import numpy as np
import pytest
import tifffile

from sxt.errors import InputError
from sxt.io import read_tomogram
from sxt.io.tiff_folder import natural_key
from tests.io.samples import make_volume


def write_slices(folder: Path, volume: np.ndarray, name="slice_{}.tif", **options) -> None:
    folder.mkdir(exist_ok=True)
    for index, image in enumerate(volume):
        tifffile.imwrite(folder / name.format(index), image, **options)


def test_names_sort_by_their_numbers():
    names = ["b1.tif", "a10.tif", "a9.tif", "A2b3.tif", "a2b10.tif", "a.tif"]
    ordered = [path.name for path in sorted(map(Path, names), key=natural_key)]
    assert ordered == ["A2b3.tif", "a2b10.tif", "a9.tif", "a10.tif", "a.tif", "b1.tif"]


@pytest.mark.parametrize("options", [{}, {"compression": "zlib"}], ids=str)
def test_a_folder_of_slices_in_natural_order(tmp_path, options):
    volume = make_volume((12, 7, 9), "u2")
    write_slices(tmp_path / "slices", volume, **options)
    tomogram = read_tomogram(tmp_path / "slices")
    assert (tomogram.format_name, tomogram.shape) == ("TIFF slices", (12, 7, 9))
    np.testing.assert_array_equal(tomogram.data[:], volume)
    np.testing.assert_array_equal(tomogram.data[9:11], volume[9:11])


def test_a_glob_takes_what_it_matches(tmp_path):
    write_slices(tmp_path, make_volume((3, 7, 9)), "raw_{}.tif")
    write_slices(tmp_path, make_volume((4, 5, 6), seed=1), "mask_{}.tif")
    tomogram = read_tomogram(f"{tmp_path}/raw_*.tif")
    np.testing.assert_array_equal(tomogram.data[:], make_volume((3, 7, 9)))


def test_a_glob_is_relative_to_the_working_folder(tmp_path, monkeypatch):
    write_slices(tmp_path, make_volume((3, 7, 9)))
    monkeypatch.chdir(tmp_path)
    assert read_tomogram("slice_?.tif").shape == (3, 7, 9)


def test_a_file_whose_name_looks_like_a_glob_is_read_as_it_is(tmp_path):
    tifffile.imwrite(tmp_path / "cell[1].tif", make_volume())
    assert read_tomogram(tmp_path / "cell[1].tif").shape == (5, 7, 9)


def test_a_glob_with_one_match_is_that_file(tmp_path):
    tifffile.imwrite(tmp_path / "only.tif", make_volume())
    assert read_tomogram(tmp_path / "*.tif").format_name == "TIFF"


def test_the_odd_slice_is_named_even_when_it_is_the_first(tmp_path):
    write_slices(tmp_path, make_volume((4, 7, 9)))
    tifffile.imwrite(tmp_path / "slice_0.tif", np.zeros((8, 9), "u1"))
    with pytest.raises(
        InputError, match=r"slice_0\.tif is \(8, 9\) uint8 while the other slices are \(7, 9\) uint8"
    ):
        read_tomogram(tmp_path)


def test_a_slice_of_another_dtype_is_named(tmp_path):
    write_slices(tmp_path, make_volume((4, 7, 9)))
    tifffile.imwrite(tmp_path / "slice_2.tif", np.zeros((7, 9), "u2"))
    with pytest.raises(InputError, match=r"slice_2\.tif is \(7, 9\) uint16"):
        read_tomogram(tmp_path)


def test_a_stack_among_the_slices_is_named(tmp_path):
    write_slices(tmp_path, make_volume((4, 7, 9)))
    tifffile.imwrite(tmp_path / "stack.tif", make_volume())
    with pytest.raises(InputError, match=r"stack\.tif holds 5 slices, but each file .* must hold one"):
        read_tomogram(tmp_path)


def test_a_colour_slice_is_named(tmp_path):
    write_slices(tmp_path, make_volume((2, 7, 9)))
    tifffile.imwrite(tmp_path / "slice_3.tif", np.zeros((7, 9, 3), "u1"), photometric="rgb")
    with pytest.raises(InputError, match=r"slice_3\.tif is an RGB image"):
        read_tomogram(tmp_path)


def test_another_file_in_a_glob_is_named_but_in_a_folder_left_out(tmp_path):
    write_slices(tmp_path, make_volume((3, 7, 9)))
    (tmp_path / "notes.txt").write_text("hello")
    (tmp_path / ".DS_Store").write_text("hidden")
    tomogram = read_tomogram(tmp_path)
    assert tomogram.shape == (3, 7, 9)
    assert "Left out 1 of the folder's files, which are no TIFF." in tomogram.doubts
    with pytest.raises(InputError, match=r"notes\.txt is no TIFF file"):
        read_tomogram(tmp_path / "*")


def test_a_gap_in_the_numbers_is_a_doubt(tmp_path):
    write_slices(tmp_path, make_volume((6, 7, 9)))
    (tmp_path / "slice_3.tif").unlink()
    doubts = read_tomogram(tmp_path).doubts
    assert any("from slice_2.tif to slice_4.tif; some may be missing" in doubt for doubt in doubts)


def test_even_steps_are_no_doubt(tmp_path):
    write_slices(tmp_path, make_volume((6, 7, 9)))
    for index in (1, 3, 5):
        (tmp_path / f"slice_{index}.tif").unlink()
    assert len(read_tomogram(tmp_path).doubts) == 1


def test_a_truncated_slice_is_named(tmp_path):
    write_slices(tmp_path, make_volume((3, 7, 9)))
    content = (tmp_path / "slice_1.tif").read_bytes()
    (tmp_path / "slice_1.tif").write_bytes(content[: len(content) // 2])
    with pytest.raises(InputError, match=r"slice_1\.tif"):
        read_tomogram(tmp_path)


def test_a_slice_lost_after_opening_is_named(tmp_path):
    write_slices(tmp_path, make_volume((3, 7, 9)))
    tomogram = read_tomogram(tmp_path)
    (tmp_path / "slice_1.tif").unlink()
    assert tomogram.data[0:1].shape == (1, 7, 9)
    with pytest.raises(InputError, match=r"slice_1\.tif does not exist"):
        tomogram.data[:]


def test_an_empty_folder_is_refused(tmp_path):
    with pytest.raises(InputError, match="folder without TIFF slices and not a Zarr array"):
        read_tomogram(tmp_path)


def test_a_dataset_of_slices_is_refused(tmp_path):
    write_slices(tmp_path, make_volume((3, 7, 9)))
    with pytest.raises(InputError, match="stack of single slices, so there is no dataset 'raw'"):
        read_tomogram(tmp_path, dataset="raw")


def test_the_pixel_size_of_imagej_slices_serves_for_z_too(tmp_path):
    write_slices(
        tmp_path, make_volume((3, 7, 9)), imagej=True, resolution=(0.1, 0.1), metadata={"unit": "nm"}
    )
    tomogram = read_tomogram(tmp_path)
    assert tomogram.voxel_size_nm == (10.0, 10.0, 10.0)
    assert any("no slice spacing" in doubt for doubt in tomogram.doubts)
