import io
import zipfile
from urllib.parse import quote

import numpy as np
import pytest

from sxt.io import read_tomogram
from sxt.ui.routes.downloads import download_routes, file_address, volume_address
from tests.ui.routes.conftest import SHAPE, VOXEL_NM


@pytest.fixture
def client(client_of, workspace):
    return client_of(download_routes(lambda: workspace))


def read_back(content, tmp_path, suffix):
    path = tmp_path / f"downloaded.{suffix}"
    path.write_bytes(content)
    return read_tomogram(path)


@pytest.mark.parametrize("suffix", ["tif", "mrc", "npy"])
def test_a_tomogram_is_saved_in_the_formats_of_the_field(client, tomogram, workspace, tmp_path, suffix):
    response = client.get(volume_address("tomograms", tomogram.id, "volume", suffix))
    assert response.status_code == 200
    assert int(response.headers["content-length"]) == len(response.content)
    assert response.headers["content-disposition"].endswith(quote(f"Zelle 7 <µ>.{suffix}", safe=""))
    saved = read_back(response.content, tmp_path, suffix)
    np.testing.assert_array_equal(saved.data[0:6], workspace.open_tomogram(tomogram.id).data[0:6])
    if suffix != "npy":
        assert saved.voxel_size_nm == pytest.approx(VOXEL_NM)


@pytest.mark.parametrize("suffix", ["tif", "mrc", "npy"])
def test_a_mask_is_saved(client, segmentation, tmp_path, suffix):
    response = client.get(volume_address("segmentations", segmentation.id, "mask", suffix))
    saved = read_back(response.content, tmp_path, suffix)
    assert saved.shape == SHAPE
    assert [int(each.max()) for each in saved.data[0:6]] == [0, 0, 0, 3, 3, 3]


@pytest.mark.parametrize(("class_value", "factor"), [(1, 1), (3, 3)])
def test_the_probability_of_each_class_is_saved(client, segmentation, tmp_path, class_value, factor):
    address = volume_address("segmentations", segmentation.id, "probability", "tif", class_value=class_value)
    saved = read_back(client.get(address).content, tmp_path, "tif")
    assert [int(each.max()) for each in saved.data[0:6]] == [factor * z for z in range(6)]


@pytest.mark.parametrize("query", ["", "?class=2", "?class=x", "?class="])
def test_a_probability_needs_a_class_that_there_is(client, segmentation, query):
    response = client.get(f"/api/segmentations/{segmentation.id}/probability.tif{query}")
    assert response.status_code == 400
    assert response.json()["error"] == "The address needs ?class= with one of 1, 3."


def test_a_conversion_leaves_nothing_behind(client, tomogram, workspace):
    before = sorted(workspace.root.iterdir())
    client.get(f"/api/tomograms/{tomogram.id}/volume.tif")
    assert sorted(workspace.root.iterdir()) == before


def test_asking_for_the_head_converts_nothing(client, tomogram, monkeypatch):
    monkeypatch.setattr("sxt.ui.routes.downloads._convert", None)
    assert client.head(f"/api/tomograms/{tomogram.id}/volume.tif").status_code == 200


