"""What each kind of job does, run in this process."""

import os

import numpy as np
import pytest

from sxt.errors import SettingsError
from sxt.jobs import KINDS, JobStore
from sxt.jobs.kinds import find_kind, load_kind
from sxt.jobs.runner import run_job_here
from sxt.labels import PseudoLabels
from sxt.labels.values import SliceKey
from sxt.phantom import PhantomSettings, simulate_cell
from sxt.workspace import WorkerInfo
from tests.jobs.conftest import save_tiny_model, write_tomogram

WORKER = WorkerInfo(host="here", pid=os.getpid(), address="tls://127.0.0.1:1")


@pytest.fixture
def do(workspace):
    store = JobStore(workspace)

    def do(kind, **settings):
        job = store.submit(kind, settings, by="ada")
        run_job_here(workspace, job.id, find_kind(kind), WORKER)
        return store.get(job.id).manifest

    return do


def test_every_kind_is_what_it_is_called():
    for name in KINDS:
        assert find_kind(name).name == name
    assert {find_kind(name).lane for name in ("segment",)} == {"compute"}
    assert {find_kind(name).lane for name in ("import", "demo", "threshold", "surface")} == {"data"}
    with pytest.raises(SettingsError, match="no kind of job 'nothing'"):
        find_kind("nothing")
    with pytest.raises(TypeError, match="is not a kind of job"):
        load_kind("sxt.jobs.kinds.registry:KINDS")


def test_a_tomogram_is_brought_in_segmented_and_reconstructed(workspace, do, tmp_path):
    model = save_tiny_model(workspace)
    source = write_tomogram(tmp_path / "cell.npy", (6, 40, 40))
    brought_in = do("import", source=source, name="Cell A", voxel_size_nm=(10, 10, 10), absorbing_is="dark")
    (tomogram_id,) = brought_in.results
    tomogram = workspace.tomograms.get(tomogram_id)
    assert (tomogram.id, tomogram.name, tomogram.created_by) == (brought_in.item_id, "Cell A", "ada")
    segmented = do("segment", tomogram_id=tomogram_id, model=model, segment={"first_slice": 1}, device="cpu")
    (segmentation_id,) = segmented.results
    segmentation = workspace.segmentations.get(segmentation_id)
    assert (segmentation.job_id, segmentation.model.spec) == (segmented.id, "tiny:1")
    assert (segmentation.first_slice, segmentation.name) == (1, "Cell A · tiny:1")
    median = float(np.median(workspace.open_probability(segmentation_id)[:]) / 255)
    changed = do("threshold", segmentation_id=segmentation_id, threshold=median)
    assert changed.title == f"Threshold Cell A · tiny:1 at {median:g}"
    assert workspace.segmentations.get(segmentation_id).threshold == median
    settings = {"min_voxels": 1, "max_triangles": 500}
    surfaced = do("surface", segmentation_id=segmentation_id, surface=settings, with_scene=False)
    surface = workspace.surfaces.get(surfaced.results[0])
    assert (surface.id, surface.job_id, surface.name) == (surfaced.item_id, surfaced.id, "Cell A · tiny:1")
    assert surface.settings["max_triangles"] == 500
    assert surface.threshold == median


def test_a_file_that_is_there_already_is_found_and_its_upload_removed(workspace, do, tmp_path):
    first = do("import", source=write_tomogram(tmp_path / "cell.npy"))
    upload = workspace.uploads / "0123456789" / "files"
    upload.mkdir(parents=True)
    again = do("import", source=write_tomogram(upload / "again.npy"), removes_upload=True)
    assert again.results == first.results != (again.item_id,)
    assert again.note == "This file is here already, as 'cell'."
    assert list(workspace.uploads.iterdir()) == []


def test_only_uploads_are_ever_removed(workspace, do, tmp_path):
    source = write_tomogram(tmp_path / "precious.npy")
    assert do("import", source=source, removes_upload=True).state == "done"
    assert source.exists()


def test_a_missing_model_is_named(workspace, do, tmp_path):
    (tomogram_id,) = do("import", source=write_tomogram(tmp_path / "cell.npy")).results
    job = do("segment", tomogram_id=tomogram_id, model="nobody:3")
    assert (job.state, job.is_error_expected) == ("failed", True)
    assert "no model version 'nobody:3'" in job.error


def test_the_demo_is_a_simulated_cell(workspace, do):
    job = do("demo", shape=(8, 64, 64), seed=3)
    (tomogram_id,) = job.results
    tomogram = workspace.tomograms.get(tomogram_id)
    assert (tomogram.name, tomogram.shape, tomogram.absorbing_is) == ("Demo cell", (8, 64, 64), "dark")
    assert tomogram.voxel_size_nm == (20.0, 20.0, 20.0)
    assert list(workspace.uploads.iterdir()) == []
    labels = workspace.find_labels(tomogram_id)
    assert (labels.volume.list_slices(), labels.hold_out.list()) == ([4, 5, 6, 7], (6, 7))
    expected = simulate_cell(PhantomSettings((8, 64, 64)), seed=3)
    found = labels.read(SliceKey("z", 5))
    assert np.array_equal(found[found != 255], expected.labels[5][found != 255])
    assert np.array_equal(found == 255, expected.is_in_wedge[5])


def test_a_second_demo_leaves_what_people_drew_and_held_out(workspace, do):
    (tomogram_id,) = do("demo", shape=(8, 64, 64), seed=3).results
    labels = workspace.find_labels(tomogram_id)
    labels.change(SliceKey("z", 5), lambda old: np.full_like(old, 2), by="ada", tool="brush")
    PseudoLabels(labels).unmark_hold_out([6], by="ada")
    again = do("demo", shape=(8, 64, 64), seed=3)
    assert (again.state, again.results) == ("done", (tomogram_id,))
    assert (labels.read(SliceKey("z", 5)) == 2).all()
    assert labels.hold_out.list() == (7,)
