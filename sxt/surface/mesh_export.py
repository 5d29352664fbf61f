"""A stored mesh in another format, whole or some of its components.

As a program, ``python -m sxt.surface.mesh_export MESH.vtp OUTPUT.glb --unit nm --ids 1,2,5`` converts in a process of
its own.
"""

import argparse
import sys
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Literal, get_args

import numpy as np
import pyvista as pv

from sxt.errors import InputError
from sxt.progress import CancelToken
from sxt.surface.mesh import ClassedMesh, PackedMesh
from sxt.surface.mesh_files import MESH_FORMATS, MeshFormat, write_mesh
from sxt.surface.rendering import run_apart

Unit = Literal["nm", "px"]


def read_mesh(path: Path, unit: Unit) -> ClassedMesh:
    """Read a mesh that `write_vtp` wrote.

    Raises
    ------
    InputError
        Where it is not sorted by component, or lacks the arrays.
    """
    surface = pv.PolyData(path)
    if not {"component_id", "class", "Normals"} <= set(surface.point_data.keys()):
        raise InputError(f"{path.name} is no mesh of components; make the surface again.")
    ids, faces = np.asarray(surface.point_data["component_id"]), surface.regular_faces
    if np.any(np.diff(ids) < 0):
        raise InputError(f"The components in {path.name} are not sorted; make the surface again.")
    bounds = np.arange(1, int(ids.max(initial=0)) + 2)
    vertex_offsets = np.searchsorted(ids, bounds)
    class_of = np.ones(len(bounds) - 1, np.int64)
    class_of[ids - 1] = surface.point_data["class"]
    return ClassedMesh(
        PackedMesh(
            vertices=np.asarray(surface.points, np.float32),
            normals=np.asarray(surface.point_data["Normals"], np.float32),
            faces=faces.astype(np.int32),
            vertex_offsets=vertex_offsets,
            face_offsets=np.searchsorted(ids[faces[:, 0]], bounds),
        ),
        class_of,
        unit,
    )


def keep_components(content: ClassedMesh, ids: Collection[int]) -> ClassedMesh:
    """Return a mesh without the components that are not among ``ids``; those that stay keep their ids."""
    mesh = content.mesh
    is_kept = np.isin(np.arange(1, mesh.n_components + 1), list(ids))
    part = mesh.select(np.flatnonzero(is_kept) + 1)
    offsets = []
    for whole in (mesh.vertex_offsets, mesh.face_offsets):
        counts = np.where(is_kept, np.diff(whole), 0)
        offsets.append(np.concatenate([[0], np.cumsum(counts)]))
    packed = PackedMesh(part.vertices, part.normals, part.faces, *offsets)
    return ClassedMesh(packed, content.class_of, content.unit)


def export_mesh(
    mesh: Path,
    output: Path,
    mesh_format: MeshFormat,
    *,
    unit: Unit,
    ids: Collection[int] | None = None,
    cancel: CancelToken | None = None,
) -> None:
    """Convert in a process of its own; ``ids`` are the components to keep, None keeps all.

    Raises
    ------
    ResourceError
        Where the process failed.
    """
    arguments = [str(mesh.resolve()), str(output.resolve()), f"--unit={unit}", f"--format={mesh_format}"]
    if ids is not None:
        arguments.append(f"--ids={_as_ranges(ids)}")
    run_apart(["-m", __name__, *arguments], cancel=cancel)


def main(argv: Sequence[str] | None = None) -> None:
    """Convert a stored mesh."""
    parser = argparse.ArgumentParser(prog="python -m sxt.surface.mesh_export", description=main.__doc__)
    parser.add_argument("mesh", type=Path, help="mesh (.vtp) with component_id and class at its points")
    parser.add_argument("output", type=Path)
    parser.add_argument("--format", choices=MESH_FORMATS, help="by default as the output's name says")
    parser.add_argument("--unit", choices=get_args(Unit), default="nm", help="unit of the mesh's points")
    parser.add_argument("--ids", type=_parse_ranges, help="components to keep: 1-4,7 (default: all)")
    arguments = parser.parse_args(sys.argv[1:] if argv is None else argv)
    content = read_mesh(arguments.mesh, arguments.unit)
    if arguments.ids is not None:
        content = keep_components(content, arguments.ids)
    write_mesh(arguments.output, content, arguments.format or arguments.output.suffix.removeprefix("."))


def _as_ranges(ids: Collection[int]) -> str:
    """Return ids as short text: ``1-4,7``."""
    ordered = np.unique(np.fromiter(ids, np.int64))
    runs = np.split(ordered, np.flatnonzero(np.diff(ordered) > 1) + 1) if len(ordered) else []
    return ",".join(f"{run[0]}-{run[-1]}" if len(run) > 1 else f"{run[0]}" for run in runs)


def _parse_ranges(text: str) -> frozenset[int]:
    found: set[int] = set()
    for part in filter(None, text.split(",")):
        first, _, last = part.partition("-")
        found.update(range(int(first), int(last or first) + 1))
    return frozenset(found)


if __name__ == "__main__":
    main()
