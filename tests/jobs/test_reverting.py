"""Rounds of pseudo-labels taken back through the queue."""

import functools
import itertools
import os

import numpy as np
import pytest

from sxt.errors import SettingsError
from sxt.jobs import JobStore, revert_training_round
from sxt.jobs.kinds import find_kind
from sxt.jobs.runner import run_job_here
from sxt.models import load_model
from sxt.train import RunFolder, SemiRecipe
from sxt.train.reverting import read_reversal
from sxt.workspace import WorkerInfo
from tests.jobs.test_train import labelled, settings_for

WORKER = WorkerInfo(host="here", pid=os.getpid(), address="tls://127.0.0.1:1")

__all__ = ["labelled"]


@pytest.fixture
def store(labelled):
    return JobStore(labelled[0])


@pytest.fixture
def training(store, labelled, monkeypatch):
    """A training in the queue, whose hold-out will gain with every look, so that its rounds are kept."""
    looks = itertools.count(1)
    monkeypatch.setattr("sxt.train.measure.score", lambda pooled, name: np.array([next(looks) / 1000]))
    eager = functools.partial(SemiRecipe, sure_foreground=0.05, sure_background=0.01, n_rounds=1)
    monkeypatch.setattr("sxt.jobs.kinds.train.RECIPES", {"semi": eager})
    return store.submit("train", settings_for(labelled[1], recipe="semi", steps=4), by="ada")


def run(store, job):
    run_job_here(store.workspace, job.id, find_kind(job.manifest.kind), WORKER)
    return store.get(job.id)


def last_deed(store):
    entry = store.workspace.activity.read(limit=1)[0]
    return entry.action, entry.who, entry.id, entry.detail


def test_a_round_of_a_finished_training_is_taken_back_by_a_job(store, training):
    assert run(store, training).state == "done", store.log(training.id)
    job = revert_training_round(store, training.id, 1, by="bob")
    assert job.manifest.title == "Go back to before round 1 of: Train lab from tiny:1"
    done = run(store, job)
    assert done.manifest.note == "Saved lab:2, the version before round 1.", store.log(job.id)
    told = "round 1 of pseudo-labels; its version is now lab:2"
    assert last_deed(store) == ("reverted", "bob", training.id, told)
    folder = RunFolder(store.workspace.jobs.path(training.id))
    assert folder.read_json(folder.result)["spec"] == "lab:2"
    config = load_model("lab:2", root=store.workspace.models_root).config
    assert (config.parent, config.training["seed"]) == ("tiny:1", 0)
    assert config.training["reverted"].startswith("Round 1 of pseudo-labels of lab:1 reverted by bob on ")
    again = run(store, revert_training_round(store, training.id, 1, by="bob"))
    assert (again.state, again.manifest.error) == (
        "failed",
        "lab:2 does not contain round 1; there is nothing to revert.",
    )


def test_a_training_that_is_not_finished_is_told_and_queued_again_where_it_was_cancelled(store, training):
    folder = RunFolder(store.workspace.jobs.path(training.id))
    with pytest.raises(SettingsError, match="no round 1"):
        revert_training_round(store, training.id, 1, by="bob")
    folder.write_json(folder.rounds, [{"number": 1}])
    assert revert_training_round(store, training.id, 1, by="bob").state == "queued"
    assert read_reversal(folder).by == "bob"
    told = "round 1 of pseudo-labels; the training ends with what was before it"
    assert last_deed(store) == ("reverted", "bob", training.id, told)
    store.cancel(training.id, by="ada")
    assert revert_training_round(store, training.id, 1, by="ada").state == "queued"
    assert read_reversal(folder).by == "ada"


def test_what_is_no_training_has_no_rounds(store, labelled):
    other = store.submit("demo", {}, by="ada")
    with pytest.raises(SettingsError, match="is no training"):
        revert_training_round(store, other.id, 1, by="ada")
