"""Surfaces of a mask: components, closed meshes, measurements, files and 3D scenes."""

from sxt.surface.mesh import ComponentMesh, PackedMesh
from sxt.surface.output import SurfaceFiles, write_surfaces
from sxt.surface.reconstruct import SurfaceSet, reconstruct_surfaces
from sxt.surface.settings import SurfaceSettings

__all__ = [
    "ComponentMesh",
    "PackedMesh",
    "SurfaceFiles",
    "SurfaceSet",
    "SurfaceSettings",
    "reconstruct_surfaces",
    "write_surfaces",
]
