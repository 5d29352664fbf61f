"""What the page tells the scene in its frame, and what it hears from there."""

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import streamlit as st
from pydantic import ValidationError
from streamlit.delta_generator import DeltaGenerator

from sxt.workspace import SceneView

WEB_DIR = Path(__file__).parent / "web"
HIDDEN_KEY = "sxt-hidden"


def show_in_scene(
    scene: str, *, visible: Sequence[int] | None, selected: int | None, on_pick: Callable[[], None], key: str
) -> None:
    """Let a scene show some components and light one up; `has_come_up` says whether it is there.

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
        _renderer()(key=key, data=data, on_picked_change=on_pick, on_ready_change=_ignore)


def has_come_up(key: str) -> bool:
    """Return whether the scene has been drawn, or did not come for so long that nothing should wait for it."""
    return dict(st.session_state.get(key) or {}).get("ready") is True


def picked_id(key: str) -> int | None:
    """Return the id of the component that was clicked last; None where the click met none."""
    told = dict(st.session_state.get(key) or {}).get("picked")
    found = told.get("id") if isinstance(told, dict) else None
    return found if isinstance(found, int) and not isinstance(found, bool) else None


def hear_view(scene: str, *, key: str) -> SceneView | None:
    """Return how a scene is seen; None before it has said so.

    The browser tells it a quarter of a second after the last movement, which runs the page again: call this inside a
    fragment.
    """
    data = {"role": "view", "scene": scene}
    with _out_of_sight(key):
        result = _renderer()(key=key, data=data, on_view_change=_ignore)
    return parse_view(result.view)


def parse_view(told: Any) -> SceneView | None:
    """Return what the browser told as a view; None for anything that is none."""
    try:
        return SceneView.model_validate(told)
    except ValidationError:
        return None


def _out_of_sight(key: str) -> DeltaGenerator:
    """Return a container that takes no room on the page."""
    st.html(f"<style>.st-key-{HIDDEN_KEY}-{key} {{ position: absolute; height: 0; }}</style>")
    return st.container(key=f"{HIDDEN_KEY}-{key}")


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
