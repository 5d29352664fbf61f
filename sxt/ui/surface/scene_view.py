"""The scene of a surface on the page, by stpyvista."""

import io
from functools import cache
from html import escape
from typing import Any

DEFAULT_HEIGHT_PX = 600
WIDTH_PX = 1200


def show_scene(address: str, *, key: str, height_px: int = DEFAULT_HEIGHT_PX) -> None:
    """Show the scene at an address of this server; it stays as it is while the page runs again.

    Notes
    -----
    stpyvista puts what a plotter exports into a frame. Ours exports a page that leads to the scene, which the server
    keeps ready: the browser fetches it once, apart from what Streamlit sends, and nothing is drawn in this process.
    """
    from stpyvista import stpyvista

    stpyvista(_plotter_type()(address, height_px), key=key)


def leading_page(address: str) -> str:
    """Return a page that gives its place to the one at ``address``."""
    return (
        '<!doctype html><html><head><meta charset="utf-8"><style>html, body { margin: 0; height: 100%; '
        "background: #15171a; color: #9aa0a6; font: 14px system-ui, sans-serif; } p { padding: 1rem 1.25rem; }</style>"
        f'</head><body data-scene="{escape(address, quote=True)}"><p>Loading the 3D view …</p>'
        "<script>location.replace(document.body.dataset.scene);</script></body></html>"
    )


@cache
def _plotter_type() -> Any:
    """Return the type of plotter that exports a page there is; made here because PyVista takes a second to import."""
    import pyvista as pv

    class StoredScene(pv.Plotter):
        """A plotter that never opens a window: its scene was drawn by another process."""

        def __init__(self, address: str, height_px: int) -> None:
            self._address = address
            self._height_px = height_px

        @property  # type: ignore[misc]
        def window_size(self) -> list[int]:
            return [WIDTH_PX, self._height_px]

        def export_html(self, filename: Any = None) -> io.StringIO:
            return io.StringIO(leading_page(self._address))

        def __del__(self) -> None:
            """There is nothing to close."""

    return StoredScene


def preload() -> None:
    """Import what `show_scene` needs and takes seconds to import, so that the first view does not wait for it."""
    import importlib

    for name in ("pyvista.plotting", "panel"):
        importlib.import_module(name)
