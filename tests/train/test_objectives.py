import pytest
import torch

from sxt.errors import SettingsError
from sxt.network import build_network
from sxt.train import AugmentationSettings, SplitSettings, SupervisedRecipe, make_split
from sxt.train.batches import Batches
from sxt.train.objectives import Moment, StepPart, make_objective
from sxt.train.prepare import InputForm, prepare_data
from sxt.train.settings import PaperRecipe
from sxt.train.start import name_class
from tests.train.conftest import TINY, make_tomogram, small_semi


def make_data():
    cells = {"cell": make_tomogram()}
    split = make_split(list(cells.values()), SplitSettings("none"))
    form = InputForm(TINY, (name_class(1),), None, "zscore")
    return prepare_data(cells, split, form, unlabelled_slices=4)


def make_batches(recipe, data=None):
    data = data or make_data()
    return Batches(data, recipe, n_classes=1, size_multiple=4, seed=0, device=torch.device("cpu"))


def losses_at(recipe, step, *, progress=0.0, seed=0):
    torch.manual_seed(seed)
    network, teacher = build_network(TINY), build_network(TINY).eval()
    moment = Moment(step, progress, 0)
    part = StepPart(network, teacher, make_batches(recipe), moment, range(recipe.batch_crops))
    return make_objective(recipe).losses(part)


def test_the_image_and_logit_of_one_pass_are_those_of_two():
    torch.manual_seed(0)
    network, x = build_network(TINY).eval(), torch.randn(3, 1, 16, 16)
    image, logit = network.image_and_logit(x)
    some, same_logit = network.image_and_logit(x, redrawn=slice(1, None))
    torch.testing.assert_close(some, image[1:])
    torch.testing.assert_close(same_logit, logit)
    torch.testing.assert_close(image, network(x).image)
    torch.testing.assert_close(image, network.image(x))
    torch.testing.assert_close(logit, network.label_logit(x))


def test_beads_of_a_class_that_a_version_lacks_are_refused():
    with pytest.raises(SettingsError, match="bead_channel is 1, but the version has 1 class"):
        make_batches(SupervisedRecipe(augmentation=AugmentationSettings(bead_channel=1)))


def test_an_epoch_of_labels_is_followed_by_one_of_images():
    recipe = PaperRecipe(crop_px=16)
    kinds = ["label_loss" in losses_at(recipe, step).parts for step in range(9)]
    assert kinds == [True] * 3 + [False] * 4 + [True] * 2


def test_the_published_mix_of_losses():
    parts = losses_at(PaperRecipe(crop_px=16), 0).parts
    assert parts["loss"].item() == pytest.approx(
        (0.01 * parts["image_loss"] + 0.99 * parts["label_loss"]).item(), abs=1e-6
    )


def test_the_teacher_counts_more_and_more():
    recipe = small_semi()
    early, late = (losses_at(recipe, 1, progress=p) for p in (0.0, 1.0))
    for found, ramp in ((early, 0.006738), (late, 1.0)):
        expected = found.parts["label_loss"] + ramp * found.parts["consistency_loss"]
        assert found.parts["loss"].item() == pytest.approx(expected.item(), abs=1e-4)
    assert 0 < early.parts["sure_share"].item() < 1


def test_every_slice_is_taken_once_before_any_is_taken_again():
    batches = make_batches(PaperRecipe(crop_px=16))
    crops = [batches.in_turn(position, is_labelled=False).values for position in range(8)]
    means = [round(each.std().item(), 5) for each in crops]
    assert len(set(means)) >= 4
