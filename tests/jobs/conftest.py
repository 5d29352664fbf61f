"""One queue with real workers for all tests, and ways to wait for a job."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from sxt.jobs import Job, JobQueue, JobStore
from sxt.models import ModelClass, ModelConfig, save_model
from sxt.network import NetworkConfig, build_network
from sxt.workspace import Workspace
from tests.jobs.kinds import TEST_KINDS

LIMIT_S = 120.0
"""Generous: machines that run tests are busy."""


@pytest.fixture(scope="session", autouse=True)
def one_thread_a_worker() -> Iterator[None]:
    """Keep the workers' torch to one thread: on a busy machine threads that wait for each other take for ever."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OMP_NUM_THREADS", "1")
        yield


@pytest.fixture
def workspace(tmp_path) -> Workspace:
    return Workspace(tmp_path / "workspace")


@pytest.fixture
def store(workspace) -> JobStore:
    return JobStore(workspace, kinds=TEST_KINDS)


@pytest.fixture(scope="session")
def queue(tmp_path_factory) -> Iterator[JobQueue]:
    workspace = Workspace(tmp_path_factory.mktemp("queue") / "workspace")
    with JobQueue(workspace, n_gpus=0, kinds=TEST_KINDS) as running:
        yield running


def wait_until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + LIMIT_S
    while not condition():
        if time.monotonic() > deadline:
            pytest.fail(f"{what} did not come about within {LIMIT_S:g} s", pytrace=False)
        time.sleep(0.02)


def wait_for(store: JobStore, job: Job, *states: str) -> Job:
    """Wait until a job is in one of the states."""
    wait_until(lambda: store.get(job.id).state in states, f"job {job.manifest.title!r} {states}")
    return store.get(job.id)


def write_tomogram(path: Path, shape: tuple[int, int, int] = (12, 48, 48), seed: int = 0) -> Path:
    np.save(path, np.random.default_rng(seed).normal(100, 20, shape).astype(np.uint8))
    return path


def save_tiny_model(workspace: Workspace) -> str:
    """Save a small network, the same at each call, as a model version of the workspace."""
    torch.manual_seed(0)
    network = NetworkConfig(stem_width=4, stage_widths=(4, 8), neck_width=8, head_width=4, neck_depth=1)
    config = ModelConfig(
        name="tiny",
        version="1",
        network=network,
        classes=(ModelClass(1, "membrane", "#E69F00"),),
        created="2026-01-31",
    )
    save_model(workspace.models_root, config, build_network(network))
    return "tiny:1"
