"""A training in a process of its own: ``python -m tests.train.runner FOLDER KILL_AT RANK COUNT PORT``."""

import os
import signal
import sys
from pathlib import Path

import torch

from sxt.train import SupervisedRecipe, VersionTarget, join_processes, train_model
from tests.train.conftest import make_settings, make_tomogram, small_semi


def main(folder: Path, kill_at: int, rank: int, count: int, port: str) -> None:
    torch.set_num_threads(1)
    os.environ |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
    recipe = SupervisedRecipe(crop_px=16, batch_crops=4) if count > 1 else small_semi()
    settings = make_settings(recipe, steps=8, n_validations=4, crops_at_a_time=2)

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


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]), sys.argv[5])
