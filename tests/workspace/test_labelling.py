import threading

import numpy as np
import pytest
import tifffile

from sxt.errors import InputError
from sxt.labels import SliceKey, import_volume
from sxt.workspace import InUseError, Workspace
from sxt.workspace.labelling import default_classes, export_label_pairs, export_labels

KEY = SliceKey("z", 3)


def paint(labels, value=1, key=KEY):
    return labels.change(key, lambda old: np.full_like(old, value), by="ada", tool="brush")


def test_labels_are_made_beside_the_tomogram_when_first_opened(workspace, tomogram):
    assert workspace.find_labels(tomogram.id) is None
    with pytest.raises(InputError, match="has no labels yet"):
        workspace.open_labels(tomogram.id, by="ada", is_new=False)
    labels = workspace.open_labels(tomogram.id, by="ada")
    assert labels.shape == tomogram.shape
    assert labels.folder == workspace.labels_root / tomogram.id
    assert [(each.value, each.name) for each in labels.classes] == [
        (1, "membrane"),
        (2, "mitochondrion"),
        (3, "lipid droplet"),
        (4, "gold bead"),
    ]
    paint(labels)
    again = Workspace(workspace.root).open_labels(tomogram.id, by="bob")
    assert (again.read(KEY) == 1).all()
    (manifest,) = workspace.labels.list()
    assert (manifest.id, manifest.name, manifest.created_by, manifest.shape) == (
        tomogram.id,
        "cell",
        "ada",
        tomogram.shape,
    )
    assert [each.action for each in workspace.activity.read(limit=1)] == ["began the labels of"]


def test_two_who_open_at_once_get_the_same_labels(workspace, tomogram):
    barrier, found = threading.Barrier(4), []

    def open_them(person):
        own = Workspace(workspace.root)
        barrier.wait()
        found.append(own.open_labels(tomogram.id, by=person))

    threads = [threading.Thread(target=open_them, args=(name,)) for name in ("ada", "bob", "eve", "kim")]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len(found) == 4
    for number, labels in enumerate(found):
        paint(labels, 1, SliceKey("z", number))
    assert found[0].volume.list_slices() == [0, 1, 2, 3]
    assert [each.name for each in workspace.labels_root.iterdir()] == [tomogram.id]


def test_no_stroke_is_lost_between_servers(workspace, tomogram):
    def stroke(column):
        labels = Workspace(workspace.root).open_labels(tomogram.id, by="ada")
        for row in range(10):
            labels.change(KEY, lambda old, row=row: mark(old, row, column), by="ada", tool="brush")

    def mark(old, row, column):
        old[row, column] = 1
        return old

    workspace.open_labels(tomogram.id, by="ada")
    threads = [threading.Thread(target=stroke, args=(column,)) for column in range(3)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    labels = workspace.open_labels(tomogram.id, by="ada")
    assert (labels.read(KEY)[:10, :3] == 1).all()
    assert len(labels.ledger.entries()) == labels.state(KEY).n_undo == 30


def test_labels_go_to_the_trash_with_their_tomogram(workspace, tomogram):
    paint(workspace.open_labels(tomogram.id, by="ada"))
    with pytest.raises(InUseError, match="needed by its labels"):
        workspace.delete("tomogram", tomogram.id, by="bob")
    workspace.delete("tomogram", tomogram.id, by="bob", force=True)
    assert workspace.labels.list() == []
    assert sorted((each.kind, each.name) for each in workspace.trash.list()) == [
        ("labels", "cell"),
        ("tomogram", "cell"),
    ]
    with pytest.raises(InputError, match="no tomogram"):
        workspace.open_labels(tomogram.id, by="ada")
    for entry in workspace.trash.list():
        workspace.restore(entry.id, by="bob")
    assert (workspace.open_labels(tomogram.id, by="ada").read(KEY) == 1).all()


def test_labels_are_deleted_by_themselves_and_begun_anew(workspace, tomogram):
    paint(workspace.open_labels(tomogram.id, by="ada"))
    entry = workspace.delete("labels", tomogram.id, by="bob")
    assert workspace.find_labels(tomogram.id) is None
    assert (workspace.open_labels(tomogram.id, by="ada").volume[:] == 255).all()
    with pytest.raises(InputError, match="something in its place"):
        workspace.restore(entry.id, by="bob")


def test_what_labels_take_is_counted(workspace, tomogram):
    paint(workspace.open_labels(tomogram.id, by="ada"))
    (used,) = [each for each in workspace.disk_use() if each.kind == "labels"]
    folder = workspace.labels_root / tomogram.id
    assert used.size_bytes == sum(each.stat().st_size for each in folder.rglob("*") if each.is_file())


def test_half_made_rounds_are_cleaned_up(workspace, tomogram):
    workspace.open_labels(tomogram.id, by="ada")
    left = workspace.labels_root / tomogram.id / "pseudo" / ".0123abcd.partial"
    left.mkdir(parents=True)
    stray = workspace.labels_root / f".{tomogram.id}.0123abcd.partial"
    stray.mkdir()
    assert sorted(workspace.clean_leftovers(older_than_s=-1)) == sorted([stray, left])


def test_exported_labels_have_the_tomograms_voxel_size(workspace, tomogram, tmp_path):
    labels = workspace.open_labels(tomogram.id, by="ada")
    paint(labels)
    for name in ("labels.am", "labels.tif", "labels.mrc"):
        path = tmp_path / "out" / name
        export_labels(workspace, tomogram.id, path, format_name=path.suffix[1:], by="ada")
        before = labels.volume[:]
        workspace.delete("labels", tomogram.id, by="ada")
        labels = workspace.open_labels(tomogram.id, by="ada")
        import_volume(labels, path, by="ada")
        np.testing.assert_array_equal(labels.volume[:], before)
    assert tifffile.imread(tmp_path / "out" / "labels.tif").dtype == np.uint8


def test_pairs_have_the_slices_of_the_tomogram(workspace, tomogram, make_file, tmp_path):
    paint(workspace.open_labels(tomogram.id, by="ada"))
    assert export_label_pairs(workspace, tomogram.id, tmp_path / "a", value=1, by="ada") == (3,)
    image = tifffile.imread(tmp_path / "a" / "slice_0003.tif")
    np.testing.assert_array_equal(image, workspace.open_tomogram(tomogram.id).read_slices(3, 4)[0])
    floats = workspace.import_tomogram(make_file(4, 30, 30, dtype="float32", seed=5), by="ada")
    paint(workspace.open_labels(floats.id, by="ada"), key=SliceKey("z", 0))
    export_label_pairs(workspace, floats.id, tmp_path / "b", value=1, by="ada")
    image = tifffile.imread(tmp_path / "b" / "slice_0000.tif").astype(float)
    values = workspace.open_tomogram(floats.id).read_slices(0, 1)[0]
    low, high = floats.statistics.minimum, floats.statistics.maximum
    assert image / 65535 == pytest.approx((values - low) / (high - low), abs=1e-4)


def test_labels_of_another_shape_are_not_opened(workspace, tomogram):
    workspace.open_labels(tomogram.id, by="ada")
    workspace.labels.change(tomogram.id, lambda old: old.model_copy(update={"shape": (1, 2, 3)}))
    with pytest.raises(InputError, match=r"but \(1, 2, 3\) is expected"):
        workspace.open_labels(tomogram.id, by="ada")


def test_new_labels_begin_with_the_classes_of_the_shipped_model():
    from sxt.phantom import LABEL_CLASSES

    ours = [(each.value, each.name, each.colour) for each in default_classes()]
    assert ours == [(each.value, each.name, each.colour) for each in LABEL_CLASSES]
