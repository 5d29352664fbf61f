"""A scene's page seen from another camera: only the camera in the embedded scene is replaced."""

import base64
import io
import json
import math
import re
import zipfile
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from sxt.errors import InputError
from sxt.workspace import Camera

EMBEDDED = re.compile(r'(const base64Str = ")([A-Za-z0-9+/=]+)(")')
ENTRY = "index.json"
DEPTH_RATIO = 1000.0
"""Of the farthest to the nearest depth that is drawn; more than that costs precision."""

REMEMBERED_PAGES = 4


def page_with_camera(path: Path, camera: Camera) -> str:
    """Return the page of a scene, as `sxt.surface` writes it, looking from ``camera``.

    Raises
    ------
    InputError
        Where the page holds no scene.
    """
    return _page_with_camera(path, path.stat().st_mtime_ns, camera)


@lru_cache(maxsize=REMEMBERED_PAGES)
def _page_with_camera(path: Path, _version: int, camera: Camera) -> str:
    page = path.read_text(encoding="utf-8")
    found = EMBEDDED.search(page)
    if found is None:
        raise InputError(f"{path.name} holds no scene; make the surface again.")
    try:
        with zipfile.ZipFile(io.BytesIO(base64.b64decode(found[2]))) as archive:
            content = json.loads(archive.read(ENTRY))
        _move_camera(content["scene"], camera)
    except (ValueError, KeyError, StopIteration, zipfile.BadZipFile) as error:
        raise InputError(f"The scene in {path.name} is damaged; make the surface again.") from error
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(ENTRY, json.dumps(content))
    replaced = base64.b64encode(packed.getvalue()).decode()
    return f"{page[: found.start(2)]}{replaced}{page[found.end(2) :]}"


def _move_camera(scene: dict[str, Any], camera: Camera) -> None:
    wanted = scene["extra"]["camera"]
    properties = next(each["properties"] for each in _entries(scene) if each.get("id") == wanted)
    far = properties["clippingRange"][1] + math.dist(properties["position"], camera.position)
    properties |= {
        "position": camera.position,
        "focalPoint": camera.focal_point,
        "viewUp": camera.view_up,
        "clippingRange": (far / DEPTH_RATIO, far),
    }
    if camera.parallel_scale is not None:
        properties |= {"parallelProjection": True, "parallelScale": camera.parallel_scale}
    scene["extra"]["centerOfRotation"] = camera.focal_point


def _entries(entry: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield entry
    for each in entry.get("dependencies", []):
        yield from _entries(each)
