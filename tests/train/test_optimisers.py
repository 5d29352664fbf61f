import pytest
import torch
from torch import nn

from sxt.errors import SettingsError
from sxt.network import NetworkConfig, build_network
from sxt.train.optimisers import Muon, make_optimiser, orthogonalise
from sxt.train.settings import PaperRecipe, SupervisedRecipe

TINY = NetworkConfig(stem_width=4, stage_widths=(4, 8), neck_width=16, head_width=4, neck_depth=1)


@pytest.mark.parametrize("shape", [(2, 6, 40), (1, 40, 6), (3, 48, 200)])
def test_singular_values_come_near_one_and_singular_vectors_stay(shape):
    matrices = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    found = orthogonalise(matrices)
    values = torch.linalg.svdvals(found)
    assert found.shape == shape
    assert values.min() > 0.5
    assert values.max() < 1.3
    u, _, v = torch.linalg.svd(matrices, full_matrices=False)
    along = (u.mT @ found @ v.mT).diagonal(dim1=1, dim2=2)
    torch.testing.assert_close(along, torch.linalg.svdvals(found).flip(-1), rtol=1, atol=0.5)
    assert (along > 0.5).all()


def test_steps_of_a_kernel_are_those_of_torchs_muon_on_its_matrix():
    torch.manual_seed(0)
    conv = nn.Conv2d(40, 48, 1, bias=False)
    matrix = nn.Parameter(conv.weight.detach().flatten(1).clone())
    mine = Muon(conv, learning_rate=0.01, weight_decay=0.1)
    theirs = torch.optim.Muon([matrix], lr=0.01, weight_decay=0.1, adjust_lr_fn="match_rms_adamw")
    before = matrix.detach().clone()
    for _ in range(3):
        gradient = torch.randn(48, 40)
        conv.weight.grad, matrix.grad = gradient[:, :, None, None], gradient.clone()
        mine.step()
        theirs.step()
    moved = float((matrix.detach() - before).abs().mean())
    assert moved > 1e-3
    torch.testing.assert_close(conv.weight.flatten(1), matrix, rtol=0, atol=0.05 * moved)


def test_a_transposed_kernel_steps_like_the_same_kernel_that_is_not():
    torch.manual_seed(0)
    conv, transposed = nn.Conv2d(6, 4, 3, bias=False), nn.ConvTranspose2d(6, 4, 3, bias=False)
    with torch.no_grad():
        transposed.weight.copy_(conv.weight.transpose(0, 1))
    conv.weight.grad = torch.randn(4, 6, 3, 3)
    transposed.weight.grad = conv.weight.grad.transpose(0, 1).contiguous()
    for each in (conv, transposed):
        Muon(each, learning_rate=0.01, weight_decay=0.0).step()
    torch.testing.assert_close(transposed.weight.transpose(0, 1), conv.weight)


def test_all_but_kernels_steps_as_in_adam():
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(3, 1, 3), nn.BatchNorm2d(1))
    copied = [nn.Parameter(each.detach().clone()) for each in network.parameters()]
    mine = Muon(network, learning_rate=0.01, weight_decay=0.0)
    theirs = torch.optim.AdamW(copied, lr=0.01, weight_decay=0.0)
    for _ in range(3):
        for parameter, copy in zip(network.parameters(), copied, strict=True):
            parameter.grad = torch.randn_like(parameter)
            copy.grad = parameter.grad.clone()
        mine.step()
        theirs.step()
    for parameter, copy in zip(network.parameters(), copied, strict=True):
        torch.testing.assert_close(parameter, copy)


def test_parameters_without_a_gradient_stay():
    network = build_network(TINY)
    before = {name: each.detach().clone() for name, each in network.image_decoder.named_parameters()}
    optimiser = make_optimiser(network, "muon", learning_rate=0.01, weight_decay=0.1)
    first = network.encoder.stem[0][1].weight
    still = first.detach().clone()
    network.label_logit(torch.randn(1, 1, 16, 16)).sum().backward()
    optimiser.step()
    assert not torch.equal(first, still)
    assert all(torch.equal(each, before[name]) for name, each in network.image_decoder.named_parameters())


def test_the_published_recipe_keeps_adam():
    assert SupervisedRecipe().optimiser is None
    assert PaperRecipe().optimiser == "adamw"
    with pytest.raises(SettingsError, match="choose one of muon, adamw"):
        SupervisedRecipe(optimiser="sgd")
