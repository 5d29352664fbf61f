"""Workspaces, files to bring in, and a model that is small."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from sxt.models import Model, ModelClass, ModelConfig
from sxt.network import NetworkConfig
from sxt.workspace import JobManifest, TomogramManifest, Workspace
from sxt.workspace.clock import utc_now


@pytest.fixture
def workspace(tmp_path) -> Workspace:
    return Workspace(tmp_path / "workspace")


@pytest.fixture
def make_file(tmp_path) -> Callable[..., Path]:
    def make(*shape: int, dtype: str = "uint8", seed: int = 0, name: str = "cell.npy") -> Path:
        values = np.random.default_rng(seed).normal(100, 20, shape).astype(dtype)
        np.save(tmp_path / name, values)
        return tmp_path / name

    return make


@pytest.fixture
def tomogram(workspace, make_file) -> TomogramManifest:
    return workspace.import_tomogram(
        make_file(10, 40, 44), by="ada", voxel_size_nm=(20.0, 10.0, 10.0), absorbing_is="dark"
    )


class PointwiseNetwork(nn.Module):
    """Membranes are where it is dark, droplets where it is bright; each pixel depends on itself alone."""

    def __init__(self) -> None:
        super().__init__()
        self.gains = nn.Parameter(torch.tensor([-1.0, 0.7])[None, :, None, None])

    def label_logit(self, x: Tensor) -> Tensor:
        return self.gains * x


@pytest.fixture
def model(tmp_path) -> Model:
    config = ModelConfig(
        name="known",
        version="1",
        network=NetworkConfig(n_classes=2),
        classes=(ModelClass(1, "membrane", "#E69F00"), ModelClass(3, "droplet", "#F0E442")),
        created="2026-01-31",
        weights_sha256="0" * 64,
    )
    return Model(network=PointwiseNetwork().eval(), config=config, path=tmp_path / "model")


@pytest.fixture
def make_job(workspace) -> Callable[..., JobManifest]:
    def make(job_id: str, **changes: object) -> JobManifest:
        values = {
            "kind": "segment",
            "title": "a job",
            "settings": {},
            "lane": "compute",
            "submitted_by": "ada",
            "submitted_at": utc_now(),
            "order": 1,
        }
        job = JobManifest(id=job_id, **{**values, **changes})
        workspace.jobs.publish(workspace.jobs.prepare_partial(job_id), job)
        return job

    return make
