import json

import pytest
import tifffile
import torch

from sxt.cli import main
from sxt.models import ModelClass, ModelConfig, load_model, save_model
from sxt.network import build_network
from tests.train.conftest import TINY, draw_cell


@pytest.fixture
def files(tmp_path):
    grey, labels = draw_cell(1, n_slices=12)
    labels[2:9] = 255
    for name, values in (("cell", grey), ("cell.labels", labels), ("free", draw_cell(2, n_slices=4)[0])):
        tifffile.imwrite(tmp_path / f"{name}.tif", values, photometric="minisblack")
    torch.manual_seed(0)
    classes = (ModelClass(1, "ring", "#E69F00"),)
    config = ModelConfig(name="tiny", version="1", network=TINY, classes=classes, created="2026-01-31")
    save_model(tmp_path / "out", config, build_network(TINY))
    return tmp_path


def command(files, *options):
    data = ["--tomogram", str(files / "cell.tif"), "--labels", str(files / "cell.labels.tif")]
    small = ["--crop", "16", "--batch", "2", "--gap", "3", "--device", "cpu"]
    return ["train", *data, *small, "--name", "rings", "--steps", "4", *options]


def test_a_version_is_trained_from_another(files, capsys):
    options = ["--unlabelled", str(files / "free.tif"), "--init", "tiny:1", "--output", str(files / "out")]
    assert main(command(files, *options, "--label-slices", "0,1,9,11", "--json")) == 0
    result = json.loads(capsys.readouterr().out)
    assert (result["spec"], result["parent"], result["recipe"]) == ("rings:1", "tiny:1", "semi")
    assert {each["z"] for each in result["split"]["hold_out"]} == {0}
    model = load_model("rings", root=files / "out")
    assert model.config.classes == (ModelClass(1, "ring", "#E69F00"),)
    assert not (files / "out" / ".training" / "rings").exists()


def test_the_result_is_told_in_words(files, capsys):
    options = [
        "--init",
        "tiny",
        "--recipe",
        "supervised",
        "--output",
        str(files / "out"),
        "--hold-out",
        "none",
    ]
    assert main(command(files, *options)) == 0
    said = capsys.readouterr().out
    assert "Trained rings:1 by the recipe supervised, 4 steps" in said
    assert "Nothing is held out" in said


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--labels", "a.tif", "b.tif"], "1 tomogram files but 2 files of labels"),
        (["--classes", "9"], "have the values 9, but the labels hold 1"),
        (["--init", "absent"], "no model version 'absent'"),
        (["--steps", "0"], "0 steps"),
        (["--hold-out", "tomogram"], "Only one tomogram"),
    ],
)
def test_faults_are_named(files, capsys, options, sentence):
    given = ["--init", "tiny", "--output", str(files / "out"), *options]
    assert main(command(files, *given)) == 2
    assert sentence in capsys.readouterr().err


def test_a_version_goes_into_a_workspace(files, capsys):
    options = ["--init", "tiny", "--models-dir", str(files / "out"), "--workspace", str(files / "workspace")]
    assert main(command(files, *options, "--recipe", "supervised", "--json")) == 0
    assert json.loads(capsys.readouterr().out)["path"] == str(files / "workspace" / "models" / "rings" / "1")
