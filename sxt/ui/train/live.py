"""How a training goes: progress, curves, held-out slices, rounds of pseudo-labels, and what came of it."""

from collections.abc import Sequence
from typing import Any

import streamlit as st

from sxt.jobs import Job
from sxt.ui import format as fmt
from sxt.ui.access.user import current_user
from sxt.ui.job_progress import draw_jobs
from sxt.ui.selection import select
from sxt.ui.services import services
from sxt.ui.shell import has_page, page_file
from sxt.ui.text import escape_markdown
from sxt.ui.train.curves import NO_BAR, draw_dice, draw_learning_rate, draw_losses
from sxt.ui.train.records import Preview, TrainingRecord, read_record
from sxt.ui.train.rounds import draw_rounds, list_reversals

PAGE = "train"
FEWEST_COLUMNS = 2
"""Of previews, so that a single one does not fill the page."""


def list_trainings() -> list[Job]:
    """Return all trainings: those that run, those that wait, then the rest, newest first."""
    return [job for job in services().jobs.list() if job.manifest.kind == "train"]


def is_going_on(training_id: str) -> bool:
    """Return whether a training waits or runs, or a round of it is being taken back."""
    jobs = [services().jobs.get(training_id), *list_reversals(training_id)]
    return any(job.manifest.is_active for job in jobs)


def draw_training(job: Job) -> None:
    """Draw one training as it stands; to be called again while it runs."""
    folder = services().workspace.jobs.path(job.id)
    record = read_record(folder)
    if record.result is not None:
        _draw_result(record.result)
    if job.state != "done":
        draw_jobs([job], key=PAGE)
    if job.state == "running" and len(record.curves):
        st.button(
            "Stop and keep what it has",
            key=f"train-stop-{job.id}",
            on_click=_stop_and_keep,
            args=(job.id,),
            help="Ends the training after its step and saves the best weights so far as a version.",
        )
    if not len(record.curves):
        if job.manifest.is_active:
            st.caption("Curves and held-out slices appear with the first steps.")
        return
    _draw_curves(record)
    _draw_previews(record.previews, record.preview_step)
    last_step = int(record.curves["step"].iloc[-1])
    draw_rounds(job, record.rounds, last_step=last_step)


def _draw_curves(record: TrainingRecord) -> None:
    left, right = st.columns(2)
    left.plotly_chart(draw_losses(record.curves), config=NO_BAR, key="train-losses")
    has_dice = "dice" in record.curves and record.curves["dice"].notna().any()
    figure = draw_dice(record.curves) if has_dice else draw_learning_rate(record.curves)
    right.plotly_chart(figure, config=NO_BAR, key="train-dice")
    if has_dice:
        with st.expander("Learning rate"):
            st.plotly_chart(draw_learning_rate(record.curves), config=NO_BAR, key="train-rate")


def _draw_previews(previews: Sequence[Preview], step: int) -> None:
    shown = [each for each in previews if each.path.is_file()]
    if not shown:
        return
    st.markdown(
        f"**Held-out slices after step {fmt.count(step)}**  \n"
        ":gray[found is green, wrongly found is vermillion, missed is blue]"
    )
    for column, each in zip(st.columns(max(FEWEST_COLUMNS, len(shown))), shown, strict=False):
        column.image(
            each.path.read_bytes(),
            caption=f"{escape_markdown(each.tomogram)}, slice {each.z}: Dice {each.dice:.2f}",
            width="stretch",
        )


def _draw_result(result: dict[str, Any]) -> None:
    """Draw the version that was made beside the one it was started from."""
    metrics = result.get("metrics", {})
    spec = str(result["spec"])
    st.success(
        f"Saved **{escape_markdown(spec)}**, started from {escape_markdown(str(result.get('parent') or 'nothing'))}."
    )
    dice, parent = metrics.get("dice"), metrics.get("parent_dice")
    columns = st.columns(3)
    if dice is not None:
        delta = None if parent is None else f"{dice - parent:+.3f} against its parent"
        columns[0].metric("Dice on the hold-out", f"{dice:.3f}", delta)
    columns[1].metric("Steps", fmt.count(int(result["steps"])))
    columns[2].metric("Time", fmt.duration(60 * float(result["minutes"])))
    with st.container(horizontal=True):
        if st.button("Segment with it", type="primary", key=f"train-use-{spec}"):
            select(model=spec)
            st.switch_page(page_file("segment"))
        if has_page("metrics") and st.button("Compare it", key=f"train-compare-{spec}"):
            select(model=spec)
            st.switch_page(page_file("metrics"))
        if st.button("Its card", key=f"train-card-{spec}"):
            select(model=spec)
            st.switch_page(page_file("models"))
    for note in result.get("notes", ()):
        st.caption(escape_markdown(str(note)))


def _stop_and_keep(job_id: str) -> None:
    from sxt.train.folder import RunFolder

    workspace = services().workspace
    job = workspace.jobs.get(job_id)
    RunFolder(workspace.jobs.path(job_id)).request_stop()
    workspace.activity.add("stopped and kept", by=current_user(), kind="job", item_id=job_id, name=job.title)
