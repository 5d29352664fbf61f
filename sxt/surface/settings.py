"""Settings of the surface reconstruction, checked when made."""

import math
from dataclasses import dataclass
from typing import Literal

from sxt.errors import SettingsError

MaskReading = Literal["classes", "binary", "instances"]
"""How the values of a mask are read: as classes, as one foreground, or each value as objects of its own."""

MASK_READINGS: tuple[MaskReading, ...] = ("classes", "binary", "instances")

Connectivity = Literal[6, 26]
"""Voxels of one component share at least a face (6) or a corner (26)."""

DEFAULT_MIN_VOXELS = 64
"""Smallest component kept where no smallest volume is given: 4 x 4 x 4 voxels, below which a shape is not resolved."""

FULL_CONNECTIVITY: Connectivity = 26
FACE_CONNECTIVITY: Connectivity = 6


@dataclass(frozen=True)
class SurfaceSettings:
    """What to reconstruct, and how.

    Parameters
    ----------
    reading : {"classes", "binary", "instances"}
        ``"classes"``: 0 background, 1..254 classes, 255 unlabelled (background). ``"binary"``: every value but 0 is
        one foreground. ``"instances"``: every value but 0 is an object id, so that touching objects stay apart.
    only_class : int or None
        Keep this one value of the mask; None keeps all.
    smooth_z : float
        Standard deviation, in slices, of a Gaussian along z that is thresholded at one half; 0 leaves the mask as it
        is. Sheets thinner than about the deviation disappear, as they would under any true Gaussian.
    connectivity : {26, 6}
        Voxels of one object share at least a corner (26) or a face (6). 26 keeps thin oblique membranes in one piece.
    min_volume_um3 : float or None
        Drop components of less volume, in µm³; it needs a known voxel size unless it is 0, which keeps all.
        None drops those below ``min_voxels``.
    min_voxels : int
        Drop components of fewer voxels, where ``min_volume_um3`` is None.
    max_triangles : int
        Largest number of triangles of the display mesh.
    """

    reading: MaskReading = "classes"
    only_class: int | None = None
    smooth_z: float = 0.0
    connectivity: Connectivity = FULL_CONNECTIVITY
    min_volume_um3: float | None = None
    min_voxels: int = DEFAULT_MIN_VOXELS
    max_triangles: int = 200_000

    def __post_init__(self) -> None:
        if self.reading not in MASK_READINGS:
            raise SettingsError(
                f"The mask cannot be read as {self.reading!r}; use one of {', '.join(MASK_READINGS)}."
            )
        if self.only_class is not None and self.only_class < 1:
            raise SettingsError(f"Class {self.only_class} is not a foreground class; give 1 or more.")
        if not (math.isfinite(self.smooth_z) and self.smooth_z >= 0):
            raise SettingsError(
                f"A smoothing of {self.smooth_z} slices along z is not usable; give 0 or more."
            )
        if self.connectivity not in (FULL_CONNECTIVITY, FACE_CONNECTIVITY):
            raise SettingsError(f"A connectivity of {self.connectivity} does not exist here; use 26 or 6.")
        if self.min_volume_um3 is not None and not (
            math.isfinite(self.min_volume_um3) and self.min_volume_um3 >= 0
        ):
            raise SettingsError(
                f"A smallest volume of {self.min_volume_um3} µm³ is not usable; give 0 or more."
            )
        if self.min_voxels < 0:
            raise SettingsError(f"A smallest size of {self.min_voxels} voxels is not usable; give 0 or more.")
        if self.max_triangles < 1:
            raise SettingsError(f"A budget of {self.max_triangles} triangles is too small; give 1 or more.")
