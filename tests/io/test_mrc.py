import mrcfile
import numpy as np
import pytest

from sxt.errors import InputError
from sxt.io import read_tomogram
from sxt.io.mrc import HEADER_BYTES, HEADER_FIELDS, IMOD_STAMP
from tests.io.samples import make_volume, write_mrc


def write_header(path, volume, *, order="<", mode=2, shape=None, extended=b"", **words):
    """Write an MRC file by hand; ``words`` replace those of a plain header of 10 nm voxels."""
    header = np.zeros(1, np.dtype(HEADER_FIELDS).newbyteorder(order))
    sizes = (shape or volume.shape)[::-1]
    plain = {
        "n": sizes,
        "m": sizes,
        "cell": [100.0 * size for size in sizes],
        "mode": mode,
        "map_axes": (1, 2, 3),
        "space_group": 1,
        "extended_bytes": len(extended),
        "map_id": b"MAP ",
        "machine_stamp": np.void(b"DD\0\0" if order == "<" else b"\x11\x11\0\0"),
    }
    for name, value in (plain | words).items():
        header[0][name] = value
    path.write_bytes(header.tobytes() + extended + volume.tobytes())
    return path


@pytest.mark.parametrize(
    ("dtype", "mode"),
    [("<i1", 0), ("<i2", 1), ("<f4", 2), ("<u2", 6), ("<f2", 12), (">i2", 1), (">f4", 2), (">u2", 6)],
)
def test_values_of_every_mode_and_byte_order(tmp_path, dtype, mode):
    volume = make_volume(dtype=dtype)
    tomogram = read_tomogram(
        write_header(tmp_path / "a.mrc", volume, order=">" if dtype[0] == ">" else "<", mode=mode)
    )
    assert tomogram.format_name == "MRC"
    assert tomogram.voxel_size_nm == (10.0, 10.0, 10.0)
    assert tomogram.dtype == np.dtype(dtype).newbyteorder("=")
    np.testing.assert_array_equal(tomogram.data[1:3], volume[1:3])


@pytest.mark.parametrize("dtype", ["i1", "i2", "u2", "f2", "f4"])
def test_what_mrcfile_writes(tmp_path, dtype):
    volume = make_volume(dtype=dtype)
    write_mrc(tmp_path / "a.rec", volume, (50.0, 100.0, 200.0))
    tomogram = read_tomogram(tmp_path / "a.rec")
    assert tomogram.voxel_size_nm == (20.0, 10.0, 5.0)
    np.testing.assert_array_equal(tomogram.data[:], volume)


@pytest.mark.parametrize(
    ("words", "is_unsigned"),
    [
        ({"imod_stamp": IMOD_STAMP, "imod_flags": 0}, True),
        ({"imod_stamp": IMOD_STAMP, "imod_flags": 1}, False),
        ({"minimum": 0.0, "maximum": 255.0}, True),
        ({"minimum": -128.0, "maximum": 127.0}, False),
        ({"minimum": 0.0, "maximum": 0.0}, False),
        ({"minimum": -100.0, "maximum": 200.0}, False),
        ({"minimum": -10.0, "maximum": 200.0}, True),
    ],
)
def test_the_sign_of_bytes_follows_imods_flag_and_else_the_range(tmp_path, words, is_unsigned):
    volume = make_volume(dtype="u1")
    tomogram = read_tomogram(write_header(tmp_path / "a.mrc", volume, mode=0, **words))
    expected = volume if is_unsigned else volume.view("i1")
    np.testing.assert_array_equal(tomogram.data[:], expected)
    has_doubt = any("does not say whether bytes are signed" in doubt for doubt in tomogram.doubts)
    assert has_doubt == ("imod_stamp" not in words)


