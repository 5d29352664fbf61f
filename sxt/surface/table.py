"""The table of components: one row each, with units in the column names."""

import numpy as np
import pandas as pd

from sxt.surface.components import Components
from sxt.surface.grey import GreyValues
from sxt.surface.lumen import Enclosure
from sxt.surface.measure import MeshSizes
from sxt.tomogram import VoxelSize

NM_PER_UM = 1000.0
VOXEL_SIZE_UNKNOWN: VoxelSize = (1.0, 1.0, 1.0)


def component_table(
    components: Components,
    enclosure: Enclosure,
    sizes: MeshSizes,
    widths: np.ndarray,
    voxel_size_nm: VoxelSize | None,
    grey: GreyValues | None = None,
) -> pd.DataFrame:
    """Tabulate the measurements, in µm where the voxel size is known and in voxels where it is not.

    Parameters
    ----------
    components : Components
        What was counted in voxels.
    enclosure : Enclosure
        The lumens.
    sizes : MeshSizes
        Measured on meshes in nm (or voxels).
    widths : np.ndarray
        (k,) longest widths in nm (or voxels).
    voxel_size_nm : tuple of float or None
        (z, y, x).
    grey : GreyValues, optional
        Adds the columns ``mean_grey`` and ``std_grey``.

    Notes
    -----
    * ``volume``: number of voxels times the volume of one. ``filled_volume``: with the lumen and all that lies in it.
    * ``area``: of the smooth mesh, surfaces around lumens included.
    * ``equivalent_diameter``: of the sphere of the same ``volume``.
    * ``longest_width``: largest distance between two voxel centres.
    * ``sphericity``: area of the sphere that has the filled volume, over the area of the filled shape, so that a
      hollow ball counts as round: pi^(1/3) (6 V)^(2/3) / A (Wadell 1935, doi 10.1086/624298), 1 for a ball. A is the
      area of the outer surfaces, plus the openings of the lumen in the border of the tomogram.
    * ``centroid``: mean of the voxel centres; the first voxel's centre is at 0.
    """
    size = np.array(voxel_size_nm or VOXEL_SIZE_UNKNOWN)
    scale = 1.0 if voxel_size_nm is None else 1 / NM_PER_UM  # from the mesh's unit to the table's
    length, area, volume = ("px", "px2", "voxels") if voxel_size_nm is None else ("um", "um2", "um3")
    volumes = components.voxels * (size.prod() * scale**3)
    filled = (components.voxels + enclosure.voxels) * (size.prod() * scale**3)
    opening = enclosure.opening_faces @ (size.prod() / size)
    filled_area = (sizes.outer_area + opening) * scale**2
    columns = {
        "id": np.arange(1, len(components) + 1),
        "class": components.class_of,
        "voxels": components.voxels,
        f"volume_{volume}": volumes,
        f"filled_volume_{volume}": filled,
        f"area_{area}": sizes.area * scale**2,
        f"equivalent_diameter_{length}": np.cbrt(6 * volumes / np.pi),
        f"longest_width_{length}": widths * scale,
        "sphericity": np.cbrt(np.pi) * np.cbrt(6 * filled) ** 2 / filled_area,
    }
    for axis, name in enumerate("zyx"):
        columns[f"centroid_{name}_{length}"] = components.centroid_px[:, axis] * (size[axis] * scale)
    for axis, name in enumerate("zyx"):
        columns[f"min_{name}"] = components.first_px[:, axis]
    for axis, name in enumerate("zyx"):
        columns[f"max_{name}"] = components.last_px[:, axis]
    columns["touches_border"] = components.touches_border
    if grey is not None:
        columns |= {"mean_grey": grey.mean, "std_grey": grey.std}
    return pd.DataFrame(columns)
