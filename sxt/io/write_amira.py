"""Write label volumes as AmiraMesh, which Amira and Avizo open as a label field with its materials."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sxt.errors import ResourceError, SettingsError
from sxt.files import atomic_path
from sxt.tomogram import VoxelSize, check_voxel_size


@dataclass(frozen=True)
class Material:
    """A label of the field: its value, its name, and its colour as ``#RRGGBB``."""

    value: int
    name: str
    colour: str


def write_amira_labels(
    path: Path,
    slabs: Iterable[np.ndarray],
    *,
    shape: tuple[int, int, int],
    materials: Sequence[Material],
    voxel_size_nm: VoxelSize | None,
    origin_nm: tuple[float, float, float] = (0.0, 0.0, 0.0),
) -> None:
    """Write labels as an uncompressed binary lattice of bytes, slab by slab; the file appears only when whole.

    Parameters
    ----------
    slabs : iterable of ndarray
        (k, y, x) uint8 in z order.
    shape : tuple of int
        (z, y, x).
    materials : sequence of Material
    voxel_size_nm : tuple of float or None
        (z, y, x); None leaves the unit out and voxels of 1.
    origin_nm : tuple of float
        (z, y, x) of the first voxel's centre.

    Raises
    ------
    SettingsError
        Slabs that do not make up the shape.
    ResourceError
        The disk is full or refuses.
    """
    if voxel_size_nm is not None:
        check_voxel_size(voxel_size_nm)
    n_written = 0
    try:
        with atomic_path(path) as temporary:
            with temporary.open("wb") as stream:
                stream.write(_header(shape, materials, voxel_size_nm, origin_nm))
                for slab in slabs:
                    if slab.dtype != np.uint8 or slab.shape[1:] != shape[1:]:
                        raise SettingsError(
                            f"A slab of {slab.shape} {slab.dtype} does not fit labels of {shape} uint8."
                        )
                    stream.write(np.ascontiguousarray(slab).data)
                    n_written += len(slab)
            if n_written != shape[0]:
                raise SettingsError(
                    f"{n_written} of {shape[0]} slices of {path.name} came; nothing was kept."
                )
    except OSError as error:
        raise ResourceError(
            f"{path} cannot be written ({error.strerror or error}); free disk space or choose another folder."
        ) from error


def _header(
    shape: tuple[int, int, int],
    materials: Sequence[Material],
    voxel_size_nm: VoxelSize | None,
    origin_nm: tuple[float, float, float],
) -> bytes:
    size, origin = (voxel_size_nm, origin_nm) if voxel_size_nm else ((1.0, 1.0, 1.0), (0.0, 0.0, 0.0))
    corners = [
        (first, first + (n - 1) * step) for first, n, step in zip(origin, shape, size, strict=True)
    ]  # (z, y, x), between voxel centres
    box = " ".join(f"{each:.9g}" for pair in reversed(corners) for each in pair)
    z, y, x = shape
    unit = '    Units { Coordinates "nm" }\n' if voxel_size_nm else ""
    listed = "".join(_material(each) for each in materials)
    return (
        "# AmiraMesh BINARY-LITTLE-ENDIAN 2.1\n\n\n"
        f"define Lattice {x} {y} {z}\n\n"
        f"Parameters {{\n{unit}    Materials {{\n{listed}    }}\n"
        f'    Content "{x}x{y}x{z} byte, uniform coordinates",\n'
        f'    BoundingBox {box},\n    CoordType "uniform"\n}}\n\n'
        "Lattice { byte Labels } @1\n\n# Data section follows\n@1\n"
    ).encode("ascii")


def _material(material: Material) -> str:
    """Return a material's lines; names there are one word of plain letters."""
    name = "".join(c if c.isascii() and c.isalnum() else "_" for c in material.name)
    red, green, blue = (int(material.colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    shown = name if name[:1].isalpha() else f"class_{name}"
    colour = f"{red:.4g} {green:.4g} {blue:.4g}"
    return f"        {shown} {{\n            Color {colour},\n            Id {material.value}\n        }}\n"