@pytest.mark.parametrize("axes", [(1, 2, 3), (1, 3, 2), (2, 1, 3), (2, 3, 1), (3, 1, 2), (3, 2, 1)])
def test_axes_are_brought_to_zyx(tmp_path, axes):
    volume = make_volume((4, 5, 6), "f4")  # (z, y, x)
    stored = np.ascontiguousarray(volume.transpose([3 - axis for axis in reversed(axes)]))
    path = write_header(
        tmp_path / "a.mrc", stored, map_axes=axes, m=(6, 5, 4), cell=(6 * 50.0, 5 * 100.0, 4 * 200.0)
    )
    tomogram = read_tomogram(path)
    assert tomogram.shape == (4, 5, 6)
    assert tomogram.voxel_size_nm == (20.0, 10.0, 5.0)
    np.testing.assert_array_equal(tomogram.data[1:3], volume[1:3])
    assert any("axis order" in doubt for doubt in tomogram.doubts) == (axes != (1, 2, 3))


def test_the_extended_header_is_skipped(tmp_path):
    volume = make_volume(dtype="f4")
    path = write_header(tmp_path / "a.mrc", volume, extended=b"\xff" * 768)
    np.testing.assert_array_equal(read_tomogram(path).data[:], volume)


def test_bytes_left_over_are_a_doubt(tmp_path):
    path = write_header(tmp_path / "a.mrc", make_volume(dtype="f4"), extended=b"\xff" * 768, extended_bytes=0)
    assert any("768 bytes longer than its MRC header says" in doubt for doubt in read_tomogram(path).doubts)


@pytest.mark.parametrize("cell", [(0.0, 0.0, 0.0), (9.0, 7.0, 5.0), (np.nan, 1.0, 1.0)])
def test_a_cell_of_zero_of_one_angstrom_or_nan_is_unknown(tmp_path, cell):
    tomogram = read_tomogram(write_header(tmp_path / "a.mrc", make_volume(dtype="f4"), cell=cell))
    assert tomogram.voxel_size_nm is None
    assert any("voxel size is not known" in doubt for doubt in tomogram.doubts)


def test_a_grid_of_zero_is_unknown(tmp_path):
    path = write_header(tmp_path / "a.mrc", make_volume(dtype="f4"), m=(0, 0, 0))
    assert read_tomogram(path).voxel_size_nm is None


@pytest.mark.parametrize(
    ("words", "origin_nm"),
    [
        ({}, (3.0, 2.0, 1.0)),
        ({"version": 20141, "imod_stamp": IMOD_STAMP}, (3.0, 2.0, 1.0)),
        ({"imod_stamp": IMOD_STAMP, "imod_flags": 4}, (3.0, 2.0, 1.0)),
        ({"imod_stamp": IMOD_STAMP, "imod_flags": 0}, (-3.0, -2.0, -1.0)),
    ],
)
def test_the_origin_and_imods_old_sign(tmp_path, words, origin_nm):
    path = write_header(tmp_path / "a.mrc", make_volume(dtype="f4"), origin=(10.0, 20.0, 30.0), **words)
    assert read_tomogram(path).origin_nm == origin_nm


def test_a_file_without_the_map_mark_is_read_with_a_doubt(tmp_path):
    volume = make_volume(dtype="f4")
    path = write_header(
        tmp_path / "a.mrc", volume, map_id=b"", machine_stamp=np.void(bytes(4)), map_axes=(0, 0, 0)
    )
    tomogram = read_tomogram(path)
    np.testing.assert_array_equal(tomogram.data[:], volume)
    assert any("no MAP mark" in doubt for doubt in tomogram.doubts)
    assert any("which axis is which" in doubt for doubt in tomogram.doubts)


def test_a_big_endian_file_without_marks_is_read(tmp_path):
    volume = make_volume(dtype=">i2")
    path = write_header(
        tmp_path / "a",
        volume,
        order=">",
        mode=1,
        map_id=b"",
        machine_stamp=np.void(bytes(4)),
        map_axes=(1, 2, 3),
    )
    np.testing.assert_array_equal(read_tomogram(path).data[:], volume)


@pytest.mark.parametrize(
    ("mode", "sentence"),
    [
        (3, "mode 3, which holds complex"),
        (4, "mode 4, which holds complex floats"),
        (16, "RGB colours"),
        (101, "4-bit values"),
        (7, "mode 7, which is not a known one"),
    ],
)
def test_modes_that_are_no_grey_volume_are_refused(tmp_path, mode, sentence):
    path = write_header(tmp_path / "a.mrc", make_volume(dtype="f4"), mode=mode)
    with pytest.raises(InputError, match=sentence):
        read_tomogram(path)


