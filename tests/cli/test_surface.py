import csv
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tifffile

from sxt.cli.main import main


@pytest.fixture
def mask_path(tmp_path) -> Path:
    mask = np.zeros((12, 30, 40), np.uint8)
    mask[2:9, 4:14, 5:25] = 1
    mask[0:3, 20:26, 30:36] = 2
    np.save(tmp_path / "mask.npy", mask)
    return tmp_path / "mask.npy"


def surface(*words) -> int:
    return main(["surface", *map(str, words)])


def test_surfaces_of_a_mask_with_every_file(mask_path, tmp_path, capsys):
    out = tmp_path / "out"
    assert (
        surface(mask_path, "--output", out, "--voxel-nm", "20,10,10", "--formats", "vtp,ply,obj,stl,glb") == 0
    )
    assert {path.name for path in out.iterdir()} == {
        "components.csv", "mesh.vtp", "mesh.ply", "mesh.obj", "mesh.stl", "mesh.glb", "mesh_display.vtp",
        "scene.html", "snapshot.png", "surface.json",
    }  # fmt: skip
    table = pd.read_csv(out / "components.csv")
    assert table["volume_um3"].tolist() == pytest.approx([1400 * 2e-6, 108 * 2e-6])
    assert table["touches_border"].tolist() == [False, True]
    text = capsys.readouterr().out
    assert "Reconstructed 2 components" in text
    assert "0.0028 µm³" in text
    assert "cut by the border" in text
    assert f"{out}/scene.html" in text


def test_one_class_without_voxel_size_as_json(mask_path, tmp_path, capsys):
    words = ("--class", 2, "--no-scene", "--json", "--min-volume-um3", 0)
    assert surface(mask_path, "--output", tmp_path / "out", *words) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["components"] == 1
    assert result["largest"][0]["class"] == 2
    assert result["largest"][0]["volume_voxels"] == 108
    assert result["voxel_size_nm"] is None
    assert result["files"] == ["components.csv", "mesh.vtp", "mesh_display.vtp", "surface.json"]
    assert len(result["source"]["sha256"]) == 64


def test_grey_values_of_the_tomogram(mask_path, tmp_path, capsys):
    tifffile.imwrite(tmp_path / "cell.tif", np.full((12, 30, 40), 7, np.uint16))
    words = ("--tomogram", tmp_path / "cell.tif", "--no-scene")
    assert surface(mask_path, "--output", tmp_path / "out", *words) == 0
    table = pd.read_csv(tmp_path / "out/components.csv")
    assert table["mean_grey"].tolist() == [7, 7]
    assert table["std_grey"].tolist() == [0, 0]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--class", "5"), "no class 5; it has 1, 2"),
        (("--min-volume-um3", "1"), "needs the voxel size"),
        (("--smooth-z", "-1"), "smoothing of -1.0 slices"),
        (("--max-triangles", "0"), "budget of 0 triangles"),
        (("--tomogram", "missing.tif"), "missing.tif"),
    ],
)
def test_a_fault_is_one_sentence_and_exit_code_2(mask_path, tmp_path, capsys, words, sentence):
    assert surface(mask_path, "--output", tmp_path / "out", *words) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("Error: ")
    assert captured.err.count("\n") == 1
    assert sentence in captured.err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("volume", "sentence"),
    [
        (np.zeros((3, 8, 8), np.uint8), "no foreground"),
        (np.random.default_rng(0).random((3, 8, 8)).astype(np.float32), "threshold it first"),
        (np.arange(192, dtype=np.uint16).reshape(3, 8, 8), "--instances"),
    ],
)
def test_a_mask_that_is_none_is_refused(tmp_path, capsys, volume, sentence):
    np.save(tmp_path / "mask.npy", volume)
    assert surface(tmp_path / "mask.npy", "--output", tmp_path / "out") == 2
    assert sentence in capsys.readouterr().err


@pytest.mark.parametrize(
    "words", [("--formats", "vtp,fbx"), ("--binary", "--instances"), ("--connectivity", "18")]
)
def test_arguments_that_make_no_sense_are_refused(mask_path, tmp_path, capsys, words):
    with pytest.raises(SystemExit) as exit_info:
        surface(mask_path, "--output", tmp_path / "out", *words)
    assert exit_info.value.code == 2


@pytest.mark.shared_data
def test_known_volumes_are_exact(shared_data_dir, tmp_path):
    path = shared_data_dir / "contour/known_volumes.tif"
    assert surface(path, "--output", tmp_path, "--min-volume-um3", 0, "--no-scene") == 0
    with (shared_data_dir / "contour/known_volumes.csv").open(encoding="utf-8-sig") as stream:
        totals = list(csv.reader(stream))[-1]
    assert totals[0] == "Total voxels"
    table = pd.read_csv(tmp_path / "components.csv")
    assert sorted(table["volume_voxels"]) == sorted(map(int, totals[1:]))


@pytest.mark.shared_data
def test_known_widths_are_exact(shared_data_dir, tmp_path):
    path = shared_data_dir / "contour/known_widths.tif"
    assert surface(path, "--output", tmp_path, "--min-volume-um3", 0, "--no-scene") == 0
    truth = pd.read_csv(shared_data_dir / "contour/known_widths.csv", encoding="utf-8-sig")
    table = pd.read_csv(tmp_path / "components.csv")
    assert sorted(table["longest_width_px"]) == pytest.approx(sorted(truth["modulus"]), abs=1e-6)


@pytest.mark.shared_data
def test_a_real_file_of_object_ids_names_both_ways_to_read_it(shared_data_dir, tmp_path, capsys):
    path = shared_data_dir / "contour/Figure_3A_instances.tif"
    assert surface(path, "--output", tmp_path) == 2
    assert "22 different values" in (error := capsys.readouterr().err)
    assert "--instances" in error
    assert "--binary" in error
