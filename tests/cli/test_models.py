import json
from pathlib import Path

import pytest

from sxt.cli import main
from sxt.cli import models as command
from sxt.models import ModelClass, ModelConfig, save_model
from sxt.network import NetworkConfig, build_network

TINY_NETWORK = NetworkConfig(
    stem_width=2, stage_widths=(2,), neck_width=2, neck_kernel_sizes=(1,), neck_depth=1, head_width=2
)


@pytest.fixture
def models_dir(tmp_path, monkeypatch) -> Path:
    monkeypatch.setattr("sxt.models.SHIPPED_ROOT", tmp_path / "shipped")
    root = tmp_path / "mine"
    for name, version, pixel_size_nm, metrics in (
        ("membrane", "1", 10, {"dice": 0.8126}),
        ("other", "2", None, {}),
    ):
        config = ModelConfig(
            name=name,
            version=version,
            network=TINY_NETWORK,
            classes=(ModelClass(1, "membrane", "#E69F00"),),
            created="2026-01-31",
            pixel_size_nm=pixel_size_nm,
            metrics=metrics,
        )
        save_model(root, config, build_network(TINY_NETWORK))
    return root


def test_the_table_has_one_row_a_version(models_dir, capsys):
    assert main(["models", "--models-dir", str(models_dir)]) == 0
    header, first, second = capsys.readouterr().out.splitlines()
    n_parameters = str(
        sum(p.numel() for p in build_network(TINY_NETWORK).state_dict().values() if p.is_floating_point())
    )
    assert header.split("  ")[0] == "model"
    assert [cell.strip() for cell in first.split("  ") if cell][:5] == [
        "membrane:1",
        "membrane",
        n_parameters,
        "10 nm",
        "0.813",
    ]
    assert first.endswith("default")
    assert [cell.strip() for cell in second.split("  ") if cell][:5] == [
        "other:2",
        "membrane",
        n_parameters,
        "unknown",
        "–",
    ]


def test_json_gives_the_whole_configuration(models_dir, capsys):
    assert main(["models", "--models-dir", str(models_dir), "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["default"] == "membrane"
    assert [(each["spec"], each["is_default"]) for each in result["models"]] == [
        ("membrane:1", True),
        ("other:2", False),
    ]
    stored = json.loads((models_dir / "membrane/1/config.json").read_text())
    assert result["models"][0]["config"] == stored


def test_a_damaged_version_is_said_below_the_table(models_dir, capsys):
    (models_dir / "other/2/config.json").write_text("{")
    assert main(["models", "--models-dir", str(models_dir)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert lines[2].startswith("other:2 is not usable: ")


def test_a_missing_folder_is_an_error(tmp_path, capsys):
    assert main(["models", "--models-dir", str(tmp_path / "absent")]) == 2
    assert capsys.readouterr().err.startswith("Error: The models folder ")


def test_the_workspace_holds_the_users_own_models(models_dir, capsys, monkeypatch):
    monkeypatch.setenv("SXT_WORKSPACE", str(models_dir.parent / "workspace"))
    assert main(["models"]) == 0
    assert capsys.readouterr().out.startswith("There are no model versions in ")
    models_dir.parent.joinpath("workspace").mkdir()
    models_dir.rename(models_dir.parent / "workspace/models")
    assert main(["models"]) == 0
    assert "other:2" in capsys.readouterr().out


def test_parameters_are_said_in_millions_from_a_tenth_of_one():
    assert command._in_millions(76_541_230) == "76.5 M"
    assert command._in_millions(4_805_974) == "4.81 M"
    assert command._in_millions(99_999) == "99999"
