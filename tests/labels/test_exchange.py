import shutil

import mrcfile
import numpy as np
import pytest
import tifffile

from sxt.errors import Cancelled, InputError, SettingsError
from sxt.io import read_tomogram
from sxt.labels import (
    LabelSet,
    SliceHeldError,
    SliceKey,
    count_values,
    export_pairs,
    export_volume,
    find_pairs,
    import_pairs,
    import_volume,
    list_labelled_slices,
)
from sxt.progress import CancelToken
from tests.io.samples import amira_header, encode_rle
from tests.labels.conftest import fill, put

SHAPE = (12, 20, 24)
FORMATS = {
    "zarr": "labels.zarr",
    "tif": "labels.tif",
    "mrc": "labels.mrc",
    "npy": "labels.npy",
    "am": "labels.am",
}


@pytest.fixture
def volume():
    return np.random.default_rng(1).choice(np.array([0, 1, 2, 255], np.uint8), SHAPE)


@pytest.fixture
def painted(labels, volume):
    for z in range(len(volume)):
        labels.change(SliceKey("z", z), put(volume[z]), by="ada", tool="brush")
    return labels


@pytest.fixture
def empty(tmp_path, classes):
    return LabelSet.create(tmp_path / "empty", SHAPE, classes=classes)


def is_untouched(labels):
    return (labels.volume[:] == 255).all() and labels.ledger.entries() == ()


@pytest.mark.parametrize("format_name", FORMATS)
def test_a_round_trip_is_exact(tmp_path, painted, volume, empty, format_name):
    path = tmp_path / FORMATS[format_name]
    export_volume(painted, path, format_name=format_name, voxel_size_nm=(20.0, 10.0, 10.0))
    assert read_tomogram(path).voxel_size_nm == pytest.approx(
        (20.0, 10.0, 10.0) if format_name != "npy" else None
    )
    found = import_volume(empty, path, by="eve")
    np.testing.assert_array_equal(empty.volume[:], volume)
    assert found.slices == tuple(range(12))
    assert found.n_voxels == np.count_nonzero(volume != 255)
    assert {(e.source, e.tool, e.by, e.note) for e in empty.ledger.entries()} == {
        ("imported", "import", "eve", path.name)
    }
    assert {each.source for each in list_labelled_slices(empty)} == {"imported"}


def write_amira_rle(path, volume):
    encoded = encode_rle(volume.tobytes())
    field = f"Lattice {{ byte Labels }} @1(HxByteRLE,{len(encoded)})"
    path.write_bytes(amira_header(volume.shape, field) + encoded)


def write_amira_text(path, volume):
    header = amira_header(volume.shape, "Lattice { byte Labels } @1", order="3D ASCII 2.0")
    path.write_bytes(header + "\n".join(str(each) for each in volume.ravel()).encode() + b"\n")


def write_mrc(path, volume):
    with mrcfile.new(path) as mrc:
        mrc.set_data(volume.astype(np.uint16))
        mrc.set_volume()


@pytest.mark.parametrize(
    "write",
    [
        write_amira_rle,
        write_amira_text,
        write_mrc,
        lambda path, volume: tifffile.imwrite(path, volume, imagej=True),
        lambda path, volume: tifffile.imwrite(path, volume.astype(np.float32)),
    ],
    ids=["Amira RLE", "Amira text", "MRC", "ImageJ", "whole floats"],
)
def test_what_other_programs_wrote_is_taken_over(tmp_path, empty, volume, write):
    write(tmp_path / "labels.x", volume)
    import_volume(empty, tmp_path / "labels.x", by="eve")
    np.testing.assert_array_equal(empty.volume[:], volume)


def test_values_are_mapped(tmp_path, empty):
    values = np.zeros(SHAPE, np.uint16)
    values[2], values[3] = 7, 65535
    tifffile.imwrite(tmp_path / "a.tif", values)
    assert count_values(tmp_path / "a.tif") == {0: 10 * 480, 7: 480, 65535: 480}
    with pytest.raises(InputError, match="nothing was imported"):
        count_values(tmp_path / "a.tif", shape=(3, 4, 5))
    import_volume(empty, tmp_path / "a.tif", by="eve", values={0: 255, 7: 1, 65535: 2})
    assert [int(v) for v in empty.volume[:][:, 0, 0]] == [255, 255, 1, 2] + [255] * 8


