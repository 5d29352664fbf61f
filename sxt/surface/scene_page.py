"""A plotter as one self-contained HTML page that opens offline and asks nothing of any other host."""

import base64
import gzip
import html
import io
import json
import re
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from trame_vtk.modules.vtk.serializers import (
    SynchronizationContext,
    extract_array_hash,
    initialize_serializers,
    reference_id,
    serialize,
    serialize_widget,
)
from trame_vtk.tools.vtksz2html import HTML_VIEWER_PATH

from sxt.surface.scene_content import NO_VIEW, SCENE_META, as_script

WEB_DIR = Path(__file__).parent / "scene_web"
CONTROLS_DIR = WEB_DIR / "controls"
"""Scripts, joined in the order of their names."""

FRAME_TYPE = "vtkCubeAxesActor"
FRAME_TEXT = "#ffffff"
"""The page draws labels under the scene's light, which dims this to a light grey."""

SCENE_ENTRY = "index.json"
LOADER = WEB_DIR / "load.js"
REMOTE_ICON = "https://kitware.github.io/vtk-js/icon/"
"""Where the viewer would fetch its page icon from."""

CONTENT_POLICY = (
    "default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval' blob:; style-src 'unsafe-inline'; "
    "img-src data: blob:; connect-src data: blob:; worker-src blob: data:; font-src data:"
)
"""The page may use what it carries, and nothing else."""
STYLE = (
    "body { background: #15171a; } "
    "#caption { position: absolute; z-index: 10; top: 16px; left: 20px; color: #c8ccd2; pointer-events: none; "
    "font: 14px/1.5 system-ui, sans-serif; text-shadow: 0 0 4px #15171a; } "
    "#caption small { color: #9aa0a6; }"
)
THOUSANDS = re.compile(r"(?<=\d)(?=(?:\d{3})+\b)")
HINT = "drag turns · wheel zooms · shift and drag moves"


def write_scene_page(
    plotter: Any, path: Path, *, title: str, caption: str, content: Mapping[str, Any] | None = None
) -> None:
    """Write a plotter's scene as an interactive page.

    Parameters
    ----------
    plotter : pyvista.Plotter
        Drawn once if it was not yet.
    path : Path
        Written as it goes; the caller sees to its being whole.
    title, caption : str
        Plain text, escaped here.
    content : mapping, optional
        As `describe_scene` gives it; with it the page has controls, tells of the component that is clicked, and
        understands the page around it.

    Notes
    -----
    The scene is what trame's local view would send to a browser, embedded with trame-vtk's own offline viewer. It is
    gathered without starting a trame server: a server needs the main thread and a free port, and asks other hosts
    for files that this page does not need.
    """
    viewer = HTML_VIEWER_PATH.read_text(encoding="utf-8")
    arrays = _pack(_describe(plotter))
    path.write_text(_finish(viewer, arrays, title, caption, content), encoding="utf-8")


def _describe(plotter: Any) -> dict[str, Any]:
    """Return the scene and its arrays as vtk.js reads them."""
    plotter.render()
    window = plotter.render_window
    camera = window.GetRenderers().GetFirstRenderer().GetActiveCamera()
    initialize_serializers()
    context = SynchronizationContext()
    context.set_ignore_last_dependencies(True)
    scene = serialize(None, window, reference_id(window), context, 1)
    scene["extra"] = {
        "vtkRefId": reference_id(window),
        "centerOfRotation": camera.GetFocalPoint(),
        "camera": reference_id(camera),
    }
    scene["behaviors"] = {}
    for renderer in plotter.renderers:
        if renderer.axes_widget is not None:
            serialize_widget(scene["behaviors"], renderer.axes_widget)
    _restyle_frame(scene)
    _hide_planes(scene)
    hashes = {
        entry["hash"]: {**entry, "content": context.get_cached_data_array(entry["hash"], False)}
        for entry in extract_array_hash(scene)
    }
    return {"scene": scene, "hashes": hashes}


def _restyle_frame(entry: dict[str, Any]) -> None:
    """Give the frame's labels the page's font and a colour that can be read."""
    properties = entry.get("properties", {})
    if entry.get("type") == FRAME_TYPE:
        for key in ("axisTextStyle", "tickTextStyle"):
            properties[key] |= {"fontFamily": "sans-serif", "fontColor": FRAME_TEXT}
    for each in entry.get("dependencies", []):
        _restyle_frame(each)


def _hide_planes(entry: dict[str, Any]) -> None:
    """Let what has a texture wait until the page's script has painted it."""
    if any(name == "addTexture" for name, *_ in entry.get("calls", [])):
        entry["properties"]["visibility"] = 0
    for each in entry.get("dependencies", []):
        _hide_planes(each)


def _pack(scene: dict[str, Any]) -> str:
    """Return the elements that carry the scene and give it to the viewer.

    The viewer reads an archive; this one is compressed as a whole, so that the browser unpacks it and not a script.
    """
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", compression=zipfile.ZIP_STORED) as entries:
        entries.writestr(SCENE_ENTRY, json.dumps(scene))
    packed = base64.b64encode(gzip.compress(archive.getvalue(), mtime=0)).decode("ascii")
    return (
        f'<script type="application/gzip" id="sxt-arrays">{packed}</script>'
        f"<script>{LOADER.read_text(encoding='utf-8')}</script>"
    )


def _group_digits(text: str) -> str:
    """Set thousands apart by a thin space: ``199 952``."""
    return THOUSANDS.sub("\u2009", text)


def _finish(viewer: str, arrays: str, title: str, caption: str, content: Mapping[str, Any] | None) -> str:
    """Name the page, lay its caption over the scene, and keep it from asking anything of other hosts."""
    name = html.escape(title)
    head, body = viewer.split("</head>", 1)
    head = re.sub(r"<title>.*?</title>", lambda _: f"<title>{name}</title>", head, count=1, flags=re.DOTALL)
    policy = f'<meta http-equiv="Content-Security-Policy" content="{html.escape(CONTENT_POLICY)}" />'
    version = "" if content is None else f'<meta name="{SCENE_META}" content="{content["version"]}" />'
    head = head.replace('<meta charset="utf-8" />', f'<meta charset="utf-8" />{version}\n    {policy}', 1)
    overlay = (
        f'<div id="caption"><strong>{name}</strong><br />{html.escape(_group_digits(caption))}<br />'
        f"<small>{html.escape(HINT)}</small></div>"
    )
    opening, rest = body.split("<body>", 1)
    style, controls = STYLE, ""
    if content is not None:
        style += (WEB_DIR / "scene.css").read_text(encoding="utf-8")
        scripts = "".join(each.read_text(encoding="utf-8") for each in sorted(CONTROLS_DIR.glob("*.js")))
        controls = (
            f'<script type="application/json" id="sxt-scene">{as_script(content)}</script>{NO_VIEW}'
            f'<script>(() => {{\n"use strict";\n{scripts}}})();</script>'
        )
    page = (
        f'{head}<style>{style}</style>\n  </head>{opening}<body>\n    <div class="content"></div>{overlay}{controls}'
        f"{arrays}{rest}"
    )
    return page.replace(REMOTE_ICON, "data:,")
