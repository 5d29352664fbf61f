"""What to train on, from which version, with which recipe, and for how long."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, get_args

import streamlit as st

from sxt.errors import SettingsError
from sxt.jobs.kinds.train import TrainJobSettings
from sxt.train.settings import HoldOutRule, RecipeName, SplitSettings
from sxt.ui import format as fmt
from sxt.ui.selection import Choice, unique_labels
from sxt.ui.services import services
from sxt.ui.text import escape_markdown
from sxt.ui.train.labelled import LabelledTomogram

RECIPE_WORDS: dict[RecipeName, str] = {
    "semi": "labels and unlabelled data",
    "supervised": "labels alone",
    "paper": "as published",
}
RECIPE_SENTENCES: dict[RecipeName, str] = {
    "semi": "Learns from labels, from redrawing unlabelled slices, and from its own sure predictions on them; then in "
    "rounds of pseudo-labels for as long as the held-out slices gain.",
    "supervised": "Learns from the labelled slices and nothing else.",
    "paper": "An epoch of labels, then one of redrawing images, as Dyhr et al. 2023.",
}
HOLD_OUT_WORDS: dict[HoldOutRule, str] = {
    "auto": "automatic",
    "marked": "the slices marked as held out",
    "tomogram": "whole tomograms",
    "block": "a block of slices",
    "none": "nothing",
}
ANEW = "anew, from random weights"
DEFAULT_MINUTES = 30.0
LONGEST_MINUTES = 7 * 24 * 60.0
DEFAULT_NAME = "mine"
MOST_DESCRIBED = 5
"""Labelled tomograms whose labels are told one by one."""


@dataclass(frozen=True)
class TrainRequest:
    """What to train, and the tomograms it is trained on."""

    settings: TrainJobSettings
    labelled: tuple[LabelledTomogram, ...]
    n_unlabelled: int


def draw_form(labelled: Sequence[LabelledTomogram], *, model: str | None, device: str) -> TrainRequest | None:
    """Draw the form and return what it asks for; None while something is missing, which is said."""
    chosen = _choose_labelled(labelled)
    unlabelled = _choose_unlabelled({each.tomogram.id for each in chosen})
    init = _choose_start(model)
    recipe: RecipeName = st.segmented_control(
        "Recipe",
        get_args(RecipeName),
        default="semi",
        required=True,
        format_func=lambda each: RECIPE_WORDS[each],
        key="train-recipe",
        wrap=True,
    )
    st.caption(RECIPE_SENTENCES[recipe])
    left, right = st.columns(2)
    minutes = left.number_input("Minutes", 0.5, LONGEST_MINUTES, DEFAULT_MINUTES, 5.0, key="train-minutes")
    name = right.text_input("Name", (init or DEFAULT_NAME).split(":")[0], key="train-name", max_chars=60)
    with st.expander("Advanced"):
        advanced = _advanced()
    if not chosen:
        st.caption("Choose at least one labelled tomogram.")
        return None
    try:
        settings = TrainJobSettings(
            tomogram_ids=tuple(each.tomogram.id for each in chosen),
            unlabelled_ids=unlabelled,
            model_name=name.strip(),
            init=init,
            recipe=recipe,
            minutes=minutes,
            device="cpu" if device == "cpu" else "auto",
            **advanced,
        )
        settings.to_training()
    except (SettingsError, ValueError) as error:
        st.error(escape_markdown(str(error)))
        return None
    return TrainRequest(settings, tuple(chosen), len(unlabelled))


def describe_request(request: TrainRequest) -> str:
    """Return in a few plain sentences what will happen and what is held out."""
    settings = request.settings
    n_slices = sum(each.n_slices for each in request.labelled)
    start = "from random weights" if settings.init is None else f"from {settings.init}"
    sentences = [
        f"Trains {settings.model_name} {start} for {fmt.duration(60 * (settings.minutes or 0))} on "
        f"{fmt.count(n_slices, 'labelled slice')} of {fmt.count(len(request.labelled), 'tomogram')}.",
    ]
    if settings.recipe != "supervised":
        others = f" and {fmt.count(request.n_unlabelled, 'further tomogram')}" if request.n_unlabelled else ""
        sentences.append(f"Unlabelled slices of these{others} are learnt from too.")
    n_held_out = sum(each.n_held_out for each in request.labelled)
    if n_held_out and settings.hold_out in ("auto", "marked"):
        which = "slice marked as held out is" if n_held_out == 1 else "slices marked as held out are"
        number = "" if n_held_out == 1 else f"{fmt.count(n_held_out)} "
        them = "it tells" if n_held_out == 1 else "they tell"
        sentences.append(f"The {number}{which} never trained on; {them} how good it is.")
    elif settings.hold_out == "none":
        sentences.append("Nothing is held out, so nothing will tell how good it is.")
    else:
        what = "a part of them" if settings.hold_out == "auto" else HOLD_OUT_WORDS[settings.hold_out]
        sentences.append(f"Of the labelled slices {what} will be held out, to tell how good it is.")
    return " ".join(sentences)


def _choose_labelled(labelled: Sequence[LabelledTomogram]) -> list[LabelledTomogram]:
    by_id = {each.tomogram.id: each for each in labelled}
    names = unique_labels([Choice(each.tomogram.id, each.tomogram.name) for each in labelled])
    ids = st.multiselect(
        "Labelled tomograms",
        list(by_id),
        default=list(by_id),
        format_func=lambda each: names[each],
        key=f"train-labelled-{'-'.join(by_id)}",
    )
    chosen = [by_id[each] for each in ids]
    lines = [f"{names[each.tomogram.id]}: {each.describe()}" for each in chosen[:MOST_DESCRIBED]]
    if len(chosen) > MOST_DESCRIBED:
        rest = chosen[MOST_DESCRIBED:]
        n_slices = sum(each.n_slices for each in rest)
        lines.append(f"{fmt.count(len(rest))} more: {fmt.count(n_slices, 'slice')}")
    if lines:
        st.caption("  \n".join(map(escape_markdown, lines)))
    return chosen


def _choose_unlabelled(taken: set[str]) -> tuple[str, ...]:
    others = [each for each in services().workspace.tomograms.list() if each.id not in taken]
    if not others:
        return ()
    labels = unique_labels([Choice(each.id, each.name) for each in others])
    chosen = st.multiselect(
        "Further tomograms, without labels",
        list(labels),
        format_func=lambda each: labels[each],
        key=f"train-unlabelled-{'-'.join(sorted(labels))}",
        placeholder="None",
    )
    return tuple(chosen)


def _choose_start(model: str | None) -> str | None:
    if model is None:
        return None
    chosen = st.radio("Start", (model, ANEW), key=f"train-start-{model}", horizontal=True)
    return None if chosen == ANEW else chosen


def _advanced() -> dict[str, Any]:
    rule: HoldOutRule = st.selectbox(
        "Hold out", get_args(HoldOutRule), format_func=lambda each: HOLD_OUT_WORDS[each], key="train-hold-out"
    )
    left, right = st.columns(2)
    gap = left.number_input(
        "Gap beside a held-out block, slices", 0, 100, SplitSettings.gap_slices, key="train-gap"
    )
    seed = right.number_input("Seed", 0, 2**31 - 1, 0, key="train-seed")
    crop = left.number_input("Crop, px", 16, 1024, None, 32, key="train-crop", placeholder="the recipe's")
    batch = right.number_input("Crops a step", 1, 256, None, key="train-batch", placeholder="the recipe's")
    inverted = st.checkbox(
        "Also train on inverted contrast",
        key="train-inversion",
        help="For versions that are to work whether absorbing structures are dark or bright.",
    )
    return {
        "hold_out": rule,
        "gap_slices": int(gap),
        "seed": int(seed),
        "crop_px": None if crop is None else int(crop),
        "batch_crops": None if batch is None else int(batch),
        "with_inversion": inverted,
    }
