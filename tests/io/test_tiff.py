import struct

import numpy as np
import pytest
import tifffile

from sxt.errors import InputError
from sxt.io import inspect_file, read_tomogram
from tests.io.samples import make_volume, write_imagej, write_pages


@pytest.mark.parametrize("dtype", ["u1", "u2", "f4"])
def test_an_imagej_stack_with_its_voxel_size(tmp_path, dtype):
    volume = make_volume(dtype=dtype)
    write_imagej(tmp_path / "a.tif", volume)
    tomogram = read_tomogram(tmp_path / "a.tif")
    assert (tomogram.format_name, tomogram.dtype) == ("TIFF", np.dtype(dtype))
    assert tomogram.voxel_size_nm == (20.0, 10.0, 5.0)
    assert tomogram.doubts == ()
    np.testing.assert_array_equal(tomogram.data[1:4], volume[1:4])


@pytest.mark.parametrize("dtype", ["u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f2", "f4", "f8"])
@pytest.mark.parametrize("byteorder", ["<", ">"])
def test_values_are_exact_in_every_dtype_and_byte_order(tmp_path, dtype, byteorder):
    volume = make_volume(dtype=dtype)
    tifffile.imwrite(tmp_path / "a.tif", volume, byteorder=byteorder)
    tomogram = read_tomogram(tmp_path / "a.tif")
    assert tomogram.data[:].dtype == np.dtype(dtype)
    np.testing.assert_array_equal(tomogram.data[:], volume)


@pytest.mark.parametrize(
    "options",
    [
        {"compression": "zlib"},
        {"compression": "lzw"},
        {"compression": "zstd"},
        {"compression": "lzma"},
        {"compression": "zlib", "predictor": True},
        {"compression": "lzw", "rowsperstrip": 2},
        {"tile": (16, 16)},
        {"tile": (16, 16), "compression": "zlib"},
        {"rowsperstrip": 3},
    ],
    ids=str,
)
def test_compressed_tiled_and_stripped_pages(tmp_path, options):
    volume = make_volume((5, 37, 41), "u2")
    write_pages(tmp_path / "a.tif", volume, **options)
    tomogram = read_tomogram(tmp_path / "a.tif")
    np.testing.assert_array_equal(tomogram.data[:], volume)
    np.testing.assert_array_equal(tomogram.data[3:5], volume[3:5])


def test_big_tiff(tmp_path):
    volume = make_volume(dtype="f4")
    tifffile.imwrite(tmp_path / "a.tif", volume, bigtiff=True)
    np.testing.assert_array_equal(read_tomogram(tmp_path / "a.tif").data[:], volume)


def test_an_ome_tiff_with_its_voxel_size(tmp_path):
    volume = make_volume(dtype="u2")
    sizes = {"PhysicalSizeZ": 0.02, "PhysicalSizeY": 10.0, "PhysicalSizeYUnit": "nm", "PhysicalSizeX": 5e-6}
    metadata = {"axes": "ZYX", **sizes, "PhysicalSizeXUnit": "mm"}
    tifffile.imwrite(tmp_path / "a.ome.tif", volume, ome=True, metadata=metadata)
    tomogram = read_tomogram(tmp_path / "a.ome.tif")
    assert tomogram.voxel_size_nm == (20.0, 10.0, 5.0)
    np.testing.assert_array_equal(tomogram.data[:], volume)


def test_a_pyramid_is_read_at_full_resolution(tmp_path):
    volume = make_volume((4, 64, 64), "u2")
    with tifffile.TiffWriter(tmp_path / "a.ome.tif", ome=True) as tif:
        tif.write(volume, subifds=1, metadata={"axes": "ZYX"}, tile=(16, 16))
        tif.write(volume[:, ::2, ::2], subfiletype=1, metadata=None, tile=(16, 16))
    np.testing.assert_array_equal(read_tomogram(tmp_path / "a.ome.tif").data[:], volume)


@pytest.mark.parametrize(("axes", "name"), [("TYX", "time points"), ("CYX", "channels")])
def test_slices_stored_as_times_or_channels_are_taken_as_z_with_a_doubt(tmp_path, axes, name):
    volume = make_volume()
    tifffile.imwrite(tmp_path / "a.tif", volume, imagej=True, metadata={"axes": axes})
    tomogram = read_tomogram(tmp_path / "a.tif")
    np.testing.assert_array_equal(tomogram.data[:], volume)
    assert f"The TIFF calls its 5 slices {name}; they were taken as z." in tomogram.doubts


