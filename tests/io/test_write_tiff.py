import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
import tifffile

from sxt.io import open_volume_writer, read_tomogram, write_tiff
from tests.io.samples import make_volume


def write(path, volume, voxel_size_nm=(20.0, 9.8, 13.37), **options):
    with open_volume_writer(
        path, shape=volume.shape, dtype=volume.dtype, voxel_size_nm=voxel_size_nm, **options
    ) as writer:
        writer.write(volume)


@pytest.mark.parametrize("is_compressed", [False, True])
@pytest.mark.parametrize("dtype", ["u1", "u2", "f4"])
def test_imagejs_description_and_resolution(tmp_path, dtype, is_compressed):
    volume = make_volume(dtype=dtype)
    write(tmp_path / "a.tif", volume, is_compressed=is_compressed)
    with tifffile.TiffFile(tmp_path / "a.tif") as tif:
        assert not tif.is_bigtiff
        assert tif.series[0].axes == "ZYX"
        described = {"images": 5, "slices": 5, "unit": "nm", "spacing": 20.0, "loop": False}
        assert described.items() <= tif.imagej_metadata.items()
        first = tif.pages.first
        assert first.tags["XResolution"].value == (100, 1337)
        assert first.tags["YResolution"].value == (5, 49)
        assert first.tags["ResolutionUnit"].value == 1
        assert first.compression == (8 if is_compressed else 1)
        assert len(tif.pages) == 5
        np.testing.assert_array_equal(tif.asarray(), volume)


def test_the_slices_of_an_uncompressed_stack_are_one_run(tmp_path):
    """ImageJ reads ``images`` slices from the first one's offset on and ignores the further pages."""
    volume = make_volume((4, 7, 9), "u2")
    write(tmp_path / "a.tif", volume)
    with tifffile.TiffFile(tmp_path / "a.tif") as tif:
        offset = tif.pages.first.dataoffsets[0]
    stored = np.fromfile(tmp_path / "a.tif", "<u2", volume.size, offset=offset)
    np.testing.assert_array_equal(stored.reshape(volume.shape), volume)


def test_no_time_stamp_and_no_program_version_is_written(tmp_path):
    write(tmp_path / "a.tif", make_volume())
    with tifffile.TiffFile(tmp_path / "a.tif") as tif:
        assert not {"DateTime", "Software"} & {tag.name for tag in tif.pages.first.tags}


def test_a_single_slice_comes_back_as_a_volume(tmp_path):
    write(tmp_path / "a.tif", make_volume((1, 7, 9)))
    tomogram = read_tomogram(tmp_path / "a.tif")
    assert (tomogram.shape, tomogram.voxel_size_nm) == ((1, 7, 9), (20.0, 9.8, 13.37))


@pytest.mark.parametrize("n_slices", [3, 4])
def test_three_or_four_slices_are_not_taken_for_colours(tmp_path, n_slices):
    write(tmp_path / "a.tif", make_volume((n_slices, 7, 9)))
    assert read_tomogram(tmp_path / "a.tif").shape == (n_slices, 7, 9)


@pytest.mark.parametrize("is_compressed", [False, True])
@pytest.mark.parametrize("dtype", ["u1", "f4"])
def test_beyond_four_gigabytes_it_is_big_tiff_with_ome_xml(tmp_path, monkeypatch, dtype, is_compressed):
    monkeypatch.setattr(write_tiff, "CLASSIC_LIMIT_BYTES", 1000)
    volume = make_volume((6, 7, 9), dtype)
    write(tmp_path / "a.tif", volume, is_compressed=is_compressed)
    with tifffile.TiffFile(tmp_path / "a.tif") as tif:
        assert tif.is_bigtiff
        assert tif.is_ome
        assert (tif.series[0].axes, len(tif.pages)) == ("ZYX", 6)
        pixels = ElementTree.fromstring(tif.ome_metadata)[0][0].attrib
    assert (pixels["SizeZ"], pixels["Type"]) == ("6", {"u1": "uint8", "f4": "float"}[dtype])
    assert (pixels["PhysicalSizeZ"], pixels["PhysicalSizeZUnit"]) == ("20.0", "nm")
    tomogram = read_tomogram(tmp_path / "a.tif")
    assert tomogram.voxel_size_nm == (20.0, 9.8, 13.37)
    np.testing.assert_array_equal(tomogram.data[:], volume)


def test_a_big_volume_of_unknown_voxel_size(tmp_path, monkeypatch):
    monkeypatch.setattr(write_tiff, "CLASSIC_LIMIT_BYTES", 100)
    write(tmp_path / "a.tif", make_volume(), None)
    assert read_tomogram(tmp_path / "a.tif").voxel_size_nm is None


@pytest.mark.parametrize("pixel_nm", [1e-5, 0.000123, 1 / 3, 9.8, 4321.123456, 1e7, 3e9])
def test_every_pixel_size_fits_the_resolution_tag(tmp_path, pixel_nm):
    write(tmp_path / "a.tif", make_volume(), (20.0, pixel_nm, pixel_nm))
    assert read_tomogram(tmp_path / "a.tif").voxel_size_nm[1] == pytest.approx(pixel_nm, rel=1e-3)
