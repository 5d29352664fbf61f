import json

import numpy as np
import pytest
import tifffile
import torch

from sxt.cli import main
from sxt.models import ModelClass, ModelConfig, save_model
from sxt.network import NetworkConfig, build_network


@pytest.fixture
def models_dir(tmp_path):
    torch.manual_seed(0)
    network = NetworkConfig(stem_width=4, stage_widths=(4, 8), neck_width=8, head_width=4, neck_depth=1)
    config = ModelConfig(
        name="tiny",
        version="1",
        network=network,
        classes=(ModelClass(1, "membrane", "#E69F00"),),
        created="2026-01-31",
        pixel_size_nm=10.0,
    )
    save_model(tmp_path / "models", config, build_network(config.network))
    return tmp_path / "models"


@pytest.fixture
def tomogram_file(tmp_path):
    path = tmp_path / "cell.tif"
    values = np.random.default_rng(0).normal(1000, 100, (6, 40, 48)).astype(np.uint16)
    tifffile.imwrite(path, values, photometric="minisblack")
    return path


def segment(tomogram_file, models_dir, output, *options):
    arguments = ["segment", str(tomogram_file), "--output", str(output), "--model", "tiny:1", *options]
    return main([*arguments, "--models-dir", str(models_dir)])


def test_options_reach_the_record(tomogram_file, models_dir, tmp_path, capsys):
    options = [
        "--slices",
        "1:5",
        "--tile",
        "32",
        "--overlap",
        "8",
        "--tta",
        "d4",
        "--threshold",
        "0.4",
        "--precision",
        "fp32",
        "--format",
        "npy",
    ]
    options += ["--voxel-nm", "30,10,10", "--absorbing", "bright", "--device", "cpu", "--json"]
    assert segment(tomogram_file, models_dir, tmp_path / "out", *options) == 0
    record = json.loads(capsys.readouterr().out)
    assert record["slices"] == [1, 5]
    assert record["settings"]["tiles"] == {"tile_px": 32, "overlap_px": 8, "blending": "smooth"}
    assert (record["settings"]["tta"], record["settings"]["threshold"]) == ("d4", 0.4)
    assert record["decisions"]["absorbing_is"] == "bright"
    assert record["input"]["voxel_size_nm"] == [30, 10, 10]
    assert record["device"] == "CPU, fp32"
    assert np.load(tmp_path / "out" / "mask.npy").shape == (4, 40, 48)


def test_paper_preset_can_be_changed_in_part(tomogram_file, models_dir, tmp_path, capsys):
    assert (
        segment(tomogram_file, models_dir, tmp_path / "out", "--preset", "paper", "--tta", "rot4", "--json")
        == 0
    )
    settings = json.loads(capsys.readouterr().out)["settings"]
    assert settings["tiles"] == {"tile_px": 592, "overlap_px": 192, "blending": "mean"}
    assert (settings["tta"], settings["normalisation"], settings["rescale"]) == ("rot4", "zscore", False)


def test_text_names_the_files_and_the_doubts(tomogram_file, models_dir, tmp_path, capsys):
    assert segment(tomogram_file, models_dir, tmp_path / "out") == 0
    text = capsys.readouterr().out
    assert str(tmp_path / "out" / "mask.tif") in text
    assert "The voxel size is unknown" in text


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--slices", "4:9"], "no slices 4:9; this tomogram has slices 0:6"),
        (["--tile", "16"], "use 32 to"),
        (["--threshold", "2"], "probability from 0 up to 1"),
        (["--device", "tpu"], "no device 'tpu'"),
    ],
)
def test_unusable_option_is_one_sentence_and_exit_code_2(
    tomogram_file, models_dir, tmp_path, capsys, options, message
):
    assert segment(tomogram_file, models_dir, tmp_path / "out", *options) == 2
    captured = capsys.readouterr()
    assert message in captured.err
    assert captured.err.startswith("Error: ")
    assert captured.err.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_unknown_model_lists_what_there_is(tomogram_file, models_dir, tmp_path, capsys):
    assert (
        main(
            [
                "segment",
                str(tomogram_file),
                "--output",
                str(tmp_path / "o"),
                "--model",
                "no-such",
                "--models-dir",
                str(models_dir),
            ]
        )
        == 2
    )
    assert "tiny:1" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["3", "a:b", "1:2:3"])
def test_garbled_slice_range_is_refused_by_the_parser(tomogram_file, models_dir, tmp_path, capsys, text):
    with pytest.raises(SystemExit) as exit_info:
        segment(tomogram_file, models_dir, tmp_path / "out", "--slices", text)
    assert exit_info.value.code == 2
    assert "is not a slice range" in capsys.readouterr().err
