import numpy as np
import pytest
import torch

from sxt.train.losses import (
    confidence,
    image_loss,
    label_loss,
    masked_huber,
    structural_similarity,
    sure_pixels,
)


def test_label_loss_by_hand():
    logit = torch.zeros(1, 1, 1, 2)
    target = torch.tensor([[[[1.0, 0.0]]]])
    weight = torch.ones(1, 1, 1, 2)
    dice = (2 * 0.5 + 1) / (0.25 + 0.25 + 1 + 1)
    assert label_loss(logit, target, weight).item() == pytest.approx(np.log(2) + 1 - dice)


def test_what_is_unknown_has_no_influence():
    torch.manual_seed(0)
    logit = torch.randn(2, 3, 4, 4, requires_grad=True)
    target = (torch.rand(2, 3, 4, 4) > 0.5).float()
    weight = (torch.rand(2, 1, 4, 4) > 0.5).float()
    loss = label_loss(logit, target, weight)
    changed = torch.where(weight.expand_as(target) > 0, target, 1 - target)
    assert label_loss(logit, changed, weight).item() == loss.item()
    assert masked_huber(logit, changed, weight, delta=0.1) == masked_huber(logit, target, weight, delta=0.1)
    loss.backward()
    assert torch.all(logit.grad[weight.expand_as(target) == 0] == 0)


def test_nothing_known_costs_nothing():
    logit = torch.randn(1, 1, 4, 4, requires_grad=True)
    loss = label_loss(logit, torch.zeros(1, 1, 4, 4), torch.zeros(1, 1, 4, 4))
    loss.backward()
    assert loss.item() == 0
    assert torch.all(logit.grad == 0)


def test_a_perfect_label_costs_nearly_nothing():
    target = (torch.arange(64).reshape(1, 1, 8, 8) % 3 == 0).float()
    logit = 40 * (target - 0.5)
    assert label_loss(logit, target, torch.ones(1, 1, 8, 8)).item() == pytest.approx(0, abs=1e-6)


def test_huber_by_hand():
    values, target = torch.tensor([[[[0.05, 1.0]]]]), torch.zeros(1, 1, 1, 2)
    expected = (0.5 * 0.05**2 + 0.1 * (1 - 0.05)) / 2
    assert masked_huber(values, target, torch.ones_like(target), delta=0.1).item() == pytest.approx(expected)


def test_similarity_agrees_with_skimage():
    from skimage.metrics import structural_similarity as by_skimage

    rng = np.random.default_rng(0)
    second = rng.normal(0, 1, (40, 40))
    first = second + rng.normal(0, 0.5, (40, 40))
    _, each = by_skimage(
        first,
        second,
        win_size=11,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
        data_range=np.ptp(second),
        full=True,
    )
    found = structural_similarity(*(torch.from_numpy(v)[None, None] for v in (first, second)))
    assert found.item() == pytest.approx(each[5:-5, 5:-5].mean(), abs=1e-6)


def test_an_image_redrawn_costs_nothing():
    image = torch.randn(2, 1, 16, 16)
    assert image_loss(image, image, ssim_weight=0.5, delta=0.1).item() == pytest.approx(0, abs=1e-5)


def test_only_what_is_sure_counts():
    probability = torch.tensor([[[[0.05, 0.5, 0.9]]]])
    target, sure = sure_pixels(probability, foreground=0.8, background=0.1)
    assert target.flatten().tolist() == [0, 0, 1]
    assert sure.flatten().tolist() == [1, 0, 1]


def test_a_probability_is_the_surer_the_farther_it_is_from_a_half():
    found = confidence(torch.tensor([0.0, 0.25, 0.5, 0.9, 1.0]))
    torch.testing.assert_close(found, torch.tensor([1.0, 0.5, 0.0, 0.8, 1.0]))
