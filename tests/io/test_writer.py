import hashlib
import os

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sxt.errors import Cancelled, ResourceError, SettingsError
from sxt.io import hash_source, open_volume_writer, read_tomogram
from tests.io.samples import make_volume

SUFFIXES = {"tif": ".tif", "mrc": ".mrc", "npy": ".npy", "zarr": ".zarr"}
DTYPES = {
    "tif": ["u1", "i1", "u2", "i2", "u4", "i4", "f4"],
    "mrc": ["u1", "i1", "u2", "i2", "f2", "f4"],
    "npy": ["u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f2", "f4", "f8"],
    "zarr": ["u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f2", "f4", "f8"],
}
SIZES_NM = st.tuples(*(st.floats(0.5, 5000.0).map(lambda size: round(size, 4)) for _ in range(3)))


def write(path, volume, voxel_size_nm=(20.0, 10.0, 5.0), step=2, **options):
    with open_volume_writer(
        path, shape=volume.shape, dtype=volume.dtype, voxel_size_nm=voxel_size_nm, **options
    ) as writer:
        for start in range(0, len(volume), step):
            writer.write(volume[start : start + step])


@st.composite
def volumes(draw, format_name):
    dtype = draw(st.sampled_from(DTYPES[format_name]))
    shape = draw(st.tuples(st.integers(1, 10), st.integers(1, 6), st.integers(1, 6)))
    return draw(arrays(np.dtype(dtype), shape))


@pytest.mark.parametrize("format_name", SUFFIXES)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_what_is_written_is_read_with_its_voxel_size(tmp_path, format_name, data):
    volume = data.draw(volumes(format_name))
    size, step = data.draw(SIZES_NM), data.draw(st.integers(1, 4))
    path = tmp_path / f"a{SUFFIXES[format_name]}"
    write(path, volume, size, step, is_compressed=data.draw(st.booleans()))
    tomogram = read_tomogram(path)
    np.testing.assert_array_equal(tomogram.data[:], volume)
    if format_name == "npy":
        assert tomogram.voxel_size_nm is None
    else:
        assert tomogram.voxel_size_nm == pytest.approx(size, rel=2e-7)
        assert tomogram.doubts == ()


@pytest.mark.parametrize("format_name", SUFFIXES)
def test_an_unknown_voxel_size_stays_unknown(tmp_path, format_name):
    path = tmp_path / f"a{SUFFIXES[format_name]}"
    write(path, make_volume(), None)
    tomogram = read_tomogram(path)
    assert tomogram.voxel_size_nm is None
    assert tomogram.doubts == ("The voxel size is not known; set it with --voxel-nm Z,Y,X.",)


@pytest.mark.parametrize("format_name", ["mrc", "zarr"])
def test_the_origin_is_kept(tmp_path, format_name):
    path = tmp_path / f"a{SUFFIXES[format_name]}"
    write(path, make_volume(), origin_nm=(-30.0, 20.0, 10.5))
    assert read_tomogram(path).origin_nm == (-30.0, 20.0, 10.5)


@pytest.mark.parametrize("is_compressed", [False, True])
@pytest.mark.parametrize("format_name", SUFFIXES)
def test_the_same_volume_gives_the_same_bytes_whatever_the_slabs(tmp_path, format_name, is_compressed):
    volume, hashes = make_volume((11, 7, 9)), set()
    for step in (1, 3, 11):
        path = tmp_path / f"{step}/a{SUFFIXES[format_name]}"
        write(path, volume, step=step, is_compressed=is_compressed)
        hashes.add(hash_source(path))
    assert len(hashes) == 1


@pytest.mark.parametrize("format_name", SUFFIXES)
def test_the_format_by_name_goes_before_the_suffix(tmp_path, format_name):
    write(tmp_path / "mask.out", make_volume(), format_name=format_name)
    np.testing.assert_array_equal(read_tomogram(tmp_path / "mask.out").data[:], make_volume())


def test_booleans_become_zero_and_one(tmp_path):
    mask = make_volume() > 100
    write(tmp_path / "a.tif", mask)
    tomogram = read_tomogram(tmp_path / "a.tif")
    assert tomogram.dtype == np.uint8
    np.testing.assert_array_equal(tomogram.data[:], mask)


def test_a_slab_that_fits_without_loss_is_converted(tmp_path):
    with open_volume_writer(tmp_path / "a.tif", shape=(2, 7, 9), dtype="f4", voxel_size_nm=None) as writer:
        writer.write(make_volume((1, 7, 9), "u2"))
        assert writer.n_written == 1
        with pytest.raises(SettingsError, match="A slab of float64 does not fit into float32 without loss"):
            writer.write(np.zeros((1, 7, 9)))
        writer.write(np.zeros((1, 7, 9), "f2"))
    np.testing.assert_array_equal(read_tomogram(tmp_path / "a.tif").data[0:1], make_volume((1, 7, 9), "u2"))


