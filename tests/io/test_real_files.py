"""Real files of the field, read for what they are; skipped where they are absent."""

import numpy as np
import pytest

from sxt.errors import InputError
from sxt.io import inspect_file, read_tomogram

pytestmark = pytest.mark.shared_data

UNKNOWN = "The voxel size is not known; set it with --voxel-nm Z,Y,X."


@pytest.mark.parametrize(
    ("name", "format_name", "shape", "dtype", "voxel_size_nm"),
    [
        ("contour/easy_example.tif", "TIFF", (6, 473, 473), "uint8", None),
        ("contour/Figure_3A_instances.tif", "TIFF", (190, 473, 473), "uint16", None),
        ("contour/known_volumes.tif", "TIFF", (10, 500, 500), "uint8", None),
        ("isbi2012/isbi2012_train_volume.tif", "TIFF", (30, 512, 512), "uint8", None),
        ("ncxt/sample_12.rec", "AmiraMesh", (58, 61, 58), "float32", None),
        ("ncxt/sample_12.labels", "AmiraMesh", (58, 61, 58), "uint8", None),
        ("formats/EMD-3197.map", "MRC", (20, 20, 20), "float32", (1.14, 1.14, 1.14)),
        ("formats/blob.mrc", "MRC", (33, 32, 31), "float32", None),
    ],
)
def test_format_shape_and_voxel_size(shared_data_dir, name, format_name, shape, dtype, voxel_size_nm):
    tomogram = read_tomogram(shared_data_dir / name)
    assert (tomogram.format_name, tomogram.shape, tomogram.dtype.name) == (format_name, shape, dtype)
    assert tomogram.voxel_size_nm == voxel_size_nm
    assert (UNKNOWN in tomogram.doubts) == (voxel_size_nm is None)
    assert tomogram.data[shape[0] // 2 :].std() > 0


def test_instances_keep_their_numbers(shared_data_dir):
    labels = read_tomogram(shared_data_dir / "contour/Figure_3A_instances.tif").data[:]
    np.testing.assert_array_equal(np.unique(labels), np.arange(23))


def test_a_map_without_its_mark_is_read_permissively(shared_data_dir):
    tomogram = read_tomogram(shared_data_dir / "formats/blob.mrc")
    assert tomogram.doubts[0] == "The MRC header has no MAP mark; it was read permissively."


def test_the_volumes_of_an_hdf5_file_are_listed(shared_data_dir):
    info = inspect_file(shared_data_dir / "formats/1135_mini.h5")
    assert [each.name for each in info.datasets] == ["label", "raw"]
    info = inspect_file(shared_data_dir / "formats/1135_mini.h5", dataset="raw")
    assert info.voxel_size_nm == pytest.approx((283.71837, 126.78642, 126.78642), rel=1e-6)


def test_text_is_refused(shared_data_dir):
    with pytest.raises(InputError, match="of no known format"):
        inspect_file(shared_data_dir / "contour/known_volumes.csv")
