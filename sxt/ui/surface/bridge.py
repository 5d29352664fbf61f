"""What the page tells the scene in its frame, and what it hears from there."""

import math
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from sxt.workspace import Camera

WEB_DIR = Path(__file__).parent / "web"
HIDDEN_KEY = "sxt-hidden"
N_AXES = 3


def show_in_scene(
    scene: str, *, visible: Sequence[int] | None, selected: int | None, on_pick: Callable[[], None], key: str
) -> None:
    """Let a scene show some components and light one up.

    Parameters
    ----------
    scene : str
        Path of its address.
    visible : sequence of int or None
        Ids to show; None shows all.
    selected : int or None
    on_pick : callable
        Called when a component (or none) was clicked; `picked_id` says which.
    key : str
    """
    data = {"role": "show", "scene": scene, "visible": visible, "selected": selected}
    with _out_of_sight(key):
        _renderer()(key=key, data=data, on_picked_change=on_pick)


def picked_id(key: str) -> int | None:
    """Return the id of the component that was clicked last; None where the click met none."""
    told = dict(st.session_state.get(key) or {}).get("picked")
    found = told.get("id") if isinstance(told, dict) else None
    return found if isinstance(found, int) and not isinstance(found, bool) else None


def hear_camera(scene: str, *, key: str) -> Camera | None:
    """Return from where a scene is seen; None before it has said so.

    The browser tells it a quarter of a second after the last movement, which runs the page again: call this inside a
    fragment.
    """
    data = {"role": "camera", "scene": scene}
    with _out_of_sight(key):
        result = _renderer()(key=key, data=data, on_camera_change=_ignore)
    return parse_camera(result.camera)


def parse_camera(told: Any) -> Camera | None:
    """Return what the browser told as a camera; None for anything that is none."""
    if not isinstance(told, dict):
        return None
    vectors = [_vector(told.get(name)) for name in ("position", "focal_point", "view_up")]
    position, focal_point, view_up = vectors
    if position is None or focal_point is None or view_up is None or position == focal_point:
        return None
    scale: Any = told.get("parallel_scale")
    parallel_scale = float(scale) if _is_number(scale) and scale > 0 else None
    return Camera(position=position, focal_point=focal_point, view_up=view_up, parallel_scale=parallel_scale)


def _out_of_sight(key: str) -> DeltaGenerator:
    """Return a container that takes no room on the page."""
    st.html(f"<style>.st-key-{HIDDEN_KEY}-{key} {{ position: absolute; height: 0; }}</style>")
    return st.container(key=f"{HIDDEN_KEY}-{key}")


def _vector(values: Any) -> tuple[float, float, float] | None:
    if not isinstance(values, list | tuple) or len(values) != N_AXES or not all(map(_is_number, values)):
        return None
    return (float(values[0]), float(values[1]), float(values[2]))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _ignore() -> None:
    """Stand for a callback: what changed is in the result."""


@cache
def _renderer() -> Any:
    """Register the component once."""
    return st.components.v2.component(
        "sxt.scene_bridge",
        html='<div class="bridge"></div>',
        js=(WEB_DIR / "bridge.js").read_text(encoding="utf-8"),
    )
