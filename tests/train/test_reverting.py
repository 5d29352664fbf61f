"""Rounds of pseudo-labels taken back: while a training runs, after it was cancelled, and once its version is saved."""

import datetime
import itertools
import shutil

import numpy as np
import pytest
import torch

from sxt.errors import Cancelled, SettingsError
from sxt.models import load_model
from sxt.progress import CancelToken
from sxt.train import RunFolder
from sxt.train.folder import load_tensors
from sxt.train.reverting import request_reversal, revert_round
from tests.train.conftest import make_settings, small_semi, train

WHEN = datetime.datetime(2026, 3, 4, 5, 6, tzinfo=datetime.UTC)
SETTINGS = make_settings(
    small_semi(n_rounds=2, round_share=0.3, sure_foreground=0.05, sure_background=0.01), steps=5
)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A finished training whose hold-out gained with every look, so that both rounds were kept."""
    folder = tmp_path_factory.mktemp("trained")
    looks = itertools.count(1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sxt.train.measure.score", lambda pooled, name: np.array([next(looks) / 1000]))
        version = train(folder, settings=SETTINGS)
    assert [each["is_kept"] for each in version.rounds] == [True, True]
    return folder


@pytest.fixture
def finished(trained, tmp_path):
    shutil.copytree(trained, tmp_path / "copy")
    return tmp_path / "copy"


def revert(folder, number):
    return revert_round(RunFolder(folder / "run"), number, root=folder / "models", by="ada", when=WHEN)


def assert_weights_of_stretch(version, folder, stretch):
    found = load_model(version.spec, root=folder / "models").network.state_dict()
    expected, _ = load_tensors(RunFolder(folder / "run").best(stretch))
    for name, tensor in expected.items():
        torch.testing.assert_close(found[name], tensor, atol=1e-3, rtol=1e-3, msg=name)


def test_the_weights_before_a_round_become_the_next_version(finished):
    run = RunFolder(finished / "run")
    rounds = run.read_json(run.result)["rounds"]
    version = revert(finished, 2)
    assert (version.spec, run.read_json(run.result)["spec"]) == ("rings:2", "rings:2")
    assert_weights_of_stretch(version, finished, 1)
    assert version.metrics == {
        "dice": pytest.approx(rounds[1]["dice_before"], abs=1e-4),
        "hold_out_slices": 1,
    }
    assert [each["is_kept"] for each in run.read_json(run.rounds)] == [True, False]
    config = load_model("rings:2", root=finished / "models").config
    assert config.training["reverted"] == "Round 2 of pseudo-labels of rings:1 reverted by ada on 2026-03-04."
    assert config.training["pseudo-labels, round 1"].endswith("; kept")
    assert config.training["pseudo-labels, round 2"].endswith("; reverted by ada on 2026-03-04")
    assert (config.created, config.parent) == ("2026-03-04", None)
    assert (version.path / "card.md").read_text().count("reverted by ada") == 2
    steps = [line.split(",")[2] for line in (version.path / "curves.csv").read_text().splitlines()[1:]]
    assert set(steps) == {"0", "1"}


def test_rounds_are_taken_back_one_after_the_other_or_at_once(finished):
    revert(finished, 2)
    first = revert(finished, 1)
    assert first.spec == "rings:3"
    assert_weights_of_stretch(first, finished, 0)
    with pytest.raises(SettingsError, match="rings:3 does not contain round 1"):
        revert(finished, 1)
    with pytest.raises(SettingsError, match=r"no round 3 of pseudo-labels; the training has had 2\."):
        revert(finished, 3)


def test_the_first_round_takes_those_after_it_along(finished):
    version = revert(finished, 1)
    assert [each["reverted"]["by"] for each in version.rounds] == ["ada", "ada"]
    assert version.notes[0] == "Rounds 1 to 2 of pseudo-labels of rings:1 reverted by ada on 2026-03-04."


def test_a_training_that_made_no_version_has_nothing_to_revert(tmp_path):
    with pytest.raises(SettingsError, match="no version yet"):
        revert(tmp_path, 1)
    with pytest.raises(SettingsError, match="has had none"):
        request_reversal(RunFolder(tmp_path / "run"), 1, by="ada", when=WHEN)


@pytest.mark.parametrize("is_cancelled", [False, True], ids=["running", "cancelled"])
def test_a_training_that_goes_on_ends_with_what_was_before_the_round(tmp_path, is_cancelled):
    run, cancel = RunFolder(tmp_path / "run"), CancelToken()

    def ask(progress):
        if progress.stage == "train, round 1" and run.rounds.exists() and not run.reverted.exists():
            request_reversal(run, 1, by="ada", when=WHEN)
            if is_cancelled:
                cancel.cancel()

    if is_cancelled:
        with pytest.raises(Cancelled):
            train(tmp_path, settings=SETTINGS, progress=ask, cancel=cancel)
    version = train(tmp_path, settings=SETTINGS, progress=ask)
    assert version.spec == "rings:1"
    assert version.steps < 5
    assert_weights_of_stretch(version, tmp_path, 0)
    assert [(each["is_kept"], each["reverted"]["by"]) for each in version.rounds] == [(False, "ada")]
    assert "Round 1 of pseudo-labels was reverted; what was before it is kept." in version.notes
