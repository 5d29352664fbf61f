"""Write a mesh as binary glTF 2.0."""

import json
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from sxt.surface.mesh import ClassedMesh, PackedMesh

NM_PER_UM = 1000.0

MAX_NODES = 5000
"""With more components than this the file holds them as one object: a node each would make its header huge."""

MAGIC, VERSION = 0x46546C67, 2
JSON_PART, BINARY_PART = 0x4E4F534A, 0x004E4942
FLOAT, UNSIGNED_INT = 5126, 5125
ARRAY_BUFFER, ELEMENT_BUFFER = 34962, 34963
BYTES_PER_ROW = 12
"""Of vertices, normals and triangles alike: three numbers of 4 bytes."""

Z_UP_TO_Y_UP = [-(0.5**0.5), 0.0, 0.0, 0.5**0.5]
"""Quaternion (x, y, z, w) that turns z up into y up, which glTF demands."""


@dataclass(frozen=True)
class _Span:
    """A named part of the mesh: its vertex and face rows."""

    name: str
    vertices: slice
    faces: slice


def write_glb(path: Path, content: ClassedMesh) -> None:
    """Write a binary glTF file with one named node a component; 1 unit is 1 µm (1 voxel where it is unknown).

    Notes
    -----
    glTF counts in metres, in which a cell would be too small for most viewers; hence 1 µm is written as 1.
    """
    scale = 1 / NM_PER_UM if content.unit == "nm" else 1.0
    vertices = (content.mesh.vertices * np.float32(scale)).astype("<f4")
    indices = content.mesh.faces.astype("<u4")
    spans = _spans(content.mesh)
    for span in spans:
        indices[span.faces] -= np.uint32(span.vertices.start)
    buffers = [vertices.tobytes(), content.mesh.normals.astype("<f4").tobytes(), indices.tobytes()]
    text = json.dumps(_header(content.unit, spans, vertices, [len(b) for b in buffers])).encode("ascii")
    text += b" " * (-len(text) % 4)
    n_bytes = 12 + 8 + len(text) + 8 + sum(map(len, buffers))
    with path.open("wb") as stream:
        stream.write(struct.pack("<III", MAGIC, VERSION, n_bytes))
        _write_part(stream, JSON_PART, [text])
        _write_part(stream, BINARY_PART, buffers)


def _spans(mesh: PackedMesh) -> list[_Span]:
    if mesh.n_components > MAX_NODES:
        return [_Span("components", slice(0, len(mesh.vertices)), slice(0, len(mesh.faces)))]
    v, f = mesh.vertex_offsets.tolist(), mesh.face_offsets.tolist()
    return [
        _Span(f"component {i + 1}", slice(v[i], v[i + 1]), slice(f[i], f[i + 1]))
        for i in range(mesh.n_components)
        if f[i + 1] > f[i]
    ]


def _header(unit: str, spans: list[_Span], vertices: np.ndarray, buffer_bytes: list[int]) -> dict[str, Any]:
    starts = np.cumsum([0, *buffer_bytes]).tolist()
    targets = (ARRAY_BUFFER, ARRAY_BUFFER, ELEMENT_BUFFER)
    views = [
        {"buffer": 0, "byteOffset": start, "byteLength": length, "target": target}
        for start, length, target in zip(starts, buffer_bytes, targets, strict=False)
    ]
    meshes: list[dict[str, Any]] = []
    accessors: list[dict[str, Any]] = []
    for span in spans:
        first = len(accessors)
        accessors += _accessors(span, vertices)
        attributes = {"POSITION": first, "NORMAL": first + 1}
        meshes.append({"name": span.name, "primitives": [{"attributes": attributes, "indices": first + 2}]})
    nodes: list[dict[str, Any]] = [{"name": span.name, "mesh": index} for index, span in enumerate(spans)]
    root = {"name": "surfaces", "rotation": Z_UP_TO_Y_UP, "children": list(range(len(spans)))}
    return {
        "asset": {
            "version": "2.0",
            "generator": "sxt",
            "extras": {"unit": "µm" if unit == "nm" else "voxel"},
        },
        "scene": 0,
        "scenes": [{"nodes": [len(spans)]}],
        "nodes": [*nodes, root],
        "meshes": meshes,
        "accessors": accessors,
        "bufferViews": views,
        "buffers": [{"byteLength": sum(buffer_bytes)}],
    }


def _accessors(span: _Span, vertices: np.ndarray) -> list[dict[str, Any]]:
    """Return the accessors of the vertices, normals and indices of one span."""
    n_vertices, n_faces = span.vertices.stop - span.vertices.start, span.faces.stop - span.faces.start
    at_vertices, at_faces = span.vertices.start * BYTES_PER_ROW, span.faces.start * BYTES_PER_ROW
    vector = {"componentType": FLOAT, "count": n_vertices, "type": "VEC3"}
    low, high = vertices[span.vertices].min(axis=0).tolist(), vertices[span.vertices].max(axis=0).tolist()
    return [
        {"bufferView": 0, "byteOffset": at_vertices, **vector, "min": low, "max": high},
        {"bufferView": 1, "byteOffset": at_vertices, **vector},
        {
            "bufferView": 2,
            "byteOffset": at_faces,
            "componentType": UNSIGNED_INT,
            "count": 3 * n_faces,
            "type": "SCALAR",
        },
    ]


def _write_part(stream: BinaryIO, kind: int, contents: list[bytes]) -> None:
    stream.write(struct.pack("<II", sum(map(len, contents)), kind))
    for content in contents:
        stream.write(content)
