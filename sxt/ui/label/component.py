"""The label canvas as a page uses it: the slice viewer with tools that draw."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

import streamlit as st

from sxt.labels import LabelClass
from sxt.ui.label.routes import API_PATH
from sxt.ui.services import base_path
from sxt.ui.viewer import Mark, OverlaySource, ViewerSource, ViewerState
from sxt.ui.viewer.component import WEB_DIR as VIEWER_DIR
from sxt.ui.viewer.component import describe_overlay, parse_state, slices_url

WEB_DIR = Path(__file__).with_name("web")
VIEWER_ENTRY = "90_entry.js"
FIRST_BRUSH_PX = 12
HEIGHT_PX = 700

LabelView = Literal["labels", "pseudo", "confidence", "disagreement"]


@dataclass(frozen=True)
class ShownRegion:
    """A rectangle of a slice along z that is worth a look: (row, column) from ``start`` up to ``stop``."""

    z: int
    start: tuple[int, int]
    stop: tuple[int, int]


@dataclass(frozen=True)
class ShownDisagreement:
    """How the canvas asks for the disagreement of a slice along z, and on which slices there is one; None for all."""

    query: str
    slices: tuple[int, ...] | None = None


@dataclass(frozen=True)
class CanvasContent:
    """What the canvas shows and offers.

    Parameters
    ----------
    source : ViewerSource
        The tomogram.
    classes : sequence of LabelClass
        In the order of the keys 1 to 9.
    proposal : OverlaySource or None
        What a stored segmentation proposes; the assist tool takes regions from it.
    marks : sequence of Mark
        For the rail.
    suggestions : sequence of int
        Slices along z that the key ``n`` goes to, best first.
    regions : sequence of ShownRegion
    has_pseudo : bool
        Whether any slice has pseudo-labels.
    disagreement : ShownDisagreement or None
        Of predictions, where slices were ranked by it.
    """

    source: ViewerSource
    classes: Sequence[LabelClass]
    proposal: OverlaySource | None = None
    marks: Sequence[Mark] = ()
    suggestions: Sequence[int] = ()
    regions: Sequence[ShownRegion] = ()
    has_pseudo: bool = False
    disagreement: ShownDisagreement | None = None


@dataclass(frozen=True)
class CanvasRequest:
    """What the page wants of the canvas once; another stamp asks anew.

    Parameters
    ----------
    stamp : str
    z : int or None
        The slice to go to.
    view : str or None
        What to lay over the slices.
    """

    stamp: str
    z: int | None = None
    view: LabelView | None = None


@dataclass(frozen=True)
class CanvasState:
    """What the browser told: where it is, and how many slices it saw labelled and how many strokes corrected."""

    view: ViewerState
    n_labelled: int | None = None
    n_reviewed: int = 0


def label_canvas(
    key: str,
    content: CanvasContent,
    *,
    request: CanvasRequest | None = None,
    height_px: int = HEIGHT_PX,
) -> CanvasState:
    """Show the slices of a tomogram with its labels and the tools that change them.

    Strokes go from the browser to `sxt.ui.label.routes` and are on disk when the canvas says "saved"; the page does not
    run for them. It runs half a second after the user has gone to another slice, or the number of labelled slices has
    changed: call this inside a `fragment`.

    Parameters
    ----------
    key : str
    content : CanvasContent
    request : CanvasRequest, optional
        Where to go and what to lay over the slices.
    height_px : int

    Returns
    -------
    CanvasState
    """
    segmentation = None if content.proposal is None else content.proposal.item_id
    label = {
        "url": f"{base_path()}{API_PATH}/{content.source.item_id}",
        "classes": [
            {"value": each.value, "name": each.name, "colour": each.colour} for each in content.classes
        ],
        "segmentation": segmentation,
        "suggestions": list(content.suggestions),
        "regions": [asdict(each) for each in content.regions],
        "has_pseudo": content.has_pseudo,
        "disagreement": None if content.disagreement is None else asdict(content.disagreement),
        "request": None if request is None else asdict(request),
    }
    source = content.source
    data = {
        "key": key,
        "name": source.name,
        "voxel_size_nm": source.voxel_size_nm,
        "source": {"url": slices_url("tomogram", source.item_id), "version": source.version},
        "overlay": describe_overlay(content.proposal),
        "before": None,
        "height_px": height_px,
        "position": None,
        "plane": None,
        "limits": None,
        "marks": [asdict(mark) for mark in content.marks],
        "brush_px": FIRST_BRUSH_PX,
        "voxel_size_url": None,
        "label": label,
    }
    result = _renderer()(key=key, data=data, on_view_change=_ignore)
    return parse_canvas_state(result.view)


def told_state(key: str) -> CanvasState:
    """Return what the canvas told when the page ran last, before it is drawn."""
    state = st.session_state.get(key)
    return parse_canvas_state(None if state is None else state.get("view"))


def parse_canvas_state(told: Any) -> CanvasState:
    """Return what the browser told; what is not of the right form is taken for not told."""
    numbers = told if isinstance(told, dict) else {}
    labelled, reviewed = numbers.get("n_labelled"), numbers.get("n_reviewed")
    return CanvasState(
        parse_state(told),
        n_labelled=labelled if type(labelled) is int else None,
        n_reviewed=reviewed if type(reviewed) is int else 0,
    )


def scripts() -> list[Path]:
    """Return the canvas's scripts in their order: the viewer's without its entry, then its own."""
    viewer = [path for path in sorted(VIEWER_DIR.glob("*.js")) if path.name != VIEWER_ENTRY]
    return [*viewer, *sorted(WEB_DIR.glob("*.js"))]


def _ignore() -> None:
    """Stand for a callback: what changed is in the result."""


@cache
def _renderer() -> Any:
    """Register the component once; its scripts are one module."""
    styles = (VIEWER_DIR / "viewer.css", WEB_DIR / "label.css")
    return st.components.v2.component(
        "sxt.label_canvas",
        html=(VIEWER_DIR / "viewer.html").read_text(encoding="utf-8"),
        css="\n".join(path.read_text(encoding="utf-8") for path in styles),
        js="\n".join(path.read_text(encoding="utf-8") for path in scripts()),
    )
