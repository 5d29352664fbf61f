import numpy as np
import pytest

from sxt.metrics.loops import compiled, pair_runs


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
