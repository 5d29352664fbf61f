import json
import pickle
import shutil

import numpy as np
import pytest
import zarr

from sxt.errors import InputError
from sxt.io import read_tomogram
from tests.io.samples import make_volume, write_ome_zarr


@pytest.mark.parametrize("version", ["0.4", "0.5"])
def test_an_ome_zarr_image_at_full_resolution(tmp_path, version):
    volume = make_volume(dtype="u2")
    write_ome_zarr(tmp_path / "a.zarr", volume, version)
    tomogram = read_tomogram(tmp_path / "a.zarr")
    assert (tomogram.format_name, tomogram.shape) == ("OME-Zarr", (5, 7, 9))
    assert tomogram.voxel_size_nm == (20.0, 10.0, 5.0)
    assert tomogram.doubts == ()
    np.testing.assert_array_equal(tomogram.data[1:4], volume[1:4])
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(tomogram.data))[:], volume)


@pytest.mark.parametrize("version", ["0.4", "0.5"])
def test_a_coarser_resolution_by_name(tmp_path, version):
    volume = make_volume()
    write_ome_zarr(tmp_path / "a.zarr", volume, version)
    tomogram = read_tomogram(tmp_path / "a.zarr", dataset="1")
    assert tomogram.voxel_size_nm == (40.0, 20.0, 10.0)
    np.testing.assert_array_equal(tomogram.data[:], volume[::2, ::2, ::2])


@pytest.mark.parametrize("zarr_format", [2, 3])
@pytest.mark.parametrize("dtype", ["u1", "i2", "f4", "f8"])
def test_a_plain_array(tmp_path, zarr_format, dtype):
    volume = make_volume(dtype=dtype)
    zarr.create_array(tmp_path / "a", data=volume, chunks=(2, 3, 4), zarr_format=zarr_format)
    tomogram = read_tomogram(tmp_path / "a")
    assert (tomogram.format_name, tomogram.voxel_size_nm) == ("Zarr", None)
    np.testing.assert_array_equal(tomogram.data[1:4], volume[1:4])


def test_one_of_several_arrays_must_be_named(tmp_path):
    group = zarr.create_group(tmp_path / "a.zarr")
    group.create_array("raw", data=make_volume())
    group.create_array("labels/cells", data=make_volume(seed=1))
    with pytest.raises(InputError, match=r"holds 2 volumes \(labels/cells .*, raw .*--dataset"):
        read_tomogram(tmp_path / "a.zarr")
    np.testing.assert_array_equal(
        read_tomogram(tmp_path / "a.zarr", dataset="labels/cells").data[:], make_volume(seed=1)
    )
    with pytest.raises(InputError, match="no three-dimensional dataset 'nothing'"):
        read_tomogram(tmp_path / "a.zarr", dataset="nothing")
    with pytest.raises(InputError, match="no three-dimensional dataset"):
        read_tomogram(tmp_path / "a.zarr", dataset="../a.zarr/raw")


@pytest.mark.parametrize(
    ("shape", "sentence"),
    [((7, 9), "single 2-D image"), ((2, 5, 7, 9), "has 4 axes"), ((0, 7, 9), "is empty")],
)
def test_what_is_no_volume_is_refused(tmp_path, shape, sentence):
    zarr.create_array(tmp_path / "array", shape=shape, dtype="u1", chunks=(1,) * len(shape))
    with pytest.raises(InputError, match=sentence):
        read_tomogram(tmp_path / "array")
    zarr.create_group(tmp_path / "group").create_array("0", shape=shape, dtype="u1", chunks=(1,) * len(shape))
    with pytest.raises(InputError, match=sentence):
        read_tomogram(tmp_path / "group")


def test_a_group_without_arrays_is_refused(tmp_path):
    zarr.create_group(tmp_path / "a.zarr")
    with pytest.raises(InputError, match="no three-dimensional dataset"):
        read_tomogram(tmp_path / "a.zarr")


def test_two_channels_are_refused(tmp_path):
    write_ome_zarr(tmp_path / "a.zarr", make_volume(), "0.4")
    zarr.create_array(tmp_path / "a.zarr/0", shape=(1, 2, 5, 7, 9), dtype="u1", zarr_format=2, overwrite=True)
    with pytest.raises(InputError, match="has 5 axes"):
        read_tomogram(tmp_path / "a.zarr")


