"""Write a set of surfaces as files: the table, meshes, the page, the picture and the record of how they were made."""

import dataclasses
import json
import platform
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

import numpy as np

import sxt
from sxt.errors import InputError, ResourceError
from sxt.progress import CancelToken, Progress, ProgressCallback, ignore_progress
from sxt.surface.mesh import ClassedMesh
from sxt.surface.mesh_files import MeshFormat, check_formats, write_mesh
from sxt.surface.reconstruct import SurfaceSet
from sxt.surface.scene_content import SceneClass
from sxt.surface.scene_drawing import SceneRequest, draw_scene
from sxt.surface.scene_slices import SliceVolume

TABLE_NAME = "components.csv"
MESH_STEM = "mesh"
DISPLAY_NAME = "mesh_display.vtp"
PAGE_NAME = "scene.html"
SNAPSHOT_NAME = "snapshot.png"
RECORD_NAME = "surface.json"
RECORD_SCHEMA = 1
SIGNIFICANT_DIGITS = "%.10g"
PACKAGES = ("numpy", "scipy", "connected-components-3d", "vtk", "pyvista", "fast_simplification")


@dataclass(frozen=True)
class SurfaceFiles:
    """What was written.

    Parameters
    ----------
    folder : Path
    names : tuple of str
        File names in it; the record comes last.
    notes : tuple of str
        One sentence for each thing a user should know, for example why there is no picture.
    record : dict
        The content of ``surface.json``.
    """

    folder: Path
    names: tuple[str, ...]
    notes: tuple[str, ...]
    record: dict[str, Any]


def write_surfaces(
    surfaces: SurfaceSet,
    output_dir: Path,
    *,
    formats: Sequence[MeshFormat] = ("vtp",),
    with_scene: bool = True,
    title: str = "Surfaces",
    classes: Sequence[SceneClass] = (),
    slices: SliceVolume | None = None,
    source: Mapping[str, Any] | None = None,
    progress: ProgressCallback = ignore_progress,
    cancel: CancelToken | None = None,
) -> SurfaceFiles:
    """Write surfaces into a folder.

    Parameters
    ----------
    surfaces : SurfaceSet
    output_dir : Path
        Made where it is missing. Files of the same names in it are replaced; all appear together at the end.
    formats : sequence of str
        Formats of the full-resolution mesh, see `write_mesh`.
    with_scene : bool
        Whether to draw ``scene.html`` and ``snapshot.png``, in a process of its own. Where nothing can be drawn on
        this machine the rest is written and a note says why.
    title : str
        Name on the page.
    classes : sequence of SceneClass, optional
        Names and colours of the classes, for the page.
    slices : SliceVolume, optional
        Grey values around the meshes, for planes on the page.
    source : mapping, optional
        What the mask was read from, for the record: JSON-able.
    progress, cancel
        Reported and checked once a file.

    Raises
    ------
    SettingsError
        An unknown format.
    InputError
        A folder that cannot be made or written.
    ResourceError
        A disk that is full or fails.
    """
    check_formats(tuple(formats))
    token = cancel or CancelToken()
    try:
        with _staging(output_dir.resolve()) as folder:
            writer = _Writer(surfaces, folder, progress, token)
            writer.write_table()
            writer.write_meshes(formats)
            if with_scene:
                writer.draw_scene(title, classes, slices)
            record = writer.write_record(source or {})
            token.raise_if_cancelled()
    except OSError as error:
        raise ResourceError(
            f"Writing to {output_dir} failed ({error.strerror}); make room there or choose another folder."
        ) from error
    return SurfaceFiles(output_dir, tuple(writer.names), tuple(record["notes"]), record)


