"""Comparisons as jobs, run in this process."""

import os

import numpy as np
import pytest

from sxt.errors import SettingsError
from sxt.jobs import JobStore
from sxt.jobs.kinds import find_kind
from sxt.jobs.runner import run_job_here
from sxt.labels import SliceKey
from sxt.workspace import WorkerInfo
from sxt.workspace.evaluating import find_comparison
from tests.jobs.conftest import save_tiny_model, write_tomogram

WORKER = WorkerInfo(host="here", pid=os.getpid(), address="tls://127.0.0.1:1")


@pytest.fixture
def do(workspace):
    store = JobStore(workspace)

    def do(kind, **settings):
        job = store.submit(kind, settings, by="ada")
        run_job_here(workspace, job.id, find_kind(kind), WORKER)
        return store.get(job.id).manifest

    return do


@pytest.fixture
def tomogram_id(do, tmp_path):
    (found,) = do(
        "import", source=write_tomogram(tmp_path / "cell.npy", (6, 40, 40)), absorbing_is="dark"
    ).results
    return found


def test_a_version_is_segmented_and_measured(workspace, do, tomogram_id):
    model = save_tiny_model(workspace)
    labels = workspace.open_labels(tomogram_id, by="ada")
    labels.change(SliceKey("z", 3), lambda old: np.ones_like(old), by="ada", tool="fill")
    settings = {"tomogram_ids": [tomogram_id], "models": [model], "device": "cpu"}
    job = do("compare", **settings)
    assert (job.state, job.error) == ("done", None)
    assert job.title == "Compare tiny:1 on cell"
    (manifest,) = workspace.segmentations.list()
    assert manifest.job_id == job.id
    study = find_comparison(workspace, job.results[0])
    assert study.evaluations[0][0].counts(1).total.sum() == 40 * 40
    again = do("compare", **settings)
    assert again.results == job.results
    assert len(workspace.segmentations.list()) == 1


def test_a_tomogram_without_labels_is_named(workspace, do, tomogram_id):
    job = do("compare", tomogram_ids=[tomogram_id], models=[save_tiny_model(workspace)], device="cpu")
    assert (job.state, job.is_error_expected) == ("failed", True)
    assert "'cell' has no labels" in job.error
    assert workspace.segmentations.list() == []


def test_at_most_six_versions_are_compared(do, tomogram_id):
    with pytest.raises(SettingsError, match="models"):
        do("compare", tomogram_ids=[tomogram_id], models=[f"tiny:{i}" for i in range(7)])