def test_packed_bytes_are_refused(tmp_path):
    path = write_header(tmp_path / "a.mrc", make_volume(), mode=0, imod_stamp=IMOD_STAMP, imod_flags=16)
    with pytest.raises(InputError, match="4-bit values"):
        read_tomogram(path)


def test_a_complex_volume_written_by_mrcfile_is_refused(tmp_path):
    with mrcfile.new(tmp_path / "a.mrc") as mrc:
        mrc.set_data(np.zeros((2, 3, 4), np.complex64))
    with pytest.raises(InputError, match="Fourier transform"):
        read_tomogram(tmp_path / "a.mrc")


def test_a_header_that_claims_more_than_the_file_has_is_refused(tmp_path):
    path = write_header(tmp_path / "a.mrc", make_volume(dtype="f4"), shape=(50, 7, 9))
    with pytest.raises(
        InputError, match=r"claims \(50, 7, 9\) voxels of float32, 13,624 bytes, but .* 2,284"
    ):
        read_tomogram(path)


def test_damaged_words_are_refused(tmp_path):
    volume = make_volume(dtype="f4")
    with pytest.raises(InputError, match="axes 1, 1, 3"):
        read_tomogram(write_header(tmp_path / "a.mrc", volume, map_axes=(1, 1, 3)))
    with pytest.raises(InputError, match="-8 extended bytes"):
        read_tomogram(write_header(tmp_path / "a.mrc", volume, extended_bytes=-8))
    with pytest.raises(InputError, match="impossible shape"):
        read_tomogram(write_header(tmp_path / "a.mrc", volume, n=(9, -7, 5)))
    with pytest.raises(InputError, match="is empty"):
        read_tomogram(write_header(tmp_path / "a.mrc", volume, n=(9, 7, 0)))


def test_a_single_image_is_refused_but_a_volume_of_one_slice_is_read(tmp_path):
    volume = make_volume((1, 7, 9), "f4")
    with pytest.raises(InputError, match="single 2-D image"):
        read_tomogram(write_header(tmp_path / "a.mrc", volume, space_group=0))
    assert read_tomogram(write_header(tmp_path / "a.mrc", volume)).shape == (1, 7, 9)


def test_a_stack_of_volumes_is_refused(tmp_path):
    path = write_header(tmp_path / "a.mrc", make_volume((6, 7, 9), "f4"), space_group=401, m=(9, 7, 3))
    with pytest.raises(InputError, match="stack of 2 volumes of 3 sections"):
        read_tomogram(path)


def test_a_file_cut_off_in_its_header_is_refused(tmp_path):
    path = write_header(tmp_path / "a.mrc", make_volume(dtype="f4"))
    path.write_bytes(path.read_bytes()[: HEADER_BYTES - 1])
    with pytest.raises(InputError, match="of no known format"):
        read_tomogram(path)


@pytest.mark.parametrize("name", ["a.st", "a.mrc.mdoc", "a.rawtlt"])
def test_signs_of_a_tilt_series_are_doubts(tmp_path, name):
    (tmp_path / name).touch()
    path = write_header(tmp_path / ("a.st" if name == "a.st" else "a.mrc"), make_volume(dtype="f4"))
    assert any("may be a tilt series" in doubt for doubt in read_tomogram(path).doubts)


def test_an_extended_header_of_a_microscope_is_a_doubt(tmp_path):
    path = write_header(
        tmp_path / "a.mrc", make_volume(dtype="f4"), extended=bytes(64), extended_type=b"FEI1"
    )
    assert any("extended header is of type FEI1" in doubt for doubt in read_tomogram(path).doubts)


def test_rows_that_run_the_other_way_are_told_not_flipped(tmp_path):
    volume = make_volume(dtype="f4")
    tomogram = read_tomogram(write_header(tmp_path / "a.mrc", volume, map_axes=(1, -2, 3)))
    np.testing.assert_array_equal(tomogram.data[:], volume)
    assert any("no axis was flipped" in doubt for doubt in tomogram.doubts)
