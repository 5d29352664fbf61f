"""What to compare: versions, a baseline, labelled tomograms, and the button that queues it."""

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

import streamlit as st

from sxt.errors import SxtError
from sxt.jobs import Job
from sxt.jobs.kinds.compare import CompareSettings
from sxt.metrics import EvaluationSettings
from sxt.metrics.study import MAX_VERSIONS
from sxt.ui import format as fmt
from sxt.ui.errors import show_error
from sxt.ui.job_progress import submit_job
from sxt.ui.metrics.labelled import LabelledSet, describe_measured
from sxt.ui.metrics.leakage import find_leaks
from sxt.ui.models.catalogue import Catalogue
from sxt.ui.selection import Choice, current_selection, unique_labels
from sxt.ui.services import services
from sxt.ui.shell import has_page, page_file, primary_button
from sxt.ui.text import escape_markdown
from sxt.workspace import TomogramManifest
from sxt.workspace.predictions import find_segmentation

if TYPE_CHECKING:
    from sxt.models import ModelSummary

PAGE = "metrics"
KIND = "compare"
LABELS, EACH_OTHER = "labels", "each other"
USUAL_VERSIONS = 2


def compare_form(labelled: Sequence[LabelledSet], catalogue: Catalogue) -> None:
    """Draw what to compare, what stands in its way, and the button."""
    against = st.segmented_control(
        "Measure against",
        (LABELS, EACH_OTHER),
        default=LABELS if labelled else EACH_OTHER,
        required=True,
        key="metrics-against",
        help="Without labels versions are compared with each other: how far they agree, and where they differ.",
    )
    with_labels = against == LABELS
    every = [each.tomogram for each in labelled] if with_labels else services().workspace.tomograms.list()
    held_out = {each.tomogram.id for each in labelled if each.held_out}
    tomograms = _choose_tomograms(every, held_out, key=f"metrics-tomograms-{with_labels}")
    versions = _choose_versions(catalogue)
    baseline = _choose_baseline(versions)
    hold_out_only = with_labels and _choose_slices(labelled, tomograms)
    with st.expander("Advanced"):
        evaluation = _advanced()
    if not tomograms or not versions:
        st.caption("Choose at least one tomogram and one version.")
    settings = CompareSettings.model_construct()
    is_ready = bool(tomograms) and len(versions) >= (1 if with_labels else 2)
    if is_ready:
        settings = CompareSettings(
            tomogram_ids=tuple(each.id for each in tomograms),
            models=tuple(each.spec for each in versions),
            baseline=baseline,
            with_labels=with_labels,
            hold_out_only=hold_out_only,
            settings=evaluation,
            device="cpu" if current_selection().device == "cpu" else "auto",
        )
        if with_labels:
            _warn(labelled, tomograms, versions, hold_out_only=hold_out_only)
        _say_what_is_there(tomograms, versions)
    _offer_more(catalogue, with_labels=with_labels)
    is_waiting = is_ready and _is_waiting(settings)
    if primary_button(
        _verb(len(versions)),
        key="metrics-go",
        disabled=not is_ready or is_waiting,
        reason="It is in the queue already with these settings." if is_waiting else "",
    ):
        _submit(settings)


def _verb(n: int) -> str:
    if n == 0:
        return "Compare versions"
    return "Measure 1 version" if n == 1 else f"Compare {fmt.count(n, 'version')}"


def _choose_tomograms(
    every: Sequence[TomogramManifest], held_out: Collection[str], *, key: str
) -> tuple[TomogramManifest, ...]:
    """Draw the choice of tomograms: at first the one that is selected, else one with held-out slices."""
    known = {each.id: each for each in every}
    labels = unique_labels([Choice(each.id, each.name) for each in every])
    selected = current_selection().tomogram
    first = selected if selected in known else next((each for each in known if each in held_out), None)
    first = first or next(iter(known), None)
    chosen = st.multiselect(
        "Tomograms",
        list(known),
        default=[] if first is None else [first],
        format_func=lambda each: labels.get(each, each),
        key=key,
        placeholder="Choose tomograms",
        help="Two or more tell more than one: what holds for several cells is likelier to hold for the next.",
    )
    return tuple(known[each] for each in chosen)


def _choose_versions(catalogue: Catalogue) -> tuple["ModelSummary", ...]:
    specs = [each.spec for each in catalogue.sound]
    usual = usual_versions(catalogue, current_selection().model)
    chosen = st.multiselect(
        "Model versions",
        specs,
        default=usual,
        max_selections=MAX_VERSIONS,
        key=f"metrics-versions-{len(specs)}-{'-'.join(usual)}",
        placeholder="Choose versions",
    )
    return tuple(each for spec in chosen if (each := catalogue.find(spec)) is not None)


