import shutil
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from sxt.errors import Cancelled, InputError, ResourceError, SettingsError
from sxt.io import hash_source, read_tomogram
from sxt.progress import CancelToken
from sxt.workspace import THUMBNAIL_FILE, Workspace
from sxt.workspace.disk import RESERVE_BYTES


def leftovers(workspace):
    return [each.name for each in (workspace.root / "tomograms").iterdir() if each.name.startswith(".")]


def test_the_grey_values_are_those_of_the_file(workspace, make_file):
    source = make_file(19, 300, 270, dtype="int16")
    manifest = workspace.import_tomogram(source, by="ada")
    stored = workspace.open_tomogram(manifest.id)
    assert stored.dtype == np.int16
    assert np.array_equal(stored.data[:], np.load(source))
    assert workspace.open_level(manifest.id, 1).shape == (10, 150, 135)


def test_the_manifest_says_where_it_came_from(workspace, make_file):
    source = make_file(4, 30, 40, name="Zelle Ä (1).npy")
    manifest = workspace.import_tomogram(
        source, by="ada", voxel_size_nm=(20.0, 10.0, 10.0), absorbing_is="dark"
    )
    values = np.load(source)
    assert manifest == workspace.tomograms.get(manifest.id) == workspace.tomograms.list()[0]
    assert (manifest.name, manifest.source_name, manifest.format_name) == (
        "Zelle Ä (1)",
        "Zelle Ä (1).npy",
        "NPY",
    )
    assert manifest.sha256 == hash_source(source)
    assert (manifest.shape, manifest.dtype, manifest.created_by) == ((4, 30, 40), "uint8", "ada")
    assert (manifest.voxel_size_nm, manifest.absorbing_is) == ((20.0, 10.0, 10.0), "dark")
    assert manifest.statistics.mean == pytest.approx(values.mean())
    assert manifest.statistics.percentile_99 == pytest.approx(np.percentile(values, 99))
    tomogram = workspace.open_tomogram(manifest.id)
    assert (tomogram.voxel_size_nm, tomogram.absorbing_is) == ((20.0, 10.0, 10.0), "dark")


def test_an_unknown_voxel_size_is_set_later_without_leaving_a_doubt(workspace, make_file):
    manifest = workspace.import_tomogram(make_file(4, 300, 40), by="ada")
    assert manifest.voxel_size_nm is None
    assert manifest.doubts == ()
    workspace.set_voxel_size(manifest.id, (20.0, 10.0, 10.0), by="ada")
    workspace.set_absorbing(manifest.id, "bright", by="ada")
    half = workspace.open_level(manifest.id, 1)
    assert half.voxel_size_nm == (40.0, 20.0, 20.0)
    assert half.absorbing_is == "bright"
    with pytest.raises(SettingsError, match="not usable"):
        workspace.set_voxel_size(manifest.id, (0.0, 1.0, 1.0), by="ada")
    with pytest.raises(SettingsError, match="no resolution 2"):
        workspace.open_level(manifest.id, 2)


def test_a_thumbnail_shows_the_middle_slice(workspace, tmp_path):
    values = np.zeros((5, 40, 80), np.float32)
    values[2, :, 40:] = 1
    values[0, 0, 0] = np.nan
    np.save(tmp_path / "half.npy", values)
    manifest = workspace.import_tomogram(tmp_path / "half.npy", by="ada")
    with Image.open(workspace.tomograms.path(manifest.id) / THUMBNAIL_FILE) as picture:
        assert picture.size == (80, 40)
        grey = np.asarray(picture)
    assert (grey[:, :40] == 0).all()
    assert (grey[:, 40:] == 255).all()


def test_the_same_content_is_recognised_under_another_name(workspace, make_file, tmp_path):
    first = workspace.import_tomogram(make_file(4, 20, 20), by="ada")
    copy = tmp_path / "other name.npy"
    shutil.copy(tmp_path / "cell.npy", copy)
    notes = []
    again = workspace.import_tomogram(copy, by="bob", progress=lambda p: notes.append(p.note))
    assert again == first
    assert notes[-1] == "This file is here already, as 'cell'."
    assert workspace.tomograms.list() == [first]
    other = workspace.import_tomogram(make_file(4, 20, 20, seed=1), by="bob")
    assert other.id != first.id


def test_an_import_that_does_not_fit_is_refused_before_it_starts(workspace, make_file, monkeypatch):
    source = make_file(4, 512, 512)
    needed = 4 * 512 * 512 + 2 * 256 * 256
    usage = shutil.disk_usage(workspace.root)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=needed + RESERVE_BYTES - 1))
    stages = []
    with pytest.raises(ResourceError, match=r"needs up to 0\.00 GB"):
        workspace.import_tomogram(source, by="ada", progress=lambda p: stages.append(p.stage))
    assert stages == []
    assert leftovers(workspace) == []
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=needed + RESERVE_BYTES))
    assert workspace.import_tomogram(source, by="ada").shape == (4, 512, 512)


def test_a_cancelled_import_leaves_nothing(workspace, make_file):
    cancel = CancelToken()
    stages = []

    def stop_while_converting(progress):
        stages.append(progress.stage)
        if progress.stage == "convert":
            cancel.cancel()

    with pytest.raises(Cancelled):
        workspace.import_tomogram(
            make_file(4, 20, 20), by="ada", progress=stop_while_converting, cancel=cancel
        )
    assert stages[0] == "hash"
    assert workspace.tomograms.list() == []
    assert leftovers(workspace) == []


def test_a_file_that_is_no_volume_is_refused(workspace, tmp_path):
    (tmp_path / "text.tif").write_text("not a tomogram")
    with pytest.raises(InputError, match="no known format"):
        workspace.import_tomogram(tmp_path / "text.tif", by="ada")
    with pytest.raises(InputError, match="does not exist"):
        workspace.import_tomogram(tmp_path / "nothing.tif", by="ada")


def test_an_import_that_was_finished_is_not_done_again(workspace, make_file):
    source = make_file(4, 20, 20)
    first = workspace.import_tomogram(source, by="ada", tomogram_id="abcdefghij")
    source.unlink()
    assert workspace.import_tomogram(source, by="ada", tomogram_id="abcdefghij") == first


def test_memory_does_not_grow_with_the_volume(tmp_path):
    values = np.lib.format.open_memmap(
        tmp_path / "large.npy", mode="w+", dtype=np.uint8, shape=(300, 700, 700)
    )
    values[:] = np.random.default_rng(0).integers(0, 255, (700, 700), dtype=np.uint8)
    values.flush()
    del values
    program = f"""
import resource
from sxt.workspace import Workspace
import PIL.Image, zarr, sxt.io.formats
workspace = Workspace({str(tmp_path / "workspace")!r})
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
workspace.import_tomogram({str(tmp_path / "large.npy")!r}, by="ada")
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024)
"""
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    grown_mib = float(run.stdout)
    assert grown_mib < 120, grown_mib  # the volume has 140 MiB
    (manifest,) = Workspace(tmp_path / "workspace").tomograms.list()
    assert manifest.shape == (300, 700, 700)


@pytest.mark.shared_data
def test_a_real_tomogram_comes_in_whole(workspace, shared_data_dir):
    source = shared_data_dir / "contour" / "easy_example.tif"
    manifest = workspace.import_tomogram(source, by="ada")
    assert np.array_equal(workspace.open_tomogram(manifest.id).data[:], read_tomogram(source).data[:])
