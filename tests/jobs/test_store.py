import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from functools import partial

import pytest

from sxt.errors import InputError, SettingsError
from sxt.jobs import JobStore
from sxt.workspace import Workspace
from tests.jobs.conftest import write_tomogram
from tests.jobs.kinds import TEST_KINDS, ProbeSettings


def submit_many(root, who):
    store = JobStore(Workspace(root), kinds=TEST_KINDS)
    return [store.submit("probe", {}, by=who).id for _ in range(20)]


def change(store, job, **changes):
    store.workspace.jobs.change(job.id, lambda old: old.model_copy(update=changes))


@pytest.fixture
def tomogram(workspace, tmp_path):
    return workspace.import_tomogram(write_tomogram(tmp_path / "cell.npy"), by="ada")


def test_a_submitted_job_is_on_disk_with_all_its_settings(store, tomogram):
    settings = {
        "tomogram_id": tomogram.id,
        "model": "membrane:1",
        "segment": {"tta": "rot4", "tiles": {"tile_px": 256}},
    }
    job = store.submit("segment", settings, by="ada")
    manifest = JobStore(store.workspace).get(job.id).manifest
    assert manifest == job.manifest
    assert (manifest.state, manifest.kind, manifest.submitted_by) == ("queued", "segment", "ada")
    assert manifest.title == "Segment cell with membrane:1"
    assert (manifest.inputs, manifest.lane) == ((tomogram.id,), "compute")
    assert manifest.item_id not in (None, tomogram.id, job.id)
    assert manifest.settings["segment"]["tta"] == "rot4"
    assert manifest.settings["segment"]["tiles"] == {"tile_px": 256, "overlap_px": 96, "blending": "smooth"}
    assert (job.position, job.progress, job.is_cancelling) == (1, None, False)
    (entry,) = store.workspace.activity.read(limit=1)
    assert (entry.action, entry.id) == ("submitted", job.id)


@pytest.mark.parametrize(
    ("kind", "settings", "sentence"),
    [
        ("dance", {}, "no kind of job 'dance'; the kinds are import, demo, segment"),
        ("segment", {"model": "membrane"}, "cannot be made of this .tomogram_id: Field required"),
        ("segment", {"tomogram_id": "../jobs/ab", "model": "membrane"}, "tomogram_id: String should match"),
        (
            "segment",
            {"tomogram_id": "abcdefghij", "model": "m", "segment": {"tta": "some"}},
            "segment.tta: Input",
        ),
        (
            "segment",
            {"tomogram_id": "abcdefghij", "model": "m", "segment": {"threshold": 2}},
            "threshold is 2",
        ),
        (
            "segment",
            {"tomogram_id": "abcdefghij", "model": "m", "device": "cuda:9"},
            "device: Input should be",
        ),
        ("segment", {"tomogram_id": "abcdefghij", "model": "m", "colour": 1}, "colour: Extra inputs"),
        ("threshold", {"segmentation_id": "abcdefghij", "threshold": 1}, "threshold: Input should be less"),
        ("surface", {"segmentation_id": "abcdefghij", "surface": {"connectivity": 8}}, "connectivity"),
        ("import", {"source": "here.tif"}, "The path here.tif is not absolute"),
    ],
)
def test_settings_that_make_no_sense_are_refused(store, kind, settings, sentence):
    with pytest.raises(SettingsError, match=sentence):
        store.submit(kind, settings, by="ada")
    assert store.list() == []


def test_what_a_job_needs_must_be_there_or_being_made(store):
    with pytest.raises(InputError, match="no tomogram 'abcdefghij'"):
        store.submit("segment", {"tomogram_id": "abcdefghij", "model": "membrane"}, by="ada")
    maker = store.submit("probe", {}, by="ada")
    needing = store.submit("probe", ProbeSettings(needs=maker.manifest.item_id), by="ada")
    assert needing.manifest.inputs == (maker.manifest.item_id,)
    store.cancel(maker.id, by="ada")
    with pytest.raises(InputError, match="no tomogram"):
        store.submit("probe", {"needs": maker.manifest.item_id}, by="ada")


def test_running_jobs_come_first_then_those_that_wait_then_the_rest(store):
    jobs = [store.submit("probe", {"label": label}, by="ada") for label in "abcd"]
    change(store, jobs[2], state="running")
    store.cancel(jobs[0].id, by="ada")
    store.cancel(jobs[1].id, by="ada")
    assert [job.manifest.title for job in store.list()] == ["c", "d", "b", "a"]
    assert [job.manifest.title for job in store.list(("queued",))] == ["d"]


def test_each_lane_has_its_own_order(store):
    jobs = [store.submit(kind, {}, by="ada") for kind in ("probe", "probe data", "probe", "probe data")]
    assert [store.get(job.id).position for job in jobs] == [1, 1, 2, 2]


def test_a_cancelled_job_leaves_nothing_half_made(store):
    job = store.submit("probe", {}, by="ada")
    folder = store.workspace.tomograms.prepare_partial(job.manifest.item_id)
    assert store.cancel(job.id, by="bob").state == "cancelled"
    assert not folder.exists()
    assert store.cancel(job.id, by="bob").state == "cancelled"
    actions = [(each.who, each.action) for each in store.workspace.activity.read(item_id=job.id)]
    assert actions == [("bob", "cancelled"), ("ada", "submitted")]


def test_a_repeated_job_goes_to_the_end_and_keeps_what_it_had(store):
    first, second = (store.submit("probe", {}, by="ada") for _ in range(2))
    change(store, first, state="failed", error="It broke.", attempts=2, worker_deaths=2)
    folder = store.workspace.tomograms.prepare_partial(first.manifest.item_id)
    again = store.retry(first.id, by="bob")
    assert (again.state, again.position, again.manifest.attempts, again.manifest.error) == (
        "queued",
        2,
        0,
        None,
    )
    assert again.manifest.item_id == first.manifest.item_id
    assert folder.exists()
    assert "bob tries it again." in store.log(first.id)
    with pytest.raises(SettingsError, match="is queued; only a job that stopped"):
        store.retry(second.id, by="bob")


def test_only_a_job_that_is_over_is_removed(store):
    job = store.submit("probe", {}, by="ada")
    with pytest.raises(SettingsError, match="is queued; cancel it first"):
        store.remove(job.id, by="ada")
    change(store, job, state="failed")
    folder = store.workspace.tomograms.prepare_partial(job.manifest.item_id)
    store.remove(job.id, by="ada")
    assert store.list() == []
    assert not folder.exists()
    for call in (store.get, store.log):
        with pytest.raises(InputError, match="no job"):
            call(job.id)


def test_two_processes_submit_without_losing_a_job(workspace, store):
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        ids = [
            each for part in pool.map(partial(submit_many, workspace.root), ("ada", "bob")) for each in part
        ]
    jobs = store.list()
    assert {job.id for job in jobs} == set(ids)
    assert len({job.manifest.order for job in jobs}) == 40
    assert [job.position for job in jobs] == list(range(1, 41))
