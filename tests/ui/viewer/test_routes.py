import io
import logging

import numpy as np
import pytest
from PIL import Image
from starlette.applications import Starlette
from starlette.testclient import TestClient

from sxt.ui.viewer.routes import viewer_routes
from tests.ui.viewer.conftest import SEGMENTATION_ID, SHAPE, TOMOGRAM_ID, write_volume

TOMOGRAM = f"/api/slices/tomogram/{TOMOGRAM_ID}"
MASK = f"/api/slices/mask/{SEGMENTATION_ID}"
PROBABILITY = f"/api/slices/probability/{SEGMENTATION_ID}"


@pytest.fixture
def client(filled):
    return TestClient(Starlette(routes=viewer_routes(lambda: filled)), raise_server_exceptions=False)


def test_the_facts_say_what_can_be_asked_for(client):
    facts = client.get(f"{TOMOGRAM}/info").json()
    assert facts["shape"] == list(SHAPE)
    assert facts["voxel_size_nm"] == [20.0, 10.0, 10.0]
    assert [tier["name"] for tier in facts["planes"]["z"]] == ["scrub", "full"]
    assert facts["limits"][0] < 1 < 19 < facts["limits"][1]
    assert "limits" not in client.get(f"{MASK}/info").json()
    assert client.get(f"{PROBABILITY}/info").json()["n_channels"] == 2


def test_a_strip_of_grey_values_is_a_jpeg(client):
    answer = client.get(f"{TOMOGRAM}/strip/z/scrub/1?lo=0&hi=25.5&v=1")
    assert answer.headers["content-type"] == "image/jpeg"
    picture = np.asarray(Image.open(io.BytesIO(answer.content)))
    assert picture.shape == (4 * 300, 400)
    assert [picture[300 * k + 150].mean() for k in range(4)] == pytest.approx(
        [161.5, 171.5, 181.5, 191.5], abs=2
    )


def test_a_strip_of_a_mask_is_its_bytes(client):
    answer = client.get(f"{MASK}/strip/z/scrub/0")
    assert answer.headers["content-encoding"] == "gzip"
    values = np.frombuffer(answer.content, np.uint8).reshape(16, 300, 400)
    assert values[4].max() == 0
    assert values[5, 99, 49] == 2
    assert values[5].sum() == 2 * 100 * 50


def test_a_tile_of_a_probability_has_all_channels(client):
    answer = client.get(f"{PROBABILITY}/tile/y/3/0/0")
    values = np.frombuffer(answer.content, np.uint8).reshape(2, 20, 400)
    assert values[0, 7, 5] == 70
    assert values[1, 7, 5] == 185


def test_a_tile_of_grey_values_is_a_jpeg_of_the_slice(client):
    picture = Image.open(io.BytesIO(client.get(f"{TOMOGRAM}/tile/x/9/0/0?lo=0&hi=25.5").content))
    assert picture.size == (20, 300)


def test_a_value_is_the_one_stored(client):
    assert client.get(f"{TOMOGRAM}/value/3/20/100").json()["values"] == pytest.approx([3.0201], abs=1e-5)
    assert client.get(f"{PROBABILITY}/value/3/20/100").json()["values"] == [30.0, 225.0]


def test_a_value_that_is_not_finite_is_null(workspace):
    data = np.full((2, 4, 4), np.nan, np.float32)
    write_volume(workspace.tomograms.path(TOMOGRAM_ID) / "volume.zarr", data)
    client = TestClient(Starlette(routes=viewer_routes(lambda: workspace)))
    assert client.get(f"{TOMOGRAM}/value/0/0/0").json() == {"values": [None]}
    assert client.get(f"{TOMOGRAM}/info").json()["window"] == [0.0, 1.0]


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/api/slices/tomogram/nothere000/info", 404),
        ("/api/slices/tomogram/..%2F..%2Fetc/info", 404),
        ("/api/slices/tomogram/UPPER00000/info", 404),
        ("/api/slices/labels/tomogram00/info", 404),
        ("/api/slices/partial/nothere000/info", 404),
        ("/api/slices/secrets/tomogram00/info", 404),
        (f"{TOMOGRAM}/strip/z/scrub/0", 400),
        (f"{TOMOGRAM}/strip/z/scrub/0?lo=nan&hi=1", 400),
        (f"{TOMOGRAM}/strip/w/scrub/0?lo=0&hi=1", 400),
        (f"{TOMOGRAM}/strip/z/huge/0?lo=0&hi=1", 400),
        (f"{TOMOGRAM}/strip/z/scrub/99?lo=0&hi=1", 400),
        (f"{TOMOGRAM}/tile/z/99/0/0?lo=0&hi=1", 400),
        (f"{TOMOGRAM}/value/99/0/0", 400),
        (f"{TOMOGRAM}/strip/z/scrub/-1?lo=0&hi=1", 404),
    ],
)
def test_what_is_not_there_is_refused_in_a_sentence(client, address, status):
    answer = client.get(address)
    assert answer.status_code == status
    assert answer.headers["content-type"].startswith("text/plain")
    assert "workspace" not in answer.text


