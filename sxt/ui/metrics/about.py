"""What there is to know of a comparison beside its numbers: what makes them doubtful, and its versions."""

from typing import TYPE_CHECKING

import streamlit as st

from sxt.ui.access.user import current_user
from sxt.ui.errors import errors_shown
from sxt.ui.metrics.leakage import list_severe_leaks
from sxt.ui.metrics.studies import StoredStudy, open_study
from sxt.ui.models.catalogue import Catalogue, make_default
from sxt.ui.models.note import draw_note, edit_note, read_note
from sxt.ui.services import services
from sxt.ui.text import escape_markdown

if TYPE_CHECKING:
    from sxt.models import ModelSummary

TRAINED_ON, OTHER_SLICES = "was trained on", "was trained on other slices of"
"""In the warnings of a comparison; what was measured on other slices than it was trained on is no leak."""


def draw_about(catalogue: Catalogue, shown: StoredStudy) -> None:
    """Draw each version with its note."""
    study = open_study(services().workspace, shown.id)
    for info in study.versions:
        version = catalogue.find(info.name)
        with st.container(border=True):
            is_same = (
                version is not None
                and version.config is not None
                and version.config.weights_sha256 == info.sha256
            )
            if version is None or not is_same:
                st.markdown(f"**{escape_markdown(info.name)}**")
                st.caption("This version is not there any more.")
            else:
                _draw_version(version, is_baseline=info.name == study.baseline and len(study.versions) > 1)


def draw_warnings(catalogue: Catalogue, shown: StoredStudy) -> None:
    """Say what limits the conclusions: in red that a version was trained on what it was measured on."""
    study = open_study(services().workspace, shown.id)
    severe = list_severe_leaks(services().workspace, catalogue, shown, study)
    of_versions = {each.warning: each.name for each in study.versions if TRAINED_ON in each.warning}
    rest = []
    for sentence in study.warnings:
        name = of_versions.get(sentence)
        if name is None or OTHER_SLICES in sentence or not study.has_labels:
            rest.append(sentence)
        elif not any(each.startswith(f"{name} ") for each in severe):  # the leaks say it more exactly
            severe.append(sentence)
    if severe:
        st.error("  \n".join(escape_markdown(each) for each in dict.fromkeys(severe)))
    if rest:
        st.warning(escape_markdown(" ".join(rest)))


def _draw_version(version: "ModelSummary", *, is_baseline: bool) -> None:
    key = f"metrics-about-{version.spec}"
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(f"**{escape_markdown(version.spec)}**", width="content")
        if is_baseline:
            st.badge("baseline", color="gray")
        if version.is_default:
            st.badge("default", color="blue")
    with errors_shown():
        note = read_note(version)
        draw_note(note)
        with st.container(horizontal=True, gap="small"):
            edit_note(version, note, key=f"{key}-note")
            if not version.is_default:
                st.button(
                    "Make default",
                    key=f"{key}-default",
                    on_click=_make_default,
                    args=(version.spec,),
                    help="It is used wherever none is named, on pages and on the command line.",
                )


def _make_default(spec: str) -> None:
    with errors_shown():
        make_default(services().workspace, spec, by=current_user())
