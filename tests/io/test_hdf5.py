import h5py
import numpy as np
import pytest

from sxt.errors import InputError
from sxt.io import inspect_file, read_tomogram
from tests.io.samples import make_volume, write_hdf5


def write(path, **arrays):
    with h5py.File(path, "w") as file:
        for name, data in arrays.items():
            file.create_dataset(name.replace("__", "/"), data=data)
    return path


@pytest.mark.parametrize("dtype", ["u1", "i2", "u2", "f4", "f8", ">f4", "i8"])
def test_the_only_dataset_with_its_voxel_size(tmp_path, dtype):
    volume = make_volume(dtype=dtype)
    write_hdf5(tmp_path / "a.dat", volume, "some/where")
    tomogram = read_tomogram(tmp_path / "a.dat")
    assert (tomogram.format_name, tomogram.shape) == ("HDF5", (5, 7, 9))
    assert tomogram.voxel_size_nm == (20.0, 10.0, 5.0)
    assert tomogram.data[:].dtype.isnative
    np.testing.assert_array_equal(tomogram.data[1:3], volume[1:3])


@pytest.mark.parametrize("name", ["t0/channel0", "data"])
def test_a_recognised_dataset_is_taken_among_others_with_a_doubt(tmp_path, name):
    volume = make_volume()
    path = write(tmp_path / "a.h5", **{name: volume, "labels": np.zeros((5, 7, 9), "u1")})
    tomogram = read_tomogram(path)
    np.testing.assert_array_equal(tomogram.data[:], volume)
    assert any(f"also holds labels; {name} was read" in doubt for doubt in tomogram.doubts)


def test_one_of_several_datasets_must_be_named(tmp_path):
    path = write(tmp_path / "a.h5", raw=make_volume(), label=make_volume(seed=1), table=np.zeros(3))
    with pytest.raises(InputError, match=r"holds 2 volumes \(label .*, raw .*--dataset"):
        read_tomogram(path)
    np.testing.assert_array_equal(read_tomogram(path, dataset="/label").data[:], make_volume(seed=1))
    info = inspect_file(path)
    assert [each.name for each in info.datasets] == ["label", "raw"]
    assert (info.shape, info.statistics) == (None, None)


def test_an_unknown_dataset_is_refused(tmp_path):
    path = write(tmp_path / "a.h5", raw=make_volume())
    with pytest.raises(
        InputError, match=r"no three-dimensional dataset 'rw'; it holds raw \(5, 7, 9\) uint8"
    ):
        read_tomogram(path, dataset="rw")


def test_a_user_block_before_the_signature_does_not_matter(tmp_path):
    with h5py.File(tmp_path / "a.mat", "w", userblock_size=1024) as file:
        file["volume"] = make_volume()
    np.testing.assert_array_equal(read_tomogram(tmp_path / "a.mat").data[:], make_volume())


@pytest.mark.parametrize(
    "arrays",
    [
        {"TomoNormalized__TomoNormalized": np.zeros((4, 7, 9))},
        {"FastAligned__tomo_aligned": np.zeros((4, 7, 9))},
        {"tomo_entry__data__data": np.zeros((4, 7, 9)), "tomo_entry__data__rotation_angle": np.arange(4.0)},
        {"entry__data": np.zeros((4, 7, 9)), "entry__instrument__image_key": np.zeros(4, int)},
        {"exchange__data": np.zeros((4, 7, 9)), "exchange__theta": np.arange(4.0)},
        {"stack": np.zeros((4, 7, 9)), "rotation_angle": np.arange(5.0)},
    ],
    ids=lambda arrays: " ".join(arrays),
)
def test_projections_are_refused_as_a_tilt_series(tmp_path, arrays):
    path = write(tmp_path / "a.h5", **arrays)
    with pytest.raises(
        InputError, match=r"it is a tilt series, not a volume; give the reconstructed tomogram"
    ):
        read_tomogram(path)
    with pytest.raises(InputError, match="tilt series"):
        read_tomogram(path, dataset=next(iter(arrays)).replace("__", "/"))


def test_a_reconstruction_beside_its_projections_is_read_with_a_doubt(tmp_path):
    volume = make_volume()
    path = write(
        tmp_path / "a.h5",
        raw__data=np.zeros((4, 7, 9)),
        raw__rotation_angle=np.arange(4.0),
        result__data=volume,
    )
    tomogram = read_tomogram(path)
    np.testing.assert_array_equal(tomogram.data[:], volume)
    assert any("also holds projections (raw/data)" in doubt for doubt in tomogram.doubts)


@pytest.mark.parametrize(
    ("arrays", "sentence"),
    [
        ({"a": np.zeros((7, 9))}, "single 2-D image"),
        ({"a": np.zeros((2, 5, 7, 9))}, "has 4 axes"),
        ({"a": np.zeros(7)}, "without any three-dimensional dataset"),
        ({}, "without any three-dimensional dataset"),
        ({"a": np.zeros((0, 7, 9))}, "is empty"),
        ({"a": np.zeros((5, 7, 9), complex)}, "complex numbers"),
        ({"a": np.zeros((5, 7, 9), "S3")}, "not numbers"),
    ],
)
def test_what_is_no_grey_volume_is_refused(tmp_path, arrays, sentence):
    with pytest.raises(InputError, match=sentence):
        read_tomogram(write(tmp_path / "a.h5", **arrays))


def test_data_kept_in_other_files_is_refused(tmp_path):
    (tmp_path / "secret").write_bytes(bytes(315))
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("a", (5, 7, 9), "u1", external=[(str(tmp_path / "secret"), 0, 315)])
    with pytest.raises(InputError, match="keeps its data in other files"):
        read_tomogram(tmp_path / "a.h5")


def test_links_to_other_files_are_not_followed(tmp_path):
    write(tmp_path / "other.h5", raw=make_volume())
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["raw"] = h5py.ExternalLink("other.h5", "raw")
    with pytest.raises(InputError, match="without any three-dimensional dataset"):
        read_tomogram(tmp_path / "a.h5", dataset="raw")


@pytest.mark.parametrize("size", [[0.0, 0.0, 0.0], [1.0, 2.0], 0.01])
def test_an_element_size_that_is_not_three_lengths_is_unknown(tmp_path, size):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["a"] = make_volume()
        file["a"].attrs["element_size_um"] = size
    assert read_tomogram(tmp_path / "a.h5").voxel_size_nm is None
