import numpy as np
import pytest

from sxt.ui.metrics import object_scene
from sxt.ui.metrics.looked_at import LookedAt
from sxt.ui.metrics.object_list import WrongObject, box_of
from sxt.ui.metrics.object_scene import Surroundings, draw_surroundings, read_surroundings
from sxt.ui.metrics.studies import open_study


@pytest.fixture
def looked_at(bench, stored):
    return LookedAt(stored, open_study(bench.workspace, stored.id), 1, 0, 1)


def test_what_is_right_and_wrong_around_an_object_is_read(bench, looked_at):
    box = ((5, 2, 36), (6, 4, 39))
    found = read_surroundings(bench.workspace, looked_at, box)
    assert (found.first, found.steps, found.is_whole) == ((1, 0, 32), (1, 1, 1), True)
    assert found.codes.shape == (7, 9, 12)
    missed = np.argwhere(found.codes == 3) + found.first
    assert (missed.min(axis=0).tolist(), missed.max(axis=0).tolist()) == ([2, 2, 36], [6, 4, 39])
    assert np.unique(found.codes[[0, 3]]).tolist() == [255], "slices without labels"


def test_of_a_large_object_the_middle_is_read_thinned_out(bench, looked_at, monkeypatch):
    monkeypatch.setattr(object_scene, "MOST_PX", 20)
    monkeypatch.setattr(object_scene, "MOST_CELLS", 10)
    found = read_surroundings(bench.workspace, looked_at, ((2, 8, 10), (3, 19, 29)))
    assert not found.is_whole
    assert (found.first, found.steps) == ((0, 4, 9), (1, 2, 2))
    assert found.codes.shape == (8, 10, 10)


def test_each_kind_has_a_surface_in_the_unit_of_the_axes():
    codes = np.zeros((4, 6, 8), np.uint8)
    codes[1:3, 2:4, 2:6] = 2
    codes[1, 0, 0] = 255
    figure = draw_surroundings(
        Surroundings(codes, (10, 20, 30), (1, 2, 1), True), ((11, 24, 32), (12, 27, 35)), (20, 10, 10)
    )
    (mesh, box) = figure.data
    assert (mesh.name, mesh.color, mesh.opacity) == ("false positive", "#D55E00", 0.95)
    z = np.array(mesh.z)
    assert (z.min(), z.max()) == pytest.approx((10.5 * 0.02, 12.5 * 0.02))
    y = np.array(mesh.y)
    assert (y.min(), y.max()) == pytest.approx((23.5 * 0.01, 27.5 * 0.01))
    corners = [each for each in box.x if each is not None]
    assert (min(corners), max(corners)) == pytest.approx((31.5 * 0.01, 35.5 * 0.01))
    assert figure.layout.scene.zaxis.title.text == "z, µm"


def test_an_object_of_the_list_has_surroundings(bench, looked_at):
    number = int(np.flatnonzero(looked_at.evaluation.of_class(1).objects.truth.partner == 0)[0]) + 1
    box = box_of(looked_at, WrongObject("missed", number))
    found = read_surroundings(bench.workspace, looked_at, box)
    assert {each.name for each in draw_surroundings(found, box, None).data} >= {
        "false negative",
        "the object",
    }
