import numpy as np
import pytest

from sxt.errors import SettingsError
from sxt.models import ModelClass
from sxt.network import NetworkConfig
from sxt.tomogram import Tomogram
from sxt.train import ArrayLabels, SplitSettings, TrainingTomogram, make_split
from sxt.train.prepare import InputForm, SlicePreparer, prepare_data
from tests.train.conftest import make_tomogram

CLASSES = (ModelClass(1, "membrane", "#E69F00"), ModelClass(4, "bead", "#CC79A7"))


def form(*, in_channels=1, pixel_size_nm=None, classes=CLASSES):
    network = NetworkConfig(in_channels=in_channels, n_classes=len(classes))
    return InputForm(network, classes, pixel_size_nm, "zscore")


def test_each_class_has_its_channel_and_others_are_background():
    labels = np.array([[1, 4, 2, 0], [255, 1, 0, 4]], np.uint8)
    grey = np.arange(8, dtype=np.float32).reshape(1, 2, 4)
    source = TrainingTomogram("t", Tomogram(grey, absorbing_is="dark"), ArrayLabels({0: labels}))
    prepared = SlicePreparer(source, form()).read_labelled(0)
    assert (prepared.target // 255).tolist() == [
        [[1, 0, 0, 0], [0, 1, 0, 0]],
        [[0, 1, 0, 0], [0, 0, 0, 1]],
    ]
    assert prepared.known.tolist() == [[True] * 4, [False, True, True, True]]


def test_neighbouring_slices_are_repeated_at_the_ends():
    grey = np.random.default_rng(0).normal(size=(4, 8, 8)).astype(np.float32)
    source = TrainingTomogram("t", Tomogram(grey, absorbing_is="dark"))
    preparer = SlicePreparer(source, form(in_channels=5))
    alone = [SlicePreparer(source, form()).read(z).values[0] for z in range(4)]
    np.testing.assert_array_equal(preparer.read(0).values, np.stack([alone[z] for z in (0, 0, 0, 1, 2)]))
    np.testing.assert_array_equal(preparer.read(2).values, np.stack([alone[z] for z in (0, 1, 2, 3, 3)]))


def test_labels_follow_the_slice_to_the_networks_pixels():
    labels = np.zeros((8, 8), np.uint8)
    labels[:, :3], labels[:2] = 1, 255
    grey = np.random.default_rng(0).normal(size=(1, 8, 8)).astype(np.float32)
    tomogram = Tomogram(grey, voxel_size_nm=(10, 10, 10), absorbing_is="dark")
    source = TrainingTomogram("t", tomogram, ArrayLabels({0: labels}))
    prepared = SlicePreparer(source, form(pixel_size_nm=20.0)).read_labelled(0)
    assert prepared.shape == (4, 4)
    assert not prepared.known[0].any()
    assert prepared.known[2:].all()
    assert prepared.target[0, 3, 0] > 230
    assert 64 < prepared.target[0, 3, 1] < 192
    assert prepared.target[0, 3, 3] < 25
    assert (prepared.target[:, ~prepared.known] == 0).all()


def test_unlabelled_slices_keep_away_from_the_hold_out():
    cells = {"cell": make_tomogram(), "free": make_tomogram(2, name="free", slices=())}
    split = make_split(list(cells.values()), SplitSettings("block", gap_slices=3))
    one = (ModelClass(1, "membrane", "#E69F00"),)
    data = prepare_data(cells, split, form(classes=one), unlabelled_slices=30)
    held_out = {each.prepared.reference.z for each in data.hold_out}
    assert held_out == {20}
    assert [[each.reference.z for each in group] for group in data.labelled] == [[1, 4]]
    of_cell, of_free = ([each.reference.z for each in group] for group in data.unlabelled)
    assert of_cell == [0, 2, 3, *range(5, 17)]
    assert of_free == list(range(24))


def test_slices_without_a_labelled_pixel_are_refused():
    grey = np.zeros((2, 8, 8), np.float32)
    labels = ArrayLabels({0: np.full((8, 8), 255, np.uint8)})
    source = TrainingTomogram("t", Tomogram(grey, absorbing_is="dark"), labels)
    split = make_split([source], SplitSettings("none"))
    with pytest.raises(SettingsError, match="No pixel"):
        prepare_data({"t": source}, split, form(), unlabelled_slices=2)


def test_labels_of_another_shape_are_refused():
    source = make_tomogram()
    wrong = TrainingTomogram("w", source.tomogram, ArrayLabels({0: np.zeros((4, 4), np.uint8)}))
    with pytest.raises(SettingsError, match=r"\(4, 4\) uint8"):
        wrong.read_labels(0)