def test_a_wrong_shape_imports_nothing(tmp_path, empty):
    tifffile.imwrite(tmp_path / "a.tif", np.zeros((12, 24, 20), np.uint8))
    with pytest.raises(InputError, match=r"is \(12, 24, 20\) .* but the tomogram is \(12, 20, 24\); nothing"):
        import_volume(empty, tmp_path / "a.tif", by="eve")
    assert is_untouched(empty)


def test_an_unknown_value_on_the_last_slice_imports_nothing(tmp_path, empty):
    values = np.ones(SHAPE, np.uint8)
    values[11, 3, 4] = 9
    tifffile.imwrite(tmp_path / "a.tif", values)
    with pytest.raises(
        InputError, match="holds the value 9 on slice 11, but only 0, 1, 2, 255 have a meaning"
    ):
        import_volume(empty, tmp_path / "a.tif", by="eve")
    with pytest.raises(InputError, match="holds the value 9"):
        import_volume(empty, tmp_path / "a.tif", by="eve", values={1: 1})
    with pytest.raises(SettingsError, match="no class 5"):
        import_volume(empty, tmp_path / "a.tif", by="eve", values={1: 5, 9: 0})
    assert is_untouched(empty)


@pytest.mark.parametrize("value", [0.5, -1.0, np.nan])
def test_grey_values_are_no_labels(tmp_path, empty, value):
    values = np.zeros(SHAPE, np.float32)
    values[5, 5, 5] = value
    np.save(tmp_path / "a.npy", values)
    with pytest.raises(InputError, match="other than whole numbers"):
        import_volume(empty, tmp_path / "a.npy", by="eve")
    assert is_untouched(empty)


def test_classes_that_are_there_stay_unless_they_are_to_be_replaced(tmp_path, empty):
    empty.change(SliceKey("z", 0), fill(2, 0), by="ada", tool="brush")
    tifffile.imwrite(tmp_path / "a.tif", np.ones(SHAPE, np.uint8))
    import_volume(empty, tmp_path / "a.tif", by="eve")
    assert (empty.volume[0:1][0, 0] == 2).all()
    assert (empty.volume[0:1][0, 1:] == 1).all()
    import_volume(empty, tmp_path / "a.tif", by="eve", overlap="replace")
    assert (empty.volume[:] == 1).all()
    empty.undo(SliceKey("z", 0), by="eve")
    assert (empty.volume[0:1][0, 0] == 2).all()


def test_a_held_slice_or_a_cancelled_check_imports_nothing(tmp_path, empty):
    tifffile.imwrite(tmp_path / "a.tif", np.ones(SHAPE, np.uint8))
    empty.locks.take(SliceKey("z", 7), by="bob")
    with pytest.raises(SliceHeldError):
        import_volume(empty, tmp_path / "a.tif", by="eve")
    token = CancelToken()
    token.cancel()
    with pytest.raises(Cancelled):
        import_volume(empty, tmp_path / "a.tif", by="bob", cancel=token)
    assert is_untouched(empty)


def test_an_export_that_fails_leaves_the_old_file(tmp_path, painted):
    path = tmp_path / "labels.am"
    path.write_text("old")
    token = CancelToken()
    token.cancel()
    with pytest.raises(Cancelled):
        export_volume(painted, path, format_name="am", voxel_size_nm=None, cancel=token)
    assert path.read_text() == "old"


def test_amira_lists_the_classes_as_materials(tmp_path, painted):
    export_volume(painted, tmp_path / "a.am", format_name="am", voxel_size_nm=None)
    header = (tmp_path / "a.am").read_bytes().split(b"@1\n")[0].decode()
    assert "membrane {\n            Color 0.902 0.6235 0,\n            Id 1" in header
    assert "Exterior {" in header
    assert read_tomogram(tmp_path / "a.am").voxel_size_nm is None


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_pairs_come_back_as_they_went(tmp_path, labels, empty, dtype):
    rng = np.random.default_rng(2)
    for z, values in ((1, [0, 1, 255]), (4, [0]), (7, [1]), (11, [1, 255])):
        labels.change(
            SliceKey("z", z), put(rng.choice(np.array(values, np.uint8), SHAPE[1:])), by="ada", tool="brush"
        )
    grey = rng.integers(0, 256, SHAPE).astype(dtype)
    slices = export_pairs(labels, tmp_path / "pairs", value=1, read_grey=lambda z: grey[z])
    assert slices == (1, 4, 7, 11)
    assert sorted(each.name for each in (tmp_path / "pairs").iterdir())[:2] == [
        "slice_0001.labels.tif",
        "slice_0001.tif",
    ]
    np.testing.assert_array_equal(tifffile.imread(tmp_path / "pairs" / "slice_0007.tif"), grey[7])
    import_pairs(empty, tmp_path / "pairs", value=1, by="eve")
    np.testing.assert_array_equal(empty.volume[:], labels.volume[:])


