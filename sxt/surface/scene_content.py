"""What a scene's page carries beside its meshes, so that it can filter, colour and tell by itself."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyvista as pv

from sxt.errors import InputError
from sxt.surface.palette import CLASS_COLOURS, component_colours
from sxt.surface.scene_slices import SliceVolume, describe_slices

SCENE_VERSION = 2
"""Of the page's content; pages of other versions are drawn anew."""

SCENE_META = "sxt-scene"
HEAD_BYTES = 4096

HIDDEN_COLUMNS = ("id", "class", "min_", "max_", "std_")
UNIT_NAMES = {"um": "µm", "um2": "µm²", "um3": "µm³", "px": "px", "px2": "px²", "voxels": "voxels"}
N_COLOURS = 32
SIGNIFICANT_DIGITS = 5


@dataclass(frozen=True)
class SceneClass:
    """A foreground class: value in the mask, name, colour as ``#RRGGBB``."""

    value: int
    name: str
    colour: str


@dataclass(frozen=True)
class Column:
    """A measurement: its name in the table, what people call it, and its unit (empty where it has none)."""

    name: str
    label: str
    unit: str

    @property
    def heading(self) -> str:
        """Label and unit: ``volume, µm³``."""
        return f"{self.label}, {self.unit}" if self.unit else self.label


def is_current(page: Path) -> bool:
    """Return whether a page is there and was written by this version."""
    try:
        with page.open("rb") as stream:
            head = stream.read(HEAD_BYTES).decode(errors="replace")
    except FileNotFoundError:
        return False
    return f'<meta name="{SCENE_META}" content="{SCENE_VERSION}" />' in head


def list_columns(names: Sequence[str]) -> list[Column]:
    """Return the measurements among the columns of a component table, in its order."""
    return [_column(name) for name in names if not name.startswith(HIDDEN_COLUMNS)]


def parse_classes(text: str) -> tuple[SceneClass, ...]:
    """Read classes from JSON: ``[{"value": 1, "name": "membrane", "colour": "#E69F00"}, ...]``."""
    return tuple(SceneClass(each["value"], each["name"], each["colour"]) for each in json.loads(text))


def default_classes(class_of: np.ndarray) -> tuple[SceneClass, ...]:
    """Return the classes that occur among (k,) values, numbered, in the usual colours."""
    values = np.unique(class_of).tolist()
    return tuple(
        SceneClass(value, f"class {value}", CLASS_COLOURS[(value - 1) % len(CLASS_COLOURS)])
        for value in values
    )


def describe_scene(
    surface: pv.PolyData,
    *,
    scale: float,
    unit: str,
    colour_by: str,
    title: str,
    table: pd.DataFrame | None = None,
    classes: Sequence[SceneClass] = (),
    slices: SliceVolume | None = None,
) -> dict[str, Any]:
    """Return what the page's script reads.

    Parameters
    ----------
    surface : pv.PolyData
        The display mesh, sorted by component, with the point arrays ``component_id`` and ``class``.
    scale : float
        From the mesh's unit to the scene's.
    unit : str
        Of the scene, as shown.
    colour_by : str
        ``component``, ``class`` or a column.
    title : str
    table : pd.DataFrame, optional
        One row a component, as `component_table` gives it; without it components have no measurements.
    classes : sequence of SceneClass, optional
        Names and colours; numbers where they are missing.
    slices : SliceVolume, optional

    Raises
    ------
    InputError
        Where mesh and table are not of the same surfaces.
    """
    ids = np.asarray(surface.point_data["component_id"])
    n_components = int(ids.max(initial=0)) if table is None else len(table)
    if ids.max(initial=0) > n_components or np.any(np.diff(ids) < 0):
        raise InputError(
            "The mesh is not sorted by component, or not that of the table; make the surface again."
        )
    face_ids = ids[surface.regular_faces[:, 0]]
    numbers = np.arange(1, n_components + 2)
    class_of = _class_of(table, ids, np.asarray(surface.point_data["class"]), n_components)
    return {
        "version": SCENE_VERSION,
        "title": title,
        "unit": unit,
        "colour_by": colour_by,
        "vertex_offsets": np.searchsorted(ids, numbers).tolist(),
        "face_offsets": np.searchsorted(face_ids, numbers).tolist(),
        "colours": _hex(component_colours(numbers[:-1])),
        "class_of": class_of.tolist(),
        "classes": [vars(each) for each in (*classes, *_unnamed(class_of, classes))],
        "columns": []
        if table is None
        else [_describe_column(table, each) for each in list_columns(list(table.columns))],
        "viridis": _hex(viridis()),
        "slices": None if slices is None else describe_slices(slices, scale),
    }


def viridis() -> np.ndarray:
    """Return the colour map of measurements, (n, 3) uint8 from low to high."""
    values = pv.LookupTable("viridis", n_values=N_COLOURS).values
    return np.asarray(values, np.uint8)[:, :3]


def view_element(view: Mapping[str, Any] | None) -> str:
    """Return the element that says how the page is first seen; None leaves that to the scene.

    ``view`` has ``camera`` (``position``, ``focal_point``, ``view_up``, ``parallel_scale``), ``colour_by``, ``planes``
    (axis to index or None) and ``visible`` (ids or None).
    """
    return f'<script type="application/json" id="sxt-view">{as_script(view)}</script>'


def as_script(content: Mapping[str, Any] | None) -> str:
    """Return content as JSON that may stand inside a ``<script>`` element."""
    text = json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _column(name: str) -> Column:
    stem, _, unit = name.rpartition("_")
    if stem and unit in UNIT_NAMES:
        return Column(name, stem.replace("_", " "), UNIT_NAMES[unit])
    return Column(name, name.replace("_", " "), "")


def _class_of(
    table: pd.DataFrame | None, ids: np.ndarray, class_of_vertex: np.ndarray, n_components: int
) -> np.ndarray:
    if table is not None:
        return table["class"].to_numpy()
    class_of = np.ones(n_components, np.int64)
    class_of[ids - 1] = class_of_vertex
    return class_of


def _unnamed(class_of: np.ndarray, classes: Sequence[SceneClass]) -> tuple[SceneClass, ...]:
    named = {each.value for each in classes}
    return tuple(each for each in default_classes(class_of) if each.value not in named)


def _describe_column(table: pd.DataFrame, column: Column) -> dict[str, Any]:
    values = table[column.name]
    if values.dtype == bool:
        numbers: list[Any] = values.astype(int).tolist()
    else:
        numbers = [
            float(f"{each:.{SIGNIFICANT_DIGITS}g}") if np.isfinite(each) else None
            for each in values.to_numpy(np.float64)
        ]
    return {
        "name": column.name,
        "label": column.label,
        "unit": column.unit,
        "is_flag": bool(values.dtype == bool),
        "values": numbers,
    }


def _hex(colours: np.ndarray) -> list[str]:
    return [f"#{r:02X}{g:02X}{b:02X}" for r, g, b in colours.tolist()]


NO_VIEW = view_element(None)
"""Stands in a page as it is written, to be replaced."""
