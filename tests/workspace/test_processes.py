"""A server and a worker at the same time."""

import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from functools import partial

from sxt.workspace import Workspace

N_CHANGES = 60


def note_down(root, item_id, who):
    workspace = Workspace(root)
    for number in range(N_CHANGES):
        workspace.tomograms.change(
            item_id,
            lambda old, number=number: old.model_copy(update={"doubts": (*old.doubts, f"{who} {number}")}),
        )
        workspace.activity.add("noted", by=who, kind="tomogram", item_id=item_id)
    return who


def bring_in(root, source, by):
    return Workspace(root).import_tomogram(source, by=by).id


def test_two_processes_lose_no_update_and_bring_in_the_same_file_once(workspace, tomogram, make_file):
    other = make_file(64, 300, 300, seed=5, name="other.npy")
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        ids = list(pool.map(partial(bring_in, workspace.root, other), ("ada", "bob")))
        assert ids[0] == ids[1]
        assert len(workspace.tomograms.list()) == 2
        assert sorted(pool.map(partial(note_down, workspace.root, tomogram.id), ("ada", "bob"))) == [
            "ada",
            "bob",
        ]
    doubts = workspace.tomograms.get(tomogram.id).doubts
    for who in ("ada", "bob"):
        assert [each for each in doubts if each.startswith(who)] == [f"{who} {n}" for n in range(N_CHANGES)]
    noted = [each for each in workspace.activity.read(limit=1000) if each.action == "noted"]
    assert len(noted) == 2 * N_CHANGES
