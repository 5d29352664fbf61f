"""One 3D scene of component meshes, as a PyVista plotter, a self-contained page and a picture.

As a program, ``python -m sxt.surface.scene MESH.vtp --html PAGE --snapshot PICTURE`` draws in a process of its own.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd
import pyvista as pv

from sxt.surface.mesh import ClassedMesh
from sxt.surface.palette import class_colours, component_colours
from sxt.surface.scene_content import describe_scene, parse_classes
from sxt.surface.scene_page import write_scene_page
from sxt.surface.scene_slices import SliceVolume, load_slices

ColourBy = Literal["component", "class"]
LengthUnit = Literal["nm", "px"]

BACKGROUND = "#15171a"
FRAME = "#9aa0a6"
WINDOW_SIZE = (1400, 900)
NM_PER_UM = 1000.0
N_STEPS = 5
TICK_SLACK = 0.05
"""Share of a step by which an object may stick out of the frame: half a voxel before 0 needs no tick of its own."""

SMALLEST_EXTENT = 1e-6


def poly_data(content: ClassedMesh) -> pv.PolyData:
    """Return a mesh as PyVista data in its own unit, with the point arrays ``component_id`` and ``class``."""
    surface = pv.PolyData.from_regular_faces(content.mesh.vertices, content.mesh.faces)
    surface.point_data["Normals"] = content.mesh.normals
    surface.point_data.active_normals_name = "Normals"
    surface.point_data["component_id"] = content.mesh.id_of_vertex
    surface.point_data["class"] = content.class_of_vertex
    return surface


def build_plotter(
    surface: pv.PolyData,
    *,
    unit: LengthUnit,
    colour_by: ColourBy = "component",
    window_size: tuple[int, int] = WINDOW_SIZE,
) -> pv.Plotter:
    """Build the scene: components in colour, soft light, a box with ticks, and the directions of the axes.

    Parameters
    ----------
    surface : pv.PolyData
        With the point arrays ``Normals``, ``component_id`` and ``class``, as `poly_data` and the display file
        give it; not changed.
    unit : {"nm", "px"}
        Unit of its points; nm are shown as µm.
    colour_by : {"component", "class"}
        Meaning of the colours.
    window_size : tuple of int
        (width, height) of the picture.
    """
    points = np.asarray(surface.points)
    scaled = pv.PolyData.from_regular_faces(
        points / NM_PER_UM if unit == "nm" else points, surface.regular_faces
    )
    scaled.point_data.active_normals = surface.point_data["Normals"]
    if colour_by == "class":
        scaled.point_data["colour"] = class_colours(surface.point_data["class"])
    else:
        scaled.point_data["colour"] = component_colours(surface.point_data["component_id"])
    plotter: Any = pv.Plotter(off_screen=True, window_size=list(window_size))
    plotter.set_background(BACKGROUND)
    plotter.add_mesh(
        scaled,
        scalars="colour",
        rgb=True,
        smooth_shading=True,
        split_sharp_edges=False,
        ambient=0.15,
        diffuse=0.85,
        specular=0.15,
        specular_power=20,
        show_scalar_bar=False,
    )
    _add_frame(plotter, "µm" if unit == "nm" else "px")
    plotter.camera_position = "iso"
    return plotter


def _add_frame(plotter: Any, unit_name: str) -> None:
    """Add a box around the scene whose ticks are round numbers, and the axes marker."""
    ticks = frame_ticks(np.array(plotter.bounds).reshape(3, 2))
    n_x, n_y, n_z = ticks.counts
    plotter.show_bounds(
        bounds=np.column_stack([ticks.low, ticks.high]).ravel().tolist(),
        grid="back",
        location="outer",
        ticks="outside",
        color=FRAME,
        font_size=12,
        fmt="{:.4g}",
        use_3d_text=False,
        n_xlabels=n_x,
        n_ylabels=n_y,
        n_zlabels=n_z,
        xtitle=f"x ({unit_name})",
        ytitle=f"y ({unit_name})",
        ztitle=f"z ({unit_name})",
    )
    plotter.add_axes(line_width=3, x_color="red", y_color="yellow", z_color="green", color=FRAME)


@dataclass(frozen=True)
class FrameTicks:
    """Round bounds of a scene, (3,) each, and the distance of their ticks."""

    low: np.ndarray
    high: np.ndarray
    step: float

    @property
    def counts(self) -> list[int]:
        """Number of ticks along x, y and z, both ends included."""
        return (np.rint((self.high - self.low) / self.step) + 1).astype(int).tolist()


def frame_ticks(bounds: np.ndarray) -> FrameTicks:
    """Choose ticks at multiples of 1, 2 or 5 times a power of ten around (3, 2) bounds, about five on the longest."""
    rough = max(float((bounds[:, 1] - bounds[:, 0]).max()), SMALLEST_EXTENT) / N_STEPS
    power = 10.0 ** np.floor(np.log10(rough))
    step = float(next(m * power for m in (1, 2, 5, 10) if m * power >= rough))
    low = np.floor(bounds[:, 0] / step + TICK_SLACK) * step
    high = np.maximum(np.ceil(bounds[:, 1] / step - TICK_SLACK) * step, low + step)
    return FrameTicks(low, high, step)


def add_slice_planes(plotter: Any, slices: SliceVolume, *, unit: LengthUnit) -> None:
    """Add three planes without a picture yet, normal to z, y and x in that order; the page paints and moves them."""
    scale = 1 / NM_PER_UM if unit == "nm" else 1.0
    low, high = (np.array(corner) * scale for corner in (slices.low, slices.high))
    blank = pv.Texture(np.zeros((2, 2, 3), np.uint8))
    for normal in (2, 1, 0):
        across, up = (axis for axis in range(3) if axis != normal)
        corners = np.tile(low, (4, 1))
        corners[[1, 2], across] = high[across]
        corners[[2, 3], up] = high[up]
        plane = pv.PolyData.from_regular_faces(corners, np.array([[0, 1, 2], [0, 2, 3]]))
        plane.active_texture_coordinates = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32)
        plotter.add_mesh(
            plane, texture=blank.copy(), lighting=False, name=f"plane {normal}", reset_camera=False
        )


def save_snapshot(plotter: Any, path: Path, caption: str) -> None:
    """Save the scene as a PNG picture with a caption in its corner.

    The caption names the unit of the axes: the font that VTK draws axis titles with has no µ.
    """
    frame = plotter.renderer.cube_axes_actor
    if frame is not None:
        frame.x_title, frame.y_title, frame.z_title = "x", "y", "z"
    plotter.add_text(caption, position="lower_right", font_size=9, color=FRAME, name="caption")
    plotter.screenshot(str(path))


def main(argv: Sequence[str] | None = None) -> None:
    """Draw a display mesh: a page, a picture, or both."""
    parser = argparse.ArgumentParser(prog="python -m sxt.surface.scene", description=main.__doc__)
    parser.add_argument(
        "mesh", type=Path, help="display mesh (.vtp) with component_id and class at its points"
    )
    parser.add_argument("--html", type=Path, help="the self-contained page to write")
    parser.add_argument("--snapshot", type=Path, help="the PNG picture to write")
    parser.add_argument(
        "--unit", choices=get_args(LengthUnit), default="nm", help="unit of the mesh's points"
    )
    parser.add_argument("--colour-by", choices=get_args(ColourBy), default="component")
    parser.add_argument("--title", default="Surfaces")
    parser.add_argument("--caption", default="")
    parser.add_argument(
        "--table", type=Path, help="components.csv: measurements to show, colour and filter by"
    )
    parser.add_argument("--classes", default="[]", help="JSON list of objects with value, name and colour")
    parser.add_argument("--slices", type=Path, help="grey values for planes through the scene (.npz)")
    _draw(parser.parse_args(sys.argv[1:] if argv is None else argv))


def _draw(arguments: argparse.Namespace) -> None:
    surface, is_nm = pv.PolyData(arguments.mesh), arguments.unit == "nm"
    plotter = build_plotter(surface, unit=arguments.unit, colour_by=arguments.colour_by)
    if arguments.snapshot is not None:
        axes = f"axes in {'µm' if is_nm else 'px'}"
        caption = f"{arguments.caption} · {axes}" if arguments.caption else axes
        save_snapshot(
            build_plotter(surface, unit=arguments.unit, colour_by=arguments.colour_by),
            arguments.snapshot,
            caption,
        )
    if arguments.html is None:
        return
    slices = None if arguments.slices is None else load_slices(arguments.slices)
    if slices is not None:
        add_slice_planes(plotter, slices, unit=arguments.unit)
    content = describe_scene(
        surface,
        scale=1 / NM_PER_UM if is_nm else 1.0,
        unit="µm" if is_nm else "px",
        colour_by=arguments.colour_by,
        title=arguments.title,
        table=None if arguments.table is None else pd.read_csv(arguments.table),
        classes=parse_classes(arguments.classes),
        slices=slices,
    )
    write_scene_page(
        plotter, arguments.html, title=arguments.title, caption=arguments.caption, content=content
    )


if __name__ == "__main__":
    main()