def test_only_addresses_with_a_version_may_be_kept(client):
    assert client.get(f"{MASK}/info").headers["cache-control"] == "no-store"
    assert client.get(f"{MASK}/info?v=2").headers["cache-control"] == "private, max-age=86400, immutable"
    assert client.get(f"{MASK}/value/99/0/0?v=2").headers["cache-control"] == "no-store"


def test_an_edited_volume_is_read_anew_under_its_new_version(filled):
    import zarr

    client = TestClient(Starlette(routes=viewer_routes(lambda: filled)))
    path = f"{MASK}/tile/y/3/0/0"
    before = np.frombuffer(client.get(f"{path}?v=1").content, np.uint8)
    array = zarr.open_array(filled.segmentations.path(SEGMENTATION_ID) / "mask.zarr/0", mode="r+")
    array[:] = 3
    assert np.array_equal(np.frombuffer(client.get(f"{path}?v=1").content, np.uint8), before)
    assert (np.frombuffer(client.get(f"{path}?v=2").content, np.uint8) == 3).all()


def test_a_damaged_volume_is_a_plain_sentence_and_a_line_in_the_log(filled, caplog):
    shards = filled.tomograms.path(TOMOGRAM_ID) / "volume.zarr/0/c"
    for file in (each for each in shards.rglob("*") if each.is_file()):
        file.write_bytes(b"broken")
    client = TestClient(Starlette(routes=viewer_routes(lambda: filled)), raise_server_exceptions=False)
    with caplog.at_level(logging.ERROR):
        answer = client.get(f"{TOMOGRAM}/tile/z/0/0/0?lo=0&hi=1")
    assert answer.status_code == 500
    assert answer.text == "The slices cannot be read; the server's log says why."
    assert "Traceback" in caplog.text


def test_a_prefix_stands_before_every_route(filled):
    client = TestClient(Starlette(routes=viewer_routes(lambda: filled, prefix="/sxt/")))
    assert client.get(f"/sxt{MASK}/info").status_code == 200
    assert client.get(f"{MASK}/info").status_code == 404


def test_a_segmentation_in_the_making_shows_the_slices_it_has(workspace):
    from sxt.segment.store import PartialResult
    from sxt.workspace import ClassInfo
    from sxt.workspace.stored import BegunSegmentation

    folder = workspace.segmentations.prepare_partial(SEGMENTATION_ID)
    begun = BegunSegmentation(
        tomogram_id=TOMOGRAM_ID,
        classes=(ClassInfo(value=1, name="membrane", colour="#E69F00"),),
        first_slice=0,
        shape=(5, 4, 6),
        threshold=0.5,
    )
    (folder / "begun.json").write_text(begun.model_dump_json())
    store = PartialResult(folder / "slabs", shape=(1, 5, 4, 6), fingerprint={})
    store.start_anew()
    store.append(np.full((1, 2, 4, 6), 9, np.uint8))
    client = TestClient(Starlette(routes=viewer_routes(lambda: workspace)))
    address = f"/api/slices/partial/{SEGMENTATION_ID}"
    assert client.get(f"{address}/info").json()["shape"] == [2, 4, 6]
    store.append(np.full((1, 3, 4, 6), 8, np.uint8))
    assert client.get(f"{address}/info").json()["shape"] == [5, 4, 6]
    column = np.frombuffer(client.get(f"{address}/tile/x/0/0/0").content, np.uint8).reshape(4, 5)
    assert column[0].tolist() == [9, 9, 8, 8, 8]


def test_what_is_asked_of_the_making_after_it_was_finished_comes_from_the_whole(filled):
    client = TestClient(Starlette(routes=viewer_routes(lambda: filled)))
    of_parts, of_whole = (
        client.get(f"/api/slices/{kind}/{SEGMENTATION_ID}/tile/z/3/0/0?v=1")
        for kind in ("partial", "probability")
    )
    assert (of_parts.status_code, of_parts.content) == (200, of_whole.content)
