import pytest
import torch

from sxt.errors import SettingsError
from sxt.network import NetworkConfig, build_network, count_parameters, layers
from sxt.network.layers import DoublingConv, SamePadConv

TINY = NetworkConfig(stem_width=4, stage_widths=(4, 8), neck_width=16, head_width=4, neck_depth=1)


def test_published_network_has_the_published_number_of_parameters():
    with torch.device("meta"):
        network = build_network(NetworkConfig())
    assert count_parameters(network) == 76_541_230
    assert sum(p.numel() for p in network.parameters()) == 76_483_502


@pytest.mark.parametrize(("in_channels", "n_classes"), [(1, 1), (3, 4)])
def test_outputs_have_the_input_size_and_the_label_lies_between_minus_one_and_one(in_channels, n_classes):
    config = NetworkConfig(**{**TINY.to_json(), "in_channels": in_channels, "n_classes": n_classes})
    config = NetworkConfig.from_json(config.to_json())
    outputs = build_network(config).eval()(torch.randn(2, in_channels, 12, 20) * 50)
    assert outputs.image.shape == (2, 1, 12, 20)
    assert outputs.label.shape == (2, n_classes, 12, 20)
    assert outputs.label.abs().max() <= 1


def test_label_alone_equals_the_label_of_the_whole_network():
    network = build_network(TINY).eval()
    x = torch.randn(1, 1, 16, 8)
    with torch.no_grad():
        assert torch.equal(network.label(x), network(x).label)
        assert torch.allclose(torch.tanh(network.label_logit(x)), network(x).label)


def test_label_decoder_sees_the_skips_and_the_image_decoder_does_not():
    network = build_network(TINY).eval()
    x = torch.randn(1, 1, 16, 16)
    neck, skips = network._encode(x)
    changed = [skip + 1 for skip in skips]
    assert not torch.equal(network._label_logit(neck, skips), network._label_logit(neck, changed))
    assert len(network.image_decoder.stages[0][0].body[0]) == 3  # a bottleneck is three convolutions
    assert network.image_decoder.stages[0][0].body[0][0].in_channels == TINY.stage_widths[-1]


def test_size_that_is_no_multiple_is_refused_with_both_numbers():
    with pytest.raises(SettingsError, match="multiples of 4 px, not 16 x 10"):
        build_network(TINY)(torch.zeros(1, 1, 16, 10))


def test_even_kernel_is_padded_after_the_image():
    conv = SamePadConv(1, 1, kernel_size=2, bias=False)
    with torch.no_grad():
        conv.weight.copy_(torch.tensor([[[[0.0, 0.0], [0.0, 1.0]]]]))
        result = conv(torch.arange(9.0).reshape(1, 1, 3, 3))
    assert result.squeeze().tolist() == [[4, 5, 0], [7, 8, 0], [0, 0, 0]]


def test_doubling_convolution_keeps_the_first_rows_and_columns():
    conv = DoublingConv(1, 1, kernel_size=3)
    with torch.no_grad():
        conv.weight.copy_(torch.arange(1.0, 10).reshape(1, 1, 3, 3))
        conv.bias.zero_()
        result = conv(torch.tensor([[[[1.0]]]]))
    assert result.squeeze().tolist() == [[1, 2], [4, 5]]


@pytest.mark.parametrize("kernel_size", [3, 5])
def test_doubling_in_fours_is_the_transposed_convolution(kernel_size, monkeypatch):
    torch.manual_seed(0)
    conv = DoublingConv(5, 4, kernel_size=kernel_size)
    x = torch.randn(2, 5, 6, 7, requires_grad=True)

    def results():
        y = conv(x)
        return [y, *torch.autograd.grad(y.square().sum(), [x, *conv.parameters()])]

    in_fours = results()
    monkeypatch.setattr(layers, "FEW_CHANNELS", {})
    assert in_fours[0].shape == (2, 4, 12, 14)
    for found, expected in zip(in_fours, results(), strict=True):
        torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.gpu
def test_gpu_gives_the_label_of_the_cpu():
    torch.manual_seed(0)
    network = build_network(NetworkConfig().scaled(1 / 8)).eval()
    x = torch.randn(1, 1, 128, 128)
    with torch.no_grad():
        expected = network.label(x)
        result = network.cuda().label(x.cuda()).cpu()
    assert torch.allclose(result, expected, atol=2e-3)