@pytest.mark.parametrize(
    ("group", "volume"),
    [("tomograms", "volume"), ("segmentations", "mask"), ("segmentations", "probability")],
)
def test_a_zarr_folder_comes_as_a_zip_that_opens(
    client, tomogram, segmentation, workspace, tmp_path, group, volume
):
    item = tomogram if group == "tomograms" else segmentation
    response = client.get(volume_address(group, item.id, volume, "zip"))
    assert response.headers["content-type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(response.content)) as archive:
        assert archive.testzip() is None
        archive.extractall(tmp_path / "unpacked")
    source = getattr(workspace, group).path(item.id) / f"{volume}.zarr"
    files = sorted(path.relative_to(source) for path in source.rglob("*") if path.is_file())
    copy = tmp_path / f"unpacked/{volume}.zarr"
    assert files == sorted(path.relative_to(copy) for path in copy.rglob("*") if path.is_file())
    assert all((source / each).read_bytes() == (copy / each).read_bytes() for each in files)


def test_the_zip_of_a_tomogram_is_a_volume(client, tomogram, workspace, tmp_path):
    response = client.get(volume_address("tomograms", tomogram.id, "volume", "zip"))
    with zipfile.ZipFile(io.BytesIO(response.content)) as archive:
        archive.extractall(tmp_path)
    opened = read_tomogram(tmp_path / "volume.zarr", dataset=tomogram.levels[0].path)
    np.testing.assert_array_equal(opened.data[0:6], workspace.open_tomogram(tomogram.id).data[0:6])


def test_a_file_of_an_item_is_saved_and_in_parts_too(client, surface):
    address = file_address("surfaces", surface.id, "mesh.vtp")
    response = client.get(address)
    assert response.content == bytes(range(100))
    assert "Zelle%207%20surfaces%20mesh.vtp" in response.headers["content-disposition"]
    part = client.get(address, headers={"Range": "bytes=10-19"})
    assert (part.status_code, part.content) == (206, bytes(range(10, 20)))
    assert client.get(address, headers={"Range": "bytes=100-"}).status_code == 416


def test_a_picture_may_be_shown_but_a_page_never_is(client, surface):
    shown = client.get(file_address("surfaces", surface.id, "snapshot.png") + "?inline=1")
    assert shown.headers["content-disposition"] == "inline"
    page = client.get(file_address("surfaces", surface.id, "scene.html") + "?inline=1")
    assert page.headers["content-disposition"].startswith("attachment;")


@pytest.mark.parametrize(
    "name",
    [
        "manifest.json",
        "absent",
        ".hidden",
        "..",
        "%2e%2e",
        "..%2fmanifest.json",
        "%2fetc%2fpasswd",
        "sub",
        "link",
        "%00",
    ],
)
def test_only_plain_files_of_the_item_are_sent(client, surface, workspace, name):
    folder = workspace.surfaces.path(surface.id)
    (folder / ".hidden").write_text("x")
    (folder / "sub").mkdir()
    (folder / "link").symlink_to("/etc/passwd")
    assert client.get(f"/api/surfaces/{surface.id}/files/{name}").status_code == 404


@pytest.mark.parametrize(
    "address",
    [
        "/api/tomograms/{id}/volume.exe",
        "/api/tomograms/{id}/mask.tif",
        "/api/tomograms/{id}/volume.",
        "/api/tomograms/xxxxxxxxxx/volume.tif",
        "/api/tomograms/..%2f..%2fx/volume.zip",
        "/api/tomograms/%2e%2e/volume.zip",
        "/api/segmentations/{id}/mask.tif",
        "/api/jobs/{id}/files/log.txt",
        "/api/shares/{id}/files/x",
        "/api/models/../../x.zip",
        "/api/models/nosuch/1.zip",
    ],
)
def test_what_is_not_there_is_not_found(client, tomogram, address):
    assert client.get(address.format(id=tomogram.id)).status_code == 404


@pytest.mark.parametrize("name", ["a..b", "%2e%2e", "x%00"])
def test_the_name_of_a_model_is_no_path(client, name):
    assert client.get(f"/api/models/{name}/1.zip").status_code == 404


def test_a_model_version_comes_as_a_zip(client, workspace):
    folder = workspace.models_root / "mine" / "2"
    folder.mkdir(parents=True)
    for name in ("config.json", "weights.safetensors", "card.md"):
        (folder / name).write_text(name)
    response = client.get("/api/models/mine/2.zip")
    with zipfile.ZipFile(io.BytesIO(response.content)) as archive:
        assert archive.read("mine-2/weights.safetensors") == b"weights.safetensors"
        assert len(archive.namelist()) == 3
    assert 'filename="mine-2.zip"' in response.headers["content-disposition"]


def test_nothing_but_reading_is_offered(client, tomogram):
    for method in ("POST", "PUT", "DELETE"):
        assert client.request(method, f"/api/tomograms/{tomogram.id}/volume.tif").status_code == 405
