import json

import numpy as np
import pytest

from sxt.labels import SliceKey
from sxt.labels.slice_locks import EXPIRY_S
from sxt.ui.label.routes import MAX_BODY_BYTES
from tests.ui.label.conftest import SHAPE, slice_of, state_of

ZYX = {"z": (40, 50), "y": (6, 50), "x": (40, 6)}
"""Rows and columns that the viewer shows of a slice of each plane."""


def disk(shape: tuple[int, int], row: float, column: float, radius: float) -> np.ndarray:
    rows, columns = np.ogrid[: shape[0], : shape[1]]
    return (rows - row) ** 2 + (columns - column) ** 2 <= radius**2


def test_a_slice_nobody_labelled_is_unlabelled_everywhere(ada):
    answer = ada.get("slice/z/3")
    assert (slice_of(answer, (40, 50)) == 255).all()
    state = state_of(answer)
    assert (state["saved_at"], state["n_undo"], state["holder"], state["is_mine"]) == (None, 0, None, True)
    assert answer.headers["cache-control"] == "no-store"


def test_a_stroke_is_answered_with_the_slice_as_it_is_on_disk(ada, labels):
    answer = ada.edit("z/3", "brush", points=[[12, 20]], radius_px=4)
    found = slice_of(answer, (40, 50))
    np.testing.assert_array_equal(found == 1, disk((40, 50), 12, 20, 4))
    np.testing.assert_array_equal(labels.read(SliceKey("z", 3)), found)
    state = state_of(answer)
    assert state["n_undo"] == 1
    assert state["n_labelled"] == 1
    assert state["holder"] == "Ada"
    assert labels.ledger.entries()[-1].by == "Ada"
    assert state["saved_at"] == labels.ledger.entries()[-1].when.isoformat()


@pytest.mark.parametrize("plane", ["z", "y", "x"])
def test_strokes_lie_where_the_viewer_shows_them_in_every_plane(ada, labels, plane):
    rows, columns = ZYX[plane]
    found = slice_of(ada.edit(f"{plane}/2", "brush", points=[[3, 4]], radius_px=1), ZYX[plane])
    np.testing.assert_array_equal(found == 1, disk((rows, columns), 3, 4, 1))
    volume = labels.volume[0 : SHAPE[0]]
    voxel = {"z": (2, 3, 4), "y": (3, 2, 4), "x": (4, 3, 2)}[plane]
    assert volume[voxel] == 1
    assert (volume == 1).sum() == 5
    np.testing.assert_array_equal(slice_of(ada.get(f"slice/{plane}/2"), ZYX[plane]), found)


def test_the_revision_changes_with_strokes_of_any_plane_and_no_others(ada):
    before = ada.get("state/z/3").json()["revision"]
    assert ada.get("state/z/3").json()["revision"] == before
    ada.edit("z/4", "brush", points=[[3, 4]], radius_px=1)
    assert ada.get("state/z/3").json()["revision"] == before
    ada.edit("y/9", "brush", points=[[3, 4]], radius_px=1)
    assert ada.get("state/z/3").json()["revision"] != before


def test_undo_and_redo_are_those_of_the_slice(ada):
    ada.edit("z/3", "brush", points=[[12, 20]], radius_px=4)
    ada.edit("z/4", "brush", points=[[12, 20]], radius_px=4)
    undone = ada.edit("z/3", "undo")
    assert (slice_of(undone, (40, 50)) == 255).all()
    assert (state_of(undone)["n_undo"], state_of(undone)["n_redo"]) == (0, 1)
    assert (slice_of(ada.get("slice/z/4"), (40, 50)) == 1).sum() == 49
    assert (slice_of(ada.edit("z/3", "redo"), (40, 50)) == 1).sum() == 49
    assert slice_of(ada.edit("z/5", "undo"), (40, 50)).min() == 255


