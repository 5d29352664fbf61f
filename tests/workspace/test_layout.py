import json
import shutil

import pytest

from sxt.errors import InputError, ModelError, ResourceError, SettingsError
from sxt.segment import SegmentSettings
from sxt.surface import SurfaceSettings
from sxt.workspace import InUseError, Workspace, folder_bytes

ID = "abcdefghij"


@pytest.fixture
def segmentation(workspace, tomogram, model):
    return workspace.segment(tomogram.id, model, settings=SegmentSettings(threshold=0.4), by="ada")


@pytest.fixture
def surface(workspace, segmentation):
    return workspace.reconstruct(
        segmentation.id, settings=SurfaceSettings(min_voxels=1), by="ada", with_scene=False
    )


def test_an_item_gets_another_name(workspace, tomogram):
    workspace.rename("tomogram", tomogram.id, "  Cell\t1\n\u202e ", by="bob")
    assert workspace.tomograms.get(tomogram.id).name == "Cell 1"
    with pytest.raises(SettingsError, match="name is empty"):
        workspace.rename("tomogram", tomogram.id, " \n", by="bob")
    with pytest.raises(SettingsError, match="201 characters"):
        workspace.rename("tomogram", tomogram.id, "x" * 201, by="bob")
    with pytest.raises(InputError, match="no kind of item 'jobs'"):
        workspace.rename("jobs", tomogram.id, "x", by="bob")


def test_unknown_ids_and_path_tricks_are_told(workspace):
    with pytest.raises(InputError, match="no tomogram 'zzzzzzzzzz'"):
        workspace.open_tomogram("zzzzzzzzzz")
    for trick in ("../shares", "..", "/etc/passwd", ""):
        with pytest.raises(InputError, match="is not an id"):
            workspace.open_tomogram(trick)
        with pytest.raises(InputError, match="is not an id"):
            workspace.delete("segmentation", trick, by="bob")


def test_deleting_says_what_depends_on_it(workspace, tomogram, segmentation, surface):
    workspace.shares.create(title="for Eve", by="ada", surface_id=surface.id)
    (workspace.labels_root / tomogram.id).mkdir()
    with pytest.raises(
        InUseError, match=r"needed by the segmentation 'cell · known:1', its labels; delete"
    ) as caught:
        workspace.delete("tomogram", tomogram.id, by="bob")
    assert caught.value.users == ("the segmentation 'cell · known:1'", "its labels")
    with pytest.raises(InUseError, match="the surface 'cell"):
        workspace.delete("segmentation", segmentation.id, by="bob")
    with pytest.raises(InUseError, match="the share 'for Eve'"):
        workspace.delete("surface", surface.id, by="bob")


def test_what_a_job_needs_cannot_be_deleted_at_all(workspace, tomogram, make_job):
    make_job(ID, state="queued", inputs=(tomogram.id,), title="segment it")
    for force in (False, True):
        with pytest.raises(InUseError, match="the queued job 'segment it'"):
            workspace.delete("tomogram", tomogram.id, by="bob", force=force)
    workspace.jobs.change(ID, lambda job: job.model_copy(update={"state": "done"}))
    workspace.delete("tomogram", tomogram.id, by="bob")


def test_a_deleted_item_comes_back_as_it_was(workspace, tomogram, segmentation):
    before = workspace.open_tomogram(tomogram.id).data[:]
    entry = workspace.delete("tomogram", tomogram.id, by="bob", force=True)
    assert workspace.tomograms.list() == []
    assert workspace.voxel_size_of(segmentation) is None
    assert workspace.open_mask(segmentation.id).voxel_size_nm is None
    assert workspace.trash.list() == [entry]
    assert (entry.kind, entry.item_id, entry.name, entry.deleted_by) == (
        "tomogram",
        tomogram.id,
        "cell",
        "bob",
    )
    workspace.restore(entry.id, by="ada")
    assert workspace.trash.list() == []
    assert workspace.tomograms.list() == [tomogram]
    assert (workspace.open_tomogram(tomogram.id).data[:] == before).all()


