import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as reference

from sxt.errors import Cancelled, InputError
from sxt.metrics import pair as pair_module
from sxt.metrics.confusion import count_confusion
from sxt.metrics.pair import MaskPair
from sxt.progress import CancelToken
from tests.metrics.masks import mask_pairs


@given(mask_pairs(values=(0, 1, 2, 7), truth_values=(0, 1, 2, 255)))
def test_the_matrix_is_that_of_scikit_learn_without_unlabelled_voxels(pair):
    prediction, truth = pair
    kept = truth != 255
    if not kept.any():
        with pytest.raises(InputError, match="No voxel that is to be measured is labelled"):
            count_confusion(MaskPair(prediction, truth), (1, 2, 7))
        return
    found = count_confusion(MaskPair(prediction, truth), (1, 2, 7))
    expected = reference.confusion_matrix(truth[kept], prediction[kept], labels=[0, 1, 2, 7])
    assert found.matrix.sum(axis=0).tolist() == expected.tolist()
    assert found.n_unlabelled.tolist() == (~kept).sum(axis=(1, 2)).tolist()
    assert found.accuracy == pytest.approx((prediction == truth)[kept].mean())
    scores = reference.precision_recall_fscore_support(
        truth[kept], prediction[kept], labels=[1, 2, 7], zero_division=0
    )
    for i, value in enumerate((1, 2, 7)):
        if scores[3][i]:
            assert found.of_class(value).pooled().tp == np.sum((prediction == value) & (truth == value))
    micro = reference.f1_score(
        truth[kept], prediction[kept], labels=[1, 2, 7], average="micro", zero_division=1
    )
    assert found.pooled()["dice"] == pytest.approx(micro)


def test_macro_is_the_mean_over_classes_and_slices_are_apart():
    truth = np.array([[[1, 1, 2, 2]], [[0, 0, 0, 255]]], np.uint8)
    prediction = np.array([[[1, 0, 2, 2]], [[0, 1, 0, 1]]], np.uint8)
    found = count_confusion(MaskPair(prediction, truth))
    assert found.classes == (1, 2)
    assert found.macro()["dice"] == pytest.approx((0.5 + 1) / 2)
    assert found.per_slice(1)["dice"].tolist() == pytest.approx([2 / 3, 0])
    assert found.per_slice(2)["dice"].tolist() == [1, 1]
    assert found.n_unlabelled.tolist() == [0, 1]


@given(st.integers(1, 40))
def test_slabs_make_no_difference(slab_voxels):
    rng = np.random.default_rng(slab_voxels)
    prediction, truth = rng.integers(0, 3, (2, 5, 3, 4), np.uint8)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pair_module, "SLAB_VOXELS", slab_voxels)
        streamed = count_confusion(MaskPair(prediction, truth), (1, 2))
    assert streamed.matrix.tolist() == count_confusion(MaskPair(prediction, truth), (1, 2)).matrix.tolist()


def test_only_the_wanted_slices_are_counted_and_a_part_lies_at_its_place():
    truth = np.zeros((5, 2, 2), np.uint8)
    truth[3] = 1
    prediction = np.ones((2, 2, 2), np.uint8)
    found = count_confusion(MaskPair(prediction, truth, first_slice=2))
    assert found.of_class(1).tp.tolist() == [0, 4]
    found = count_confusion(MaskPair(prediction, truth, first_slice=2, only_slices=frozenset({3})))
    assert found.n_unlabelled.tolist() == [4, 0]
    assert truth.max() == 1


def test_binary_reading_takes_every_value_as_foreground():
    truth = np.array([[[0, 3, 255, 9]]], np.uint8)
    prediction = np.array([[[0, 65535, 65535, 0]]], np.uint16)
    found = count_confusion(MaskPair(prediction, truth, reading="binary"))
    assert found.matrix.tolist() == [[[1, 0], [1, 1]]]
    found = count_confusion(MaskPair(prediction, truth, reading="binary", is_truth_255=True))
    assert found.matrix.tolist() == [[[1, 0], [1, 2]]]


@pytest.mark.parametrize(
    ("prediction", "truth", "message"),
    [
        (np.zeros((2, 3, 3), "f4"), np.zeros((2, 3, 3), "u1"), "The prediction is float32"),
        (np.zeros((2, 3, 3), "u1"), np.zeros((2, 3, 4), "u1"), "does not lie within the truth"),
        (np.zeros((3, 3, 3), "u1"), np.zeros((2, 3, 3), "u1"), "does not lie within the truth"),
        (np.full((2, 3, 3), 255, "u1"), np.ones((2, 3, 3), "u1"), "stands for unlabelled; use --binary"),
        (np.full((2, 3, 3), 300, "u2"), np.ones((2, 3, 3), "u1"), "values from 300 to 300.*--binary"),
        (
            np.zeros((2, 3, 3), "u1"),
            np.zeros((2, 3, 3), "u1"),
            "Neither truth nor prediction holds a foreground",
        ),
    ],
)
def test_masks_that_cannot_be_compared_are_refused(prediction, truth, message):
    with pytest.raises(InputError, match=message):
        count_confusion(MaskPair(prediction, truth))


def test_counting_stops_when_cancelled():
    token = CancelToken()
    token.cancel()
    with pytest.raises(Cancelled):
        count_confusion(MaskPair(*np.ones((2, 2, 3, 3), np.uint8)), cancel=token)
