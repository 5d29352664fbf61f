import json
import time
from datetime import timedelta

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from sxt.jobs import KINDS
from sxt.jobs.log import JobLog
from sxt.ui.jobs_panel.job_list import KIND_WORDS, PAGE_SIZE, describe_facts, find_device, list_results
from sxt.workspace import WorkerInfo
from sxt.workspace.clock import utc_now
from tests.layers import REPOSITORY
from tests.ui.items import add_segmentation, add_tomogram
from tests.ui.lab_items import add_surface

HOSTILE = "*x* <b>y</b> ![i](http://evil.example/a.png) 漢字 " + "n" * 150


def open_page(view="", **params):
    app = AppTest.from_file(str(REPOSITORY / "sxt/ui/main.py"), default_timeout=30)
    for name, value in params.items():
        app.query_params[name] = value
    if view:
        app.session_state["view"] = view
    app.switch_page(str(REPOSITORY / "pages/jobs.py")).run()
    assert not app.exception
    return app


def labels(app):
    return [each.label for each in app.button]


def press(app, label):
    next(each for each in app.button if each.label == label).click().run()
    assert not app.exception
    return app


def texts(app):
    return [each.value for each in (*app.markdown, *app.caption)]


def submit(opened, state="queued", **changes):
    """Put a job in the workspace that stands as it says."""
    job = opened.jobs.submit("demo", {}, by=changes.pop("by", "local user"))
    opened.workspace.jobs.change(job.id, lambda old: old.model_copy(update={"state": state, **changes}))
    return opened.jobs.get(job.id)


@pytest.fixture
def failed(opened):
    now = utc_now()
    job = submit(
        opened,
        "failed",
        title=HOSTILE,
        error=f"It broke at {HOSTILE[:30]}.",
        started_at=now - timedelta(seconds=50),
        finished_at=now,
    )
    JobLog(opened.workspace.jobs.path(job.id)).write("Traceback <b> of `it`")
    return job


def test_an_idle_queue_says_what_a_job_is_and_who_would_run_it(opened):
    app = open_page()
    assert any("Nothing was asked for yet" in each for each in texts(app))
    assert "0 jobs running, 0 waiting." in texts(app)
    assert app.warning[0].value.startswith("Nobody runs jobs")


def test_waiting_jobs_show_their_place_and_are_cancelled(opened):
    submit(opened)
    second = submit(opened)
    app = open_page()
    assert "waiting, number 2 in the queue" in texts(app)
    assert "0 jobs running, 2 waiting." in texts(app)
    app.button(key=f"sxt-job-cancel-{second.id}").click().run()
    assert opened.jobs.get(second.id).state == "cancelled"


def test_a_running_job_shows_stage_rate_time_left_and_note(opened):
    job = submit(opened, "running", started_at=utc_now())
    record = {
        "stage": "segment",
        "done": 30,
        "total": 40,
        "note": "The batch was *halved*.",
        "stage_started_at": time.time() - 20,
        "done_at_start": 0,
        "updated_at": time.time(),
    }
    (opened.workspace.jobs.path(job.id) / "progress.json").write_text(json.dumps(record))
    app = open_page()
    *_, bar = [each.proto for each in app.get("progress")]
    assert bar.value == 75
    assert bar.text.startswith(r"segment\: 30 of 40 · 1\.50 a second")
    assert r"The batch was \*halved\*\." in texts(app)


def test_a_failed_job_shows_its_error_and_its_log_on_request(opened, failed):
    app = open_page()
    assert app.error[0].value.startswith(r"It broke at \*x\* \<b\>y\<\/b\>".replace(r"\/", "/"))
    assert not app.code
    app = open_page(job=failed.id)
    assert "Traceback <b> of `it`" in app.code[0].value
    assert f"job {failed.id}" in texts(app)


def test_a_failed_job_is_tried_again(opened, failed):
    press(open_page(), "Try again")
    assert opened.jobs.get(failed.id).state == "queued"


def test_a_job_that_is_over_is_forgotten(opened, failed):
    app = press(open_page(job=failed.id), "Forget")
    assert opened.jobs.list() == []
    assert "job" not in app.query_params


def test_an_address_of_one_job_shows_that_one_until_all_are_asked_for(opened, failed):
    submit(opened, "done", title="Other", finished_at=utc_now())
    app = open_page(job=failed.id)
    assert "**Other**" not in texts(app)
    press(app, "All jobs")
    assert "**Other**" in texts(app)


def test_an_address_of_a_job_that_is_gone_says_so(opened):
    app = open_page(job="abcdefghij")
    assert app.info[0].value.startswith("There is no such job")