@pytest.mark.parametrize("format_name", SUFFIXES)
@pytest.mark.parametrize("n_written", [0, 3])
def test_too_few_slices_leave_no_file(tmp_path, format_name, n_written):
    path = tmp_path / f"a{SUFFIXES[format_name]}"
    with (
        pytest.raises(SettingsError, match=rf"Only {n_written} of the 5 slices of a\.\w+ were written"),
        open_volume_writer(path, shape=(5, 7, 9), dtype="u1", voxel_size_nm=None) as writer,
    ):
        writer.write(make_volume((n_written, 7, 9)))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("format_name", SUFFIXES)
def test_an_interruption_leaves_what_was_there_before(tmp_path, format_name):
    path = tmp_path / f"a{SUFFIXES[format_name]}"
    write(path, make_volume())
    before = hash_source(path)

    def interrupt():
        with open_volume_writer(path, shape=(5, 7, 9), dtype="u1", voxel_size_nm=None) as writer:
            writer.write(make_volume((2, 7, 9), seed=1))
            raise Cancelled("stop")

    with pytest.raises(Cancelled):
        interrupt()
    assert hash_source(path) == before
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("format_name", SUFFIXES)
def test_an_existing_volume_is_replaced(tmp_path, format_name):
    path = tmp_path / f"a{SUFFIXES[format_name]}"
    write(path, make_volume())
    write(path, make_volume((3, 4, 5), seed=1))
    np.testing.assert_array_equal(read_tomogram(path).data[:], make_volume((3, 4, 5), seed=1))
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("shape", "sentence"),
    [
        ((1, 9, 7), r"A slab of shape \(1, 9, 7\) does not fit slices of \(7, 9\); give \(k, 7, 9\)"),
        ((7, 9), r"A slab of shape \(7, 9\) does not fit"),
        ((3, 7, 9), r"a\.tif has 2 slices, but 3 were given"),
    ],
)
def test_too_many_slices_and_other_sizes_are_refused(tmp_path, shape, sentence):
    with open_volume_writer(tmp_path / "a.tif", shape=(2, 7, 9), dtype="u1", voxel_size_nm=None) as writer:
        with pytest.raises(SettingsError, match=sentence):
            writer.write(np.zeros(shape, "u1"))
        writer.write(make_volume((2, 7, 9)))
    np.testing.assert_array_equal(read_tomogram(tmp_path / "a.tif").data[:], make_volume((2, 7, 9)))


@pytest.mark.parametrize(
    ("name", "options", "sentence"),
    [
        ("a.png", {}, "no format '.png' to write; use one of tif, mrc, npy, zarr"),
        ("a.tif", {"format_name": "hdf5"}, "no format 'hdf5'"),
        ("a.tif", {"dtype": "f8"}, "TIFF cannot hold float64; use one of uint8, .*float32"),
        ("a.mrc", {"dtype": "i4"}, "MRC cannot hold int32; use one of uint8, .*float32"),
        ("a.npy", {"dtype": "c8"}, "complex64 cannot be written"),
        ("a.tif", {"shape": (0, 7, 9)}, "at least 1"),
        ("a.tif", {"shape": (7, 9)}, "three sizes"),
        ("a.tif", {"voxel_size_nm": (0.0, 1.0, 1.0)}, "three positive numbers"),
    ],
)
def test_what_cannot_be_written_is_refused_before_anything_is_there(tmp_path, name, options, sentence):
    plain = {"shape": (5, 7, 9), "dtype": "u1", "voxel_size_nm": None}
    with (
        pytest.raises(SettingsError, match=sentence),
        open_volume_writer(tmp_path / name, **(plain | options)),
    ):
        pass
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a device that is always full")  # noqa: PTH110
@pytest.mark.parametrize("format_name", ["tif", "mrc", "npy"])
def test_a_full_disk_is_one_sentence(tmp_path, format_name, monkeypatch):
    monkeypatch.setattr("sxt.files.secrets.token_hex", lambda n_bytes: "x")
    path = tmp_path / f"a{SUFFIXES[format_name]}"
    (tmp_path / f".a.x.partial{SUFFIXES[format_name]}").symlink_to("/dev/full")
    with pytest.raises(
        ResourceError, match=r"cannot be written \(No space left on device\); free disk space"
    ):
        write(path, make_volume((40, 200, 200)))
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ResourceError, match="cannot be written"):
        write(tmp_path / "file" / "a.tif", make_volume())


def test_a_large_volume_is_streamed(tmp_path):
    import tracemalloc

    slab = np.zeros((1, 500, 500), "f4")
    for format_name in SUFFIXES:
        tracemalloc.start()
        path = tmp_path / f"a{SUFFIXES[format_name]}"
        with open_volume_writer(path, shape=(60, 500, 500), dtype="f4", voxel_size_nm=None) as writer:
            for _ in range(60):
                writer.write(slab)
        _, peak_bytes = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak_bytes < 30_000_000, format_name


def test_hashes_are_those_of_the_bytes(tmp_path):
    write(tmp_path / "a.npy", make_volume())
    assert hash_source(tmp_path / "a.npy") == hashlib.sha256((tmp_path / "a.npy").read_bytes()).hexdigest()
