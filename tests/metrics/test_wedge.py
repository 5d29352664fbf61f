import numpy as np
import pytest

from sxt.metrics.boundary import find_surfaces, measure_distances
from sxt.metrics.pair import MaskPair
from sxt.metrics.wedge import measure_wedge_recall, recall_by_angle
from tests.metrics.masks import ball

SHAPE, CENTRE = (60, 64, 64), (30, 32, 32)


def measure(prediction, truth, size, tolerance):
    pair = MaskPair(prediction, truth, voxel_size_nm=size)
    points = find_surfaces(pair, 1)
    distances = measure_distances(points, pair.shape[1:], size)
    return measure_wedge_recall(pair, 1, points, distances, tolerance=tolerance)


@pytest.mark.parametrize("size", [(10.0, 10.0, 10.0), (20.0, 10.0, 10.0)])
def test_a_ball_has_surface_at_every_angle_as_its_area_says(size):
    shape = (60, 128, 128)
    truth = ball(shape, (30, 64, 64), 240 if size[0] == 10 else 480, size)
    found = measure(truth, truth, size, 20.0)
    expected = -np.diff(np.cos(np.radians(found.edges_deg)))
    assert found.area_share == pytest.approx(expected, abs=0.02)
    assert found.recall == pytest.approx([1] * 9)
    assert (found.well_seen_recall, found.lost_share) == pytest.approx((1, 0))


@pytest.mark.parametrize("is_shell", [False, True])
def test_lost_caps_are_found_by_their_angle(is_shell):
    truth = ball(SHAPE, CENTRE, 24)
    if is_shell:
        truth -= ball(SHAPE, CENTRE, 22)
    z, y, x = np.ogrid[:60, :64, :64]
    angle = np.degrees(np.arctan2(np.hypot(y - 32, x - 32), np.abs(z - 30)))
    found = measure(truth * (angle > 30), truth, (1.0, 1.0, 1.0), 1.0)
    assert found.recall[:2] == pytest.approx([0, 0], abs=0.1)
    assert found.recall[4:] == pytest.approx([1] * 5, abs=0.02)
    assert found.well_seen_recall > 0.98
    assert found.lost_share == pytest.approx(found.hidden_share, abs=0.05)


def test_shares_worked_by_hand():
    angle = np.array([5.0] * 4 + [45.0] * 2 + [75.0] * 4)
    is_found = np.array([0, 0, 0, 1, 1, 1, 1, 1, 1, 0], bool)
    found = recall_by_angle(angle, np.full(10, 7.0), is_found)
    assert found.well_seen_recall == pytest.approx(0.75)
    assert found.lost_share == pytest.approx((0.75 * 4 - 1) / 10)
    assert found.hidden_share == pytest.approx(0.4)
    assert found.recall[[0, 4, 7]] == pytest.approx([0.25, 1, 0.75])
    assert np.isnan(found.recall[1])


def test_single_slices_know_nothing_of_angles():
    truth = np.full((9, 20, 20), 255, np.uint8)
    truth[::3] = ball((3, 20, 20), (1, 10, 10), 6)
    assert measure(np.where(truth == 255, 0, truth).astype(np.uint8), truth, (1.0, 1.0, 1.0), 1.0) is None
