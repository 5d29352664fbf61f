import json

import numpy as np
import pytest
import tifffile
import torch

from sxt.cli import main
from sxt.models import ModelClass, ModelConfig, save_model
from sxt.network import NetworkConfig, build_network


def save(root, version, seed, **changes):
    torch.manual_seed(seed)
    network = NetworkConfig(stem_width=4, stage_widths=(4, 8), neck_width=8, head_width=4, neck_depth=1)
    config = ModelConfig(
        name="tiny",
        version=version,
        network=network,
        classes=(ModelClass(1, "membrane", "#E69F00"),),
        created="2026-01-31",
        **changes,
    )
    save_model(root, config, build_network(network))


@pytest.fixture
def place(tmp_path, monkeypatch):
    """Two tiny versions, two tomograms with labels, and no workspace."""
    monkeypatch.setenv("SXT_WORKSPACE", str(tmp_path / "no-workspace"))
    save(tmp_path / "models", "1", 0, threshold=61.5 / 255)  # within the narrow range of what they predict
    save(tmp_path / "models", "2", 1, threshold=104.5 / 255, parent="tiny:1")
    rng = np.random.default_rng(0)
    for i in (0, 1):
        values = rng.normal(1000, 100, (6, 40, 40)).astype(np.uint16)
        tifffile.imwrite(tmp_path / f"cell{i}.tif", values, photometric="minisblack")
        labels = (values < 950).astype(np.uint8)
        tifffile.imwrite(tmp_path / f"labels{i}.tif", labels, photometric="minisblack")
    return tmp_path


def compare(place, *options, models=("tiny:1", "tiny:2"), labels=True):
    words = ["compare", "--models", *models, "--models-dir", str(place / "models"), "--device", "cpu"]
    words += ["--tomogram", *(str(place / f"cell{i}.tif") for i in (0, 1))]
    words += ["--labels", *(str(place / f"labels{i}.tif") for i in (0, 1))] if labels else []
    return main([*words, *options])


def test_versions_are_segmented_measured_and_compared(place, capsys):
    output = place / "out"
    assert compare(place, "--output", str(output), "--json") == 0
    result = json.loads(capsys.readouterr().out)
    assert result["baseline"] == "tiny:1"
    assert [each["parent"] for each in result["versions"]] == [None, "tiny:1"]
    assert len(result["scores"]) == 4
    verdicts = {row["verdict"] for row in result["comparison"] if row["version"] == "tiny:2"}
    assert verdicts == {"too little data to tell"}
    assert "2 tomograms are too few" in result["warnings"][0]
    for row in result["changes"]:
        assert (
            sum(row[f"voxels_{kind}"] for kind in ("fixed", "broken", "still_wrong", "right")) == 6 * 40 * 40
        )
    assert {path.name for path in output.iterdir()} >= {"report.html", "comparison.csv", "changes.csv"}
    assert len(list((output / "segmentations").glob("tiny-*/*/segmentation.json"))) == 4


def test_what_is_segmented_already_is_not_segmented_again(place, capsys):
    output = place / "out"
    assert compare(place, "--output", str(output), "--json") == 0
    first = json.loads(capsys.readouterr().out)
    records = {path: path.stat().st_mtime_ns for path in output.rglob("segmentation.json")}
    models = ("tiny:1", "tiny:2", "tiny:2@threshold=0.3")
    assert compare(place, "--output", str(output), "--json", models=models) == 0
    again = json.loads(capsys.readouterr().out)
    assert {path: path.stat().st_mtime_ns for path in output.rglob("segmentation.json")} == records
    assert again["scores"][:4] == first["scores"]
    assert again["versions"][2]["settings"] == {"threshold": "0.3"}


def test_the_same_version_under_another_name_is_exactly_no_different(place, capsys):
    assert compare(place, "--json", models=("tiny:1", f"tiny:1@threshold={61.5 / 255}")) == 0
    result = json.loads(capsys.readouterr().out)
    for row in result["comparison"]:
        assert (row["difference"], row["difference_low"], row["difference_high"]) == (0, 0, 0)
        assert row["verdict"] == "no difference"


def test_without_labels_agreement_is_told(place, capsys):
    assert compare(place, labels=False) == 0
    text = capsys.readouterr().out
    assert "Membrane, against tiny:1:" in text
    assert "voxels that differ" in text
    assert "cell1.tif" in text


def test_text_shows_verdicts_and_of_two_tomograms_no_interval(place, capsys):
    assert compare(place, "--baseline", "tiny:2", "--slices", "1:4") == 0
    text = capsys.readouterr().out
    assert "Membrane, against tiny:2:" in text
    assert "too little data to tell" in text
    assert "voxels fixed" in text
    row = next(line for line in text.splitlines() if line.split()[:2] == ["tiny:1", "Dice"])
    assert "[" not in row


def test_a_stored_segmentation_of_the_workspace_is_used(place, monkeypatch, capsys):
    from sxt.models import load_model
    from sxt.workspace import Workspace

    workspace = Workspace(place / "workspace")
    monkeypatch.setenv("SXT_WORKSPACE", str(workspace.root))
    for i in (0, 1):
        tomogram = workspace.import_tomogram(place / f"cell{i}.tif", by="ada")
        for version in ("1", "2"):
            workspace.segment(
                tomogram.id, load_model(f"tiny:{version}", root=place / "models"), device="cpu", by="ada"
            )
    assert compare(place, "--output", str(place / "out"), "--json") == 0
    stored = json.loads(capsys.readouterr().out)
    assert not (place / "out" / "segmentations").exists()
    monkeypatch.setenv("SXT_WORKSPACE", str(place / "no-workspace"))
    assert compare(place, "--json") == 0
    assert json.loads(capsys.readouterr().out)["scores"] == stored["scores"]


@pytest.mark.parametrize(
    ("options", "models", "message"),
    [
        (["--labels", "a.tif"], ("tiny:1", "tiny:2"), "2 tomograms but 1 labels"),
        (["--baseline", "tiny:9"], ("tiny:1", "tiny:2"), "'tiny:9' is not among"),
        (["--class", "4"], ("tiny:1", "tiny:2"), "no class 4 in common"),
        ([], ("tiny:1", "tiny:1"), "repeat themselves"),
        ([], ("tiny:1", "tiny:7"), "There is no model version 'tiny:7'"),
        ([], ("tiny:1", "tiny:1@tta=often"), "tta is 'often'"),
    ],
)
def test_unusable_requests_are_one_sentence(place, capsys, options, models, message):
    assert compare(place, *options, models=models, labels="--labels" not in options) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.strip().splitlines()[-1].startswith("Error: ")


@pytest.mark.parametrize("variant", ["tiny:1@", "tiny:1@speed=9", "tiny:1@threshold=much", "tiny:1@tta"])
def test_garbled_variants_are_refused_by_the_parser(place, capsys, variant):
    with pytest.raises(SystemExit):
        compare(place, models=("tiny:1", variant))
    assert "argument --models" in capsys.readouterr().err