class _Writer:
    """Writes one file after the other into a folder and keeps account of them."""

    def __init__(
        self, surfaces: SurfaceSet, folder: Path, progress: ProgressCallback, cancel: CancelToken
    ) -> None:
        self._surfaces = surfaces
        self._folder = folder
        self._progress = progress
        self._cancel = cancel
        self._class_of = surfaces.table["class"].to_numpy()
        self._unit: Literal["nm", "px"] = "px" if surfaces.voxel_size_nm is None else "nm"
        self._notes: list[str] = list(surfaces.notes)
        self._timings_s = dict(surfaces.timings_s)
        self.names: list[str] = []

    def write_table(self) -> None:
        with self._stage("write the table"):
            self._surfaces.table.to_csv(self._new(TABLE_NAME), index=False, float_format=SIGNIFICANT_DIGITS)

    def write_meshes(self, formats: Sequence[MeshFormat]) -> None:
        with self._stage("write meshes"):
            for each in dict.fromkeys(formats):
                self._cancel.raise_if_cancelled()
                content = ClassedMesh(self._surfaces.mesh, self._class_of, self._unit)
                write_mesh(self._new(f"{MESH_STEM}.{each}"), content, each)
            write_mesh(self._new(DISPLAY_NAME), self._display(), "vtp")

    def draw_scene(self, title: str, classes: Sequence[SceneClass], slices: SliceVolume | None) -> None:
        page, picture = self._folder / PAGE_NAME, self._folder / SNAPSHOT_NAME
        request = SceneRequest(
            mesh=self._folder / DISPLAY_NAME,
            unit=self._unit,
            colour_by=self._colour_by(),
            title=title,
            caption=self._caption(),
            table=self._folder / TABLE_NAME,
            classes=classes,
            slices=slices,
        )
        with self._stage("draw the scene"):
            try:
                draw_scene(request, page=page, picture=picture, cancel=self._cancel)
            except ResourceError as error:
                self._notes.append(f"There is no {PAGE_NAME} and no {SNAPSHOT_NAME}: {error}")
                for path in (page, picture):
                    path.unlink(missing_ok=True)
            else:
                self.names += [PAGE_NAME, SNAPSHOT_NAME]

    def write_record(self, source: Mapping[str, Any]) -> dict[str, Any]:
        surfaces = self._surfaces
        self.names.append(RECORD_NAME)
        record = {
            "schema": RECORD_SCHEMA,
            "source": dict(source),
            "shape": list(surfaces.shape),
            "voxel_size_nm": None if surfaces.voxel_size_nm is None else list(surfaces.voxel_size_nm),
            "settings": dataclasses.asdict(surfaces.settings),
            "components": len(surfaces.table),
            "components_dropped": surfaces.dropped,
            "voxels_dropped": surfaces.dropped_voxels,
            "triangles": len(surfaces.mesh.faces),
            "triangles_displayed": len(surfaces.display.faces),
            "mesh_unit": self._unit,
            "files": list(self.names),
            "notes": list(self._notes),
            "timings_s": {name: round(seconds, 3) for name, seconds in self._timings_s.items()},
            "versions": {"sxt": sxt.__version__, "python": platform.python_version(), **_versions()},
        }
        (self._folder / RECORD_NAME).write_text(
            json.dumps(record, indent=2, ensure_ascii=False), encoding="utf-8"
        )
        return record

    def _new(self, name: str) -> Path:
        self.names.append(name)
        return self._folder / name

    @contextmanager
    def _stage(self, name: str) -> Iterator[None]:
        self._cancel.raise_if_cancelled()
        self._progress(Progress(name, 0, 1))
        start = time.perf_counter()
        yield
        self._timings_s[name] = time.perf_counter() - start
        self._progress(Progress(name, 1, 1))

    def _display(self) -> ClassedMesh:
        return ClassedMesh(self._surfaces.display, self._class_of, self._unit)

    def _colour_by(self) -> str:
        is_by_class = self._surfaces.settings.reading == "classes" and len(np.unique(self._class_of)) > 1
        return "class" if is_by_class else "component"

    def _caption(self) -> str:
        return scene_caption(len(self._class_of), len(self._surfaces.display.faces))


def scene_caption(n_components: int, n_triangles: int) -> str:
    """Return what stands below the title of a scene."""
    return f"{n_components} components, {n_triangles} triangles"


@contextmanager
def _staging(output_dir: Path) -> Iterator[Path]:
    """Yield an empty folder inside ``output_dir``; move its files out only when the block ends without an error."""
    try:
        output_dir.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=".surface.", suffix=".partial", dir=output_dir))
    except OSError as error:
        raise InputError(
            f"The folder {output_dir} cannot be written ({error.strerror}); choose another."
        ) from error
    try:
        yield folder
        for path in sorted(folder.iterdir(), key=lambda p: p.name == RECORD_NAME):
            path.replace(output_dir / path.name)
    finally:
        shutil.rmtree(folder)


def _versions() -> dict[str, str]:
    return {name: version(name) for name in PACKAGES}
