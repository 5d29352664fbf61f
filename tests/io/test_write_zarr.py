import json

import numpy as np
import pytest
import zarr

from sxt.io import open_volume_writer, read_tomogram
from tests.io.samples import make_volume


def write(path, volume, voxel_size_nm=(20.0, 10.0, 5.0), **options):
    with open_volume_writer(
        path, shape=volume.shape, dtype=volume.dtype, voxel_size_nm=voxel_size_nm, **options
    ) as writer:
        for image in volume:
            writer.write(image[np.newaxis])


def test_the_metadata_are_ome_ngff_0_5(tmp_path):
    write(tmp_path / "a.zarr", make_volume(), origin_nm=(1.0, 2.0, 3.0))
    content = json.loads((tmp_path / "a.zarr/zarr.json").read_text())
    assert (content["zarr_format"], content["node_type"]) == (3, "group")
    ome = content["attributes"]["ome"]
    assert ome["version"] == "0.5"
    (image,) = ome["multiscales"]
    assert image["axes"] == [{"name": name, "type": "space", "unit": "nanometer"} for name in "zyx"]
    assert image["datasets"] == [
        {
            "path": "0",
            "coordinateTransformations": [
                {"type": "scale", "scale": [20.0, 10.0, 5.0]},
                {"type": "translation", "translation": [1.0, 2.0, 3.0]},
            ],
        }
    ]
    array = json.loads((tmp_path / "a.zarr/0/zarr.json").read_text())
    assert array["dimension_names"] == ["z", "y", "x"]


@pytest.mark.parametrize("shape", [(1, 1, 1), (8, 256, 256), (9, 257, 300), (17, 40, 513)])
def test_one_file_a_layer_of_eight_slices(tmp_path, shape):
    volume = make_volume(shape, "u2")
    write(tmp_path / "a.zarr", volume)
    array = zarr.open_array(tmp_path / "a.zarr/0", mode="r")
    np.testing.assert_array_equal(array[:], volume)
    assert array.chunks == tuple(min(piece, size) for piece, size in zip((8, 256, 256), shape, strict=True))
    files = [path for path in (tmp_path / "a.zarr/0/c").rglob("*") if path.is_file()]
    assert len(files) == -(-shape[0] // 8)


def test_empty_layers_are_stored_too(tmp_path):
    write(tmp_path / "a.zarr", np.zeros((20, 30, 40), "u1"))
    assert read_tomogram(tmp_path / "a.zarr").doubts == ()
    (tmp_path / "a.zarr/0/c/1/0/0").unlink()
    assert any(
        "1 of 3 stored pieces are absent" in doubt for doubt in read_tomogram(tmp_path / "a.zarr").doubts
    )
