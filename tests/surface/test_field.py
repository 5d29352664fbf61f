import itertools

import numpy as np
import pytest

from sxt.surface.field import FULL, LEVEL, MARGIN, SmoothingSteps, field_slabs, smoothing_steps


def surface_field(labels: np.ndarray, is_member, steps: SmoothingSteps) -> np.ndarray:
    """(z + 2, y + 2, x + 2): all slabs, after a look at the slices they share."""
    slabs = list(field_slabs(labels, is_member, steps))
    for before, after in itertools.pairwise(slabs):
        assert after.first == before.first + len(before.values) - 1
        np.testing.assert_array_equal(before.with_sides[-3:], after.with_sides[:3])
    return np.concatenate([slabs[0].values, *(slab.values[1:] for slab in slabs[1:])])


@pytest.mark.parametrize(
    ("voxel_size_nm", "steps"),
    [
        (None, (1, 1, 1)),
        ((10, 10, 10), (1, 1, 1)),
        ((20, 10, 10), (1, 2, 2)),
        ((20, 10, 7), (1, 2, 3)),
        ((100, 10, 10), (1, 3, 3)),
        ((10, 20, 20), (2, 1, 1)),
    ],
)
def test_finer_axes_are_smoothed_over_more_voxels(voxel_size_nm, steps):
    assert smoothing_steps(voxel_size_nm) == SmoothingSteps(*steps)


@pytest.mark.parametrize("steps", [SmoothingSteps(1, 1, 1), SmoothingSteps(1, 2, 3)])
def test_every_voxel_stays_on_its_side(steps, monkeypatch):
    monkeypatch.setattr("sxt.surface.field.SLAB_VOXELS", 1)
    labels = (np.random.default_rng(0).random((7, 8, 9)) < 0.4).astype(np.uint32)
    field = surface_field(labels, None, steps)
    assert field.shape == (9, 10, 11)
    np.testing.assert_array_equal(field > LEVEL, np.pad(labels, 1) > 0)
    assert np.abs(field.astype(int) - LEVEL).min() >= MARGIN


def test_values_are_binomial_means():
    labels = np.ones((9, 9, 9), np.uint8)
    labels[:, :, :4] = 0
    middle = surface_field(labels, None, SmoothingSteps(1, 1, 1))[5, 5]
    assert middle[3:8].tolist() == [0, FULL // 4, 3 * FULL // 4, FULL, FULL]
    middle = surface_field(labels, None, SmoothingSteps(1, 1, 2))[5, 5]
    assert middle[3:7].tolist() == [FULL // 16, 5 * FULL // 16, 11 * FULL // 16, 15 * FULL // 16]


def test_only_members_are_foreground():
    labels = np.array([[[1, 0, 2, 0, 3]]], np.uint8)
    field = surface_field(labels, np.array([False, True, False, True]), SmoothingSteps())
    assert (field[1, 1, 1:-1] > LEVEL).tolist() == [True, False, False, False, True]
