import json

import mrcfile
import numpy as np
import pytest
import tifffile
import zarr
from PIL import Image

from sxt.errors import Cancelled, ResourceError, SettingsError
from sxt.files import sha256_of_file
from sxt.io import read_tomogram
from sxt.progress import CancelToken
from sxt.segment import SegmentSettings, folder, segment_to_folder, segment_tomogram
from sxt.segment.folder import PARTIAL_FOLDER

SETTINGS = SegmentSettings(slab_slices=2)


@pytest.fixture
def input_file(tmp_path):
    """A TIFF of 7 slices of 40 x 48 px with 20 x 10 x 10 nm voxels."""
    values = np.random.default_rng(0).normal(1000, 100, (7, 40, 48)).astype(np.uint16)
    path = tmp_path / "a cell – übung.tif"
    resolution = (1 / 0.01, 1 / 0.01)
    tifffile.imwrite(
        path, values, imagej=True, resolution=resolution, metadata={"unit": "um", "spacing": 0.02}
    )
    return path


def final_files(output):
    return sorted(p.name for p in output.iterdir() if not p.name.startswith(".")) if output.exists() else []


def read_any(path):
    match path.suffix:
        case ".tif":
            return tifffile.imread(path)
        case ".mrc":
            with mrcfile.open(path) as file:
                return np.array(file.data)
        case ".npy":
            return np.load(path)
        case _:
            group = zarr.open_group(path, mode="r")
            return np.asarray(group["0"][:])


@pytest.mark.parametrize("format_name", ["tif", "mrc", "npy", "zarr"])
def test_files_hold_what_segmenting_in_memory_gives(tmp_path, input_file, tiny_model, format_name):
    tomogram = read_tomogram(input_file)
    expected = segment_tomogram(tomogram, tiny_model, settings=SETTINGS)
    written = segment_to_folder(
        tomogram, tiny_model, tmp_path / "out", settings=SETTINGS, format_name=format_name
    )
    assert np.array_equal(read_any(written.mask), expected.mask)
    assert np.array_equal(read_any(written.probabilities[0]), expected.probability[0])
    assert final_files(tmp_path / "out") == sorted(
        [f"mask.{format_name}", f"probability.{format_name}", "overview.png", "segmentation.json"]
    )
    assert not (tmp_path / "out" / PARTIAL_FOLDER).exists()
    if format_name != "npy":
        assert read_tomogram(written.mask).voxel_size_nm == pytest.approx((20, 10, 10))


def test_slice_range_shifts_the_origin(tmp_path, input_file, tiny_model):
    settings = SegmentSettings(first_slice=3, last_slice=5)
    written = segment_to_folder(
        read_tomogram(input_file), tiny_model, tmp_path / "out", settings=settings, format_name="mrc"
    )
    mask = read_tomogram(written.mask)
    assert mask.shape == (2, 40, 48)
    assert mask.origin_nm == pytest.approx((60, 0, 0))
    assert written.record["slices"] == [3, 5]


def test_record_says_what_was_done(tmp_path, input_file, tiny_model):
    written = segment_to_folder(read_tomogram(input_file), tiny_model, tmp_path / "out", settings=SETTINGS)
    record = json.loads(written.record_file.read_text())
    assert record == json.loads(json.dumps(written.record))
    assert record["input"]["sha256"] == sha256_of_file(input_file)
    assert record["input"]["voxel_size_nm"] == pytest.approx([20, 10, 10])
    assert record["model"] == {"spec": "known:1", "sha256": tiny_model.sha256}
    assert record["settings"]["slab_slices"] == 2
    assert record["decisions"]["absorbing_is"] in ("dark", "bright")
    assert {"read", "normalise", "predict", "write"} <= record["seconds"].keys()
    share = np.mean(tifffile.imread(written.mask) == 1)
    assert record["result"]["foreground_share"]["class 1"] == pytest.approx(share)
    with Image.open(written.overview) as picture:
        assert picture.size == (3 * 48 + 2 * 6, 2 * 40 + 6)


def test_several_classes_get_a_probability_file_each(tmp_path, noise_tomogram, pointwise_model):
    model = pointwise_model(gains=(0.2, -0.6))
    written = segment_to_folder(noise_tomogram(3, 20, 20), model, tmp_path / "out")
    assert [p.name for p in written.probabilities] == ["probability-class-1.tif", "probability-class-2.tif"]
    assert set(np.unique(tifffile.imread(written.mask))) == {1, 2}


def cancelling_after(n_slices):
    cancel = CancelToken()

    def progress(report):
        if report.stage == "segment" and report.done >= n_slices:
            cancel.cancel()

    return progress, cancel


