"""Models whose answer is known, and small tomograms."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from sxt.models import Model, ModelClass, ModelConfig
from sxt.network import NetworkConfig, build_network
from sxt.tomogram import Tomogram

COLOURS = ("#E69F00", "#56B4E9", "#F0E442")


class PointwiseNetwork(nn.Module):
    """Each pixel's label depends on that pixel alone: tanh of ``gain`` times its value, darker is foreground."""

    def __init__(self, gains: tuple[float, ...]) -> None:
        super().__init__()
        self.gains = nn.Parameter(torch.tensor(gains)[None, :, None, None])
        self.shapes_seen: list[tuple[int, ...]] = []

    def label_logit(self, x: Tensor) -> Tensor:
        self.shapes_seen.append(tuple(x.shape))
        return -self.gains * x[:, x.shape[1] // 2 : x.shape[1] // 2 + 1]


def model_config(network: NetworkConfig, **changes: object) -> ModelConfig:
    classes = tuple(ModelClass(i + 1, f"class {i + 1}", COLOURS[i]) for i in range(network.n_classes))
    values = {
        "name": "known",
        "version": "1",
        "network": network,
        "classes": classes,
        "created": "2026-01-31",
    }
    return ModelConfig(**{**values, **changes})


@pytest.fixture
def pointwise_model(tmp_path) -> Callable[..., Model]:
    def make(*, gains: tuple[float, ...] = (1.0,), in_channels: int = 1, **changes: object) -> Model:
        network = NetworkConfig(n_classes=len(gains), in_channels=in_channels)
        return Model(
            network=PointwiseNetwork(gains).eval(),
            config=model_config(network, **changes),
            path=tmp_path / "model",
        )

    return make


@pytest.fixture
def tiny_model(tmp_path) -> Model:
    torch.manual_seed(0)
    config = NetworkConfig(stem_width=4, stage_widths=(4, 8), neck_width=8, head_width=4, neck_depth=1)
    return Model(network=build_network(config).eval(), config=model_config(config), path=tmp_path / "model")


@pytest.fixture
def noise_tomogram() -> Callable[..., Tomogram]:
    def make(*shape: int, dtype: str = "float32", seed: int = 0, **known: object) -> Tomogram:
        values = np.random.default_rng(seed).normal(100, 20, shape).astype(dtype)
        return Tomogram(values, **{"absorbing_is": "dark", **known})

    return make
