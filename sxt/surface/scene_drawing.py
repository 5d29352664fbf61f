"""Draw a scene in a process of its own."""

import json
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from sxt.progress import CancelToken
from sxt.surface.rendering import run_apart
from sxt.surface.scene_content import SceneClass
from sxt.surface.scene_slices import SliceVolume, save_slices

SCENE_MODULE = "sxt.surface.scene"


@dataclass(frozen=True)
class SceneRequest:
    """What to draw.

    Parameters
    ----------
    mesh : Path
        The display mesh.
    unit : {"nm", "px"}
        Of its points.
    colour_by : {"component", "class"}
    title, caption : str
    table : Path or None
        The measurements.
    classes : sequence of SceneClass
    slices : SliceVolume or None
    """

    mesh: Path
    unit: str
    colour_by: str
    title: str
    caption: str
    table: Path | None = None
    classes: Sequence[SceneClass] = ()
    slices: SliceVolume | None = None


def draw_scene(
    request: SceneRequest,
    *,
    page: Path | None = None,
    picture: Path | None = None,
    cancel: CancelToken | None = None,
) -> None:
    """Draw a page, a picture or both; the caller sees to their being whole.

    Raises
    ------
    ResourceError
        Where nothing can be drawn on this machine, with the packages to install.
    Cancelled
    """
    arguments = [f"--unit={request.unit}", f"--colour-by={request.colour_by}", f"--title={request.title}"]
    arguments += [
        f"--caption={request.caption}",
        f"--classes={json.dumps([asdict(e) for e in request.classes])}",
    ]
    named = {"html": page, "snapshot": picture, "table": request.table}
    arguments += [f"--{name}={path.resolve()}" for name, path in named.items() if path is not None]
    with tempfile.TemporaryDirectory(prefix="sxt-scene.") as folder:
        if request.slices is not None:
            slices = Path(folder) / "slices.npz"
            save_slices(slices, request.slices)
            arguments.append(f"--slices={slices}")
        run_apart(["-m", SCENE_MODULE, str(request.mesh.resolve()), *arguments], cancel=cancel)
