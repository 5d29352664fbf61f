"""Trainings in processes of their own: killed, and several together."""

import multiprocessing
import signal
import socket

import pytest
import torch

from sxt.models import load_model
from sxt.train import SupervisedRecipe
from tests.train.conftest import make_settings, small_semi, train
from tests.train.runner import run_training


@pytest.fixture(scope="module")
def context():
    """Processes that share what is slow to import, but have used none of it."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.train.runner", "torch._dynamo"])
    return context


def start(context, folder, **options):
    process = context.Process(target=run_training, args=(folder,), kwargs=options)
    process.start()
    return process


def weights(folder):
    return load_model("rings:1", root=folder / "models").network.state_dict()


def test_a_killed_training_goes_on_to_the_same_result(context, tmp_path):
    killed = start(context, tmp_path / "killed", kill_at=4)
    killed.join()
    assert killed.exitcode == -signal.SIGKILL
    assert not (tmp_path / "killed" / "models").exists()
    settings = make_settings(small_semi(), steps=6, n_validations=3, crops_at_a_time=2)
    resumed, whole = (train(tmp_path / name, settings=settings) for name in ("killed", "whole"))
    found, expected = weights(tmp_path / "killed"), weights(tmp_path / "whole")
    for name, tensor in expected.items():
        assert torch.equal(tensor, found[name]), name
    assert resumed.metrics == whole.metrics


def test_two_processes_train_what_one_does(context, tmp_path):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    running = [start(context, tmp_path / "two", rank=rank, count=2, port=port) for rank in range(2)]
    for each in running:
        each.join()
    assert [each.exitcode for each in running] == [0, 0]
    recipe = SupervisedRecipe(crop_px=16, batch_crops=4)
    train(tmp_path / "one", settings=make_settings(recipe, steps=6, n_validations=3, crops_at_a_time=2))
    found, expected = weights(tmp_path / "two"), weights(tmp_path / "one")
    for name, tensor in expected.items():
        torch.testing.assert_close(found[name], tensor, atol=2e-3, rtol=2e-2, msg=name)