def test_a_lost_full_resolution_is_not_replaced_by_a_coarser_one(tmp_path):
    write_ome_zarr(tmp_path / "a.zarr", make_volume())
    shutil.rmtree(tmp_path / "a.zarr/0")
    with pytest.raises(InputError, match="names the array 0, which is not there"):
        read_tomogram(tmp_path / "a.zarr")


def edit_metadata(path, change):
    content = json.loads((path / "zarr.json").read_text())
    change(content["attributes"]["ome"]["multiscales"][0])
    (path / "zarr.json").write_text(json.dumps(content))


def test_a_scale_without_unit_is_a_doubt(tmp_path):
    write_ome_zarr(tmp_path / "a.zarr", make_volume())
    edit_metadata(tmp_path / "a.zarr", lambda image: [axis.pop("unit") for axis in image["axes"]])
    tomogram = read_tomogram(tmp_path / "a.zarr")
    assert tomogram.voxel_size_nm is None
    assert any("scale 0.02, 0.01, 0.005 (z, y, x) has no unit" in doubt for doubt in tomogram.doubts)


def test_transformations_of_dataset_and_image_combine(tmp_path):
    write_ome_zarr(tmp_path / "a.zarr", make_volume())

    def change(image):
        image["datasets"][0]["coordinateTransformations"].append(
            {"type": "translation", "translation": [0.1, 0.2, 0.3]}
        )
        image["coordinateTransformations"] = [{"type": "scale", "scale": [2.0, 2.0, 2.0]}]

    edit_metadata(tmp_path / "a.zarr", change)
    tomogram = read_tomogram(tmp_path / "a.zarr")
    assert tomogram.voxel_size_nm == (40.0, 20.0, 10.0)
    assert tomogram.origin_nm == pytest.approx((200.0, 400.0, 600.0))


def test_another_order_of_axes_is_refused(tmp_path):
    write_ome_zarr(tmp_path / "a.zarr", make_volume())
    edit_metadata(tmp_path / "a.zarr", lambda image: image["axes"].reverse())
    with pytest.raises(InputError, match="axes x, y, z; save it as OME-Zarr in the order z, y, x"):
        read_tomogram(tmp_path / "a.zarr")


@pytest.mark.parametrize("content", ["", "{", "[1]", '{"zarr_format": 3, "node_type": "array"}'])
def test_damaged_metadata_is_refused(tmp_path, content):
    zarr.create_array(tmp_path / "a.zarr", data=make_volume())
    (tmp_path / "a.zarr/zarr.json").write_text(content)
    with pytest.raises(InputError, match="damaged or incomplete"):
        read_tomogram(tmp_path / "a.zarr")


def test_damaged_image_metadata_is_refused(tmp_path):
    write_ome_zarr(tmp_path / "a.zarr", make_volume())
    edit_metadata(tmp_path / "a.zarr", lambda image: image.pop("axes"))
    with pytest.raises(InputError, match=r"a\.zarr cannot be read as Zarr.*axes"):
        read_tomogram(tmp_path / "a.zarr")


def test_a_truncated_piece_is_refused_when_it_is_read(tmp_path):
    zarr.create_array(tmp_path / "a.zarr", data=make_volume((4, 64, 64)), chunks=(2, 64, 64))
    piece = tmp_path / "a.zarr/c/1/0/0"
    piece.write_bytes(piece.read_bytes()[:100])
    tomogram = read_tomogram(tmp_path / "a.zarr")
    assert tomogram.data[0:2].shape == (2, 64, 64)
    with pytest.raises(InputError, match="damaged or incomplete"):
        tomogram.data[2:4]


def test_a_lost_piece_is_a_doubt(tmp_path):
    zarr.create_array(tmp_path / "a.zarr", data=make_volume((4, 64, 64)), chunks=(2, 64, 64))
    (tmp_path / "a.zarr/c/1/0/0").unlink()
    assert any(
        "1 of 2 stored pieces are absent" in doubt for doubt in read_tomogram(tmp_path / "a.zarr").doubts
    )
