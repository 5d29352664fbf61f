import dataclasses

import numpy as np
import pytest
import torch

from sxt.train import AugmentationSettings, physics
from sxt.train.augment import Crops, place_crops, vary_values, window_px
from sxt.train.crops import cut_window, sample_rng
from sxt.train.prepare import PreparedSlice
from sxt.train.split import SliceRef

ALL = AugmentationSettings(
    invert_share=0.5,
    bead_share=1.0,
    streak_share=1.0,
    smear_share=1.0,
    gain_share=1.0,
    blur_share=1.0,
    clip_share=1.0,
    cut_out_share=1.0,
)
STILL = AugmentationSettings.turns_alone()


def make_slice(labels: np.ndarray, *, n_channels: int = 1) -> PreparedSlice:
    """A slice whose grey value is -1 on class 1, so that a label off its pixel shows."""
    values = np.repeat(-(labels == 1).astype(np.float16)[None], n_channels, axis=0)
    blank = PreparedSlice(SliceRef("cell", 0), values)
    return blank.with_labels((labels == 1).astype(np.uint8)[None] * np.uint8(255), labels != 255)


def cut(source, settings, *, crop_px=16, seed=0, share=0.0):
    rng = np.random.default_rng(seed)
    window = cut_window(
        source,
        window_px=window_px(crop_px, settings),
        crop_px=crop_px,
        n_classes=1,
        structure_share=share,
        rng=rng,
    )
    return place_crops([window], [rng], crop_px=crop_px, settings=settings, device=torch.device("cpu"))


def draw_labels(seed=0, side=40):
    return (np.random.default_rng(seed).random((side, side)) < 0.3).astype(np.uint8)


@pytest.mark.parametrize("seed", range(8))
def test_a_label_stays_on_its_pixel(seed):
    for settings in (STILL, AugmentationSettings(elastic_px=3.0)):
        crops = cut(make_slice(draw_labels()), settings, seed=seed)
        inside = crops.known[0, 0] > 0
        assert inside.float().mean() > 0.5
        torch.testing.assert_close(-crops.values[0, 0][inside], crops.target[0, 0][inside], atol=1e-3, rtol=0)


def test_quarter_turns_mix_no_pixels():
    crops = cut(make_slice(draw_labels()), STILL, seed=3)
    found = crops.target.flatten()
    assert torch.minimum(found, 1 - found).max() < 1e-4


def test_beyond_the_slice_nothing_is_known():
    crops = cut(make_slice(draw_labels(side=12)), STILL, crop_px=16)
    assert crops.known.sum() == 12 * 12
    assert torch.isfinite(crops.values).all()


def test_unlabelled_pixels_reach_no_target():
    labels = draw_labels()
    labels[:20] = 255
    crops = cut(make_slice(labels), AugmentationSettings(), seed=5)
    assert crops.known.min() == 0
    assert torch.all(crops.target[crops.known == 0] == 0)


def test_crops_gather_around_structures():
    labels = np.zeros((200, 200), np.uint8)
    labels[150:155, 20:25] = 1
    source = make_slice(labels)
    near = [cut(source, STILL, seed=seed, share=1.0).target.sum() > 0 for seed in range(20)]
    far = [cut(source, STILL, seed=seed, share=0.0).target.sum() > 0 for seed in range(20)]
    assert sum(near) >= 18
    assert sum(far) <= 4


def test_the_same_seed_gives_the_same_crop():
    def draw(seed):
        rng = sample_rng(seed, 0, 7, 2)
        crops = cut(make_slice(draw_labels()), ALL, seed=4)
        return vary_values(crops, [rng], settings=ALL).values

    assert torch.equal(draw(1), draw(1))
    assert not torch.equal(draw(1), draw(2))


@pytest.mark.parametrize("n_channels", [1, 3])
def test_everything_at_once_keeps_the_form(n_channels):
    crops = cut(make_slice(draw_labels(), n_channels=n_channels), ALL)
    varied = vary_values(crops, [np.random.default_rng(0)], settings=ALL)
    assert varied.values.shape == (1, n_channels, 16, 16)
    assert varied.values.abs().max() <= 6
    assert torch.all(varied.known <= crops.known)
    assert varied.centre.shape == (1, 1, 16, 16)


