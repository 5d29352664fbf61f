import json

import numpy as np
import pytest
import tifffile

from sxt.cli import main
from sxt.io import read_tomogram

SMALL = ["--shape", "6,48,40", "--seed", "3", "--tilt-step", "10"]


def test_tomogram_and_labels_are_written_side_by_side(tmp_path, capsys):
    assert main(["simulate", str(tmp_path / "cell.tif"), *SMALL, "--voxel-nm", "25", "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["labels"] == str(tmp_path / "cell.labels.tif")
    tomogram, labels = (read_tomogram(tmp_path / name) for name in ("cell.tif", "cell.labels.tif"))
    assert tomogram.shape == labels.shape == (6, 48, 40)
    assert tomogram.voxel_size_nm == pytest.approx((25.0, 25.0, 25.0))
    assert labels.voxel_size_nm == pytest.approx((25.0, 25.0, 25.0))
    written = tifffile.imread(tmp_path / "cell.labels.tif")
    for each in result["classes"]:
        assert each["share"] == pytest.approx(np.mean(written == each["value"]))


def test_the_same_seed_gives_the_same_file(tmp_path):
    for name in ("first.tif", "second.tif"):
        assert main(["simulate", str(tmp_path / name), *SMALL]) == 0
    assert (tmp_path / "first.tif").read_bytes() == (tmp_path / "second.tif").read_bytes()


def test_options_reach_the_settings(tmp_path, capsys):
    options = [
        "--tilt-range",
        "50",
        "--photons",
        "700",
        "--absorbing",
        "bright",
        "--dtype",
        "float32",
        "--json",
    ]
    assert main(["simulate", str(tmp_path / "cell.tif"), *SMALL, *options]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["settings"]["acquisition"]["tilt_range_deg"] == [-50, 50]
    assert result["settings"]["acquisition"]["photons"] == 700
    assert result["absorbing_is"] == "bright"
    assert tifffile.imread(tmp_path / "cell.tif").dtype == np.float32


def test_random_settings_come_from_the_seed(tmp_path, capsys):
    sizes = []
    for seed in ("1", "1", "2"):
        words = [
            "simulate",
            str(tmp_path / "cell.tif"),
            "--shape",
            "4,24,24",
            "--seed",
            seed,
            "--random",
            "--json",
        ]
        assert main(words) == 0
        sizes.append(json.loads(capsys.readouterr().out)["voxel_size_nm"])
    assert sizes[0] == sizes[1] != sizes[2]


def test_the_text_names_files_and_classes(tmp_path, capsys):
    assert main(["simulate", str(tmp_path / "cell.tif"), *SMALL]) == 0
    text = capsys.readouterr().out
    assert "cell.labels.tif" in text
    assert "lipid droplet" in text


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--tilt-range", "95"], "tilt range"),
        (["--photons", "-1"], "photons is -1"),
        (["--shape", "1,40,40"], "shape (1, 40, 40)"),
    ],
)
def test_settings_out_of_range_are_one_sentence(tmp_path, capsys, options, message):
    assert main(["simulate", str(tmp_path / "cell.tif"), *SMALL, *options]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert "Traceback" not in error
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("shape", ["8,8", "8,x,8", "8,0,8"])
def test_a_shape_that_is_none_is_refused(tmp_path, capsys, shape):
    with pytest.raises(SystemExit):
        main(["simulate", str(tmp_path / "cell.tif"), "--shape", shape])
    assert "is not a shape" in capsys.readouterr().err


def test_a_name_without_a_suffix_is_refused_before_the_work(tmp_path, capsys):
    assert main(["simulate", str(tmp_path / "cell"), *SMALL]) == 2
    assert "has no suffix" in capsys.readouterr().err