def test_nothing_is_restored_over_something_else(workspace, tomogram):
    entry = workspace.delete("tomogram", tomogram.id, by="bob")
    workspace.tomograms.path(tomogram.id).mkdir()
    with pytest.raises(InputError, match="something in its place"):
        workspace.restore(entry.id, by="bob")
    assert workspace.trash.list() == [entry]


def test_the_trash_is_emptied_one_by_one_or_at_once(workspace, make_file):
    items = [workspace.import_tomogram(make_file(2, 20, 20, seed=seed), by="ada") for seed in range(3)]
    entries = [workspace.delete("tomogram", item.id, by="bob") for item in items]
    workspace.empty_trash(by="bob", entry_id=entries[1].id)
    assert {each.id for each in workspace.trash.list()} == {entries[0].id, entries[2].id}
    assert len(workspace.empty_trash(by="bob")) == 2
    assert list((workspace.root / "trash").iterdir()) == []
    with pytest.raises(InputError, match="nothing 'zzzzzzzzzz' in the trash"):
        workspace.empty_trash(by="bob", entry_id="zzzzzzzzzz")


def test_a_model_version_of_the_workspace_is_deleted_and_restored(workspace):
    folder = workspace.models_root / "membrane" / "7"
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    entry = workspace.delete_model("membrane:7", by="bob")
    assert not folder.exists()
    workspace.restore(entry.id, by="bob")
    assert (folder / "config.json").read_text() == "{}"
    for spec in ("membrane", "membrane:1"):
        with pytest.raises(InputError, match="shipped versions cannot be deleted"):
            workspace.delete_model(spec, by="bob")
    with pytest.raises(ModelError, match="is not a model name"):
        workspace.delete_model("../jobs:1", by="bob")


def test_disk_use_is_the_size_of_the_files(workspace, tomogram, segmentation):
    deleted = workspace.delete("segmentation", segmentation.id, by="bob")
    by_id = {each.id: each for each in workspace.disk_use()}
    folder = workspace.tomograms.path(tomogram.id)
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    assert by_id[tomogram.id].size_bytes == folder_bytes(folder) == size
    assert by_id[deleted.id].kind == "trash"
    assert by_id[deleted.id].size_bytes > 1000
    assert workspace.free_bytes() == shutil.disk_usage(workspace.root).free


def test_a_damaged_manifest_hides_one_item_only(workspace, tomogram, make_file):
    other = workspace.import_tomogram(make_file(2, 20, 20, seed=9), by="ada")
    path = workspace.tomograms.path(tomogram.id) / "manifest.json"
    content = json.loads(path.read_text())
    path.write_text(json.dumps({**content, "shape": "wide"}))
    assert workspace.tomograms.list() == [other]
    assert "is damaged (shape: " in workspace.tomograms.list_damaged()[tomogram.id]
    path.write_text(json.dumps({**content, "schema_version": 99}))
    with pytest.raises(InputError, match="schema version 99, but this program knows up to 1"):
        workspace.tomograms.get(tomogram.id)
    path.write_text('{"half')
    with pytest.raises(InputError, match="is damaged"):
        workspace.tomograms.get(tomogram.id)


def test_a_folder_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ResourceError, match="cannot be made"):
        Workspace(tmp_path / "file" / "workspace")


def test_what_people_did_is_written_down(workspace, tomogram, segmentation):
    workspace.rename("tomogram", tomogram.id, "cell 2", by="bob")
    workspace.delete("segmentation", segmentation.id, by="eve")
    entries = workspace.activity.read()
    assert [(each.who, each.action, each.name) for each in entries] == [
        ("eve", "deleted", "cell · known:1"),
        ("bob", "renamed", "cell 2"),
        ("ada", "segmented", "cell · known:1"),
        ("ada", "imported", "cell"),
    ]
    assert entries[2].detail == "cell with known:1"
    assert [each.action for each in workspace.activity.read(item_id=tomogram.id)] == ["renamed", "imported"]
