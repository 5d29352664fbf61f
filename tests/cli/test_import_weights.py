import json
from pathlib import Path

import numpy as np
import pytest
import torch

from sxt.cli import main
from sxt.models import load_model

PARITY = Path(__file__).parents[1] / "data" / "parity"


def import_weights(models_dir, *options, weights=PARITY / "weights.h5", config=PARITY / "config.json"):
    arguments = ["import-weights", str(weights), "--config", str(config), "--name", "published"]
    return main([*arguments, "--models-dir", str(models_dir), *options])


def test_imported_version_loads_and_gives_the_outputs_of_the_reference(tmp_path, capsys):
    assert import_weights(tmp_path, "--json") == 0
    assert json.loads(capsys.readouterr().out)["spec"] == "published:1"
    model = load_model("published:1", root=tmp_path)
    x = torch.from_numpy(np.load(PARITY / "input_208x336.npy")).permute(0, 3, 1, 2)
    with torch.no_grad():
        outputs = model.network(x)
    for name, result in (("image", outputs.image), ("label", outputs.label)):
        expected = np.load(PARITY / f"out_{name}_208x336.npy")
        assert np.abs(result.permute(0, 2, 3, 1).numpy() - expected).max() < 1e-4


def test_second_import_becomes_the_next_version(tmp_path, capsys):
    assert import_weights(tmp_path) == 0
    assert import_weights(tmp_path) == 0
    assert "published:2" in capsys.readouterr().out
    assert load_model("published", root=tmp_path).spec == "published:2"


@pytest.mark.parametrize(
    ("text", "message"),
    [("{", "is not JSON"), ("[1]", "must be a JSON object"), ('{"stem_width": 3}', "even number")],
)
def test_unusable_configuration_is_one_sentence(tmp_path, capsys, text, message):
    config = tmp_path / "config.json"
    config.write_text(text)
    assert import_weights(tmp_path / "models", config=config) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "models").exists()


def test_absent_files_are_named(tmp_path, capsys):
    assert import_weights(tmp_path, config=tmp_path / "none.json") == 2
    assert "none.json cannot be read" in capsys.readouterr().err
    assert import_weights(tmp_path, weights=tmp_path / "none.h5") == 2
    assert "none.h5" in capsys.readouterr().err
