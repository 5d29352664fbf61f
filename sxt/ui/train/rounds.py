"""Rounds of pseudo-labels on the page Train: what each took and gained, and the way back to before it."""

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from sxt.errors import SxtError
from sxt.jobs import Job, revert_training_round
from sxt.ui import format as fmt
from sxt.ui.access.user import current_user
from sxt.ui.errors import show_error
from sxt.ui.job_progress import draw_jobs
from sxt.ui.services import services
from sxt.ui.text import escape_markdown
from sxt.ui.train.curves import NO_BAR, draw_timeline

Round = Mapping[str, Any]

KIND = "revert-round"
NO_BREAK_HYPHEN = "\u2011"
WIDTHS = (5, 2)
"""Of what a round did, and of the way back."""


def draw_rounds(training: Job, rounds: Sequence[Round], *, last_step: int) -> None:
    """Draw the rounds of a training as a timeline, with a line and a way back for each."""
    if not rounds:
        return
    st.markdown("**Rounds of pseudo-labels**")
    st.plotly_chart(draw_timeline(rounds, last_step=last_step), config=NO_BAR, key="train-rounds")
    reversals = list_reversals(training.id)
    draw_jobs(reversals[:1], key="train-revert")
    is_busy = any(job.manifest.is_active for job in reversals)
    for each in rounds:
        words, way_back = st.columns(WIDTHS, vertical_alignment="center")
        words.markdown(describe_round(each))
        if can_go_back(training, each):
            with way_back:
                _draw_way_back(training, each, is_busy=is_busy)


def list_reversals(training_id: str) -> list[Job]:
    """Return the jobs that take rounds of a training back and are not done, newest first."""
    jobs = services().jobs.list({"queued", "running", "failed"})
    found = [
        job
        for job in jobs
        if job.manifest.kind == KIND and job.manifest.settings["training_id"] == training_id
    ]
    return sorted(found, key=lambda job: job.manifest.submitted_at, reverse=True)


def can_go_back(training: Job, each: Round) -> bool:
    """Return whether a training's result contains a round, or may come to."""
    if "reverted" in each:
        return False
    return training.state != "done" or bool(each.get("is_kept"))


def describe_round(each: Round) -> str:
    """Return in a line what a round took, what it did to the hold-out, and what became of it."""
    taken = f"**Round {each['number']}** · {fmt.count(int(each['voxels']), 'voxel')} taken"
    if "slices" in each:
        taken += f" from {fmt.count(int(each['slices']), 'slice')}"
    if "foreground_voxels" in each:
        taken += f", {fmt.percent(each['foreground_voxels'] / max(1, each['voxels']))} of them structure"
    return f"{taken} · {_dice_words(each)} · {_fate(each)}"


def _dice_words(each: Round) -> str:
    before, after = each.get("dice_before"), each.get("dice_after")
    return "under way" if after is None else f"Dice {fmt.number(before)} → {fmt.number(after)}"


def _fate(each: Round) -> str:
    if "reverted" in each:
        told = each["reverted"]
        day = str(told["when"])[:10].replace("-", NO_BREAK_HYPHEN)
        return f"reverted by {escape_markdown(str(told['by']))} on {day}"
    if each.get("dice_after") is None:
        return "not measured yet"
    return "kept" if each.get("is_kept") else "not kept: the hold-out did not gain"


def _draw_way_back(training: Job, each: Round, *, is_busy: bool) -> None:
    number = int(each["number"])
    with st.popover(f"Go back to before round {number}", disabled=is_busy, width="stretch"):
        if training.state == "done":
            st.markdown(
                "The weights of before this round become a new version, which is then this training's result. "
                "The version with the round stays."
            )
        else:
            st.markdown(
                "The training ends, and its version has the weights of before this round. "
                "This cannot be taken back."
            )
        st.button(
            f"Revert round {number}",
            key=f"train-revert-{training.id}-{number}",
            type="primary",
            on_click=_revert,
            args=(training.id, number),
        )


def _revert(training_id: str, number: int) -> None:
    try:
        revert_training_round(services().jobs, training_id, number, by=current_user())
    except SxtError as error:
        show_error(error)
