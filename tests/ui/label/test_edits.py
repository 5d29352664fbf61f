import numpy as np
import pytest

from sxt.labels import SliceKey
from tests.ui.label.conftest import slice_of

SHAPE = (40, 50)
SQUARE = [[4, 4], [4, 14], [14, 14], [14, 4]]


def painted(answer) -> np.ndarray:
    return slice_of(answer, SHAPE) == 1


def test_a_polygon_holds_the_pixels_inside(ada):
    expected = np.zeros(SHAPE, bool)
    expected[4:14, 4:14] = True
    found = painted(ada.edit("z/0", "polygon", points=SQUARE))
    assert expected[5:13, 5:13].all()
    np.testing.assert_array_equal(found[5:14, 5:14], expected[5:14, 5:14])
    assert found.sum() == 100


def test_a_lasso_holds_its_own_line_too(ada):
    found = painted(ada.edit("z/0", "lasso", points=SQUARE))
    assert found[4:15, 4:15].all()
    assert found.sum() == 121


def test_a_pen_draws_as_wide_as_it_is_pressed(ada):
    found = painted(ada.edit("z/0", "brush", points=[[20, 5], [20, 45]], radius_px=[1, 6]))
    assert found[:, 5].sum() < found[:, 40].sum()


def test_a_flood_fill_stays_within_the_tolerance(ada):
    expected = np.zeros(SHAPE, bool)
    expected[10:20, 5:25] = True
    np.testing.assert_array_equal(painted(ada.edit("z/0", "fill", point=[12, 7], tolerance=20)), expected)


def test_a_threshold_paints_its_range_within_the_region(ada):
    region = [[0, 0], [0, 14], [39, 14], [39, 0]]
    expected = np.zeros(SHAPE, bool)
    expected[10:20, 5:15] = True
    found = painted(ada.edit("z/0", "threshold", points=region, low=30, high=50))
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("rule", ["watershed", "random walker"])
def test_a_stroke_grows_to_the_edge_around_it(ada, rule):
    found = painted(ada.edit("z/0", "grow", points=[[14, 10], [14, 20]], radius_px=2, reach_px=14, rule=rule))
    expected = np.zeros(SHAPE, bool)
    expected[10:20, 5:25] = True
    assert np.count_nonzero(found ^ expected) <= 60
    assert found[12:18, 7:23].all()


def test_superpixels_are_painted_whole(ada):
    found = painted(ada.edit("z/0", "superpixel", points=[[12, 8]], size_px=8))
    assert 8 < found.sum() < 400
    assert found[12, 8]


def test_a_box_is_cleared_of_all_classes(ada):
    ada.edit("z/0", "polygon", points=SQUARE)
    ada.edit("z/0", "polygon", points=[[20, 4], [20, 14], [30, 14], [30, 4]], value=2)
    found = slice_of(ada.edit("z/0", "box", points=[[0, 0], [39, 8]], value=1), SHAPE)
    assert (found[:, :9] == 255).all()
    assert set(np.unique(found)) == {1, 2, 255}


def test_other_classes_are_protected_unless_asked_otherwise(ada):
    ada.edit("z/0", "polygon", points=SQUARE, value=2)
    kept = slice_of(ada.edit("z/0", "brush", points=[[9, 9]], radius_px=3), SHAPE)
    assert kept[9, 9] == 2
    lost = ada.edit("z/0", "brush", points=[[9, 9]], radius_px=3, protects_others=False)
    assert slice_of(lost, SHAPE)[9, 9] == 1


def test_the_eraser_leaves_other_classes_alone(ada):
    ada.edit("z/0", "polygon", points=SQUARE, value=2)
    kept = ada.edit("z/0", "eraser", points=[[9, 9]], radius_px=3, value=255, active_class=1)
    assert slice_of(kept, SHAPE)[9, 9] == 2
    gone = ada.edit("z/0", "eraser", points=[[9, 9]], radius_px=3, value=255, active_class=2)
    assert slice_of(gone, SHAPE)[9, 9] == 255


def test_a_click_accepts_a_proposed_region_as_the_class_of_its_name(ada, segmentation, labels):
    accepted = ada.edit("z/1", "accept", point=[32, 33], segmentation=segmentation.id)
    expected = np.zeros(SHAPE, bool)
    expected[30:35, 30:40] = True
    np.testing.assert_array_equal(slice_of(accepted, SHAPE) == 2, expected)  # droplet is 3 in the model
    assert labels.ledger.entries()[-1].note == f"segmentation {segmentation.id}"


