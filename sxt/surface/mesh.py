"""Meshes of many components, packed into one set of arrays."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

NORMAL_FLOOR = 1e-12
BLOCK_ROWS = 1 << 16


@dataclass(frozen=True)
class ComponentMesh:
    """The closed mesh of one component.

    Parameters
    ----------
    vertices : np.ndarray
        (n, 3) float32, (x, y, z), in nm (in voxels where their size is not known).
    normals : np.ndarray
        (n, 3) float32, (x, y, z), outward, of length one.
    faces : np.ndarray
        (m, 3) int32, counter-clockwise seen from outside.
    """

    vertices: np.ndarray
    normals: np.ndarray
    faces: np.ndarray


@dataclass(frozen=True)
class PackedMesh:
    """The meshes of k components one after the other.

    Parameters
    ----------
    vertices, normals, faces : np.ndarray
        As in `ComponentMesh`; faces number the vertices of the whole mesh.
    vertex_offsets, face_offsets : np.ndarray
        (k + 1,) int64: component ``i`` (its id) has vertices and faces ``offsets[i - 1]:offsets[i]``.
    """

    vertices: np.ndarray
    normals: np.ndarray
    faces: np.ndarray
    vertex_offsets: np.ndarray
    face_offsets: np.ndarray

    @property
    def n_components(self) -> int:
        return len(self.face_offsets) - 1

    @property
    def id_of_vertex(self) -> np.ndarray:
        """(n,) int32: the component id of every vertex."""
        return np.repeat(np.arange(1, self.n_components + 1, dtype=np.int32), np.diff(self.vertex_offsets))

    @property
    def id_of_face(self) -> np.ndarray:
        """(m,) int32: the component id of every face."""
        return np.repeat(np.arange(1, self.n_components + 1, dtype=np.int32), np.diff(self.face_offsets))

    def component(self, component_id: int) -> ComponentMesh:
        """Return the mesh of one component, ids from 1."""
        v0, v1 = self.vertex_offsets[component_id - 1 : component_id + 1]
        f0, f1 = self.face_offsets[component_id - 1 : component_id + 1]
        return ComponentMesh(self.vertices[v0:v1], self.normals[v0:v1], self.faces[f0:f1] - np.int32(v0))

    def select(self, ids: np.ndarray) -> "PackedMesh":
        """Return a mesh of some components only, which are numbered anew in the order of ``ids`` (from 1)."""
        vertex_counts = np.diff(self.vertex_offsets)[ids - 1]
        face_counts = np.diff(self.face_offsets)[ids - 1]
        vertex_rows = rows_of(self.vertex_offsets, ids)
        vertex_offsets = np.concatenate([[0], np.cumsum(vertex_counts)])
        renumber = np.repeat(vertex_offsets[:-1] - self.vertex_offsets[ids - 1], face_counts)
        return PackedMesh(
            vertices=self.vertices[vertex_rows],
            normals=self.normals[vertex_rows],
            faces=(self.faces[rows_of(self.face_offsets, ids)] + renumber[:, None]).astype(np.int32),
            vertex_offsets=vertex_offsets,
            face_offsets=np.concatenate([[0], np.cumsum(face_counts)]),
        )


def blocks(n_rows: int) -> Iterator[slice]:
    """Yield slices over rows in blocks that fit the processor's cache."""
    for start in range(0, n_rows, BLOCK_ROWS):
        yield slice(start, min(start + BLOCK_ROWS, n_rows))


def rows_of(offsets: np.ndarray, ids: np.ndarray) -> np.ndarray:
    """Return the row numbers ``offsets[i - 1]:offsets[i]`` of every id ``i``, one after the other."""
    counts = np.diff(offsets)[ids - 1]
    first_row = np.repeat(offsets[ids - 1] - np.cumsum(counts) + counts, counts)
    return first_row + np.arange(counts.sum())


@dataclass(frozen=True)
class ClassedMesh:
    """A mesh of k components with the class of each, (k,) integers, and the unit of its vertices."""

    mesh: PackedMesh
    class_of: np.ndarray
    unit: Literal["nm", "px"]

    @property
    def class_of_vertex(self) -> np.ndarray:
        """(n,) int32: the class of every vertex's component."""
        return np.repeat(self.class_of, np.diff(self.mesh.vertex_offsets)).astype(np.int32)


def pack_meshes(meshes: list[ComponentMesh]) -> PackedMesh:
    """Pack meshes, in the order of the component ids; a component may have no faces."""
    vertex_offsets = np.cumsum([0, *(len(m.vertices) for m in meshes)], dtype=np.int64)
    face_offsets = np.cumsum([0, *(len(m.faces) for m in meshes)], dtype=np.int64)
    return PackedMesh(
        vertices=np.concatenate([m.vertices for m in meshes]).astype(np.float32, copy=False),
        normals=np.concatenate([m.normals for m in meshes]).astype(np.float32, copy=False),
        faces=np.concatenate(
            [m.faces + first for m, first in zip(meshes, vertex_offsets, strict=False)]
        ).astype(np.int32),
        vertex_offsets=vertex_offsets,
        face_offsets=face_offsets,
    )


def face_normals_times_area(vertices: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """(m, 3) float64: each face's normal, as long as twice its area."""
    a, b, c = (vertices[faces[:, corner]].astype(np.float64) for corner in range(3))
    return np.cross(b - a, c - a)


def vertex_normals(vertices: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """(n, 3) float32: the area-weighted mean normal of the faces around each vertex, of length one."""
    normals = face_normals_times_area(vertices, faces)
    total = np.empty((len(vertices), 3))
    for axis in range(3):
        weight = np.repeat(normals[:, axis], 3)
        total[:, axis] = np.bincount(faces.ravel(), weights=weight, minlength=len(vertices))
    return unit_vectors(total)


def unit_vectors(vectors: np.ndarray) -> np.ndarray:
    """Scale (n, 3) vectors to length one, as float32; a vector of length zero stays zero."""
    lengths = np.sqrt(np.einsum("ij,ij->i", vectors, vectors))
    return (vectors / np.maximum(lengths, NORMAL_FLOOR)[:, None]).astype(np.float32)
