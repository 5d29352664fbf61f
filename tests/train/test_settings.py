import json

import pytest

from sxt.errors import SettingsError
from sxt.train import (
    AugmentationSettings,
    PaperRecipe,
    SemiRecipe,
    SplitSettings,
    SupervisedRecipe,
    TrainingSettings,
)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: TrainingSettings(), "either steps or minutes"),
        (lambda: TrainingSettings(steps=1, minutes=1), "either steps or minutes"),
        (lambda: TrainingSettings(steps=0), "0 steps"),
        (lambda: TrainingSettings(minutes=0), "0 minutes"),
        (lambda: TrainingSettings(steps=1, precision="fp8"), "fp8"),
        (lambda: TrainingSettings(steps=1, patience=0), "patience is 0"),
        (lambda: SupervisedRecipe(learning_rate=0), "learning rate is 0"),
        (lambda: SupervisedRecipe(crop_px=8), "crops of 8 px"),
        (lambda: SupervisedRecipe(average_decay=2), "average_decay is 2"),
        (lambda: SemiRecipe(sure_foreground=0.1, sure_background=0.5), "smaller first"),
        (lambda: SemiRecipe(n_rounds=10), "10 rounds of 10%"),
        (lambda: SplitSettings("half"), "'half'"),
        (lambda: SplitSettings(share=1), "hold-out of 1"),
        (lambda: AugmentationSettings(scale_range=(2, 1)), "scales are"),
        (lambda: AugmentationSettings(bead_share=1.5), "bead_share is 1.5"),
        (lambda: AugmentationSettings(bead_channel=-1), "bead_channel is -1"),
        (lambda: AugmentationSettings(rotation_deg=90), "90 degrees"),
    ],
)
def test_what_cannot_be_is_refused(make, sentence):
    with pytest.raises(SettingsError, match=sentence):
        make()


def test_the_published_recipe_is_as_published():
    recipe = PaperRecipe()
    assert (recipe.learning_rate, recipe.batch_crops, recipe.crop_px) == (5e-5, 1, 256)
    assert (recipe.image_share, recipe.huber_delta, recipe.ssim_weight) == (0.01, 0.1, 0.5)
    assert (recipe.batch_norm_momentum, recipe.average_decay, recipe.final_rate_share) == (0.01, 0, 1)
    assert recipe.augmentation.noise == recipe.augmentation.rotation_deg == 0


def test_settings_are_json_with_the_recipes_name():
    values = json.loads(json.dumps(TrainingSettings(recipe=SemiRecipe(), minutes=2).to_json()))
    assert (values["recipe"]["name"], values["minutes"]) == ("semi", 2)
