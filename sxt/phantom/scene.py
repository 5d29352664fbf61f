"""The specimen while it is drawn: absorption, labels, and what is already taken."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from sxt.phantom import absorption
from sxt.phantom.grid import Box, Grid
from sxt.phantom.shapes import Ripple, Shape

ATTEMPTS = 32
GAP_NM = 50.0
"""Free space kept around a body, so that two outlines do not melt into one."""


@dataclass(frozen=True)
class Body:
    """How a shape is drawn.

    Parameters
    ----------
    interior_per_um : float or None
        Absorption inside; None leaves what is there, so that only the membrane is drawn.
    interior_class : int
        Label of the inside; the background class leaves it unlabelled.
    membrane_per_um, membrane_nm : float
        Absorption and thickness of the membrane; thickness 0 draws and labels none.
    membrane_label_nm : float
        Width of the outline labelled as membrane; 0 labels none.
    membrane_fading : float
        Share of its absorption by which the membrane varies along the surface, with the scene's coarse texture.
    texture_per_um : float
        Deviation of the interior's absorption, multiplied with the scene's fine texture.
    lamellae, lamellae_per_um : Ripple or None, float
        Sheets in the interior, over (z, y, x) in nm, and the deviation of the absorption that they make.
    """

    interior_per_um: float | None
    interior_class: int = absorption.BACKGROUND
    membrane_per_um: float = 1.0
    membrane_nm: float = 0.0
    membrane_label_nm: float = 0.0
    texture_per_um: float = 0.0
    membrane_fading: float = 0.0
    lamellae: Ripple | None = None
    lamellae_per_um: float = 0.0


@dataclass(frozen=True)
class Textures:
    """Random fields of mean 0 and deviation about 1 on the scene's grid (z, y, x), float32."""

    coarse: np.ndarray
    fine: np.ndarray


