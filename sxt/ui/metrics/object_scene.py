"""What is right and wrong around an object, in 3D."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sxt.errors import InputError
from sxt.metrics.plot_style import plain_text
from sxt.tomogram import VoxelSize
from sxt.ui.metrics.looked_at import CLASSES, LookedAt, map_overlay
from sxt.ui.viewer.component import Box, Position
from sxt.ui.viewer.error_maps import open_map
from sxt.workspace import Workspace

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

MARGIN_SHARE = 0.3
"""What is shown around an object, as a share of its size."""

SMALLEST_MARGIN_PX = 4
MOST_PX = 320
"""Longest side of what is shown; of a larger object the part around its middle."""

MOST_CELLS = 80
"""Longest side after leaving out voxels: keeps meshes small enough to turn at once."""

HEIGHT_PX = 320
VIEW_FROM = (0.45, 0.75, 0.6)
"""Direction (x, y, z) of the camera from the middle, and below its distance in longest sides: all is in sight."""

VIEW_DISTANCE = 1.75
SOLID, FAINT = 0.95, 0.35
OBJECT_LINE = "#888888"


@dataclass(frozen=True)
class Surroundings:
    """Codes of right and wrong around an object.

    Parameters
    ----------
    codes : ndarray
        (z, y, x) uint8 as of the map of errors.
    first : tuple of int
        The tomogram's voxel (z, y, x) of the first one.
    steps : tuple of int
        Voxels of the tomogram that one stands for, (z, y, x).
    is_whole : bool
        Whether the object is shown whole.
    """

    codes: np.ndarray
    first: Position
    steps: tuple[int, int, int]
    is_whole: bool


def read_surroundings(workspace: Workspace, looked_at: LookedAt, box: Box) -> Surroundings:
    """Read what is right and wrong in and around the box of an object, thinned out where it is large.

    Raises
    ------
    InputError
        Where the segmentation or the labels are not there any more.
    """
    overlay = map_overlay(workspace, looked_at, "errors", looked_at.version)
    volume = open_map(workspace, "errors", overlay.item_id)
    parts, steps, is_whole = [], [], True
    for axis, size in enumerate(volume.shape):
        low, high = (each[axis] - overlay.origin[axis] for each in box)
        margin = max(SMALLEST_MARGIN_PX, round((high - low + 1) * MARGIN_SHARE))
        start, stop = max(0, low - margin), min(size, high + 1 + margin)
        if stop - start > MOST_PX:
            middle = (low + high) // 2
            start = min(max(0, middle - MOST_PX // 2), size - MOST_PX)
            stop, is_whole = start + MOST_PX, False
        parts.append(slice(start, stop))
        steps.append(max(1, -(-(stop - start) // MOST_CELLS)))
    if not all(part.stop > part.start for part in parts):
        raise InputError("The object lies outside of what is segmented now; compare again.")
    z, y, x = parts
    read = volume.levels[0].read
    slices = [
        read((slice(k, k + 1), y, x))[0, 0, :: steps[1], :: steps[2]]
        for k in range(z.start, z.stop, steps[0])
    ]
    first = tuple(part.start + at for part, at in zip(parts, overlay.origin, strict=True))
    return Surroundings(
        np.stack(slices), (first[0], first[1], first[2]), (steps[0], steps[1], steps[2]), is_whole
    )


def draw_surroundings(found: Surroundings, box: Box, size: VoxelSize | None) -> "Figure":
    """Draw right and wrong as surfaces, with the box of the object, in µm or, without a voxel size, in voxels."""
    from plotly import graph_objects

    unit = (1.0, 1.0, 1.0) if size is None else tuple(each / 1000 for each in size)
    figure = graph_objects.Figure()
    for each in CLASSES["errors"]:
        mesh = _mesh(found, found.codes == each.value, unit)
        if mesh is not None:
            vertices, faces = mesh
            figure.add_mesh3d(
                **dict(zip("zyx", vertices.T, strict=True)),
                **dict(zip("ijk", faces.T, strict=True)),
                color=each.colour,
                opacity=FAINT if each.value == 1 else SOLID,
                name=plain_text(each.name),
                hovertemplate=f"{plain_text(each.name)}<br>z %{{z:.3f}}, y %{{y:.3f}}, x %{{x:.3f}}<extra></extra>",
                lighting={"ambient": 0.85, "diffuse": 0.35, "specular": 0.05},
                showlegend=True,
            )
    corners = np.array([[at - 0.5 for at in box[0]], [at + 0.5 for at in box[1]]]) * unit  # (2, 3)
    figure.add_scatter3d(
        **_edges(corners),
        mode="lines",
        line={"color": OBJECT_LINE, "width": 3},
        name="the object",
        hoverinfo="skip",
    )
    axis = "µm" if size is not None else "px"
    sides = np.array(found.codes.shape) * found.steps * unit
    distance = VIEW_DISTANCE * sides.max() / np.cbrt(sides.prod())  # Plotly's unit is the mean side
    figure.update_layout(
        height=HEIGHT_PX,
        margin={"l": 0, "r": 0, "t": 0, "b": 0},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom"},
        scene={
            "aspectmode": "data",
            "camera": {"eye": {name: distance * each for name, each in zip("xyz", VIEW_FROM, strict=True)}},
            **{
                f"{name}axis": {"title": {"text": f"{name}, {axis}", "font": {"size": 11}}, "nticks": 4}
                for name in "xyz"
            },
            "yaxis_autorange": "reversed",
        },
    )
    return figure


def _mesh(
    found: Surroundings, mask: np.ndarray, unit: tuple[float, ...]
) -> tuple[np.ndarray, np.ndarray] | None:
    """Return vertices (n, 3), (z, y, x), and faces (m, 3) of a mask's surface, closed at the rim."""
    from skimage.measure import marching_cubes

    if not mask.any():
        return None
    vertices, faces, _, _ = marching_cubes(np.pad(mask, 1).astype(np.float32), 0.5)
    steps, first = np.array(found.steps), np.array(found.first)
    places = (vertices - 1) * steps + first + (steps - 1) / 2
    return (places * unit).astype(np.float32), faces.astype(np.int32)


def _edges(corners: np.ndarray) -> dict[str, list[float | None]]:
    """Return the twelve edges of a box as one broken line; ``corners`` (2, 3) are (z, y, x)."""
    line: list[tuple[float | None, ...]] = []
    for axis in range(3):
        others = [each for each in range(3) if each != axis]
        for bits in np.ndindex(2, 2):
            for end in (0, 1):
                which = {axis: end, others[0]: bits[0], others[1]: bits[1]}
                line.append(tuple(float(corners[which[each], each]) for each in range(3)))
            line.append((None, None, None))
    return {name: [each[axis] for each in line] for axis, name in enumerate("zyx")}