@pytest.mark.parametrize(
    ("axes", "shape", "found"),
    [("TZYX", (3, 5, 7, 9), "t 3, z 5, y 7, x 9"), ("ZCYX", (5, 2, 7, 9), "z 5, c 2, y 7, x 9")],
)
def test_a_hyperstack_with_times_or_channels_is_refused(tmp_path, axes, shape, found):
    tifffile.imwrite(tmp_path / "a.tif", np.zeros(shape, "u1"), imagej=True, metadata={"axes": axes})
    with pytest.raises(InputError, match=rf"has 4 axes \({found}\).*export one channel and one time point"):
        read_tomogram(tmp_path / "a.tif")


def test_a_composite_of_one_slice_is_refused(tmp_path):
    metadata = {"axes": "CYX", "mode": "composite"}
    tifffile.imwrite(tmp_path / "a.tif", np.zeros((3, 7, 9), "u1"), imagej=True, metadata=metadata)
    with pytest.raises(InputError, match="one slice with 3 channels"):
        read_tomogram(tmp_path / "a.tif")


@pytest.mark.parametrize("shape", [(7, 9, 3), (5, 7, 9, 3), (5, 7, 9, 4)])
def test_colours_are_refused(tmp_path, shape):
    tifffile.imwrite(tmp_path / "a.tif", np.zeros(shape, "u1"), photometric="rgb")
    with pytest.raises(InputError, match=r"RGB or multi-sample image .* convert it to one grey channel"):
        read_tomogram(tmp_path / "a.tif")


