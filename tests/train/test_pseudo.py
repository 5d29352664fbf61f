import numpy as np
import pytest

from sxt.progress import CancelToken, ignore_progress
from sxt.train.pseudo import make_pseudo_labels, read_pseudo_labels
from tests.train.conftest import small_semi
from tests.train.test_objectives import make_batches, make_data


class Striped:
    """Sure of structure in the upper rows, of none in the lower ones, and of nothing between."""

    def __init__(self):
        self.seen = []

    def probability(self, prepared):
        self.seen.append(prepared.reference.z)
        found = np.full((1, *prepared.shape), 0.5, np.float32)
        found[:, :4], found[:, -8:] = 0.95, 0.02
        return found


def make(path, unlabelled, **options):
    measurer = Striped()
    make_pseudo_labels(
        path, unlabelled, measurer, small_semi(), progress=ignore_progress, cancel=CancelToken(), **options
    )
    return measurer.seen, read_pseudo_labels(path, unlabelled)


@pytest.fixture
def unlabelled():
    return make_data().unlabelled


def test_every_slice_is_labelled_where_it_is_sure(tmp_path, unlabelled):
    seen, taken = make(tmp_path / "pseudo.safetensors", unlabelled)
    (slices,) = taken.slices
    assert sorted(seen) == [each.reference.z for each in unlabelled[0]]
    assert (taken.n_slices, taken.n_pixels, taken.n_foreground) == (4, 4 * 12 * 32, 4 * 4 * 32)
    assert slices[0].known[:, 0].tolist() == [True] * 4 + [False] * 20 + [True] * 8
    assert slices[0].target[0, :, 0].tolist() == [255] * 4 + [0] * 28


def test_when_the_time_is_up_those_done_are_taken(tmp_path, unlabelled):
    for told, n_taken in (([True], 1), ([False, True], 2), ([False] * 3, 4)):
        _, taken = make(tmp_path / "pseudo.safetensors", unlabelled, is_time_up=iter(told).__next__)
        assert taken.n_slices == n_taken


@pytest.mark.parametrize("batch_crops", [1, 2, 3])
def test_every_second_crop_is_pseudo_labelled_however_few_a_step_has(tmp_path, batch_crops):
    data = make_data()
    batches = make_batches(small_semi(batch_crops=batch_crops), data)
    _, taken = make(tmp_path / "pseudo.safetensors", data.unlabelled)
    batches.pseudo = taken.slices
    weights = [
        batches.labelled(step, [sample], pseudo_weight=0.5).known.max().item()
        for step in range(6)
        for sample in range(batch_crops)
    ]
    assert weights == [1.0, 0.5] * (3 * batch_crops)