class Scene:
    """Absorption (1/µm, float32), labels (uint8) and two maps, all (z, y, x) on one grid: taken voxels, and outlines
    in the missing wedge, whose surface shows in no view because it is steeper than ``largest_tilt_deg``.
    """

    def __init__(
        self,
        grid: Grid,
        background_per_um: np.ndarray,
        textures: Textures,
        *,
        largest_tilt_deg: float = 90.0,
    ) -> None:
        self.grid = grid
        self.absorption = background_per_um
        self.textures = textures
        self.labels = np.zeros(grid.shape, np.uint8)
        self.is_taken = np.zeros(grid.shape, bool)
        self.is_in_wedge = np.zeros(grid.shape, bool)
        self._largest_slope = np.float32(math.tan(math.radians(largest_tilt_deg)))

    def place(self, draw: Callable[[], Shape], body: Body, *, attempts: int = ATTEMPTS) -> Shape | None:
        """Draw shapes until one lies free of the others, paint it, and return it; None where none fitted.

        Of every eight attempts one may compare its whole shape with what is taken, not only points of it.
        """
        costly = 0
        for _ in range(attempts):
            if costly > attempts // 8:
                return None
            shape = draw()
            low, high = shape.bounds_nm()
            box = self.grid.box_around(low - GAP_NM, high + GAP_NM)
            if box is None or self._is_taken_at(shape.core_nm()):
                continue
            costly += 1
            distance = shape.distance(self.grid, box)
            near = distance < GAP_NM
            if not (near & self.is_taken[box]).any():
                self.is_taken[box] |= near
                self.paint(distance, box, body)
                return shape
        return None

    def _is_taken_at(self, points_nm: np.ndarray) -> bool:
        index = np.floor(points_nm / self.grid.voxel_nm).astype(int)
        index = index[((index >= 0) & (index < self.grid.shape)).all(axis=1)]
        return bool(self.is_taken[index[:, 0], index[:, 1], index[:, 2]].any())

    def paint_shape(self, shape: Shape, body: Body, *, takes: bool = True) -> np.ndarray | None:
        """Paint a shape over what is there; return its distance in its box, None outside the grid."""
        low, high = shape.bounds_nm()
        box = self.grid.box_around(low - GAP_NM, high + GAP_NM)
        if box is None:
            return None
        distance = shape.distance(self.grid, box)
        self.paint(distance, box, body)
        if takes:
            self.is_taken[box] |= distance < GAP_NM
        return distance

    def paint(self, distance: np.ndarray, box: Box, body: Body) -> None:
        """Paint absorption and labels of a body given its signed distance in nm in a box."""
        values = self.absorption[box]
        voxel = np.float32(self.grid.mean_voxel_nm)
        inner = distance + np.float32(body.membrane_nm)
        if body.membrane_nm > 0:
            weight = np.clip(0.5 - distance / voxel, 0, 1) - np.clip(0.5 - inner / voxel, 0, 1)
            if body.membrane_fading:
                weight *= np.clip(
                    1 - np.float32(body.membrane_fading) * np.abs(self.textures.coarse[box]), 0, 1
                )
            values += weight * (np.float32(body.membrane_per_um) - values)
        if body.interior_per_um is not None:
            inside: np.ndarray | np.float32 = np.float32(body.interior_per_um)
            if body.texture_per_um:
                inside = inside + np.float32(body.texture_per_um) * self.textures.fine[box]
            if body.lamellae is not None:
                sheets = body.lamellae(*self.grid.coordinates(box, np.zeros(3)))
                inside = inside + np.float32(body.lamellae_per_um) * sheets
            values += np.clip(0.5 - inner / voxel, 0, 1) * (inside - values)
        self._label(distance, box, body)

    def _label(self, distance: np.ndarray, box: Box, body: Body) -> None:
        labels, in_wedge = self.labels[box], self.is_in_wedge[box]
        if body.interior_class or body.interior_per_um is not None:
            labels[distance < 0] = body.interior_class
            in_wedge[distance < 0] = False
        if body.membrane_label_nm > 0:
            slopes = slopes_of(distance, voxel_nm=self.grid.voxel_nm)
            outline = outline_in_slices(
                distance + np.float32(body.membrane_nm / 2),
                slopes,
                depth_nm=self.grid.voxel_nm[0],
                width_nm=body.membrane_label_nm,
            )
            labels[outline] = absorption.MEMBRANE
            slope_z, _, slope_x = slopes
            in_wedge[outline] = (np.abs(slope_z) > self._largest_slope * np.abs(slope_x))[outline]


Slopes = tuple[np.ndarray, np.ndarray, np.ndarray]


def slopes_of(distance: np.ndarray, *, voxel_nm: tuple[float, float, float]) -> Slopes:
    """Return the slopes along z, y and x of a distance (z, y, x) in nm; 0 along an axis of one voxel."""
    z, y, x = (
        np.gradient(distance, step, axis=axis) if distance.shape[axis] > 1 else np.zeros_like(distance)
        for axis, step in enumerate(voxel_nm)
    )
    return z, y, x


def outline_in_slices(
    distance: np.ndarray, slopes: Slopes, *, depth_nm: float, width_nm: float
) -> np.ndarray:
    """Return the line of ``width_nm``, measured within each slice, along the zero level of a signed distance.

    Parameters
    ----------
    distance : ndarray
        (z, y, x) in nm.
    slopes : tuple of ndarray
        As `slopes_of` returns them.
    depth_nm : float
        The voxel size along z.

    Notes
    -----
    A surface that is steep in z is a line of constant width in a slice. Where the surface lies parallel
    to the slice, the line would vanish; there it is kept one slice thick, so that the outline of a body
    stays closed.
    """
    half = np.float32(width_nm / 2)
    slope_z, slope_y, slope_x = slopes
    in_slice = np.hypot(slope_y, slope_x) / np.sqrt(slope_z**2 + slope_y**2 + slope_x**2 + np.float32(1e-6))
    thinnest = np.float32(min(0.51 * depth_nm, width_nm / 2))
    closed: np.ndarray = np.abs(distance) <= np.minimum(half, np.maximum(half * in_slice, thinnest))
    return closed
