import json

import pytest

from sxt.cli import main
from sxt.models import ModelClass, ModelConfig, load_model, save_model, write_default
from sxt.network import build_network
from tests.cli.test_models import TINY_NETWORK


@pytest.fixture
def models_dir(tmp_path, monkeypatch):
    monkeypatch.setattr("sxt.models.SHIPPED_ROOT", tmp_path / "shipped")
    config = ModelConfig(
        name="tiny",
        version="3",
        network=TINY_NETWORK,
        classes=(ModelClass(1, "membrane", "#E69F00"),),
        created="2026-01-31",
    )
    save_model(tmp_path / "mine", config, build_network(TINY_NETWORK))
    return tmp_path / "mine"


def test_a_version_goes_from_one_folder_to_another(models_dir, tmp_path, capsys):
    package, other = tmp_path / "out" / "tiny.zip", tmp_path / "other"
    assert (
        main(["export-model", "tiny", "--output", str(package), "--models-dir", str(models_dir), "--json"])
        == 0
    )
    told = json.loads(capsys.readouterr().out)
    assert told["spec"] == "tiny:3"
    assert main(["import-model", str(package), "--models-dir", str(other)]) == 0
    assert capsys.readouterr().out == f"Imported tiny:3 to {other / 'tiny' / '3'}.\n"
    assert load_model("tiny:3", root=other).sha256 == told["sha256"]


def test_what_is_no_package_is_one_sentence(tmp_path, capsys):
    assert main(["import-model", str(tmp_path / "none.zip")]) == 2
    assert "is not a file" in capsys.readouterr().err
    (tmp_path / "a.zip").write_text("nothing")
    assert main(["import-model", str(tmp_path / "a.zip"), "--models-dir", str(tmp_path)]) == 2
    assert "cannot be read as a ZIP" in capsys.readouterr().err


def test_a_damaged_version_is_not_exported(models_dir, tmp_path, capsys):
    (models_dir / "tiny" / "3" / "weights.safetensors").write_bytes(b"nothing")
    words = ["export-model", "tiny", "--output", str(tmp_path / "a.zip"), "--models-dir", str(models_dir)]
    assert main(words) == 2
    assert "is damaged" in capsys.readouterr().err
    assert not (tmp_path / "a.zip").exists()


def test_the_default_chosen_for_a_folder_is_marked_in_the_list(models_dir, capsys):
    write_default(models_dir, "tiny:3")
    assert main(["models", "--models-dir", str(models_dir), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["default"] == "tiny:3"
    assert [each["is_default"] for each in told["models"]] == [True]
