import json

import numpy as np
import pandas as pd
import pytest

from sxt.errors import Cancelled, InputError, ResourceError, SettingsError
from sxt.progress import CancelToken
from sxt.surface import write_surfaces

PLAIN_FILES = ["components.csv", "mesh.vtp", "mesh_display.vtp", "surface.json"]


def names_in(folder) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_everything_is_written_and_recorded(two_objects, tmp_path):
    written = write_surfaces(
        two_objects, tmp_path / "out", formats=("vtp", "stl"), title="a < b", source={"mask": "mask.tif"}
    )
    expected = sorted([*PLAIN_FILES, "mesh.stl", "scene.html", "snapshot.png"])
    assert names_in(tmp_path / "out") == sorted(written.names) == expected
    record = json.loads((tmp_path / "out/surface.json").read_text("utf-8"))
    assert record == written.record
    assert record["source"] == {"mask": "mask.tif"}
    assert record["shape"] == [24, 40, 60]
    assert record["voxel_size_nm"] == [20, 10, 10]
    assert record["components"] == 2
    assert record["triangles"] == len(two_objects.mesh.faces)
    assert record["settings"]["connectivity"] == 26
    assert {"label", "mesh", "write meshes", "draw the scene"} <= set(record["timings_s"])
    assert record["notes"] == []


def test_the_table_on_disk_is_the_table(two_objects, tmp_path):
    write_surfaces(two_objects, tmp_path, with_scene=False)
    assert names_in(tmp_path) == PLAIN_FILES
    read = pd.read_csv(tmp_path / "components.csv")
    assert list(read.columns) == list(two_objects.table.columns)
    for name in read.columns:
        np.testing.assert_allclose(read[name].astype(float), two_objects.table[name].astype(float), rtol=1e-9)


def test_without_graphics_libraries_the_rest_is_written(two_objects, tmp_path, monkeypatch):
    def crash(arguments, *, cancel):
        raise ResourceError("Nothing can be drawn on this machine.")

    monkeypatch.setattr("sxt.surface.scene_drawing.run_apart", crash)
    written = write_surfaces(two_objects, tmp_path)
    assert names_in(tmp_path) == PLAIN_FILES
    assert written.notes == (
        "There is no scene.html and no snapshot.png: Nothing can be drawn on this machine.",
    )
    assert json.loads((tmp_path / "surface.json").read_text("utf-8"))["notes"] == list(written.notes)


def test_a_cancelled_job_leaves_what_was_there(two_objects, tmp_path):
    write_surfaces(two_objects, tmp_path, with_scene=False)
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    cancel = CancelToken()

    def stop(progress):
        if progress.stage == "write meshes" and progress.done:
            cancel.cancel()

    with pytest.raises(Cancelled):
        write_surfaces(
            two_objects, tmp_path, formats=("stl",), with_scene=False, progress=stop, cancel=cancel
        )
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_folder_that_cannot_be_made_is_named(two_objects, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=r"file/out cannot be written \(Not a directory\)"):
        write_surfaces(two_objects, tmp_path / "file" / "out", with_scene=False)


def test_a_full_disk_is_named_and_leaves_nothing(two_objects, tmp_path, monkeypatch):
    def fail(path, content, mesh_format):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("sxt.surface.output.write_mesh", fail)
    with pytest.raises(ResourceError, match="No space left on device"):
        write_surfaces(two_objects, tmp_path, with_scene=False)
    assert names_in(tmp_path) == []


def test_an_unknown_format_is_refused_before_anything_is_written(two_objects, tmp_path):
    with pytest.raises(SettingsError, match="'fbx'"):
        write_surfaces(two_objects, tmp_path / "out", formats=("fbx",))
    assert not (tmp_path / "out").exists()
