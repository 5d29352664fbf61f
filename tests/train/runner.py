"""A training for a process of its own."""

import os
import signal
from pathlib import Path

import torch

from sxt.train import SupervisedRecipe, VersionTarget, join_processes, train_model
from tests.train.conftest import make_settings, make_tomogram, small_semi


def run_training(folder: Path, *, kill_at: int = -1, rank: int = 0, count: int = 1, port: int = 0) -> None:
    """Train rings; the process ends itself once ``kill_at`` steps are done."""
    torch.set_num_threads(1)
    os.environ |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    recipe = SupervisedRecipe(crop_px=16, batch_crops=4) if count > 1 else small_semi()
    settings = make_settings(recipe, steps=6, n_validations=3, crops_at_a_time=2)

    def kill(progress):
        if progress.stage == "train" and progress.done == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    with join_processes(rank, count, device=torch.device("cpu")) as processes:
        train_model(
            [make_tomogram()],
            settings,
            VersionTarget(folder / "models", "rings"),
            folder=folder / "run",
            device="cpu",
            processes=processes,
            progress=kill,
        )
