"""Servers that end, orderly or not, and what becomes of their jobs."""

import hashlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from sxt.jobs import JobQueue, JobStore
from tests.jobs.conftest import save_tiny_model, wait_for, wait_until, write_tomogram
from tests.jobs.kinds import TEST_KINDS

N_SLICES = 60
OVER = ("done", "failed", "cancelled")


def start_server(root: Path) -> subprocess.Popen:
    server = subprocess.Popen(
        [sys.executable, "-m", "tests.jobs.server", str(root)],
        cwd=Path(__file__).parents[2],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert server.stdout.readline() == b"ready\n"
    return server


def bytes_below(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for name in ("probability.zarr", "mask.zarr")
        for path in sorted((folder / name).rglob("*"))
        if path.is_file()
    }


@pytest.fixture
def prepared(workspace, store, tmp_path) -> tuple[JobStore, dict]:
    model = save_tiny_model(workspace)
    source = write_tomogram(tmp_path / "cell.npy", (N_SLICES, 64, 64))
    tomogram = workspace.import_tomogram(source, by="ada", absorbing_is="dark")
    return store, {"tomogram_id": tomogram.id, "model": model, "segment": {"slab_slices": 1}}


def test_a_segmentation_outlives_killed_servers_and_workers_with_the_same_bytes(prepared):
    store, settings = prepared
    workspace = store.workspace
    server = start_server(workspace.root)
    broken = store.submit("segment", settings, by="ada")
    unbroken = store.submit("segment", settings, by="ada")

    def n_done():
        partial = workspace.find_partial_segmentation(broken.manifest.item_id)
        return 0 if partial is None else partial.n_done

    wait_until(lambda: n_done() >= 2, "the first slabs")
    worker_pid = store.get(broken.id).manifest.worker.pid
    server.kill()
    server.communicate()
    wait_until(lambda: not psutil.pid_exists(worker_pid), "the end of the worker")
    n_kept = n_done()
    assert (store.get(broken.id).state, n_kept < N_SLICES) == ("running", True)
    with JobQueue(workspace, n_gpus=0, kinds=TEST_KINDS) as queue:
        wait_until(lambda: n_done() > n_kept, "the next slab")
        os.kill(wait_for(queue, broken, "running").manifest.worker.pid, signal.SIGKILL)
        results = [wait_for(queue, job, *OVER).manifest for job in (broken, unbroken)]
    assert [(job.state, job.attempts, job.worker_deaths) for job in results] == [
        ("done", 3, 1),
        ("done", 1, 0),
    ]
    log = store.log(broken.id)
    assert log.index("It was interrupted.") < log.index("The worker process died.")
    folders = [workspace.segmentations.path(job.item_id) for job in results]
    assert len(bytes_below(folders[0])) >= 6
    assert bytes_below(folders[0]) == bytes_below(folders[1])
    manifest = workspace.segmentations.get(broken.manifest.item_id)
    assert (manifest.notes, manifest.job_id, manifest.created_by) == ((), broken.id, "ada")


def test_a_queue_that_stops_hands_its_jobs_to_the_next(workspace, tmp_path):
    gate, mark = tmp_path / "gate", tmp_path / "mark"
    first = JobQueue(workspace, n_gpus=0, kinds=TEST_KINDS)
    second = JobQueue(workspace, n_gpus=0, kinds=TEST_KINDS)
    first.start()
    job = first.submit("probe", {"how": "waits", "gate": gate, "mark": mark}, by="ada")
    wait_until(mark.exists, "the start")
    second.start()
    assert (first.status().is_owner, second.status().is_owner) == (True, False)
    worker_pid = wait_for(first, job, "running").manifest.worker.pid
    first.stop()
    assert not psutil.pid_exists(worker_pid)
    wait_until(lambda: second.status().is_owner, "the hand-over")
    gate.touch()
    finished = wait_for(second, job, *OVER)
    second.stop()
    second.stop()
    assert (finished.state, finished.manifest.attempts, finished.manifest.worker_deaths) == ("done", 1, 0)
    assert mark.read_text().split() == ["probe", "probe"]
    assert second.status().owner == ""
