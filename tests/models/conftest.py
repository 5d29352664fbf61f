"""A tiny network and its configuration, for tests of the registry."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn

from sxt.models import ModelClass, ModelConfig
from sxt.network import NetworkConfig, build_network

TINY_NETWORK = NetworkConfig(
    stem_width=2,
    stage_widths=(2, 4),
    neck_width=2,
    neck_kernel_sizes=(1, 2),
    neck_depth=1,
    head_width=2,
    n_label_blocks=1,
)
MEMBRANE = ModelClass(value=1, name="membrane", colour="#E69F00")


@pytest.fixture
def make_config() -> Callable[..., ModelConfig]:
    def make(**changes: Any) -> ModelConfig:
        fields = {
            "name": "tiny",
            "version": "1",
            "network": TINY_NETWORK,
            "classes": (MEMBRANE,),
            "created": "2026-01-31",
            "pixel_size_nm": 10.0,
        }
        return ModelConfig(**{**fields, **changes})

    return make


@pytest.fixture
def network() -> nn.Module:
    """A tiny network whose weights and batch-norm statistics are all different and survive half precision."""
    torch.manual_seed(7)
    network = build_network(TINY_NETWORK)
    with torch.no_grad():
        for tensor in network.state_dict().values():
            if tensor.is_floating_point():
                tensor.copy_((torch.rand(tensor.shape) + 0.1).half())
            else:
                tensor.fill_(12)
    return network