def usual_versions(catalogue: Catalogue, selected: str | None) -> list[str]:
    """Return what is compared unless others are chosen: the version that is selected with the one it came from.

    The baseline comes first: the parent, or the default version where there is none; of two versions of one name the
    earlier one.
    """
    specs = [each.spec for each in catalogue.sound]
    version = catalogue.find(selected)
    parent = version.config.parent if version is not None and version.config is not None else None
    others = [each for each in (parent, *specs) if each in specs and each != selected]
    if version is not None and selected != specs[0]:
        return [*others[: USUAL_VERSIONS - 1], version.spec]
    usual = specs[:USUAL_VERSIONS]
    is_one_name = len({spec.partition(":")[0] for spec in usual}) == 1
    return sorted(usual, key=_number_of) if is_one_name else usual


def _number_of(spec: str) -> int:
    number = spec.rpartition(":")[2]
    return int(number) if number.isdecimal() else 0


def _choose_baseline(versions: Sequence["ModelSummary"]) -> str | None:
    if len(versions) < 2:
        return None
    baseline: str = st.selectbox(
        "Baseline",
        [each.spec for each in versions],
        key="metrics-baseline-" + "-".join(each.spec for each in versions),
        help="The version that the others are measured against.",
    )
    return baseline


def _choose_slices(labelled: Sequence[LabelledSet], tomograms: Sequence[TomogramManifest]) -> bool:
    """Draw the choice between held-out and all slices; returns whether only the former are measured."""
    sets = _sets_of(labelled, tomograms)
    has_held_out = any(each.held_out for each in sets)
    only = has_held_out & st.checkbox(
        "Held-out slices only",
        has_held_out,
        key=f"metrics-hold-out-{has_held_out}",
        disabled=not has_held_out,
        help=None if has_held_out else "No labelled slice is held out; mark some on the page Label.",
    )
    if sets:
        st.caption(escape_markdown(describe_measured(sets, hold_out_only=only)))
    return bool(only)


def _advanced() -> EvaluationSettings:
    usual = EvaluationSettings()
    tolerance = st.number_input(
        "Surface tolerance, nm", 1.0, 10_000.0, usual.tolerance_nm, 10.0, key="metrics-tolerance",
        help="A surface within this distance of the labelled one counts as found.",
    )  # fmt: skip
    smallest = st.number_input(
        "Smallest object, voxels", 0, 10_000_000, usual.min_voxels, 16, key="metrics-smallest"
    )
    return EvaluationSettings(tolerance_nm=float(tolerance), min_voxels=int(smallest))


def _warn(
    labelled: Sequence[LabelledSet],
    tomograms: Sequence[TomogramManifest],
    versions: Sequence["ModelSummary"],
    *,
    hold_out_only: bool,
) -> None:
    """Say in red where a version was trained on what it is measured on."""
    leaks = [
        leak
        for version in versions
        if version.config is not None
        for each in _sets_of(labelled, tomograms)
        for leak in find_leaks(version.config, each.tomogram, each.measured(hold_out_only=hold_out_only))
    ]
    for leak in leaks:
        (st.error if leak.is_severe else st.warning)(escape_markdown(leak.sentence))


def _say_what_is_there(tomograms: Sequence[TomogramManifest], versions: Sequence["ModelSummary"]) -> None:
    """Say how many segmentations the job has to make first."""
    usual = CompareSettings.model_fields["segment"].get_default(call_default_factory=True)
    workspace = services().workspace
    pairs = [(t, v.config) for t in tomograms for v in versions if v.config is not None]
    missing = sum(
        find_segmentation(workspace, t.id, model_sha256=config.weights_sha256, settings=usual) is None
        for t, config in pairs
    )
    made = f"{fmt.count(missing, 'segmentation')} {'is' if missing == 1 else 'are'} made first"
    if missing == len(pairs):
        st.caption(f"{made}.")
    elif missing:
        there = len(pairs) - missing
        st.caption(f"{made}; {fmt.count(there)} {'is' if there == 1 else 'are'} there already.")
    else:
        st.caption("All segmentations are there already.")


def _offer_more(catalogue: Catalogue, *, with_labels: bool) -> None:
    """Say where a second version comes from, where there is one alone."""
    if len(catalogue.sound) >= USUAL_VERSIONS:
        return
    said = (
        "can be measured; comparing needs a second one" if with_labels else "has nothing to be compared with"
    )
    st.info(f"The only model version {said}. Train one, or import one.")
    for name, label in (("train", "Train a version"), ("models", "Import a version")):
        if has_page(name):
            st.page_link(page_file(name), label=label)


def _sets_of(labelled: Sequence[LabelledSet], tomograms: Sequence[TomogramManifest]) -> list[LabelledSet]:
    ids = {each.id for each in tomograms}
    return [each for each in labelled if each.tomogram.id in ids]


def waiting_jobs() -> list[Job]:
    """Return the comparisons that run or wait."""
    jobs = services().jobs.list({"queued", "running"})
    return [job for job in jobs if job.manifest.kind == KIND]


def _is_waiting(settings: CompareSettings) -> bool:
    wanted = settings.model_dump(mode="json")
    return any(job.manifest.settings == wanted for job in waiting_jobs())


def _submit(settings: CompareSettings) -> None:
    try:
        submit_job(KIND, settings, page=PAGE)
    except SxtError as error:
        show_error(error)
        return
    st.rerun()
