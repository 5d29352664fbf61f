import os
import time
from pathlib import Path

import pytest

HOUR_S = 3600
OWNED, STRAY = "aaaaaaaaaa", "bbbbbbbbbb"


def make(path: Path, *, age_s: float) -> Path:
    path.mkdir(parents=True)
    (path / "data").write_text("half")
    age(path, age_s)
    return path


def age(path: Path, age_s: float) -> None:
    when = time.time() - age_s
    for each in (*path.rglob("*"), path):
        os.utime(each, (when, when))


@pytest.mark.parametrize("state", ["queued", "running", "failed"])
def test_what_killed_writers_left_goes_unless_a_job_owns_it(workspace, make_job, state):
    root = workspace.root
    owned = make(root / f"segmentations/.{OWNED}.partial", age_s=9 * HOUR_S)
    make_job("jjjjjjjjjj", state=state, item_id=OWNED)
    old = make(root / f"tomograms/.{STRAY}.partial", age_s=2 * HOUR_S)
    fresh = make(root / f"surfaces/.{STRAY}.partial", age_s=HOUR_S / 2)
    working = make(root / f"segmentations/.{STRAY}.partial", age_s=2 * HOUR_S)
    (working / "data").write_text("just now")
    assert workspace.clean_leftovers() == [old]
    assert [each.exists() for each in (owned, old, fresh, working)] == [True, False, True, True]


@pytest.mark.parametrize("state", ["done", "cancelled"])
def test_a_job_that_is_over_owns_nothing(workspace, make_job, state):
    left = make(workspace.root / f"segmentations/.{OWNED}.partial", age_s=2 * HOUR_S)
    make_job("jjjjjjjjjj", state=state, item_id=OWNED)
    assert workspace.clean_leftovers() == [left]


def test_half_a_manifest_goes_and_a_replaced_mask_comes_back(workspace, tomogram, model):
    manifest = workspace.segment(tomogram.id, model, by="ada")
    folder = workspace.segmentations.path(manifest.id)
    expected = workspace.open_mask(manifest.id).data[:]
    (folder / "mask.zarr").rename(folder / ".mask.zarr.0123abcd.retired")
    half = make(folder / ".mask.4567cdef.partial.zarr", age_s=0)
    (folder / ".manifest.89abcdef.partial.json").write_text("{")
    age(folder, 2 * HOUR_S)
    removed = workspace.clean_leftovers()
    assert sorted(removed) == sorted([half, folder / ".manifest.89abcdef.partial.json"])
    assert (workspace.open_mask(manifest.id).data[:] == expected).all()
    assert not [each for each in folder.iterdir() if each.name.startswith(".")]


def test_an_upload_stays_for_a_week_and_while_a_job_needs_it(workspace, make_job):
    old, needed, young = (workspace.uploads / name for name in ("old", "needed", "young"))
    for path, days in ((old, 8), (needed, 8), (young, 6)):
        make(path, age_s=days * 24 * HOUR_S)
    make_job("jjjjjjjjjj", settings={"source": str(needed / "data")})
    assert workspace.clean_leftovers() == [old]
    assert needed.exists()
    assert young.exists()


def test_a_removal_from_the_trash_is_finished(workspace, tomogram):
    entry = workspace.delete("tomogram", tomogram.id, by="bob")
    doomed = workspace.root / "trash" / f".{entry.id}.partial"
    (workspace.root / "trash" / entry.id).rename(doomed)
    age(doomed, 2 * HOUR_S)
    assert workspace.clean_leftovers() == [doomed]


def test_an_upload_is_removed_with_its_folder_and_nothing_else(workspace, tomogram):
    upload = make(workspace.uploads / "one", age_s=0)
    for elsewhere in (
        workspace.uploads,
        workspace.uploads / ".." / "tomograms",
        workspace.tomograms.path(tomogram.id),
    ):
        workspace.remove_upload(elsewhere)
    assert workspace.tomograms.list() == [tomogram]
    assert upload.is_dir()
    workspace.remove_upload(upload / "data")
    assert not upload.exists()
    assert workspace.uploads.is_dir()
