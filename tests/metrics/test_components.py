import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage

from sxt.metrics.components import ComponentStream, OverlapStream
from tests.metrics.masks import mask_pairs

STRUCTURES = {6: ndimage.generate_binary_structure(3, 1), 26: np.ones((3, 3, 3), int)}


@given(mask_pairs(), st.integers(1, 4), st.sampled_from([6, 26]))
def test_streamed_components_are_those_of_scipy(pair, step, connectivity):
    mask = pair[0] == 1
    stream = ComponentStream(connectivity=connectivity)
    slabs = [stream.add(mask[z : z + step]) for z in range(0, len(mask), step)]
    provisional = np.concatenate([np.where(each.local > 0, each.local + each.shift, 0) for each in slabs])
    objects, number = stream.finish()
    labels, n_expected = ndimage.label(mask, STRUCTURES[connectivity])
    found = number[provisional]
    assert len(objects) == n_expected
    assert len(np.unique(np.stack([found[mask], labels[mask]]), axis=1).T) == n_expected
    for each in range(1, n_expected + 1):
        inside = np.argwhere(found == each)
        assert objects.voxels[each - 1] == len(inside)
        assert objects.first_px[each - 1].tolist() == inside.min(axis=0).tolist()
        assert objects.last_px[each - 1].tolist() == inside.max(axis=0).tolist()
        assert objects.centre_px[each - 1] == pytest.approx(inside.mean(axis=0))


@given(mask_pairs(), st.integers(1, 4))
def test_overlaps_are_the_shared_voxels(pair, step):
    first, second = (each == 1 for each in pair)
    stream = OverlapStream()
    for z in range(0, len(first), step):
        stream.add(first[z : z + step], second[z : z + step])
    a, b, overlaps = stream.finish()
    labels = [ndimage.label(each, STRUCTURES[26])[0] for each in (first, second)]
    shared = (labels[0] > 0) & (labels[1] > 0)
    pairs, counts = np.unique(np.stack([each[shared] for each in labels]), axis=1, return_counts=True)
    sizes = [np.bincount(each.ravel()) for each in labels]
    expected = sorted((n, sizes[0][i], sizes[1][j]) for (i, j), n in zip(pairs.T, counts, strict=True))
    found = zip(overlaps.voxels, a.voxels[overlaps.first - 1], b.voxels[overlaps.second - 1], strict=True)
    assert sorted(found) == expected


def test_a_body_that_parts_and_joins_again_is_one():
    mask = np.zeros((3, 1, 5), bool)
    mask[0, 0, [0, 4]] = mask[1, 0, [0, 4]] = mask[2, 0] = True
    stream = ComponentStream(connectivity=6)
    for each in mask:
        stream.add(each[None])
    objects, _ = stream.finish()
    assert objects.voxels.tolist() == [9]