def test_a_single_image_is_refused_with_the_remedy(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", np.zeros((7, 9), "u1"))
    with pytest.raises(
        InputError, match=r"single 2-D image \(y 7, x 9\).*the folder or glob of all its slices"
    ):
        read_tomogram(tmp_path / "a.tif")


def test_complex_pages_are_refused(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", np.zeros((5, 7, 9), np.complex64))
    with pytest.raises(InputError, match="complex numbers"):
        read_tomogram(tmp_path / "a.tif")


def test_pages_appended_one_by_one_are_one_volume(tmp_path):
    volume = make_volume()
    for image in volume:
        tifffile.imwrite(tmp_path / "a.tif", image, append=True)
    np.testing.assert_array_equal(read_tomogram(tmp_path / "a.tif").data[:], volume)


def test_pages_of_different_sizes_are_refused(tmp_path):
    with tifffile.TiffWriter(tmp_path / "a.tif") as tif:
        for size in (7, 8, 9):
            tif.write(np.zeros((size, size), "u1"), metadata=None)
    with pytest.raises(InputError, match="holds 3 images of different sizes"):
        read_tomogram(tmp_path / "a.tif")


def test_one_of_two_volumes_is_chosen(tmp_path):
    first, second = make_volume((5, 7, 9)), make_volume((6, 8, 6), "u2")
    with tifffile.TiffWriter(tmp_path / "a.tif") as tif:
        tif.write(first)
        tif.write(second)
    with pytest.raises(InputError, match=r"holds 2 volumes \(0 \(5, 7, 9\) uint8, 1 \(6, 8, 6\) uint16\)"):
        read_tomogram(tmp_path / "a.tif")
    np.testing.assert_array_equal(read_tomogram(tmp_path / "a.tif", dataset="1").data[:], second)
    assert [each.name for each in inspect_file(tmp_path / "a.tif").datasets] == ["0", "1"]


def test_a_thumbnail_beside_the_volume_does_not_matter(tmp_path):
    volume = make_volume()
    with tifffile.TiffWriter(tmp_path / "a.tif") as tif:
        tif.write(volume)
        tif.write(np.zeros((3, 3), "u1"))
    np.testing.assert_array_equal(read_tomogram(tmp_path / "a.tif").data[:], volume)


def test_a_named_dataset_in_a_single_volume_is_refused(tmp_path):
    write_imagej(tmp_path / "a.tif", make_volume())
    with pytest.raises(InputError, match="no three-dimensional dataset 'raw'"):
        read_tomogram(tmp_path / "a.tif", dataset="raw")


def test_an_imagej_stack_with_a_single_page_of_tags(tmp_path):
    """ImageJ writes stacks of more than 4 GB so: one page, then all slices in one run."""
    volume = make_volume((6, 7, 9), "u2")
    write_imagej(tmp_path / "a.tif", volume)
    content = bytearray((tmp_path / "a.tif").read_bytes())
    with tifffile.TiffFile(tmp_path / "a.tif") as tif:
        order, first, end = tif.byteorder, tif.pages.first, tif.series[0].dataoffset + volume.nbytes
    at = first.offset + 2 + 12 * len(first.tags)
    content[at : at + 4] = struct.pack(f"{order}I", 0)
    (tmp_path / "a.tif").write_bytes(content[:end])
    tomogram = read_tomogram(tmp_path / "a.tif")
    assert tomogram.voxel_size_nm == (20.0, 10.0, 5.0)
    np.testing.assert_array_equal(tomogram.data[2:5], volume[2:5])
    (tmp_path / "a.tif").write_bytes(content[: end - 1])
    with pytest.raises(InputError, match=r"single 2-D image|claims|says it has|cannot be read"):
        read_tomogram(tmp_path / "a.tif").data[:]


def test_an_ome_tiff_that_keeps_slices_elsewhere_is_refused(tmp_path):
    volume = make_volume()
    tifffile.imwrite(tmp_path / "a.ome.tif", volume, ome=True, metadata={"axes": "ZYX"})
    content = (tmp_path / "a.ome.tif").read_bytes()
    assert content.count(b'SizeZ="5"') == 1
    (tmp_path / "a.ome.tif").write_bytes(content.replace(b'SizeZ="5"', b'SizeZ="9"'))
    with pytest.raises(InputError, match="says it has 9 slices, but it holds 5"):
        read_tomogram(tmp_path / "a.ome.tif")


@pytest.mark.parametrize("compression", [None, "zlib"])
def test_an_incomplete_file_is_never_read_as_a_shorter_volume(tmp_path, compression):
    volume = make_volume((6, 20, 24))
    write_pages(tmp_path / "whole.tif", volume, compression=compression)
    content = (tmp_path / "whole.tif").read_bytes()
    for end in range(8, len(content), len(content) // 23):
        (tmp_path / "a.tif").write_bytes(content[:end])
        with pytest.raises(InputError, match=r"a\.tif"):
            read_tomogram(tmp_path / "a.tif").data[:]


def test_a_page_whose_bytes_were_never_written_is_refused(tmp_path):
    write_pages(tmp_path / "a.tif", make_volume(), compression="zlib")
    with tifffile.TiffFile(tmp_path / "a.tif", mode="r+b") as tif:
        tif.pages[3].tags["StripOffsets"].overwrite([0])
    with pytest.raises(InputError, match=r"Slice 3 of a\.tif is incomplete"):
        read_tomogram(tmp_path / "a.tif")


def test_a_missing_slice_spacing_is_taken_as_the_pixel_size_with_a_doubt(tmp_path):
    tifffile.imwrite(
        tmp_path / "a.tif",
        make_volume(),
        imagej=True,
        resolution=(100, 100),
        metadata={"unit": "um", "axes": "ZYX"},
    )
    tomogram = read_tomogram(tmp_path / "a.tif")
    assert tomogram.voxel_size_nm == (10.0, 10.0, 10.0)
    assert "The TIFF gives no slice spacing; it was taken as the pixel size, 10 nm." in tomogram.doubts


@pytest.mark.parametrize("unit", ["pixel", "furlong"])
def test_a_unit_that_is_no_length_leaves_the_voxel_size_unknown(tmp_path, unit):
    metadata = {"unit": unit, "spacing": 2.0, "axes": "ZYX"}
    tifffile.imwrite(tmp_path / "a.tif", make_volume(), imagej=True, resolution=(2, 2), metadata=metadata)
    tomogram = read_tomogram(tmp_path / "a.tif")
    assert tomogram.voxel_size_nm is None
    assert any("'furlong'" in doubt for doubt in tomogram.doubts) == (unit == "furlong")


def test_a_unit_of_tifffiles_own_description_counts(tmp_path):
    tifffile.imwrite(
        tmp_path / "a.tif", make_volume(), resolution=(0.1, 0.2), metadata={"unit": "nm", "spacing": 20}
    )
    assert read_tomogram(tmp_path / "a.tif").voxel_size_nm == (20.0, 5.0, 10.0)


def test_a_plain_resolution_in_centimetres_is_a_doubt_not_a_size(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", make_volume(), resolution=(1e6, 1e6), resolutionunit="centimeter")
    tomogram = read_tomogram(tmp_path / "a.tif")
    assert tomogram.voxel_size_nm is None
    assert any("pixels of 10 × 10 nm (y, x) but no slice spacing" in doubt for doubt in tomogram.doubts)


def test_a_printers_resolution_is_no_doubt(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", make_volume(), resolution=(72, 72), resolutionunit="inch")
    assert len(read_tomogram(tmp_path / "a.tif").doubts) == 1


def test_an_inverted_display_is_a_doubt(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", make_volume(), photometric="miniswhite")
    tomogram = read_tomogram(tmp_path / "a.tif")
    assert any("shown inverted" in doubt for doubt in tomogram.doubts)
    np.testing.assert_array_equal(tomogram.data[:], make_volume())


def test_a_coloured_lookup_table_does_not_change_labels(tmp_path):
    labels = make_volume()
    table = np.zeros((3, 256), "u2")
    tifffile.imwrite(tmp_path / "a.tif", labels, photometric="palette", colormap=table)
    np.testing.assert_array_equal(read_tomogram(tmp_path / "a.tif").data[:], labels)
