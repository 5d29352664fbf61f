import hashlib

import numpy as np
import pytest
import zarr

from sxt.errors import Cancelled, InputError, SettingsError
from sxt.progress import CancelToken
from sxt.segment import SegmentSettings, mask_from_probability, segment_tomogram
from sxt.surface import SurfaceSettings
from sxt.workspace import InUseError

SETTINGS = SegmentSettings(slab_slices=2)
ID = "abcdefghij"


def bytes_below(folder):
    """The hash of every file below the Zarr folders of a segmentation."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for name in ("probability.zarr", "mask.zarr")
        for path in sorted((folder / name).rglob("*"))
        if path.is_file()
    }


def segment(workspace, tomogram, model, **changes):
    return workspace.segment(tomogram.id, model, by="ada", **{"settings": SETTINGS, **changes})


def stop_after(n_slices):
    """A token, and a callback that sets it once so many slices are segmented."""
    cancel = CancelToken()

    def watch(progress):
        if progress.stage == "segment" and progress.done >= n_slices:
            cancel.cancel()

    return {"cancel": cancel, "progress": watch}


def test_stored_volumes_are_those_of_the_engine(workspace, tomogram, model):
    manifest = segment(workspace, tomogram, model)
    expected = segment_tomogram(workspace.open_tomogram(tomogram.id), model, settings=SETTINGS)
    assert np.array_equal(workspace.open_probability(manifest.id)[:], expected.probability)
    assert np.array_equal(workspace.open_mask(manifest.id).data[:], expected.mask)
    assert set(np.unique(expected.mask)) <= {0, 1, 3}


def test_the_manifest_says_how_it_was_made(workspace, tomogram, model):
    manifest = segment(workspace, tomogram, model, name="first try")
    assert manifest == workspace.segmentations.get(manifest.id)
    assert (manifest.name, manifest.created_by, manifest.tomogram_id) == ("first try", "ada", tomogram.id)
    assert (manifest.model.spec, manifest.model.sha256) == ("known:1", "0" * 64)
    assert manifest.tomogram_sha256 == tomogram.sha256
    assert [each.value for each in manifest.classes] == [1, 3]
    assert manifest.settings["slab_slices"] == 2
    assert manifest.decisions["absorbing_is"] == "dark"
    assert {"predict", "store", "write"} <= set(manifest.seconds)
    assert {"sxt", "torch", "numpy", "python"} == set(manifest.versions)
    shares = workspace.open_mask(manifest.id).data[:]
    assert manifest.foreground_share["droplet"] == pytest.approx((shares == 3).mean())
    assert segment(workspace, tomogram, model).name == "cell · known:1"
    assert (workspace.segmentations.path(manifest.id) / "overview.png").is_file()


def test_an_interrupted_run_goes_on_with_the_same_bytes(workspace, tomogram, model):
    whole = segment(workspace, tomogram, model)
    with pytest.raises(Cancelled):
        segment(workspace, tomogram, model, segmentation_id=ID, **stop_after(4))
    assert workspace.segmentations.find(ID) is None
    first_done = []
    again = segment(
        workspace, tomogram, model, segmentation_id=ID, progress=lambda p: first_done.append(p.done)
    )
    assert first_done[0] == 4
    folder = workspace.segmentations.path
    assert bytes_below(folder(again.id)) == bytes_below(folder(whole.id))
    assert len(bytes_below(folder(whole.id))) > 4
    assert not workspace.segmentations.partial_path(ID).exists()


def test_a_killed_write_is_made_anew(workspace, tomogram, model):
    with pytest.raises(Cancelled):
        segment(workspace, tomogram, model, segmentation_id=ID, **stop_after(10))
    assert (workspace.segmentations.partial_path(ID) / "finished" / "mask.zarr").is_dir()
    assert segment(workspace, tomogram, model, segmentation_id=ID).shape == tomogram.shape
    assert workspace.open_mask(ID).shape == tomogram.shape


def test_other_settings_start_anew(workspace, tomogram, model):
    with pytest.raises(Cancelled):
        segment(workspace, tomogram, model, segmentation_id=ID, **stop_after(4))
    other = SegmentSettings(slab_slices=2, tta="rot4")
    manifest = segment(workspace, tomogram, model, segmentation_id=ID, settings=other)
    assert "did not fit" in manifest.notes[0]
    expected = segment_tomogram(workspace.open_tomogram(tomogram.id), model, settings=other)
    assert np.array_equal(workspace.open_probability(ID)[:], expected.probability)


def test_finished_slabs_can_be_looked_at_before_the_end(workspace, tomogram, model):
    assert workspace.find_partial_segmentation(ID) is None
    with pytest.raises(Cancelled):
        segment(workspace, tomogram, model, segmentation_id=ID, **stop_after(4))
    partial = workspace.find_partial_segmentation(ID)
    assert partial is not None
    assert (partial.n_done, partial.begun.shape, partial.begun.tomogram_id) == (
        4,
        tomogram.shape,
        tomogram.id,
    )
    with pytest.raises(SettingsError, match="slices 0:4 of 10 are"):
        partial.read(2, 5)
    early = partial.read(2, 4)
    segment(workspace, tomogram, model, segmentation_id=ID)
    assert np.array_equal(early, workspace.open_probability(ID)[:, 2:4])
    assert workspace.find_partial_segmentation(ID) is None


def test_a_finished_segmentation_is_not_made_again(workspace, tomogram, model):
    manifest = segment(workspace, tomogram, model, segmentation_id=ID)
    assert segment(workspace, tomogram, model, segmentation_id=ID) == manifest


def test_a_range_of_slices_keeps_its_place(workspace, tomogram, model):
    manifest = segment(workspace, tomogram, model, settings=SegmentSettings(first_slice=3, last_slice=8))
    assert (manifest.first_slice, manifest.shape) == (3, (5, 40, 44))
    mask = workspace.open_mask(manifest.id)
    assert mask.voxel_size_nm == (20.0, 10.0, 10.0)
    assert mask.origin_nm == (60.0, 0.0, 0.0)


def test_another_threshold_derives_the_mask_anew(workspace, tomogram, model):
    manifest = segment(workspace, tomogram, model)
    probability = workspace.open_probability(manifest.id)[:]
    before = bytes_below(workspace.segmentations.path(manifest.id))
    threshold = float(np.median(probability.max(axis=0)) / 255)
    changed = workspace.rethreshold(manifest.id, threshold, by="bob")
    expected = mask_from_probability(
        probability, threshold=threshold, class_values=np.array([1, 3], np.uint8)
    )
    assert np.array_equal(workspace.open_mask(manifest.id).data[:], expected)
    assert 0.2 < (expected > 0).mean() < 0.8
    assert changed.threshold == threshold
    assert changed.foreground_share["membrane"] == pytest.approx((expected == 1).mean())
    assert np.array_equal(workspace.open_probability(manifest.id)[:], probability)
    workspace.rethreshold(manifest.id, manifest.threshold, by="bob")
    assert bytes_below(workspace.segmentations.path(manifest.id)) == before
    with pytest.raises(SettingsError, match="threshold is 1"):
        workspace.rethreshold(manifest.id, 1.0, by="bob")


def test_lower_resolutions_hold_means_of_probability_and_the_largest_class(workspace, make_file, model):
    tomogram = workspace.import_tomogram(make_file(4, 300, 30), by="ada", absorbing_is="dark")
    manifest = segment(workspace, tomogram, model)
    assert [level.shape for level in manifest.levels] == [(4, 300, 30), (2, 150, 15)]
    fine, coarse = (workspace.open_probability(manifest.id, level) for level in (0, 1))
    assert isinstance(fine, zarr.Array)
    assert coarse[1, 1, 3, 4] == np.rint(fine[1, 2:4, 6:8, 8:10].mean())
    fine_mask, coarse_mask = (workspace.open_mask(manifest.id, level).data[:] for level in (0, 1))
    assert coarse_mask[1, 3, 4] == fine_mask[2:4, 6:8, 8:10].max()


def test_surfaces_of_a_segmentation(workspace, tomogram, model):
    manifest = segment(workspace, tomogram, model, settings=SegmentSettings(first_slice=2, threshold=0.4))
    settings = SurfaceSettings(min_voxels=1)
    surface = workspace.reconstruct(
        manifest.id, settings=settings, by="ada", name="cell", with_scene=False, surface_id=ID
    )
    assert surface == workspace.surfaces.get(ID)
    assert (surface.segmentation_id, surface.tomogram_id) == (manifest.id, tomogram.id)
    assert (surface.first_slice, surface.voxel_size_nm) == (2, (20.0, 10.0, 10.0))
    assert surface.settings["min_voxels"] == 1
    assert surface.n_components > 0
    table = (workspace.surfaces.path(ID) / surface.files["table"]).read_text().splitlines()
    assert len(table) == surface.n_components + 1
    assert "mean_grey" in table[0]
    assert set(surface.files) == {"table", "mesh", "display"}
    assert all((workspace.surfaces.path(ID) / name).is_file() for name in surface.files.values())
    assert not workspace.surfaces.partial_path(ID).exists()


def test_failed_surfaces_leave_nothing(workspace, tomogram, model):
    manifest = segment(workspace, tomogram, model, settings=SegmentSettings(threshold=0.999, slab_slices=2))
    with pytest.raises(InputError):
        workspace.reconstruct(manifest.id, by="ada", surface_id=ID)
    assert list(workspace.surfaces.root.iterdir()) == []


def test_a_mask_that_a_job_reads_keeps_its_threshold(workspace, tomogram, model, make_job):
    manifest = segment(workspace, tomogram, model)
    make_job(ID, state="running", inputs=(manifest.id,), title="surface of it")
    with pytest.raises(InUseError, match="read by the running job 'surface of it'"):
        workspace.rethreshold(manifest.id, 0.3, by="bob")
    assert workspace.rethreshold(manifest.id, 0.3, by="bob", job_id=ID).threshold == 0.3