def test_jobs_are_filtered_by_state_and_person(opened, failed):
    submit(opened, "done", title="Fine", finished_at=utc_now())
    submit(opened, "done", title="Bobs", finished_at=utc_now(), submitted_by="bob")
    app = open_page()
    app.button_group[0].set_value("Done").run()
    assert {"**Fine**", "**Bobs**"} <= set(texts(app))
    assert not app.error
    app.toggle[0].set_value(True).run()
    assert "**Bobs**" not in texts(app)
    assert "**Fine**" in texts(app)


def test_all_that_is_over_is_forgotten_at_once(opened, failed):
    kept = submit(opened)
    press(open_page(), "Forget 1 job")
    assert [job.id for job in opened.jobs.list()] == [kept.id]


def test_many_jobs_are_shown_page_by_page(opened):
    for _ in range(PAGE_SIZE + 2):
        submit(opened, "done", finished_at=utc_now())
    app = open_page()
    assert labels(app).count("Forget") == PAGE_SIZE
    press(app, f"Show more of {PAGE_SIZE + 2} jobs")
    assert labels(app).count("Forget") == PAGE_SIZE + 2


def test_titles_are_not_markdown(opened, failed):
    shown = "\n".join(texts(open_page()))
    assert "![i]" not in shown
    assert "<b>" not in shown.replace(r"\<b\>", "")
    assert "…" in shown


def test_results_lead_to_the_page_that_shows_them(opened, tmp_path):
    tomogram = add_tomogram(opened.workspace, tmp_path, np.zeros((4, 16, 20), "u1") + 7)
    segmentation = add_segmentation(opened.workspace, tomogram, np.ones((4, 16, 20), "u1"))
    surface = add_surface(opened.workspace, segmentation)
    results = (tomogram.id, segmentation.id, surface.id, "abcdefghij")
    job = submit(opened, "done", results=results, finished_at=utc_now())
    assert [(each.page, each.params) for each in list_results(opened.workspace, job)] == [
        ("viewer", {"tomogram": tomogram.id}),
        ("segment", {"segmentation": segmentation.id}),
        ("surface", {"segmentation": segmentation.id, "surface": surface.id}),
    ]


def test_the_facts_of_a_job_stand_in_a_line(opened):
    now = utc_now()
    job = submit(
        opened,
        "done",
        submitted_at=now - timedelta(hours=3),
        started_at=now - timedelta(minutes=5),
        finished_at=now - timedelta(minutes=3),
        worker=WorkerInfo(host="gpu", pid=7, address="tcp://x"),
        attempts=2,
    )
    assert describe_facts(job, now) == (
        "simulate · by local user · submitted 3 h ago · took 2 min · on gpu · started 2 times"
    )
    assert " · on NVIDIA H200, bf16 (gpu) · " in describe_facts(job, now, "NVIDIA H200, bf16")


def test_the_device_of_a_job_is_that_of_its_result_or_what_it_will_be(opened, tmp_path):
    tomogram = add_tomogram(opened.workspace, tmp_path, np.zeros((4, 16, 20), "u1") + 7)
    waiting = opened.jobs.submit("segment", {"tomogram_id": tomogram.id, "model": "membrane:1"}, by="ada")
    assert find_device(opened, waiting) == "CPU"
    segmentation = add_segmentation(opened.workspace, tomogram, np.ones((4, 16, 20), "u1"))
    done = submit(opened, "done", results=(segmentation.id,), finished_at=utc_now())
    assert find_device(opened, done) == segmentation.device
    assert find_device(opened, submit(opened)) == ""


def test_what_was_deleted_is_restored_or_gone_for_good(opened, tmp_path):
    workspace = opened.workspace
    values = np.zeros((2, 16, 16), "u1")
    first, second = (add_tomogram(workspace, tmp_path, values + grey, name=HOSTILE[:40]) for grey in (3, 4))
    for item in (first, second):
        workspace.delete("tomogram", item.id, by="ada")
    app = open_page("Disk and trash")
    assert any(each.startswith("2 items, ") for each in texts(app))
    entry = next(each for each in workspace.trash.list() if each.item_id == first.id)
    app.button(key=f"sxt-trash-restore-{entry.id}").click().run()
    assert [each.id for each in workspace.tomograms.list()] == [first.id]
    press(app, "Delete 1 item for good")
    assert workspace.trash.list() == []
    assert any("The trash is empty" in each for each in texts(app))
    assert any("free of" in each for each in texts(app))


def test_the_activity_is_listed(opened, failed):
    opened.workspace.activity.add("imported", by="bob", kind="tomogram", name="Zelle")
    app = open_page("Activity")
    table = app.dataframe[0].value
    assert table["who"].tolist() == ["bob", "local user"]
    app.selectbox(key="sxt-activity-who").select("bob").run()
    assert app.dataframe[0].value["what"].tolist() == ["imported"]


def test_every_kind_of_job_has_a_name_in_words():
    assert set(KIND_WORDS) == set(KINDS)