def test_a_rejected_region_becomes_background(ada, segmentation):
    found = slice_of(ada.edit("z/1", "reject", point=[12, 7], segmentation=segmentation.id), SHAPE)
    assert (found[10:20, 5:25] == 0).all()
    assert (found == 0).sum() == 200


def test_proposals_lie_where_the_viewer_shows_them_in_other_planes(ada, segmentation):
    found = slice_of(ada.edit("x/7", "accept", point=[12, 3], segmentation=segmentation.id), (40, 6))
    assert (found[10:20] == 1).all()
    assert (found == 1).sum() == 60


def test_nothing_is_accepted_where_nothing_is_proposed(ada, segmentation):
    answer = ada.edit("z/1", "accept", point=[0, 0], segmentation=segmentation.id)
    assert "Nothing is proposed there" in answer.json()["error"]


def test_a_held_out_slice_takes_nothing_from_a_model(ada, segmentation, labels):
    from sxt.labels import PseudoLabels

    PseudoLabels(labels).mark_hold_out([1], by="ada")
    answer = ada.edit("z/1", "accept", point=[12, 7], segmentation=segmentation.id)
    assert answer.status_code == 400
    assert "hold-out" in answer.json()["error"]
    assert ada.edit("z/1", "brush", points=[[1, 1]], radius_px=1).status_code == 200
    assert ada.get("state/z/1").json()["is_hold_out"] is True


def test_pseudo_labels_are_corrected_beside_the_labels(ada, labels):
    from sxt.labels import PseudoLabels

    pseudo = PseudoLabels(labels)
    with pseudo.new_round(by="ada", note="test") as writer:
        writer.add(2, np.full(SHAPE, 1, np.uint8), np.full(SHAPE, 200, np.uint8))
    assert ada.get("state/z/2").json()["has_pseudo"] is True
    assert (slice_of(ada.get("pseudo/labels/2"), SHAPE) == 1).all()
    assert (slice_of(ada.get("pseudo/confidence/2"), SHAPE) == 200).all()
    edit = {"points": [[9, 9]], "radius_px": 3, "value": 0, "active_class": 1, "target": "pseudo"}
    corrected = slice_of(ada.edit("z/2", "eraser", **edit), SHAPE)
    assert corrected[9, 9] == 0
    assert pseudo.find(2).decision == "edited"
    state = ada.get("state/z/2").json()
    assert (state["saved_at"], state["touched_at"] is None) == (None, False)
    assert (labels.read(SliceKey("z", 2)) == 255).all()
    assert (slice_of(ada.edit("z/2", "undo", target="pseudo"), SHAPE) == 1).all()
    assert slice_of(ada.edit("z/2", "redo", target="pseudo"), SHAPE)[9, 9] == 0
    assert ada.get("pseudo/labels/3").status_code == 404


def test_disagreement_of_two_segmentations(ada, workspace, tomogram, segmentation):
    from tests.ui.items import add_segmentation

    other = add_segmentation(workspace, tomogram, np.zeros((6, *SHAPE), np.uint8))
    found = slice_of(ada.get(f"disagreement/2?first={segmentation.id}&second={other.id}"), SHAPE)
    assert (found[10:20, 5:25] == 255).all()
    assert (found == 255).sum() == 250
    assert ada.get(f"disagreement/2?first={segmentation.id}&second=none").status_code == 404


def test_disagreement_that_was_kept(ada, labels):
    from sxt.labels.values import slice_box
    from sxt.workspace.suggesting import DisagreementScores, ScoredSlice, new_maps, write_scores

    assert ada.get("disagreement/2?maps=none").status_code == 404
    with new_maps(labels) as (name, maps):
        maps.write_box(slice_box(labels.shape, SliceKey("z", 2)), np.full((1, *SHAPE), 77, np.uint8))
    scores = DisagreementScores(
        source="tiny:1 under four turns", slices=(ScoredSlice(z=2, scores=(0.1,)),), maps=name
    )
    write_scores(labels, scores)
    assert (slice_of(ada.get(f"disagreement/2?maps={name}"), SHAPE) == 77).all()
    assert ada.get(f"disagreement/3?maps={name}").status_code == 404
