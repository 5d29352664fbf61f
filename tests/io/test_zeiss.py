import struct

import numpy as np
import pytest

from sxt.errors import InputError
from sxt.io import inspect_file, read_tomogram
from tests.io.compound_file import make_compound_file
from tests.io.samples import make_volume, write_zeiss, zeiss_streams


@pytest.mark.parametrize("dtype", ["u1", "<u2", "<f4"])
@pytest.mark.parametrize("shape", [(5, 7, 9), (3, 60, 70), (130, 4, 5)])
def test_a_reconstruction_with_its_voxel_size(tmp_path, dtype, shape):
    volume = make_volume(shape, dtype)
    write_zeiss(tmp_path / "a.txm", volume)
    tomogram = read_tomogram(tmp_path / "a.txm")
    assert (tomogram.format_name, tomogram.shape, tomogram.dtype) == ("Zeiss txm", shape, volume.dtype)
    assert tomogram.voxel_size_nm == (20.0, 20.0, 20.0)
    np.testing.assert_array_equal(tomogram.data[:], volume)
    np.testing.assert_array_equal(tomogram.data[shape[0] - 2 :], volume[-2:])
    assert any("no axis was flipped" in doubt for doubt in tomogram.doubts)


@pytest.mark.parametrize(
    ("mode", "angles", "is_tilt_series"),
    [
        (0, [-10, -5, 0, 5, 10], True),
        (10, [-10, -5, 0, 5, 10], False),
        (0, [0, 0, 0, 0, 0], False),
        (0, [-10, 0, 10], False),
        (0, None, False),
    ],
)
def test_images_with_an_angle_each_are_a_tilt_series(tmp_path, mode, angles, is_tilt_series):
    write_zeiss(tmp_path / "a.txrm", make_volume(dtype="<u2"), mode=mode, angles=angles)
    if is_tilt_series:
        with pytest.raises(InputError, match=r"Zeiss tilt series of 5 projections \(\.txrm\), not a volume"):
            read_tomogram(tmp_path / "a.txrm")
    else:
        assert read_tomogram(tmp_path / "a.txrm").shape == (5, 7, 9)


def test_a_single_image_is_refused(tmp_path):
    write_zeiss(tmp_path / "a.xrm", make_volume((1, 7, 9)))
    with pytest.raises(InputError, match=r"single 2-D image \(y 7, x 9\)"):
        read_tomogram(tmp_path / "a.xrm")


def test_another_data_type_is_refused(tmp_path):
    write_zeiss(tmp_path / "a.txm", make_volume(), data_type=11)
    with pytest.raises(InputError, match="Zeiss data type 11"):
        read_tomogram(tmp_path / "a.txm")


def test_an_unknown_pixel_size_is_a_doubt(tmp_path):
    write_zeiss(tmp_path / "a.txm", make_volume(), pixel_um=0.0)
    assert read_tomogram(tmp_path / "a.txm").voxel_size_nm is None


def test_a_missing_slice_is_named(tmp_path):
    streams = zeiss_streams(make_volume())
    del streams["ImageData1/Image3"]
    (tmp_path / "a.txm").write_bytes(make_compound_file(streams))
    with pytest.raises(InputError, match=r"Slice 2 of a\.txm has 0 bytes instead of 63"):
        read_tomogram(tmp_path / "a.txm")


def test_a_slice_of_another_size_is_named(tmp_path):
    streams = zeiss_streams(make_volume()) | {"ImageInfo/ImageWidth": struct.pack("<I", 10)}
    (tmp_path / "a.txm").write_bytes(make_compound_file(streams))
    with pytest.raises(InputError, match=r"Slice 0 of a\.txm has 63 bytes instead of 70"):
        read_tomogram(tmp_path / "a.txm")


def test_a_size_of_zero_is_refused(tmp_path):
    streams = zeiss_streams(make_volume()) | {"ImageInfo/ImageWidth": struct.pack("<I", 0)}
    (tmp_path / "a.txm").write_bytes(make_compound_file(streams))
    with pytest.raises(InputError, match="is empty"):
        read_tomogram(tmp_path / "a.txm")


def test_another_compound_file_is_refused(tmp_path):
    (tmp_path / "a.doc").write_bytes(make_compound_file({"WordDocument": b"hello"}))
    with pytest.raises(InputError, match="OLE file but not a Zeiss image"):
        read_tomogram(tmp_path / "a.doc")


@pytest.mark.shared_data
def test_real_files_are_refused_for_what_they_are(shared_data_dir):
    with pytest.raises(InputError, match="tilt series of 7 projections"):
        inspect_file(shared_data_dir / "formats/txrm_test_chip_tomo.txrm")
    with pytest.raises(InputError, match=r"single 2-D image \(y 512, x 512\)"):
        inspect_file(shared_data_dir / "formats/test_chip00.xrm")