def test_a_bead_is_dark_and_hides_what_is_there():
    values, hidden = physics.add_beads(torch.zeros(1, 64, 64), np.random.default_rng(1))
    assert values[hidden > 0].max() < -1
    assert values[hidden == 0].max() > 0.5
    assert 0 < hidden.mean() < 0.3


def test_nothing_is_darker_than_a_bead():
    values = torch.zeros(1, 64, 64)
    values[0, 0] = -30
    varied, hidden = physics.add_beads(values, np.random.default_rng(1))
    assert varied[hidden > 0].min() < -29.9
    assert varied[hidden > 0].median() < -25  # lighter at its edge


@pytest.mark.parametrize("seed", range(4))
def test_pixels_under_a_bead_are_unknown_or_of_the_beads_class(seed):
    settings = dataclasses.replace(STILL, bead_share=1.0)
    crops = Crops(torch.zeros(1, 1, 64, 64), torch.full((1, 3, 64, 64), 0.25), torch.zeros(1, 1, 64, 64))
    crops.known[..., :32] = 1
    hiding = vary_values(crops, [np.random.default_rng(seed)], settings=settings)
    labelled = vary_values(
        crops, [np.random.default_rng(seed)], settings=dataclasses.replace(settings, bead_channel=2)
    )
    _, beads = physics.add_beads(crops.values[0], bead_rng(seed))
    bead = beads[0] > 0
    assert 0 < bead.float().mean() < 0.5
    assert torch.equal(hiding.values, labelled.values)
    assert hiding.target[:, :, bead].sum() == hiding.known[:, :, bead].sum() == 0
    assert torch.equal(labelled.target[0][:, bead].T, torch.tensor([0.0, 0, 1]).expand(int(bead.sum()), 3))
    assert labelled.known[0, 0][bead].min() == 1
    for varied in (hiding, labelled):
        assert torch.equal(varied.target[..., ~bead], crops.target[..., ~bead])
        assert torch.equal(varied.known[..., ~bead], crops.known[..., ~bead])


def bead_rng(seed: int) -> np.random.Generator:
    """The random numbers that a crop's beads are drawn from where nothing but beads is asked for."""
    rng = np.random.default_rng(seed)
    rng.integers(2**62)  # the seed of the noise
    rng.random(2)  # whether it is inverted, whether it has beads
    return rng


def test_a_smear_draws_out_along_x():
    point = torch.zeros(1, 33, 33)
    point[0, 16, 16] = 1
    smeared = physics.smear(point, np.random.default_rng(0))[0]
    assert smeared.sum().item() == pytest.approx(1, abs=1e-5)
    assert smeared[16].sum().item() == pytest.approx(1, abs=1e-5)
    assert (smeared[16] > 0).sum() > 3


def test_clipping_cuts_off_dark_and_bright_ends_and_leaves_what_lies_between():
    crops = cut(make_slice(draw_labels()), STILL)
    ramp = torch.linspace(-6, 6, crops.values.numel()).reshape(crops.values.shape)
    given = dataclasses.replace(crops, values=ramp)
    settings = dataclasses.replace(STILL, clip_share=1.0)
    lowest, highest = [], []
    for seed in range(20):
        values = vary_values(given, [np.random.default_rng(seed)], settings=settings).values
        low, high = float(values.min()), float(values.max())
        torch.testing.assert_close(values, ramp.clamp(low, high))
        lowest.append(low)
        highest.append(high)
    assert -5 <= min(lowest) < -4 < -3 < max(lowest) <= -2.5
    assert 1.8 <= min(highest) < 2.3 < 3.5 < max(highest) <= 4


def test_a_blur_keeps_the_mean_of_a_constant():
    assert torch.allclose(physics.blur(torch.full((2, 9, 9), 3.0), 1.0), torch.tensor(3.0))


def test_a_streak_is_strongest_along_its_row():
    streaks = physics.add_streaks(torch.zeros(1, 48, 48), np.random.default_rng(2))[0]
    assert streaks.diff(dim=0).abs().max() > 2 * streaks.diff(dim=1).abs().max()
