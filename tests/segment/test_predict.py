import numpy as np
import pytest
import torch
from torch import Tensor, nn

from sxt.errors import Cancelled, ResourceError, SettingsError
from sxt.progress import CancelToken
from sxt.segment.device import choose_device, has_fast_bf16_cpu
from sxt.segment.predict import TRANSFORMS, Predictor
from sxt.segment.settings import TileSettings


def predictor(network: nn.Module, *, tiles: TileSettings | None = None, tta="none", notes=None) -> Predictor:
    return Predictor(
        network,
        device=choose_device("cpu", precision="fp32"),
        size_multiple=16,
        n_classes=1,
        tiles=tiles or TileSettings(),
        tta=tta,
        announce=(notes if notes is not None else []).append,
    )


class Pointwise(nn.Module):
    def label_logit(self, x: Tensor) -> Tensor:
        return x


class BrighterToTheRight(nn.Module):
    """Adds a gradient along x, so that averaging over turns must flatten it."""

    def label_logit(self, x: Tensor) -> Tensor:
        return torch.linspace(-1, 1, x.shape[-1]).expand(x.shape)


class OutOfMemory(nn.Module):
    """Holds only tiles of up to ``largest_px`` on a side."""

    def __init__(self, largest_px: int) -> None:
        super().__init__()
        self.largest_px = largest_px

    def label_logit(self, x: Tensor) -> Tensor:
        if x.shape[-1] > self.largest_px:
            raise torch.cuda.OutOfMemoryError("CUDA out of memory")
        return x


@pytest.mark.parametrize("shape", [(1, 1), (7, 300), (160, 160), (333, 100)])
@pytest.mark.parametrize("tta", ["none", "rot4", "d4"])
def test_pointwise_network_gives_the_sigmoid_of_twice_the_logit_at_every_size(shape, tta):
    x = np.random.default_rng(0).normal(size=(2, 1, *shape)).astype(np.float32)
    result = predictor(Pointwise(), tiles=TileSettings(128, 48), tta=tta).predict(x, cancel=CancelToken())
    assert result.shape == (2, 1, *shape)
    assert np.allclose(result, 1 / (1 + np.exp(-2.0 * x)), atol=1e-6)


def test_probability_is_half_of_the_label_plus_one():
    x = np.full((1, 1, 16, 16), 0.3, dtype=np.float32)
    result = predictor(Pointwise()).predict(x, cancel=CancelToken())
    assert np.allclose(result, (np.tanh(0.3) + 1) / 2)


def test_averaging_over_quarter_turns_removes_a_preferred_direction():
    x = np.zeros((1, 1, 64, 64), dtype=np.float32)
    plain = predictor(BrighterToTheRight()).predict(x, cancel=CancelToken())
    turned = predictor(BrighterToTheRight(), tta="rot4").predict(x, cancel=CancelToken())
    assert np.ptp(plain.mean(axis=-2)) > 0.7
    assert np.allclose(turned, np.rot90(turned, axes=(-2, -1)), atol=1e-6)
    assert np.allclose(turned.mean(), 0.5, atol=1e-6)


@pytest.mark.parametrize("tta", ["none", "rot4", "d4"])
def test_each_transform_is_undone_and_no_two_are_alike(tta):
    x = torch.arange(12.0).reshape(1, 1, 3, 4)
    turned = [transform.apply(x) for transform in TRANSFORMS[tta]]
    assert all(torch.equal(t.undo(y), x) for t, y in zip(TRANSFORMS[tta], turned, strict=True))
    assert len({tuple(y.shape) + tuple(y.reshape(-1).tolist()) for y in turned}) == len(turned)


def test_out_of_memory_halves_the_tile_says_so_and_gives_the_same_result():
    x = np.random.default_rng(0).normal(size=(1, 1, 600, 600)).astype(np.float32)
    notes: list[str] = []
    small = predictor(OutOfMemory(320), notes=notes)
    result = small.predict(x, cancel=CancelToken())
    assert np.allclose(result, predictor(Pointwise()).predict(x, cancel=CancelToken()), atol=1e-6)
    assert notes == ["The GPU's memory ran out; going on with tiles of 304 px instead of 608."]
    assert small.tiles.tile_px == 304


def test_overflow_in_half_precision_goes_on_in_fp32_and_says_so():
    class Overflows(nn.Module):
        def label_logit(self, x: Tensor) -> Tensor:
            return x if not torch.is_autocast_enabled("cpu") else x * float("inf")

    x = np.random.default_rng(0).normal(size=(1, 1, 16, 16)).astype(np.float32)
    notes: list[str] = []
    half = Predictor(
        Overflows(),
        device=choose_device("cpu", precision="bf16"),
        size_multiple=16,
        n_classes=1,
        tiles=TileSettings(),
        tta="none",
        announce=notes.append,
    )
    assert np.allclose(half.predict(x, cancel=CancelToken()), 1 / (1 + np.exp(-2.0 * x)), atol=1e-6)
    assert notes == ["The network's values exceed the range of bf16; going on in fp32."]


def test_network_that_fits_no_tile_gives_up_with_a_remedy():
    with pytest.raises(ResourceError, match="smaller model or the CPU"):
        predictor(OutOfMemory(16)).predict(np.zeros((1, 1, 600, 600), np.float32), cancel=CancelToken())


def test_cancelling_stops_before_the_next_tile():
    cancel = CancelToken()

    class CancelsItself(Pointwise):
        calls = 0

        def label_logit(self, x: Tensor) -> Tensor:
            self.calls += 1
            cancel.cancel()
            return x

    network = CancelsItself()
    with pytest.raises(Cancelled):
        predictor(network, tiles=TileSettings(64, 0)).predict(
            np.zeros((1, 1, 256, 256), np.float32), cancel=cancel
        )
    assert network.calls == 1


@pytest.mark.parametrize(("name", "message"), [("tpu", "no device 'tpu'"), ("meta", "not supported")])
def test_unknown_devices_are_refused(name, message):
    with pytest.raises(SettingsError, match=message):
        choose_device(name)


@pytest.mark.skipif(torch.cuda.is_available(), reason="a GPU is here")
def test_absent_gpu_is_refused_by_name_and_auto_takes_the_cpu():
    with pytest.raises(SettingsError, match="'cuda:3' is not here; 0 CUDA devices are"):
        choose_device("cuda:3")
    assert choose_device("auto").torch_device.type == "cpu"


def test_automatic_precision_on_a_cpu_follows_its_hardware():
    assert choose_device("cpu").precision == ("bf16" if has_fast_bf16_cpu() else "fp32")
    assert choose_device("cpu", precision="bf16").dtype == torch.bfloat16


@pytest.mark.gpu
def test_gpu_segments_like_the_cpu(tiny_model):
    x = np.random.default_rng(0).normal(size=(3, 1, 200, 300)).astype(np.float32)
    results = [
        Predictor(
            tiny_model.network,
            device=choose_device(name, precision="fp32"),
            size_multiple=4,
            n_classes=1,
            tiles=TileSettings(),
            tta="none",
            announce=[].append,
        ).predict(x, cancel=CancelToken())
        for name in ("cpu", "cuda")
    ]
    assert np.allclose(*results, atol=2e-3)
