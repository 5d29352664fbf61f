"""Tiny model versions."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sxt.models import ModelClass, ModelConfig, save_model
from sxt.network import NetworkConfig, build_network

TINY_NETWORK = NetworkConfig(
    stem_width=2, stage_widths=(2,), neck_width=2, neck_kernel_sizes=(1,), neck_depth=1, head_width=2
)


@pytest.fixture
def save_tiny(opened) -> Callable[..., Path]:
    """Save a version ``tiny:1``, by default in the workspace; fields of its configuration can be given."""

    def save(root: Path | None = None, *, curves_csv: str | None = None, **fields: Any) -> Path:
        values: dict[str, Any] = {
            "name": "tiny",
            "version": "1",
            "network": TINY_NETWORK,
            "classes": (ModelClass(1, "membrane", "#E69F00"),),
            "created": "2026-01-31",
            "pixel_size_nm": 12.5,
        }
        config = ModelConfig(**(values | fields))
        network = build_network(config.network)
        return save_model(root or opened.workspace.models_root, config, network, curves_csv=curves_csv)

    return save
