"""What to segment, with which model version and which settings."""

from dataclasses import dataclass
from typing import get_args

import streamlit as st

from sxt.errors import SettingsError
from sxt.jobs.kinds.segment import SegmentJobSettings
from sxt.segment.settings import (
    DEFAULT_OVERLAP_PX,
    Normalisation,
    Precision,
    SegmentSettings,
    TestTimeAugmentation,
    TileSettings,
)
from sxt.tomogram import Absorbing
from sxt.ui import format as fmt
from sxt.ui.segment.estimate import estimate_seconds
from sxt.ui.selection import Choice, current_selection, unique_labels
from sxt.ui.services import services
from sxt.ui.text import escape_markdown
from sxt.workspace import TomogramManifest

TTA_WORDS = {
    "none": "none",
    "rot4": "four quarter turns (4 times slower)",
    "d4": "turns and mirror images (8 times slower)",
}
PRECISION_WORDS = {"auto": "automatic", "fp32": "fp32", "bf16": "bf16", "fp16": "fp16"}
AS_DECLARED = "as declared"
AS_MODEL = "the model's"


@dataclass(frozen=True)
class SegmentRequest:
    """What is to be segmented."""

    tomograms: tuple[TomogramManifest, ...]
    model: str
    device: str
    settings: SegmentSettings

    def jobs(self) -> list[SegmentJobSettings]:
        """Return the settings of one job a tomogram."""
        return [
            SegmentJobSettings(
                tomogram_id=each.id,
                model=self.model,
                segment=self.settings,
                device="cpu" if self.device == "cpu" else "auto",
            )
            for each in self.tomograms
        ]


def count_waiting(request: SegmentRequest) -> int:
    """Return how many of the request's jobs run or wait already, with the same settings."""
    active = [
        job.manifest.settings
        for job in services().jobs.list({"queued", "running"})
        if job.manifest.kind == "segment"
    ]
    return sum(each.model_dump(mode="json") in active for each in request.jobs())


def choose_tomograms() -> tuple[TomogramManifest, ...]:
    """Draw the choice of tomograms; the selected one is chosen at first."""
    every = {each.id: each for each in services().workspace.tomograms.list()}
    labels = unique_labels([Choice(each.id, each.name) for each in every.values()])
    selected = current_selection().tomogram
    chosen = st.multiselect(
        "Tomograms",
        list(every),
        default=[selected] if selected in every else [],
        format_func=lambda each: labels.get(each, each),
        key=f"segment-tomograms-{selected}",
        placeholder="Choose tomograms",
    )
    return tuple(every[each] for each in chosen)


def choose_settings(tomograms: tuple[TomogramManifest, ...]) -> SegmentSettings | None:
    """Draw slice range and advanced settings; None where they cannot be used, which is said."""
    first, last = _choose_slices(tomograms)
    with st.expander("Advanced"):
        return _advanced(first, last)


def draw_estimate(request: SegmentRequest) -> None:
    """Say how long it will take, where that is known."""
    devices_say_cpu = request.device == "cpu" or not _has_gpu()
    estimate = estimate_seconds(
        request.tomograms,
        request.settings,
        model=request.model,
        on_cpu=devices_say_cpu,
        earlier=services().workspace.segmentations.list(),
    )
    if estimate is None:
        st.caption(
            "How long it takes is not known yet for this model version on this device; the first run tells."
        )
        return
    times = fmt.count(estimate.n_earlier, "earlier run")
    st.caption(f"Takes about {fmt.duration(estimate.seconds)}, judged by {times}.")


def _has_gpu() -> bool:
    from sxt.ui.choices import list_devices

    devices = list_devices(has_cluster=services().settings.scheduler is not None)
    return any("GPU" in each.name for each in devices)


def _choose_slices(tomograms: tuple[TomogramManifest, ...]) -> tuple[int | None, int | None]:
    """Draw the slice range of a single tomogram; returns first and last (exclusive), None for all."""
    if len(tomograms) != 1 or tomograms[0].shape[0] < 2:
        return None, None
    n = tomograms[0].shape[0]
    low, high = st.slider("Slices", 0, n - 1, (0, n - 1), key=f"segment-slices-{tomograms[0].id}")
    return (None if low == 0 else low), (None if high == n - 1 else high + 1)


def _advanced(first: int | None, last: int | None) -> SegmentSettings | None:
    tta = st.selectbox(
        "Test-time augmentation",
        get_args(TestTimeAugmentation),
        format_func=lambda each: TTA_WORDS[each],
        key="segment-tta",
        help="Averages over turned copies of each slice: smoother outlines, fewer false ones.",
    )
    left, right = st.columns(2)
    tile = left.number_input(
        "Tile, px", 32, 8192, None, 32, key="segment-tile", placeholder="automatic",
        help="Side of the squares that a slice is cut into; smaller ones need less memory.",
    )  # fmt: skip
    overlap = right.number_input("Overlap, px", 0, 1024, DEFAULT_OVERLAP_PX, 16, key="segment-overlap")
    precision = left.selectbox(
        "Precision",
        get_args(Precision),
        format_func=lambda each: PRECISION_WORDS[each],
        key="segment-precision",
    )
    threshold = right.number_input(
        "Threshold", 0.0, 0.99, None, 0.05, key="segment-threshold", placeholder="the model's",
        help="Can be changed afterwards without segmenting again.",
    )  # fmt: skip
    absorbing = left.selectbox(
        "Absorbing structures", (AS_DECLARED, *get_args(Absorbing)), key="segment-absorbing",
        help="Dark or bright, as was said when the tomogram was brought in; where nothing was, it is recognised.",
    )  # fmt: skip
    normalisation = right.selectbox(
        "Normalisation", (AS_MODEL, *get_args(Normalisation)), key="segment-normalisation"
    )
    rescale = st.checkbox(
        "Bring the pixel size to the model's", True, key="segment-rescale",
        help="A tomogram with larger or smaller pixels than the model was trained on is scaled for the network.",
    )  # fmt: skip
    try:
        return SegmentSettings(
            first_slice=first,
            last_slice=last,
            tiles=TileSettings(tile_px=None if tile is None else int(tile), overlap_px=int(overlap)),
            tta=tta,
            threshold=threshold,
            precision=precision,
            absorbing_is=None if absorbing == AS_DECLARED else absorbing,
            normalisation=None if normalisation == AS_MODEL else normalisation,
            rescale=rescale,
        )
    except SettingsError as error:
        st.error(escape_markdown(str(error)))
        return None
