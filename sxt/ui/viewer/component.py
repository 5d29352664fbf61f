"""The slice viewer as a page uses it: what to show in, what the user chose out."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

import streamlit as st

from sxt.errors import SettingsError
from sxt.tomogram import VoxelSize
from sxt.ui.services import base_path
from sxt.ui.viewer.locate import VolumeKind
from sxt.ui.viewer.routes import API_PATH
from sxt.ui.viewer.tiers import Plane

WEB_DIR = Path(__file__).with_name("web")
DEFAULT_HEIGHT_PX = 640
DEFAULT_OPACITY = 0.5

OverlayKind = Literal["mask", "labels", "probability", "uncertainty"]
MarkKind = Literal["label", "pseudo", "suggestion", "error", "note"]
Position = tuple[int, int, int]
Box = tuple[Position, Position]
"""First and last voxel (z, y, x), both within it."""


@dataclass(frozen=True)
class ViewerSource:
    """A tomogram to look at.

    Parameters
    ----------
    item_id : str
        Of the tomogram in the workspace.
    name : str
        For the user and for the names of downloaded pictures.
    voxel_size_nm : tuple of float or None
        (z, y, x); where None, lengths are shown in pixels.
    version : str
        Another one says that the volume has changed; with the same one the browser may keep what it has.
    """

    item_id: str
    name: str
    voxel_size_nm: VoxelSize | None = None
    version: str = "1"


@dataclass(frozen=True)
class OverlayClass:
    """A class of an overlay: its value in the mask (or the channel's number from 1), name, and colour ``#RRGGBB``.

    Where it is hatched, its stripes may lean the other way: back.
    """

    value: int
    name: str
    colour: str
    is_hatched: bool = False
    is_back_hatched: bool = False


@dataclass(frozen=True)
class OverlaySource:
    """What is drawn over the grey values, in false colour.

    Parameters
    ----------
    volume : str
        Kind of the volume: ``mask``, ``probability``, ``labels``, ``partial``, or one that is worked out.
    item_id : str
        Of the segmentation; of the tomogram where the volume is ``labels``; see `sxt.ui.viewer.error_maps` for others.
    name : str
        For the user.
    kind : {"mask", "labels", "probability", "uncertainty"}
        How its values are read: classes, classes with 255 for unlabelled, probabilities that a threshold makes a mask,
        or a number from 0 to 1 in viridis.
    classes : tuple of OverlayClass
        Of a probability in the order of its channels.
    version : str
        As in `ViewerSource`.
    threshold : float
        In [0, 1); for a probability, at first.
    opacity : float
        In [0, 1], at first.
    origin : tuple of int
        The tomogram's voxel (z, y, x) that its first one lies on.
    hatched_slices : tuple of int
        The tomogram's slices along z that are drawn hatched, as pseudo-labels are.
    """

    volume: VolumeKind
    item_id: str
    name: str
    kind: OverlayKind
    classes: tuple[OverlayClass, ...] = ()
    version: str = "1"
    threshold: float = 0.5
    opacity: float = DEFAULT_OPACITY
    origin: Position = (0, 0, 0)
    hatched_slices: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if not 0.0 <= self.threshold < 1.0:
            raise SettingsError(f"The threshold is {self.threshold}; use a probability from 0 up to 1.")
        if not 0.0 <= self.opacity <= 1.0:
            raise SettingsError(f"The opacity is {self.opacity}; use a number from 0 to 1.")


@dataclass(frozen=True)
class Mark:
    """A mark beside the slices: index along z, what it stands for, and a few words shown under the pointer."""

    index: int
    kind: MarkKind
    text: str


@dataclass(frozen=True)
class ViewerState:
    """What the user chose in the viewer; None where they have not chosen yet.

    Parameters
    ----------
    position : tuple of int or None
        (z, y, x) of the point that the planes go through.
    plane : {"z", "y", "x"}
    limits : tuple of float or None
        Grey values shown black and white.
    is_inverted, is_overlay_on : bool
    threshold, opacity : float or None
        Of the overlay; None also where they were chosen for another one, or before the page gave others.
    brush_px : int or None
        Size of the brush, where there is one.
    """

    position: Position | None = None
    plane: Plane = "z"
    limits: tuple[float, float] | None = None
    is_inverted: bool = False
    is_overlay_on: bool = True
    threshold: float | None = None
    opacity: float | None = None
    brush_px: int | None = None


def slice_viewer(
    key: str,
    *,
    source: ViewerSource,
    overlay: OverlaySource | None = None,
    before: OverlaySource | None = None,
    height_px: int = DEFAULT_HEIGHT_PX,
    position: Position | None = None,
    plane: Plane | None = None,
    limits: tuple[float, float] | None = None,
    marks: Sequence[Mark] = (),
    brush_px: int | None = None,
    voxel_size_url: str | None = None,
    link: str | None = None,
    box: Box | None = None,
) -> ViewerState:
    """Show the slices of a tomogram.

    The browser fetches slices itself (see `viewer_routes`), so scrubbing, contrast, opacity, colours and threshold act
    without the page running again. What the user chose comes back half a second after the last change, which runs the
    page: call this inside a `fragment` so that only the fragment does.

    Parameters
    ----------
    key : str
        Names the viewer; with the same key it keeps what was chosen when the page changes.
    source : ViewerSource
    overlay : OverlaySource, optional
    before : OverlaySource, optional
        Another overlay, shown to the left of the divider when comparing; without it that side shows grey values alone.
    height_px : int
        Of the whole viewer.
    position, plane, limits : optional
        Where to start; given again with another value they move the viewer there.
    marks : sequence of Mark
        Shown on the rail beside the picture.
    brush_px : int, optional
        Shows a brush of that size under the pointer, which ``[`` and ``]`` change.
    voxel_size_url : str, optional
        Where the voxel size can be set, offered where it is not known.
    link : str, optional
        Viewers of one link show the same slice, planes, zoom and contrast: what is done in one is done in all.
    box : tuple, optional
        What to bring to the middle, large enough to be seen; given again with another value it moves there.

    Returns
    -------
    ViewerState
    """
    data = {
        "key": key,
        "name": source.name,
        "voxel_size_nm": source.voxel_size_nm,
        "source": {"url": slices_url("tomogram", source.item_id), "version": source.version},
        "overlay": describe_overlay(overlay),
        "before": describe_overlay(before),
        "height_px": height_px,
        "position": position,
        "plane": plane,
        "limits": limits,
        "marks": [asdict(mark) for mark in marks],
        "brush_px": brush_px,
        "voxel_size_url": voxel_size_url,
        "link": link,
        "box": box,
    }
    result = _renderer()(key=key, data=data, on_view_change=_ignore)
    return parse_state(result.view, overlay)


def slices_url(kind: VolumeKind, item_id: str) -> str:
    """Return the address of a volume's slices on this server, without the host."""
    return f"{base_path()}{API_PATH}/{kind}/{item_id}"


def parse_state(told: Any, overlay: OverlaySource | None = None) -> ViewerState:
    """Return what the browser told as a state; what is not of the right form is taken for not chosen.

    So are threshold and opacity that were not chosen for ``overlay`` as it is given now: what the browser told last
    stays when the page shows something else.
    """
    if not isinstance(told, dict):
        return ViewerState()
    is_of_overlay = overlay is not None and told.get("overlay") == _given_id(overlay)
    of_overlay = told if is_of_overlay else {}
    position, limits = _numbers(told.get("position"), 3), _numbers(told.get("limits"), 2)
    plane, brush = told.get("plane"), _number(told.get("brush_px"))
    return ViewerState(
        position=(int(position[0]), int(position[1]), int(position[2])) if position else None,
        plane=plane if plane in ("z", "y", "x") else "z",
        limits=(limits[0], limits[1]) if limits else None,
        is_inverted=told.get("is_inverted") is True,
        is_overlay_on=told.get("is_overlay_on") is not False,
        threshold=_number(of_overlay.get("threshold")),
        opacity=_number(of_overlay.get("opacity")),
        brush_px=None if brush is None else int(brush),
    )


def describe_overlay(overlay: OverlaySource | None) -> dict[str, Any] | None:
    """Return an overlay as the browser takes it."""
    if overlay is None:
        return None
    url = slices_url(overlay.volume, overlay.item_id)
    return asdict(overlay) | {
        "url": url,
        "id": f"{overlay.kind} {overlay.item_id}",
        "given_id": _given_id(overlay),
    }


def _given_id(overlay: OverlaySource) -> str:
    """Return what tells apart overlays, and the same one given with other values."""
    return f"{overlay.kind} {overlay.item_id} {overlay.threshold:g} {overlay.opacity:g}"


def _number(value: Any) -> float | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and math.isfinite(value) else None


def _numbers(values: Any, n: int) -> list[float] | None:
    if not isinstance(values, list | tuple) or len(values) != n:
        return None
    numbers = [number for each in values if (number := _number(each)) is not None]
    return numbers if len(numbers) == n else None


def _ignore() -> None:
    """Stand for a callback: what changed is in the result."""


@cache
def _renderer() -> Any:
    """Register the component once; its scripts are one module, joined in the order of their names."""
    scripts = [path.read_text(encoding="utf-8") for path in sorted(WEB_DIR.glob("*.js"))]
    return st.components.v2.component(
        "sxt.slice_viewer",
        html=(WEB_DIR / "viewer.html").read_text(encoding="utf-8"),
        css=(WEB_DIR / "viewer.css").read_text(encoding="utf-8"),
        js="\n".join(scripts),
    )
