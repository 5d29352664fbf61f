"""Trainings in processes of their own: killed, and several together."""

import signal
import socket
import subprocess
import sys

import torch

from sxt.models import load_model
from sxt.train import SupervisedRecipe
from tests.layers import REPOSITORY
from tests.train.conftest import make_settings, small_semi, train

NEVER = -1


def start(folder, *, kill_at=NEVER, rank=0, count=1, port=0):
    words = [sys.executable, "-m", "tests.train.runner", str(folder), *map(str, (kill_at, rank, count, port))]
    return subprocess.Popen(words, cwd=REPOSITORY, stderr=subprocess.PIPE, text=True)


def weights(folder):
    return load_model("rings:1", root=folder / "models").network.state_dict()


def test_a_killed_training_goes_on_to_the_same_result(tmp_path):
    killed = start(tmp_path / "killed", kill_at=5)
    killed.communicate()
    assert killed.returncode == -signal.SIGKILL
    assert not (tmp_path / "killed" / "models").exists()
    settings = make_settings(small_semi(), steps=8, n_validations=4, crops_at_a_time=2)
    resumed, whole = (train(tmp_path / name, settings=settings) for name in ("killed", "whole"))
    found, expected = weights(tmp_path / "killed"), weights(tmp_path / "whole")
    for name, tensor in expected.items():
        assert torch.equal(tensor, found[name]), name
    assert resumed.metrics == whole.metrics


def test_two_processes_train_what_one_does(tmp_path):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    running = [start(tmp_path / "two", rank=rank, count=2, port=port) for rank in range(2)]
    said = [each.communicate()[1] for each in running]
    assert [each.returncode for each in running] == [0, 0], said
    recipe = SupervisedRecipe(crop_px=16, batch_crops=4)
    train(tmp_path / "one", settings=make_settings(recipe, steps=8, n_validations=4, crops_at_a_time=2))
    found, expected = weights(tmp_path / "two"), weights(tmp_path / "one")
    for name, tensor in expected.items():
        torch.testing.assert_close(found[name], tensor, atol=2e-3, rtol=2e-2, msg=name)
