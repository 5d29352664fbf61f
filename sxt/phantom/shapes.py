"""Smooth bodies as signed distance functions in nm, negative inside, evaluated in a box of the grid."""

import math
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from sxt.phantom.grid import Box, Grid, box_shape
from sxt.phantom.textures import stretch


class Shape(Protocol):
    """A body: the corners that enclose it, points within it, and its signed distance."""

    def core_nm(self) -> np.ndarray:
        """Return a few points inside (points, 3), to tell cheaply that the body overlaps another."""
        ...

    def bounds_nm(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the lowest and highest corner (z, y, x)."""
        ...

    def distance(self, grid: Grid, box: Box) -> np.ndarray:
        """Return the signed distance in nm at every voxel of the box, float32, shape of the box.

        It is exact to first order at the surface; further than 60 nm away it may be capped.
        """
        ...


DISTANCE_CAP_NM = 60.0


@dataclass(frozen=True)
class Ripple:
    """A smooth random function: a sum of cosines, scaled to the deviation ``amplitude``."""

    amplitude: float = 0.0
    waves: np.ndarray = field(default_factory=lambda: np.zeros((0, 3)))
    phases: np.ndarray = field(default_factory=lambda: np.zeros(0))

    def __call__(self, a: np.ndarray, b: np.ndarray, c: np.ndarray) -> np.ndarray | float:
        total: np.ndarray | float = 0.0
        scale = np.float32(self.amplitude * np.sqrt(2.0 / max(len(self.phases), 1)))
        for (ka, kb, kc), phase in zip(
            self.waves.astype(np.float32), self.phases.astype(np.float32), strict=True
        ):
            total = total + scale * np.cos(ka * a + kb * b + kc * c + phase)
        return total


def draw_ripple(rng: np.random.Generator, *, amplitude: float, wave_number: float, count: int = 4) -> Ripple:
    """Draw a ripple with waves of about ``wave_number`` radians a unit of its arguments."""
    waves = rng.normal(scale=wave_number / np.sqrt(3), size=(count, 3))
    return Ripple(amplitude, waves, rng.uniform(0, 2 * np.pi, count))


def draw_lamellae(rng: np.random.Generator, *, spacing: float, count: int = 4) -> Ripple:
    """Draw a ripple of deviation 1 whose crests are nearly parallel sheets, ``spacing`` apart."""
    direction = rng.normal(size=3)
    direction /= np.linalg.norm(direction)
    turned = direction + rng.normal(scale=0.15, size=(count, 3))
    waves = turned * (2 * np.pi / spacing) * rng.uniform(0.85, 1.15, (count, 1))
    return Ripple(1.0, waves, rng.uniform(0, 2 * np.pi, count))


def draw_rotation(rng: np.random.Generator) -> np.ndarray:
    """Draw a rotation matrix, shape (3, 3), uniformly over all orientations."""
    q, r = np.linalg.qr(rng.normal(size=(3, 3)))
    return q * np.sign(np.diag(r))


def _rotate(
    axes: tuple[np.ndarray, np.ndarray, np.ndarray], rotation: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    z, y, x = axes
    m = rotation.astype(np.float32)
    return (
        m[0, 0] * z + m[1, 0] * y + m[2, 0] * x,
        m[0, 1] * z + m[1, 1] * y + m[2, 1] * x,
        m[0, 2] * z + m[1, 2] * y + m[2, 2] * x,
    )


@dataclass(frozen=True)
class Ellipsoid:
    """An ellipsoid with a rippled surface; the ripple's amplitude is in nm, its argument a direction."""

    centre_nm: np.ndarray
    radii_nm: np.ndarray
    rotation: np.ndarray = field(default_factory=lambda: np.eye(3))
    ripple: Ripple = field(default_factory=Ripple)

    def core_nm(self) -> np.ndarray:
        tips = 0.9 * (self.rotation * self.radii_nm).T
        return np.concatenate([self.centre_nm + tips, self.centre_nm - tips, self.centre_nm[None]])

    def bounds_nm(self) -> tuple[np.ndarray, np.ndarray]:
        reach = np.sqrt(((self.rotation * self.radii_nm) ** 2).sum(axis=1)) + 2.5 * self.ripple.amplitude
        return self.centre_nm - reach, self.centre_nm + reach

    def distance(self, grid: Grid, box: Box) -> np.ndarray:
        u, v, w = _rotate(grid.coordinates(box, self.centre_nm), self.rotation)
        a, b, c = (np.float32(r) for r in self.radii_nm)
        u, v, w = u / a, v / b, w / c
        level = np.sqrt(u * u + v * v + w * w) + np.float32(1e-6)
        slope = np.sqrt((u / a) ** 2 + (v / b) ** 2 + (w / c) ** 2) + np.float32(1e-9)
        distance = level * (level - 1) / slope  # first order: value over gradient
        if self.ripple.amplitude:
            distance = distance - self.ripple(u / level, v / level, w / level)
        return distance.astype(np.float32, copy=False)


@dataclass(frozen=True)
class Tube:
    """Capsules with radii that change along them: one tube, branched tubes, or a network.

    ``starts_nm`` and ``stops_nm`` have shape (segments, 3), the radii (segments,).
    """

    starts_nm: np.ndarray
    stops_nm: np.ndarray
    start_radii_nm: np.ndarray
    stop_radii_nm: np.ndarray

    def core_nm(self) -> np.ndarray:
        points = np.concatenate([self.starts_nm, self.stops_nm[-1:]])
        radii = np.concatenate([self.start_radii_nm, self.stop_radii_nm[-1:]])
        around = np.concatenate([np.eye(3), -np.eye(3), np.zeros((1, 3))])
        return (points[:, None] + radii[:, None, None] * around).reshape(-1, 3)

    def bounds_nm(self) -> tuple[np.ndarray, np.ndarray]:
        points = np.concatenate([self.starts_nm, self.stops_nm])
        radius = max(self.start_radii_nm.max(), self.stop_radii_nm.max())
        return points.min(axis=0) - radius, points.max(axis=0) + radius

    def distance(self, grid: Grid, box: Box) -> np.ndarray:
        result = np.full(box_shape(box), DISTANCE_CAP_NM, np.float32)
        corner = np.array([s.start for s in box])
        for a, b, ra, rb in zip(
            self.starts_nm, self.stops_nm, self.start_radii_nm, self.stop_radii_nm, strict=True
        ):
            reach = max(ra, rb) + DISTANCE_CAP_NM
            near = _intersect(grid.box_around(np.minimum(a, b) - reach, np.maximum(a, b) + reach), box)
            if near is None:
                continue
            z, y, x = grid.coordinates(near, a)
            axis = (b - a).astype(np.float32)
            t = np.clip((z * axis[0] + y * axis[1] + x * axis[2]) / np.float32(axis @ axis + 1e-6), 0, 1)
            z, y, x = z - t * axis[0], y - t * axis[1], x - t * axis[2]
            d = np.sqrt(z * z + y * y + x * x) - (np.float32(ra) + t * np.float32(rb - ra))
            local = tuple(slice(s.start - c, s.stop - c) for s, c in zip(near, corner, strict=True))
            np.minimum(result[local], d, out=result[local])
        return result


@dataclass(frozen=True)
class Sheet:
    """A bent plate with a rounded outline: a cisterna.

    In its own frame it is ``|w - bend(u, v)| < half_thickness`` within the ellipse of ``half_size_nm``
    (u, v).
    """

    centre_nm: np.ndarray
    rotation: np.ndarray
    half_size_nm: np.ndarray
    half_thickness_nm: float
    ripple: Ripple
    curvature_per_nm: float = 0.0
    offset_nm: float = 0.0

    def core_nm(self) -> np.ndarray:
        return self.centre_nm[None] + self.offset_nm * self.rotation[:, 2]

    def bounds_nm(self) -> tuple[np.ndarray, np.ndarray]:
        largest = float(self.half_size_nm.max())
        height = self.half_thickness_nm + 2.5 * self.ripple.amplitude + abs(self.offset_nm)
        height += abs(self.curvature_per_nm) * largest**2 / 2
        reach = np.sqrt(((self.rotation * np.array([*self.half_size_nm, height])) ** 2).sum(axis=1))
        return self.centre_nm - reach, self.centre_nm + reach

    def distance(self, grid: Grid, box: Box) -> np.ndarray:
        u, v, w = _rotate(grid.coordinates(box, self.centre_nm), self.rotation)
        bend = self.ripple(u, v, np.zeros(1, np.float32)) + np.float32(self.offset_nm)
        bend = bend + np.float32(self.curvature_per_nm / 2) * (u * u + v * v)
        a, b = (np.float32(r) for r in self.half_size_nm)
        rim = (np.sqrt((u / a) ** 2 + (v / b) ** 2) - 1) * min(a, b)
        across = np.abs(w - bend) - np.float32(self.half_thickness_nm)
        return np.maximum(across, rim).astype(np.float32, copy=False)


@dataclass(frozen=True)
class HalfSpace:
    """Everything behind a rippled plane through ``point_nm``; ``normal`` points out of the body."""

    point_nm: np.ndarray
    normal: np.ndarray
    ripple: Ripple

    def core_nm(self) -> np.ndarray:
        return self.point_nm[None] - self.normal * 5 * self.ripple.amplitude

    def bounds_nm(self) -> tuple[np.ndarray, np.ndarray]:
        return np.full(3, -np.inf), np.full(3, np.inf)

    def distance(self, grid: Grid, box: Box) -> np.ndarray:
        z, y, x = grid.coordinates(box, self.point_nm)
        n = self.normal.astype(np.float32)
        return (z * n[0] + y * n[1] + x * n[2] + self.ripple(z, y, x)).astype(np.float32, copy=False)


def distance_of_large_shape(shape: Shape, grid: Grid) -> np.ndarray:
    """Return the signed distance over the whole grid, worked out at every fourth voxel and interpolated.

    For shapes whose radii of curvature are many voxels.
    """
    factor = 4
    z, y, x = (-(-n // factor) + 1 for n in grid.shape)
    vz, vy, vx = grid.voxel_nm
    coarse = Grid((z, y, x), (factor * vz, factor * vy, factor * vx))
    distance = shape.distance(coarse, coarse.whole)
    for axis, length in enumerate(grid.shape):
        distance = stretch(distance, axis, length, factor)
    return distance


def draw_path(
    rng: np.random.Generator,
    start_nm: np.ndarray,
    *,
    length_nm: float,
    step_nm: float,
    stiffness: float,
    flatness: float,
    direction: np.ndarray | None = None,
) -> np.ndarray:
    """Draw a smooth random walk, shape (points, 3).

    Parameters
    ----------
    stiffness : float
        How far the direction carries over from step to step, 0 to 1.
    flatness : float
        Factor on the z component of every step; 0 keeps the path within a slice.
    """
    scale = np.array([flatness, 1.0, 1.0])
    turns = (1 - stiffness) * scale * rng.normal(size=(max(int(length_nm / step_nm), 1), 3))
    heading = scale * (rng.normal(size=3) if direction is None else direction)
    steps = np.empty_like(turns)
    turn = np.zeros(3)
    for index, change in enumerate(turns):
        turn = 0.8 * turn + change
        heading = heading / math.sqrt(heading @ heading) + turn
        steps[index] = heading
    steps *= step_nm / np.linalg.norm(steps, axis=1, keepdims=True)
    return start_nm + np.concatenate([np.zeros((1, 3)), np.cumsum(steps, axis=0)])


def tube_along(points: np.ndarray, radii_nm: np.ndarray) -> Tube:
    """Return the tube through ``points`` (n, 3) with ``radii_nm`` (n,) at them."""
    return Tube(points[:-1], points[1:], radii_nm[:-1], radii_nm[1:])


def join_tubes(first: Tube, second: Tube) -> Tube:
    """Return the union of two tubes as one body."""
    return Tube(
        np.concatenate([first.starts_nm, second.starts_nm]),
        np.concatenate([first.stops_nm, second.stops_nm]),
        np.concatenate([first.start_radii_nm, second.start_radii_nm]),
        np.concatenate([first.stop_radii_nm, second.stop_radii_nm]),
    )


def _intersect(first: Box | None, second: Box) -> Box | None:
    if first is None:
        return None
    parts = [slice(max(a.start, b.start), min(a.stop, b.stop)) for a, b in zip(first, second, strict=True)]
    if any(p.stop <= p.start for p in parts):
        return None
    return (parts[0], parts[1], parts[2])
