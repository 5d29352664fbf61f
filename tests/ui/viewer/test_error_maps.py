import numpy as np
import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from sxt.errors import InputError
from sxt.labels import SliceKey
from sxt.ui.viewer.error_maps import (
    MapPart,
    MapRequest,
    map_changes,
    map_errors,
    open_map,
    parse_map_id,
)
from sxt.ui.viewer.routes import viewer_routes
from tests.ui.items import add_segmentation, add_tomogram
from tests.ui.viewer.conftest import ramp

SHAPE = (4, 20, 30)


@pytest.fixture
def item(workspace, tmp_path):
    """A segmentation with membrane in a box of slices 0 and 1; slice 1 is labelled, with a box beside it."""
    tomogram = add_tomogram(workspace, tmp_path, ramp(SHAPE), voxel_size_nm=(20, 10, 10))
    mask = np.zeros(SHAPE, np.uint8)
    mask[:2, 5:10, 5:15] = 1
    segmentation = add_segmentation(workspace, tomogram, mask)
    truth = np.zeros(SHAPE[1:], np.uint8)
    truth[5:10, 10:20] = 1
    for z in (1, 2):
        labels = workspace.open_labels(tomogram.id, by="ada")
        labels.change(SliceKey("z", z), lambda old: truth, by="ada", tool="brush")
    return segmentation


def read(workspace, kind, request):
    volume = open_map(workspace, kind, request.to_id())
    return volume.levels[0].read(tuple(slice(0, size) for size in SHAPE))[0]


def test_errors_are_coded_by_kind():
    predicted, truth = np.array([1, 1, 0, 0, 1, 3], np.uint8), np.array([1, 0, 1, 0, 255, 1], np.uint8)
    assert map_errors(predicted, truth, 1).tolist() == [1, 2, 3, 0, 255, 3]


def test_changes_are_coded_by_what_became_of_a_voxel():
    baseline, candidate = np.array([0, 1, 0, 1, 0], np.uint8), np.array([1, 0, 0, 1, 0], np.uint8)
    truth = np.array([1, 1, 1, 1, 255], np.uint8)
    assert map_changes(baseline, candidate, truth, 1).tolist() == [1, 2, 3, 0, 255]


@pytest.mark.parametrize("threshold", [0.0, 0.5, 1 / 3, 1e-7])
def test_an_id_says_what_is_to_be_worked_out(threshold):
    request = MapRequest((MapPart("segmentat0", threshold), MapPart("segmentat1", 0.25)), 3, True)
    assert parse_map_id("changes", request.to_id()) == request


@pytest.mark.parametrize(
    "text",
    ["", "1_all", "1_all_segmentat0", "1_all_segmentat0_2", "0_all_segmentat0_0.5", "1_some_segmentat0_0.5",
     "x_all_segmentat0_0.5", "1_all_segmentat0_nan", "1_all_segmentat0_0.5_segmentat1_0.5"],
)  # fmt: skip
def test_an_id_of_another_form_is_refused(text):
    with pytest.raises(InputError, match="names no map of errors"):
        parse_map_id("errors", text)


def test_only_labelled_slices_have_errors(workspace, item):
    codes = read(workspace, "errors", MapRequest((MapPart(item.id, 0.5),), 1))
    assert np.unique(codes[[0, 3]]).tolist() == [255], "unlabelled"
    assert np.bincount(codes[1].ravel()).tolist() == [600 - 75, 25, 25, 25]
    assert np.bincount(codes[2].ravel()).tolist() == [550, 0, 0, 50]


def test_only_held_out_slices_count_where_that_is_asked_for(workspace, item):
    request = MapRequest((MapPart(item.id, 0.5),), 1, hold_out_only=True)
    assert read(workspace, "errors", request)[2].max() == 3
    workspace.find_labels(item.tomogram_id).hold_out.write([1])
    codes = read(workspace, "errors", request)
    assert (codes[1].max(), codes[2].max()) == (3, 0)
    assert np.unique(codes[[0, 3]]).tolist() == [255]


def test_agreement_is_between_two_segmentations(workspace, item):
    tomogram = workspace.tomograms.get(item.tomogram_id)
    mask = np.zeros(SHAPE, np.uint8)
    mask[0, 5:10, 10:20] = 1
    other = add_segmentation(workspace, tomogram, mask)
    parts = (MapPart(item.id, 0.5), MapPart(other.id, 0.5))
    codes = read(workspace, "agreement", MapRequest(parts, 1))
    assert np.bincount(codes[0].ravel()).tolist() == [525, 25, 25, 25]
    assert np.bincount(codes[1].ravel()).tolist() == [550, 0, 0, 50]


def test_a_class_that_is_not_there_is_named(workspace, item):
    with pytest.raises(InputError, match="has no class 2; it has 1, 3"):
        open_map(workspace, "errors", MapRequest((MapPart(item.id, 0.5),), 2).to_id())


def test_maps_are_served_as_other_volumes_are(workspace, item):
    client = TestClient(Starlette(routes=viewer_routes(lambda: workspace)), raise_server_exceptions=False)
    address = f"/api/slices/errors/{MapRequest((MapPart(item.id, 0.5),), 1).to_id()}"
    assert client.get(f"{address}/info").json()["shape"] == list(SHAPE)
    strip = np.frombuffer(client.get(f"{address}/strip/z/scrub/0").content, np.uint8).reshape(SHAPE)
    assert np.bincount(strip[1].ravel()).tolist() == [525, 25, 25, 25]
    along_y = np.frombuffer(client.get(f"{address}/tile/y/7/0/0").content, np.uint8).reshape(4, 30)
    assert along_y[1].tolist() == [0] * 5 + [2] * 5 + [1] * 5 + [3] * 5 + [0] * 10
    assert client.get(f"{address}/value/1/7/12").json() == {"values": [1.0]}


@pytest.mark.parametrize("text", ["1_all_aaaaaaaaaa_0.5", "1_all_.._0.5", "nothing"])
def test_what_is_not_there_is_not_found(workspace, text):
    client = TestClient(Starlette(routes=viewer_routes(lambda: workspace)), raise_server_exceptions=False)
    assert client.get(f"/api/slices/errors/{text}/info").status_code == 404
