"""Write meshes as VTP, PLY, OBJ, STL and GLB."""

import struct
from collections.abc import Callable
from pathlib import Path
from typing import Literal, get_args

import numpy as np
from vtkmodules.util.numpy_support import numpy_to_vtk
from vtkmodules.vtkCommonCore import vtkPoints
from vtkmodules.vtkCommonDataModel import vtkCellArray, vtkPolyData
from vtkmodules.vtkIOXML import vtkXMLPolyDataWriter

from sxt.errors import ResourceError, SettingsError
from sxt.surface.glb import write_glb
from sxt.surface.mesh import ClassedMesh, blocks, face_normals_times_area, unit_vectors

MeshFormat = Literal["vtp", "ply", "obj", "stl", "glb"]
MESH_FORMATS: tuple[MeshFormat, ...] = get_args(MeshFormat)

OBJ_DECIMALS = 3


def check_formats(formats: tuple[str, ...]) -> None:
    """Raise `SettingsError` unless every format is known."""
    for each in formats:
        if each not in MESH_FORMATS:
            raise SettingsError(
                f"The mesh format {each!r} is unknown; use some of {', '.join(MESH_FORMATS)}."
            )


def write_mesh(path: Path, content: ClassedMesh, mesh_format: MeshFormat) -> None:
    """Write a mesh to ``path`` in one format.

    Notes
    -----
    Vertices are (x, y, z) in nm (in voxels where their size is not known), in the tomogram's axes; only GLB differs:
    one of its units, formally a metre, is 1 µm, and its root turns z up into the y up that the format demands.
    VTP and PLY carry the component's id at every vertex, OBJ and GLB name the components, STL cannot.
    """
    writers: dict[str, Callable[[Path, ClassedMesh], None]] = {
        "vtp": write_vtp,
        "ply": write_ply,
        "obj": write_obj,
        "stl": write_stl,
        "glb": write_glb,
    }
    writers[mesh_format](path, content)


def write_vtp(path: Path, content: ClassedMesh) -> None:
    """Write a VTK XML file (binary) with the point arrays ``Normals``, ``component_id`` and ``class``."""
    mesh = content.mesh
    points = vtkPoints()
    points.SetData(numpy_to_vtk(np.ascontiguousarray(mesh.vertices)))
    narrow = np.int32 if 3 * len(mesh.faces) <= np.iinfo(np.int32).max else np.int64
    offsets = np.arange(0, 3 * len(mesh.faces) + 1, 3, dtype=narrow)
    polys = vtkCellArray()
    polys.SetData(numpy_to_vtk(offsets), numpy_to_vtk(np.ascontiguousarray(mesh.faces.ravel(), narrow)))
    surface = vtkPolyData()
    surface.SetPoints(points)
    surface.SetPolys(polys)
    normals = numpy_to_vtk(np.ascontiguousarray(mesh.normals))
    normals.SetName("Normals")
    surface.GetPointData().SetNormals(normals)
    for name, values in (("component_id", mesh.id_of_vertex), ("class", content.class_of_vertex)):
        array = numpy_to_vtk(values)
        array.SetName(name)
        surface.GetPointData().AddArray(array)
    writer = vtkXMLPolyDataWriter()
    writer.SetFileName(str(path))
    writer.SetInputData(surface)
    writer.SetDataModeToAppended()
    writer.EncodeAppendedDataOff()
    writer.SetCompressorTypeToNone()
    if not writer.Write():
        raise ResourceError(
            f"The mesh could not be written to {path}; check the free space and the permissions."
        )


