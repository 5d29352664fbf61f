"""The job that trains, run in this process."""

import os
import threading

import numpy as np
import pytest

from sxt.errors import SettingsError
from sxt.jobs import JobStore
from sxt.jobs.kinds.train import KIND, TrainJobSettings
from sxt.jobs.runner import run_job_here
from sxt.labels import SliceKey
from sxt.models import load_model
from sxt.train import RunFolder
from sxt.workspace import WorkerInfo, Workspace
from sxt.workspace.training import open_training_tomogram
from tests.jobs.conftest import save_tiny_model, write_tomogram

WORKER = WorkerInfo(host="here", pid=os.getpid(), address="tls://127.0.0.1:1")


@pytest.fixture
def labelled(tmp_path):
    """A workspace with a model and a tomogram with labels in four slices, one of them held out."""
    workspace = Workspace(tmp_path / "workspace")
    save_tiny_model(workspace)
    source = write_tomogram(tmp_path / "cell.npy")
    tomogram = workspace.import_tomogram(source, absorbing_is="dark", by="ada")
    labels = workspace.open_labels(tomogram.id, by="ada")
    grey = np.load(source)
    for z in (0, 4, 8, 11):
        labels.change(
            SliceKey("z", z), lambda _, z=z: (grey[z] < 80).astype(np.uint8), by="ada", tool="paint"
        )
    return workspace, tomogram.id


def settings_for(tomogram_id, **options):
    given = {
        "tomogram_ids": [tomogram_id],
        "model_name": "lab",
        "init": "tiny:1",
        "steps": 3,
        "gap_slices": 2,
    }
    return {**given, "crop_px": 16, "batch_crops": 2, "device": "cpu", "recipe": "supervised", **options}


def test_a_job_makes_a_version_and_leaves_what_a_page_shows(labelled):
    workspace, tomogram_id = labelled
    store = JobStore(workspace)
    job = store.submit("train", settings_for(tomogram_id), by="ada")
    assert job.manifest.title == "Train lab from tiny:1"
    run_job_here(workspace, job.id, KIND, WORKER)
    done = store.get(job.id)
    assert done.state == "done", store.log(job.id)
    assert done.manifest.note.startswith("Saved lab:1. Dice on the hold-out: ")
    run = RunFolder(workspace.jobs.path(job.id))
    assert run.curves.read_text().startswith("step,")
    assert (run.previews / "slice-1.png").is_file()
    assert run.read_json(run.result)["spec"] == "lab:1"
    model = load_model("lab:1", root=workspace.models_root)
    assert "labels by human (ada)" in model.config.training["tomogram 1"]


def test_a_cancelled_job_goes_on_when_tried_again(labelled):
    workspace, tomogram_id = labelled
    store = JobStore(workspace)
    job = store.submit("train", settings_for(tomogram_id, steps=100_000), by="ada")
    running = threading.Thread(target=run_job_here, args=(workspace, job.id, KIND, WORKER))
    running.start()
    run = RunFolder(workspace.jobs.path(job.id))
    while running.is_alive() and (
        job.progress is None or job.progress.done < 2 or job.progress.stage != "train"
    ):
        job = store.get(job.id)
    store.cancel(job.id, by="ada")
    running.join()
    assert store.get(job.id).state == "cancelled"
    assert run.checkpoint.is_file()
    run_again = store.retry(job.id, by="ada")
    running = threading.Thread(target=run_job_here, args=(workspace, run_again.id, KIND, WORKER))
    running.start()
    while running.is_alive() and "Going on after step" not in store.log(job.id):
        pass
    run.request_stop()
    running.join()
    assert store.get(job.id).state == "done", store.log(job.id)


def test_training_sees_marked_slices_as_held_out(labelled):
    from sxt.labels import PseudoLabels

    workspace, tomogram_id = labelled
    PseudoLabels(workspace.find_labels(tomogram_id)).mark_hold_out([11], by="ada")
    source = open_training_tomogram(workspace, tomogram_id, with_labels=True)
    assert (source.labelled, source.marked) == ((0, 4, 8, 11), (11,))
    assert set(np.unique(source.read_labels(11))) == {0, 1}
    assert source.labels.whose(4) == "human (ada)"


def test_settings_that_contradict_each_other_are_refused(labelled):
    _, tomogram_id = labelled
    with pytest.raises(SettingsError, match="steps or minutes"):
        TrainJobSettings(**settings_for(tomogram_id, minutes=1.0)).to_training()
