"""What the page Label works on: one tomogram's labels, whoever looks at them, and where the canvas is."""

import secrets
from dataclasses import dataclass
from functools import cached_property

import streamlit as st

from sxt.labels import LabelSet, PseudoLabels, ReviewItem, SliceKey
from sxt.ui.access.user import current_user
from sxt.ui.label.component import CanvasRequest, CanvasState, LabelView, told_state
from sxt.ui.services import services
from sxt.workspace import SegmentationManifest, TomogramManifest, Workspace

PAGE = "label"
REQUEST_KEY = "label-request"


@dataclass(frozen=True)
class LabelSession:
    """One run of the page."""

    workspace: Workspace
    tomogram: TomogramManifest
    labels: LabelSet
    by: str
    canvas: CanvasState

    @property
    def canvas_key(self) -> str:
        return canvas_key(self.tomogram.id)

    @property
    def key(self) -> SliceKey:
        """The slice that is looked at."""
        view = self.canvas.view
        if view.position is None:
            return SliceKey("z", self.tomogram.shape[0] // 2)
        plane = view.plane
        index = view.position["zyx".index(plane)]
        return SliceKey(plane, min(index, self.tomogram.shape["zyx".index(plane)] - 1))

    @cached_property
    def pseudo(self) -> PseudoLabels:
        return PseudoLabels(self.labels)

    @cached_property
    def labelled(self) -> list[int]:
        """Slices along z that hold labels of people."""
        return self.labels.volume.list_slices()

    @cached_property
    def queue(self) -> tuple[ReviewItem, ...]:
        """Slices that have pseudo-labels, the least sure first."""
        return self.pseudo.review_queue()

    @cached_property
    def segmentations(self) -> list[SegmentationManifest]:
        """The tomogram's segmentations, newest first."""
        return [each for each in self.workspace.segmentations.list() if each.tomogram_id == self.tomogram.id]


def open_session(tomogram: TomogramManifest) -> LabelSession:
    """Open the labels of a tomogram, which are made the first time."""
    by, workspace = current_user(), services().workspace
    labels = workspace.open_labels(tomogram.id, by=by)
    return LabelSession(workspace, tomogram, labels, by, told_state(canvas_key(tomogram.id)))


def canvas_key(tomogram_id: str) -> str:
    """Return the name of a tomogram's canvas."""
    return f"label-canvas-{tomogram_id}"


def ask_canvas(*, z: int | None = None, view: LabelView | None = None) -> None:
    """Have the canvas go somewhere or show something when it is drawn next; for callbacks."""
    st.session_state[REQUEST_KEY] = CanvasRequest(secrets.token_hex(4), z, view)


def asked_of_canvas() -> CanvasRequest | None:
    """Return what `ask_canvas` asked for last."""
    request: CanvasRequest | None = st.session_state.get(REQUEST_KEY)
    return request