def test_who_comes_second_is_refused_and_told_the_name(ada, ben, labels):
    ada.edit("z/3", "brush", points=[[12, 20]], radius_px=4)
    state = ben.get("state/z/3").json()
    assert (state["holder"], state["is_mine"]) == ("Ada", False)
    refused = ben.edit("z/3", "eraser", points=[[12, 20]], radius_px=4, value=255, active_class=1)
    assert refused.status_code == 409
    assert refused.json() == {"error": "Ada is labelling this slice; yours was not kept."}
    assert (labels.read(SliceKey("z", 3)) == 1).sum() == 49
    assert ben.edit("z/4", "brush", points=[[12, 20]], radius_px=4).status_code == 200
    assert ada.post("release/z/3").status_code == 204
    assert ben.post("hold/z/3").json()["holder"] == "Ben"
    assert ada.post("hold/z/3").json()["is_mine"] is False


def test_a_hold_without_a_heartbeat_runs_out(ada, ben, labels):
    ada.post("hold/z/3")
    path = labels.folder / "locks" / "z-3.json"
    hold = json.loads(path.read_text())
    path.write_text(json.dumps({**hold, "heard_s": hold["heard_s"] - EXPIRY_S - 1}))
    assert ben.get("state/z/3").json()["is_mine"] is True


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "The stroke cannot be read"),
        (b"[]", "The stroke cannot be read"),
        ({"edit": {"tool": "hammer"}}, "The stroke cannot be read"),
        ({"edit": {"tool": "brush", "points": [], "radius_px": 3}}, "at least 1 item"),
        (
            {"edit": {"tool": "brush", "points": [[1, 2]], "radius_px": 3, "value": 256}},
            "less than or equal to 255",
        ),
        ({"edit": {"tool": "brush", "points": [[1, 2]], "radius_px": 3, "value": 9}}, "There is no class 9"),
        (
            {"edit": {"tool": "brush", "points": [[1, 2]], "radius_px": [3, 4], "value": 1}},
            "2 radii for 1 points",
        ),
        ({"edit": {"tool": "brush", "points": [[1, 2]], "radius_px": 3, "path": "/etc"}}, "Extra inputs"),
        ({"edit": {"tool": "fill", "point": [99, 2], "tolerance": 3, "value": 1}}, "lies outside the slice"),
        (
            {"edit": {"tool": "fill", "point": [1, 2], "tolerance": -3, "value": 1}},
            "greater than or equal to 0",
        ),
    ],
)
def test_a_stroke_that_makes_no_sense_is_refused_and_changes_nothing(ada, labels, body, says):
    answer = ada.post("edit/z/3", body)
    assert answer.status_code == 400
    assert says in answer.json()["error"]
    assert labels.ledger.entries() == ()


def test_nan_and_infinity_are_no_places(ada):
    body = b'{"edit": {"tool": "brush", "value": 1, "points": [[NaN, 1]], "radius_px": 2}}'
    assert ada.post("edit/z/3", body).status_code == 400


def test_a_stroke_that_is_too_large_is_refused(ada):
    assert ada.post("edit/z/3", b" " * (MAX_BODY_BYTES + 1)).status_code == 413


@pytest.mark.parametrize("path", ["slice/z/6", "state/y/40", "slice/x/50"])
def test_a_slice_outside_the_volume_is_not_found(ada, path):
    assert ada.get(path).status_code == 404


@pytest.mark.parametrize("item", ["unknown000", "..%2F..%2Fetc"])
def test_labels_that_are_not_there_are_not_found(ada, item):
    ada.item = item
    assert ada.get("slice/z/1").status_code == 404
    assert ada.edit("z/1", "brush", points=[[1, 1]], radius_px=1).status_code == 404


def test_a_plane_that_is_none_is_refused(ada):
    assert ada.get("slice/w/1").json()["error"] == "'w' is no plane; there are z, y and x."


def test_only_posts_change_anything(ada):
    assert ada.get("edit/z/1").status_code == 405