def write_ply(path: Path, content: ClassedMesh) -> None:
    """Write a binary PLY file with normals and the component's id at every vertex."""
    mesh = content.mesh
    vertex = np.dtype([("place", "<f4", 3), ("normal", "<f4", 3), ("id", "<i4")])
    face = np.dtype([("count", "u1"), ("corners", "<i4", 3)])
    names = ["float x", "float y", "float z", "float nx", "float ny", "float nz", "int component_id"]
    header = ["ply", "format binary_little_endian 1.0", f"comment vertices in {content.unit}"]
    header += [f"element vertex {len(mesh.vertices)}", *(f"property {name}" for name in names)]
    header += [f"element face {len(mesh.faces)}", "property list uchar int vertex_indices", "end_header"]
    ids = mesh.id_of_vertex
    with path.open("wb") as stream:
        stream.write(("\n".join(header) + "\n").encode("ascii"))
        for rows in blocks(len(mesh.vertices)):
            block = np.empty(rows.stop - rows.start, vertex)
            block["place"], block["normal"], block["id"] = mesh.vertices[rows], mesh.normals[rows], ids[rows]
            stream.write(block.tobytes())
        for rows in blocks(len(mesh.faces)):
            block = np.empty(rows.stop - rows.start, face)
            block["count"], block["corners"] = 3, mesh.faces[rows]
            stream.write(block.tobytes())


def write_stl(path: Path, content: ClassedMesh) -> None:
    """Write a binary STL file."""
    mesh = content.mesh
    triangle = np.dtype([("normal", "<f4", 3), ("corners", "<f4", (3, 3)), ("attribute", "<u2")])
    with path.open("wb") as stream:
        stream.write(f"binary STL, vertices in {content.unit}".encode("ascii").ljust(80))
        stream.write(struct.pack("<I", len(mesh.faces)))
        for rows in blocks(len(mesh.faces)):
            block = np.zeros(rows.stop - rows.start, triangle)
            block["normal"] = unit_vectors(face_normals_times_area(mesh.vertices, mesh.faces[rows]))
            block["corners"] = mesh.vertices[mesh.faces[rows]]
            stream.write(block.tobytes())


def write_obj(path: Path, content: ClassedMesh) -> None:
    """Write a Wavefront OBJ file with one group a component."""
    mesh = content.mesh
    with path.open("wb") as stream:
        stream.write(f"# vertices in {content.unit}\n".encode("ascii"))
        for rows in blocks(len(mesh.vertices)):
            stream.write(_text_rows(b"v", np.rint(mesh.vertices[rows] * 10.0**OBJ_DECIMALS), OBJ_DECIMALS))
        for component_id, (first, last) in enumerate(
            zip(mesh.face_offsets, mesh.face_offsets[1:], strict=False), 1
        ):
            if last > first:
                stream.write(f"g component_{component_id}\n".encode("ascii"))
            for rows in blocks(last - first):
                stream.write(_text_rows(b"f", mesh.faces[first + rows.start : first + rows.stop] + 1, 0))


def _text_rows(keyword: bytes, values: np.ndarray, decimals: int) -> bytes:
    """Return one line for each row of (n, c) whole numbers, which stand for ``values / 10**decimals``.

    Every number is padded with spaces to the width of the longest; writing digit by digit for all rows together is
    many times faster than formatting them one by one.
    """
    whole = values.astype(np.int64)
    digits = max(len(str(int(np.abs(whole).max(initial=0)))), decimals + 1)
    width = digits + 2 + (decimals > 0)  # a space, a sign, the digits and a point
    text = np.full((*whole.shape, width), ord(" "), np.uint8)  # (n, c, width)
    rest, column, first = np.abs(whole), width - 1, np.full(whole.shape, width - 1)
    for place in range(digits):
        if decimals and place == decimals:
            text[..., column] = ord(".")
            column -= 1
        rest, digit = rest // 10, rest % 10
        is_shown = (place <= decimals) | (digit > 0) | (rest > 0)
        text[..., column] = np.where(is_shown, digit + ord("0"), ord(" "))
        first[is_shown] = column
        column -= 1
    np.put_along_axis(text, first[..., None] - 1, np.where(whole < 0, ord("-"), ord(" "))[..., None], axis=2)
    lines = text.reshape(len(whole), -1)  # (n, c * width)
    start = np.tile(np.frombuffer(keyword, np.uint8), (len(whole), 1))
    end = np.full((len(whole), 1), ord("\n"), np.uint8)
    return np.concatenate([start, lines, end], axis=1).tobytes()