def test_cancelled_run_leaves_no_final_file_and_resumes_to_the_same_bytes(tmp_path, input_file, tiny_model):
    tomogram = read_tomogram(input_file)
    progress, cancel = cancelling_after(4)
    output = tmp_path / "out"
    with pytest.raises(Cancelled):
        segment_to_folder(tomogram, tiny_model, output, settings=SETTINGS, progress=progress, cancel=cancel)
    assert final_files(output) == []
    reports = []
    resumed = segment_to_folder(
        tomogram, tiny_model, output, settings=SETTINGS, resume=True, progress=reports.append
    )
    assert [r.done for r in reports if r.stage == "segment"] == [4, 6, 7]
    whole = segment_to_folder(tomogram, tiny_model, tmp_path / "whole", settings=SETTINGS)
    for one, other in ((resumed.mask, whole.mask), (resumed.probabilities[0], whole.probabilities[0])):
        assert one.read_bytes() == other.read_bytes()
    assert resumed.record["result"] == whole.record["result"]


def test_bytes_of_a_slab_that_was_cut_off_are_written_again(tmp_path, input_file, tiny_model):
    tomogram = read_tomogram(input_file)
    output = tmp_path / "out"
    progress, cancel = cancelling_after(2)
    with pytest.raises(Cancelled):
        segment_to_folder(tomogram, tiny_model, output, settings=SETTINGS, progress=progress, cancel=cancel)
    with (output / PARTIAL_FOLDER / "probability.raw").open("ab") as stream:
        stream.write(b"\xff" * 1000)  # as a killed run may leave it
    resumed = segment_to_folder(tomogram, tiny_model, output, settings=SETTINGS, resume=True)
    expected = segment_tomogram(tomogram, tiny_model, settings=SETTINGS)
    assert np.array_equal(tifffile.imread(resumed.probabilities[0]), expected.probability[0])


def test_resume_with_other_settings_is_refused_and_names_them(tmp_path, input_file, tiny_model):
    tomogram = read_tomogram(input_file)
    progress, cancel = cancelling_after(2)
    with pytest.raises(Cancelled):
        segment_to_folder(
            tomogram, tiny_model, tmp_path / "out", settings=SETTINGS, progress=progress, cancel=cancel
        )
    other = SegmentSettings(slab_slices=2, tta="rot4")
    with pytest.raises(
        SettingsError, match="differs in settings; repeat its settings, or leave out --resume"
    ):
        segment_to_folder(tomogram, tiny_model, tmp_path / "out", settings=other, resume=True)
    fresh = segment_to_folder(tomogram, tiny_model, tmp_path / "out", settings=other)
    assert fresh.record["settings"]["tta"] == "rot4"


def test_failure_while_writing_keeps_the_results_of_the_earlier_run(
    tmp_path, input_file, tiny_model, monkeypatch
):
    tomogram = read_tomogram(input_file)
    earlier = segment_to_folder(tomogram, tiny_model, tmp_path / "out", settings=SETTINGS)
    before = earlier.mask.read_bytes(), earlier.record_file.read_bytes()

    def fail(*args, **kwargs):
        raise OSError("disk full")

    monkeypatch.setattr(folder, "draw_overview", fail)
    with pytest.raises(OSError, match="disk full"):
        segment_to_folder(tomogram, tiny_model, tmp_path / "out", settings=SegmentSettings(threshold=0.2))
    assert (earlier.mask.read_bytes(), earlier.record_file.read_bytes()) == before


def test_full_disk_is_refused_before_anything_is_written(tmp_path, input_file, tiny_model, monkeypatch):
    monkeypatch.setattr(folder.shutil, "disk_usage", lambda path: type("Usage", (), {"free": 1000})())
    with pytest.raises(ResourceError, match="free some space"):
        segment_to_folder(read_tomogram(input_file), tiny_model, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_output_that_is_a_file_is_refused(tmp_path, input_file, tiny_model):
    (tmp_path / "out").write_text("")
    with pytest.raises(SettingsError, match="is a file; give a folder"):
        segment_to_folder(read_tomogram(input_file), tiny_model, tmp_path / "out")


def test_memory_does_not_grow_with_the_number_of_slices(tmp_path, pointwise_model):
    """Peak of NumPy's own allocations, for 96 and for 288 slices."""
    import tracemalloc

    model = pointwise_model()
    peaks = []
    for n_slices in (96, 288):
        path = tmp_path / f"{n_slices}.npy"
        np.save(path, np.random.default_rng(0).normal(size=(n_slices, 128, 128)).astype(np.float32))
        tomogram = read_tomogram(path)
        tracemalloc.start()
        segment_to_folder(tomogram, model, tmp_path / f"out{n_slices}", format_name="npy")
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.5 * peaks[0]
