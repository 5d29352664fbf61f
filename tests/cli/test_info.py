import json

import numpy as np
import pytest

from sxt.cli.main import main
from tests.io.samples import make_volume, write_hdf5, write_imagej, write_pages


def test_a_file_described_in_text(tmp_path, capsys):
    volume = make_volume((10, 30, 30), "f4")
    volume[0, 0, 0] = np.nan
    write_imagej(tmp_path / "cell.tif", volume)
    assert main(["info", str(tmp_path / "cell.tif"), "--voxel-nm", "20,10,10"]) == 0
    lines = capsys.readouterr().out.splitlines()
    rows = dict(line.split(":", 1) for line in lines if not line.startswith("Doubt"))
    assert rows["Format"].strip() == "TIFF"
    assert rows["Shape"].strip() == "10 × 30 × 30 (z, y, x), float32"
    assert rows["Voxel size"].strip() == "20 × 10 × 10 nm (z, y, x)"
    assert rows["Range"].strip() == f"{np.nanmin(volume):g} to {np.nanmax(volume):g}"
    assert rows["Not finite"].strip() == "1 NaN, 0 infinite"
    doubts = [line for line in lines if line.startswith("Doubt:")]
    assert any("The file states voxels of 20 × 10 × 5 nm" in line for line in doubts)
    assert any("count as missing: 1 NaN" in line for line in doubts)


def test_a_file_described_as_json(tmp_path, capsys):
    write_imagej(tmp_path / "cell.tif", make_volume())
    assert main(["info", str(tmp_path / "cell.tif"), "--json"]) == 0
    content = json.loads(capsys.readouterr().out)
    assert content["shape"] == [5, 7, 9]
    assert content["voxel_size_nm"] == [20.0, 10.0, 5.0]
    assert content["statistics"]["maximum"] == float(make_volume().max())


def test_the_datasets_of_a_file_and_one_of_them(tmp_path, capsys):
    import h5py

    write_hdf5(tmp_path / "a.h5", make_volume(), "raw")
    with h5py.File(tmp_path / "a.h5", "a") as file:
        file["label"] = make_volume()
    assert main(["info", str(tmp_path / "a.h5")]) == 0
    text = capsys.readouterr().out
    assert "label (5, 7, 9) uint8" in text
    assert "raw (5, 7, 9) uint8" in text
    assert "choose one with --dataset NAME" in text
    assert main(["info", str(tmp_path / "a.h5"), "--dataset", "raw"]) == 0
    assert "20 × 10 × 5 nm" in capsys.readouterr().out


def test_a_volume_without_a_finite_voxel(tmp_path, capsys):
    np.save(tmp_path / "a.npy", np.full((2, 3, 4), np.nan))
    assert main(["info", str(tmp_path / "a.npy")]) == 0
    assert "no finite voxel" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is empty (0 bytes)"),
        (b"nonsense" * 100, "of no known format"),
        (b"II*\0" + b"\xff" * 100, "damaged or incomplete"),
        (b"\x89HDF\r\n\x1a\n" + bytes(100), "damaged or incomplete"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_code_2(tmp_path, capfd, content, sentence):
    (tmp_path / "a").write_bytes(content)
    assert main(["info", str(tmp_path / "a")]) == 2
    out, err = capfd.readouterr()
    assert out == ""
    assert err.startswith("Error: a ")
    assert sentence in err
    assert err.count("\n") == 1


def test_a_truncated_stack_is_one_sentence_and_exit_code_2(tmp_path, capfd):
    write_pages(tmp_path / "a.tif", make_volume(), compression="zlib")
    content = (tmp_path / "a.tif").read_bytes()
    (tmp_path / "a.tif").write_bytes(content[: len(content) // 2])
    assert main(["info", str(tmp_path / "a.tif")]) == 2
    _, err = capfd.readouterr()
    assert err.startswith("Error: a.tif ")
    assert "copy it anew" in err
    assert err.count("\n") == 1


def test_a_missing_file_and_an_unknown_dataset(tmp_path, capsys):
    assert main(["info", str(tmp_path / "a")]) == 2
    assert capsys.readouterr().err == f"Error: {tmp_path}/a does not exist; check the path.\n"
    write_hdf5(tmp_path / "a.h5", make_volume())
    assert main(["info", str(tmp_path / "a.h5"), "--dataset", "x"]) == 2
    assert "no three-dimensional dataset 'x'" in capsys.readouterr().err