def write_pair(folder, name, values):
    folder.mkdir(exist_ok=True)
    tifffile.imwrite(folder / f"{name}.tif", np.zeros(SHAPE[1:], np.uint8))
    tifffile.imwrite(folder / f"{name}.labels.tif", values)


def test_published_pairs_keep_their_meaning(tmp_path, empty):
    """0 and 65535; a slice that is all structure, and one that is all background."""
    folder = tmp_path / "pairs"
    half = np.zeros(SHAPE[1:], np.uint16)
    half[:10] = 65535
    for name, values in (("cell_a_3", half), ("cell_a_5", half * 0), ("cell_a_9", half * 0 + 65535)):
        write_pair(folder, name, values)
    assert [(each.name, each.index) for each in find_pairs(folder, 12)] == [
        ("cell_a_3", 3),
        ("cell_a_5", 5),
        ("cell_a_9", 9),
    ]
    found = import_pairs(empty, folder, value=2, by="eve")
    assert found.slices == (3, 5, 9)
    np.testing.assert_array_equal(empty.read(SliceKey("z", 3)), np.where(half > 0, 2, 0))
    assert (empty.read(SliceKey("z", 5)) == 0).all()
    assert (empty.read(SliceKey("z", 9)) == 2).all()


def test_pairs_that_do_not_fit_import_nothing(tmp_path, empty):
    folder, values = tmp_path / "pairs", np.zeros(SHAPE[1:], np.uint8)
    folder.mkdir()
    with pytest.raises(InputError, match=r"has no files X\.labels\.tif"):
        import_pairs(empty, folder, value=1, by="eve")
    write_pair(folder, "s12", values)
    with pytest.raises(InputError, match="from 0 to 11"):
        import_pairs(empty, folder, value=1, by="eve")
    (folder / "s12.tif").unlink()
    with pytest.raises(InputError, match=r"s12\.labels\.tif lacks its image s12\.tif"):
        import_pairs(empty, folder, value=1, by="eve")
    shutil.rmtree(folder)
    write_pair(folder, "first", values)
    with pytest.raises(InputError, match="unclear which slices the 1 pairs"):
        import_pairs(empty, folder, value=1, by="eve")
    shutil.rmtree(folder)
    write_pair(folder, "s1", values)
    write_pair(folder, "s2", np.full((5, 5), 255, np.uint8))
    with pytest.raises(InputError, match=r"s2\.labels\.tif is \(5, 5\) uint8"):
        import_pairs(empty, folder, value=1, by="eve")
    three = values.copy()
    three[0, :2] = 255, 40
    write_pair(folder, "s2", three)
    with pytest.raises(InputError, match="holds the value 40 on slice 2"):
        import_pairs(empty, folder, value=1, by="eve")
    with pytest.raises(SettingsError, match="no class 8"):
        import_pairs(empty, folder, value=8, by="eve")
    assert is_untouched(empty)


def test_pairs_need_labels_and_images_of_integers(tmp_path, labels):
    with pytest.raises(SettingsError, match="no labelled slice to export"):
        export_pairs(labels, tmp_path / "p", value=1, read_grey=lambda z: np.zeros(SHAPE[1:], np.uint8))
    labels.change(SliceKey("z", 0), fill(1), by="ada", tool="brush")
    with pytest.raises(SettingsError, match="uint8 or uint16"):
        export_pairs(labels, tmp_path / "p", value=1, read_grey=lambda z: np.zeros(SHAPE[1:]))
    assert not (tmp_path / "p").exists()
