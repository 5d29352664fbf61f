import numpy as np
import pytest
from scipy.ndimage import generate_binary_structure, label

from sxt.surface import SurfaceSettings
from sxt.surface.classes import read_classes
from sxt.surface.components import label_components, runs_along_x
from sxt.surface.groups import group_components


def labelled(mask: np.ndarray, connectivity: int = 26, min_voxels: int = 0):
    classes = read_classes(mask, SurfaceSettings(reading="instances"))
    return label_components(classes, connectivity=connectivity, min_voxels=min_voxels)


@pytest.fixture
def noise() -> np.ndarray:
    return (np.random.default_rng(5).random((9, 11, 13)) < 0.35).astype(np.uint8)


def test_runs_cover_every_labelled_voxel_once(monkeypatch):
    monkeypatch.setattr("sxt.surface.classes.SLAB_VOXELS", 1)
    volume = np.random.default_rng(2).integers(0, 3, (4, 5, 7))
    painted = np.zeros_like(volume)
    for runs in runs_along_x(volume, volume):
        for each in zip(runs.label, runs.z, runs.y, runs.start, runs.stop, strict=True):
            painted[each[1], each[2], each[3] : each[4]] += each[0]
    np.testing.assert_array_equal(painted, volume)


@pytest.mark.parametrize(("connectivity", "rank"), [(6, 1), (26, 3)])
def test_components_are_those_of_scipy(noise, connectivity, rank):
    expected, n_expected = label(noise, generate_binary_structure(3, rank))
    labels, components = labelled(noise, connectivity)
    assert len(components) == n_expected
    ids = labels.id_of_label[labels.volume]
    for index in range(n_expected):
        place = np.argwhere(ids == index + 1)
        assert len(np.unique(expected[ids == index + 1])) == 1
        assert components.voxels[index] == len(place)
        np.testing.assert_allclose(components.centroid_px[index], place.mean(axis=0))
        np.testing.assert_array_equal(components.first_px[index], place.min(axis=0))
        np.testing.assert_array_equal(components.last_px[index], place.max(axis=0))
        on_border = (place == 0) | (place == np.array(noise.shape) - 1)
        assert components.touches_border[index] == on_border.any()


def test_the_largest_comes_first_and_small_ones_are_dropped(noise):
    labels, components = labelled(noise, 6, min_voxels=3)
    assert (np.diff(components.voxels) <= 0).all()
    assert components.voxels.min() >= 3
    assert components.voxels.sum() + components.dropped_voxels == noise.sum()
    assert len(components) + components.dropped == labels.volume.max()


def test_groups_hold_no_two_components_that_touch():
    mask = np.random.default_rng(4).integers(0, 6, (8, 9, 10)).astype(np.uint8)
    labels, components = labelled(mask, 6)
    groups = group_components(labels, connectivity=6, n_classes=5)
    ids = labels.id_of_label[labels.volume]
    assert len(groups) == len(components)
    for corner in np.ndindex(7, 8, 9):
        cell = np.unique(ids[tuple(slice(c, c + 2) for c in corner)])
        cell = cell[cell > 0]
        assert len(np.unique(groups[cell - 1])) == len(cell)


def test_components_of_one_class_need_one_group(noise):
    labels, components = labelled(noise)
    assert group_components(labels, connectivity=26, n_classes=1).tolist() == [0] * len(components)
