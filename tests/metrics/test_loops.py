import numpy as np
import pytest

from sxt.metrics.loops import compiled, fill_plane, pair_runs


@pytest.mark.parametrize("n_labels", [2, 5_000])
def test_runs_of_pairs_add_up_to_how_often_each_pair_occurs(n_labels):
    rng = np.random.default_rng(n_labels)
    first, second = (
        rng.integers(0, n_labels, (3, 40, 50), dtype=np.uint32).repeat(2, axis=2) for _ in range(2)
    )
    a, b, lengths = pair_runs(first, second)
    assert lengths.min() >= 2  # runs, not voxels
    shared = (first > 0) & (second > 0)
    pairs, counts = np.unique(np.stack([first[shared], second[shared]]), axis=1, return_counts=True)
    found, of_pair = np.unique(np.stack([a, b]), axis=1, return_inverse=True)
    assert np.array_equal(found, pairs)
    assert np.bincount(of_pair, lengths).tolist() == counts.tolist()


def test_a_loop_is_compiled_where_nothing_can_be_kept():
    space = {}
    exec("def double(n):\n    return 2 * n", space)  # of no file, so that there is no folder to keep it in
    double = compiled(space["double"])
    assert double(21) == 42
    assert double.signatures


@pytest.mark.parametrize("axis", [0, 1])
def test_distances_far_along_an_axis_are_rounded_once(axis):
    plane = np.empty((2_000, 4)[:: 1 - 2 * axis], np.float32)
    fill_plane(np.zeros((1, 3), np.int32), 9.8, 9.8, plane)
    along = plane[:, 0] if axis == 0 else plane[0]
    np.testing.assert_allclose(along, (9.8 * np.arange(2_000)) ** 2, rtol=np.finfo(np.float32).eps)
