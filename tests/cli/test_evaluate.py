import json

import numpy as np
import pytest
import tifffile

from sxt.cli import main
from tests.metrics.masks import blobs


@pytest.fixture
def files(tmp_path):
    """A prediction with its probability, and labels with a second class and an unlabelled stripe."""
    truth = blobs((8, 32, 32), seed=1)
    prediction = np.roll(truth, 1, axis=2)
    truth = truth.copy()
    truth[:, :3] = 255
    truth[:, 30:] = 2
    for name, volume in (
        ("mask", prediction),
        ("probability", np.where(prediction, 220, 20).astype(np.uint8)),
        ("labels", truth),
        ("binary", np.where(truth == 1, 255, 0).astype(np.uint8)),
    ):
        tifffile.imwrite(tmp_path / f"{name}.tif", volume, photometric="minisblack")
    return tmp_path


def evaluate(files, *options, prediction="mask.tif", truth="labels.tif"):
    return main(["evaluate", str(files / prediction), str(files / truth), *options])


def dice(prediction, truth):
    return 2 * np.sum(prediction & truth) / (prediction.sum() + truth.sum())


def test_numbers_are_those_of_the_masks(files, capsys):
    assert evaluate(files, "--class", "1", "--voxel-nm", "20,10,10", "--json") == 0
    result = json.loads(capsys.readouterr().out)
    truth, prediction = (tifffile.imread(files / f"{name}.tif") for name in ("labels", "mask"))
    kept = truth != 255
    (row,) = result["scores"]
    assert row["dice"] == pytest.approx(dice((prediction == 1)[kept], (truth == 1)[kept]))
    assert row["tp"] + row["fp"] + row["fn"] + row["tn"] == kept.sum()
    assert (row["distance_unit"], row["tolerance"]) == ("nm", 40)
    assert result["notes"] == ["The truth also holds class 2, counted as background here."]
    assert len(result["tomograms"][0]["labels_sha256"]) == 64
    assert "best_threshold" not in row


def test_all_classes_found_are_measured_and_summed_up(files, capsys):
    assert evaluate(files) == 0
    text = capsys.readouterr().out
    assert "class 1  class 2" in text
    assert "All classes: accuracy" in text
    assert "The truth holds class 2, which the prediction never has." in text
    assert "The voxel size is unknown" in text


def test_a_probability_adds_curves_and_the_paper_scores(files, capsys):
    probability = str(files / "probability.tif")
    assert (
        evaluate(
            files, "--class", "1", "--probability", probability, "--json", "--output", str(files / "out")
        )
        == 0
    )
    result = json.loads(capsys.readouterr().out)
    row = result["scores"][0]
    assert row["best_dice"] == pytest.approx(row["dice"])
    assert row["paper_ambiguous_share"] == 1
    names = {path.name for path in (files / "out").iterdir()}
    assert names == {"report.html", "study.json", "scores.csv", "slices.csv", "objects.csv", "comparison.csv"}
    assert sorted(result["files"]) == sorted(str(files / "out" / name) for name in names)
    assert evaluate(files, "--probability", probability) == 2
    assert "name it with --class N" in capsys.readouterr().err


def test_binary_masks_of_imagej_are_read_as_they_are_meant(files, capsys):
    assert evaluate(files, "--binary", "--json", truth="binary.tif") == 0
    (row,) = json.loads(capsys.readouterr().out)["scores"]
    truth, prediction = (tifffile.imread(files / f"{name}.tif") > 0 for name in ("binary", "mask"))
    assert row["dice"] == pytest.approx(dice(prediction, truth))
    assert row["class"] == "foreground"
    assert evaluate(files, prediction="binary.tif") == 2
    assert "use --binary" in capsys.readouterr().err


def test_the_record_of_a_segmentation_tells_classes_threshold_and_place(files, capsys):
    tifffile.imwrite(files / "mask.tif", tifffile.imread(files / "mask.tif")[2:6], photometric="minisblack")
    part = tifffile.imread(files / "probability.tif")[2:6]
    tifffile.imwrite(files / "probability.tif", part, photometric="minisblack")
    record = {
        "result": {"mask": "mask.tif", "probabilities": ["probability.tif"]},
        "model": {"spec": "membrane:1", "sha256": "c" * 64},
        "classes": [{"value": 1, "name": "membrane", "colour": "#E69F00"}],
        "decisions": {"threshold": 0.4},
        "settings": {"tta": "none"},
        "slices": [2, 6],
        "input": {"path": "/data/cell.tif"},
    }
    (files / "segmentation.json").write_text(json.dumps(record))
    for prediction in ("mask.tif", "."):
        assert evaluate(files, "--json", prediction=prediction) == 0
        result = json.loads(capsys.readouterr().out)
        assert result["versions"][0]["name"] == "membrane:1"
        assert (result["tomograms"][0]["name"], result["scores"][0]["class"]) == ("cell.tif", "membrane")
        assert (result["scores"][0]["slices"], result["scores"][0]["best_dice"]) == (
            4,
            pytest.approx(result["scores"][0]["dice"]),
        )
    (files / "segmentation.json").write_text("{}")
    assert evaluate(files) == 2
    assert "segmentation.json is damaged" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--tolerance-nm", "0"], "tolerance_nm is 0"),
        (["--first-slice", "3"], "does not lie within the truth"),
        (["--confidence", "2"], "confidence of 2"),
    ],
)
def test_unusable_options_are_one_sentence(files, capsys, options, message):
    assert evaluate(files, *options) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


def test_voxel_sizes_that_differ_are_told(files, capsys):
    truth, prediction = (tifffile.imread(files / f"{name}.tif") for name in ("labels", "mask"))
    from sxt.io import open_volume_writer

    for name, volume, size in (("a.mrc", prediction, 10.0), ("b.mrc", truth, 20.0)):
        with open_volume_writer(
            files / name, shape=volume.shape, dtype="u1", voxel_size_nm=(size,) * 3
        ) as writer:
            writer.write(volume)
    assert evaluate(files, "--json", prediction="a.mrc", truth="b.mrc") == 0
    result = json.loads(capsys.readouterr().out)
    assert result["tomograms"][0]["voxel_size_nm"] == [20.0] * 3
    assert result["notes"][0].startswith("the prediction states voxels of 10 × 10 × 10 nm and the truth 20")
