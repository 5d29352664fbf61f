"""Draw the organelles of a cell into a scene."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from sxt.phantom import absorption
from sxt.phantom.scene import ATTEMPTS, GAP_NM, Body, Scene
from sxt.phantom.settings import Range, SpecimenSettings
from sxt.phantom.shapes import (
    Ellipsoid,
    HalfSpace,
    Shape,
    Sheet,
    Tube,
    distance_of_large_shape,
    draw_lamellae,
    draw_path,
    draw_ripple,
    draw_rotation,
    join_tubes,
    tube_along,
)

TUBE_STEP_NM = 60.0
FIRST_ATTEMPTS = 300
"""Attempts to place the first object of a kind, so that a small volume holds one of each where it can."""
NUCLEAR_ENVELOPE = (1.6, 2.0)
"""Thickness of the nuclear envelope in units of a membrane: it is two of them, with pores in up to a fifth."""
GRID_BAR_OPTICAL_DEPTH = 1.5
"""What the bar's thin edge takes from a ray across it; the middle of a bar lets nothing through."""
CISTERNA = 0.5
"""Thickness of a cisterna's membranes in units of an organelle's: seen edge-on, two of them add up."""


class OrganellePainter:
    """Places organelles one after another, all drawn from one random generator."""

    def __init__(self, scene: Scene, specimen: SpecimenSettings, rng: np.random.Generator) -> None:
        self.scene = scene
        self.specimen = specimen
        self.rng = rng
        self._is_first = False

    def paint_cell_edge(self, outside: np.ndarray) -> None:
        """Cut the cell off along a rippled plane and put ``outside`` (absorption in 1/µm) behind it."""
        shape = self._draw_cell_edge()
        grid = self.scene.grid
        distance = distance_of_large_shape(shape, grid)
        weight = np.clip(0.5 + distance / np.float32(grid.mean_voxel_nm), 0, 1)
        self.scene.absorption += weight * (outside - self.scene.absorption)
        self.scene.paint(distance, grid.whole, self._membrane_body(None))
        self.scene.is_taken |= distance > -100
        for _ in range(self.specimen.filopodia):
            self._paint_filopodium(shape)

    def _paint_filopodium(self, edge: HalfSpace) -> None:
        """Paint a thin process of the cell that leaves its edge into the ice."""
        rng, s = self.rng, self.specimen
        along = np.cross(edge.normal, [1.0, 0.0, 0.0])
        reach = 0.5 * float(self.scene.grid.extent_nm[1:].min())
        foot = edge.point_nm + along * rng.uniform(-reach, reach)
        foot = foot + np.array([rng.uniform(-0.4, 0.4) * self.scene.grid.extent_nm[0], 0.0, 0.0])
        points = draw_path(
            rng,
            foot - 100.0 * edge.normal,
            length_nm=rng.uniform(600.0, 2500.0),
            step_nm=TUBE_STEP_NM,
            stiffness=rng.uniform(0.95, 0.99),
            flatness=0.3,
            direction=edge.normal + 0.3 * rng.normal(size=3),
        )
        tube = tube_along(points, np.full(len(points), rng.uniform(45.0, 90.0)))
        self.scene.paint_shape(tube, self._membrane_body(self._draw(s.cytosol_per_um)))

    def paint_support(self) -> None:
        """Put a perforated carbon film, and the edge of a grid bar, below the volume that is kept."""
        grid, s, rng = self.scene.grid, self.specimen, self.rng
        depth_nm = grid.voxel_nm[0]
        last = self.scene.absorption[-1]
        _, y, x = grid.coordinates(grid.whole, np.zeros(3))
        if s.film_nm > 0:
            radius = self._draw(s.film_hole_radius_nm)
            pitch, offset = radius * rng.uniform(2.6, 4.0), rng.uniform(0, 4000.0, 2)
            off_y, off_x = (
                np.abs(np.mod(c[0] + o, pitch) - pitch / 2) for c, o in zip((y, x), offset, strict=True)
            )
            is_film = np.hypot(off_y, off_x) > radius
            last += is_film * np.float32(absorption.CARBON_PER_UM * s.film_nm / depth_nm)
        if s.has_grid_bar:
            angle = rng.uniform(0, 2 * np.pi)
            across = np.sin(angle) * y[0] + np.cos(angle) * x[0]
            is_bar = across > np.quantile(across, rng.uniform(0.75, 0.97))
            last += is_bar * np.float32(GRID_BAR_OPTICAL_DEPTH * 1000.0 / depth_nm)

    def paint_nucleus(self) -> None:
        """Paint a part of a large nucleus: envelope, chromatin, nucleolus."""
        grid, s, rng = self.scene.grid, self.specimen, self.rng
        radii = rng.uniform(*s.nucleus_radius_nm, 3) * np.array([0.6, 1.0, 1.0])
        angle = rng.uniform(0, 2 * np.pi)
        towards = np.array([0.0, np.sin(angle), np.cos(angle)])
        reach = 1 / np.linalg.norm(towards / radii)
        away = towards * (reach + rng.uniform(-0.1, 0.35) * grid.extent_nm[1:].min())
        centre = grid.extent_nm / 2 + away + np.array([rng.uniform(-0.3, 0.3) * radii[0], 0, 0])
        ripple = draw_ripple(rng, amplitude=0.03 * radii[1], wave_number=5.0)
        shape = Ellipsoid(centre, radii, ripple=ripple)
        level = self._draw(s.nucleus_per_um)
        body = Body(
            level,
            membrane_per_um=self._draw(s.membrane_per_um),
            membrane_nm=rng.uniform(*NUCLEAR_ENVELOPE) * self._draw(s.membrane_thickness_nm),
            membrane_label_nm=s.membrane_label_nm,
            texture_per_um=1.2 * s.texture * level,
            membrane_fading=rng.uniform(0.0, 0.5),
        )
        distance = distance_of_large_shape(shape, grid)
        self.scene.paint(distance, grid.whole, body)
        self.scene.is_taken |= distance < GAP_NM
        nucleolus = Ellipsoid(
            centre - away * rng.uniform(0.2, 0.9),
            rng.uniform(350, 800, 3),
            ripple=draw_ripple(rng, amplitude=50.0, wave_number=3.0),
        )
        box = grid.box_around(*nucleolus.bounds_nm())
        if box is not None:
            within = np.clip(np.minimum(-nucleolus.distance(grid, box), -200 - distance[box]) / 60, 0, 1)
            self.scene.absorption[box] += within * np.float32(0.25 * level)

    def paint_filaments(self) -> None:
        """Draw thin, nearly straight lines wherever they fall; all that is placed later is painted over them."""
        s = self.specimen
        for _ in range(self._count(s.filaments_per_um3)):
            line = self._draw_tube(
                self._draw_centre(),
                self._draw(s.filament_length_nm),
                self._draw(s.filament_radius_nm),
                self.rng.uniform(0.96, 0.995),
            )
            self.scene.paint_shape(line, Body(self._draw(s.filament_per_um)), takes=False)

    def paint_mitochondria(self) -> None:
        """Place long tubes, some of them branched, with a dense matrix."""
        s = self.specimen
        level = self._draw(s.mitochondrion_per_um)
        radius = self._draw(s.mitochondrion_radius_nm)

        def body() -> Body:
            plain = self._membrane_body(
                level * self.rng.uniform(0.92, 1.08),
                interior_class=absorption.MITOCHONDRION,
                texture_per_um=0.6 * s.texture * level,
                thickness=s.mitochondrion_rim,
            )
            if s.cristae == 0:
                return plain
            lamellae = draw_lamellae(self.rng, spacing=self._draw(s.cristae_spacing_nm))
            return replace(plain, lamellae=lamellae, lamellae_per_um=s.cristae * level)

        self._place_many(s.mitochondria_per_um3, lambda: self._draw_mitochondrion(radius), body)

    def paint_droplets(self) -> None:
        """Place lipid droplets: round, even, without a membrane."""
        s = self.specimen
        level = self._draw(s.droplet_per_um)

        def body() -> Body:
            return Body(level * self.rng.uniform(0.9, 1.1), absorption.LIPID_DROPLET)

        self._place_many(s.droplets_per_um3, lambda: self._draw_blob(s.droplet_radius_nm, 0.08), body)

    def paint_beads(self) -> None:
        """Place gold beads, all of nearly one size; they may touch anything."""
        s, rng = self.specimen, self.rng
        radius = self._draw(s.bead_radius_nm)
        body = Body(self._draw(s.bead_per_um), absorption.GOLD_BEAD)
        layer = rng.uniform(0.3, 0.7)
        for index in range(self._count(s.beads_per_um3)):
            self._is_first = index == 0
            centre = self._draw_centre()
            if not self._is_first and rng.random() < 0.7:  # most lie on one surface of the specimen
                centre[0] = self.scene.grid.extent_nm[0] * np.clip(rng.normal(layer, 0.08), 0, 1)
            radii = radius * rng.uniform(0.9, 1.1, 3)
            self.scene.paint_shape(Ellipsoid(centre, radii), body)
        self._is_first = False

    def paint_vesicles(self) -> None:
        """Place vesicles with bright, grey or dark lumen, some with a dense core, and larger vacuoles."""
        s = self.specimen
        self._place_many(
            s.vacuoles_per_um3, lambda: self._draw_blob(s.vacuole_radius_nm, 0.3), self._draw_vacuole
        )
        for _ in range(self._count(s.multivesicular_per_um3)):
            self._place_multivesicular_body()
        for shape in self._place_many(
            s.vesicles_per_um3,
            lambda: self._draw_blob(s.vesicle_radius_nm, 0.15),
            lambda: self._membrane_body(self._draw(s.vesicle_lumen_per_um), texture_per_um=0.02),
        ):
            if isinstance(shape, Ellipsoid) and self.rng.random() < 0.2:
                core = Ellipsoid(shape.centre_nm, 0.5 * shape.radii_nm, shape.rotation)
                self.scene.paint_shape(core, Body(self.rng.uniform(0.4, 0.8)), takes=False)

    def paint_reticulum(self) -> None:
        """Place tubules and sheets of the endoplasmic reticulum, and Golgi stacks."""
        s = self.specimen

        def body() -> Body:
            return self._membrane_body(self.rng.uniform(0.2, 0.32))

        def cisterna() -> Body:
            return self._membrane_body(self.rng.uniform(0.2, 0.32), thickness=CISTERNA)

        for _ in range(self._count(s.golgi_per_um3)):
            self._place_golgi()
        self._place_many(s.sheets_per_um3, self._draw_sheet, cisterna)
        self._place_many(s.tubules_per_um3, self._draw_tubule, body)

    def _place_many(self, per_um3: float, draw: Callable[[], Shape], body: Callable[[], Body]) -> list[Shape]:
        """Place as many shapes as the density asks for; the first lies within what is kept."""
        placed: list[Shape] = []
        for _ in range(self._count(per_um3)):
            self._is_first = not placed
            attempts = FIRST_ATTEMPTS if self._is_first else ATTEMPTS
            shape = self.scene.place(draw, body(), attempts=attempts)
            if shape is not None:
                placed.append(shape)
        self._is_first = False
        return placed

    def _count(self, per_um3: float) -> int:
        if per_um3 == 0:
            return 0
        return max(int(self.rng.poisson(per_um3 * self.scene.grid.volume_um3)), 1)

    def _draw(self, limits: Range) -> float:
        return float(self.rng.uniform(*limits))

    def _draw_centre(self) -> np.ndarray:
        extent = self.scene.grid.extent_nm
        inset = np.array([0.45, 0.2, 0.2]) if self._is_first else np.zeros(3)
        return extent * self.rng.uniform(inset, 1 - inset)

    def _membrane_body(
        self,
        interior_per_um: float | None,
        *,
        interior_class: int = absorption.BACKGROUND,
        texture_per_um: float = 0.0,
        thickness: float = 1.0,
    ) -> Body:
        s = self.specimen
        return Body(
            interior_per_um,
            interior_class,
            membrane_per_um=self._draw(s.membrane_per_um),
            membrane_nm=thickness * self._draw(s.membrane_thickness_nm),
            membrane_label_nm=s.membrane_label_nm,
            texture_per_um=texture_per_um,
        )

    def _draw_vacuole(self) -> Body:
        return self._membrane_body(self._draw(self.specimen.vacuole_per_um), texture_per_um=0.01)

    def _draw_blob(self, radius_nm: Range, roughness: float) -> Ellipsoid:
        radius = self._draw(radius_nm)
        radii = radius * self.rng.uniform(1 - roughness, 1 + roughness, 3)
        ripple = draw_ripple(self.rng, amplitude=0.25 * roughness * radius, wave_number=2.5)
        return Ellipsoid(self._draw_centre(), radii, draw_rotation(self.rng), ripple)

    def _draw_mitochondrion(self, radius_nm: float) -> Tube:
        rng = self.rng
        length = self._draw(self.specimen.mitochondrion_length_nm)
        stiffness = rng.uniform(0.85, 0.99)
        trunk = self._draw_tube(self._draw_centre(), length, radius_nm, stiffness)
        if rng.random() < self.specimen.branching:
            at = trunk.starts_nm[rng.integers(len(trunk.starts_nm))]
            branch = self._draw_tube(at, length * rng.uniform(0.2, 0.6), 0.9 * radius_nm, stiffness)
            return join_tubes(trunk, branch)
        return trunk

    def _draw_tube(self, start: np.ndarray, length: float, radius: float, stiffness: float) -> Tube:
        rng = self.rng
        step_nm = max(TUBE_STEP_NM, 0.5 * radius)
        points = draw_path(
            rng,
            start,
            length_nm=length,
            step_nm=step_nm,
            stiffness=stiffness,
            flatness=rng.uniform(0.05, 0.4),
        )
        position = np.linspace(0, length / 1000.0, len(points))
        swell = draw_ripple(rng, amplitude=0.10, wave_number=5.0, count=3)
        radii = (
            radius
            * rng.uniform(0.85, 1.15)
            * np.clip(1 + np.asarray(swell(position, 0 * position, 0 * position)), 0.7, 1.35)
        )
        return tube_along(points, np.broadcast_to(radii, len(points)))

    def _draw_tubule(self) -> Tube:
        s, rng = self.specimen, self.rng
        return self._draw_tube(
            self._draw_centre(),
            self._draw(s.tubule_length_nm),
            self._draw(s.tubule_radius_nm),
            rng.uniform(0.8, 0.97),
        )

    def _draw_sheet(self) -> Sheet:
        s, rng = self.specimen, self.rng
        return Sheet(
            self._draw_centre(),
            self._draw_upright(),
            rng.uniform(*s.sheet_size_nm, 2),
            self._draw(s.tubule_radius_nm),
            draw_ripple(rng, amplitude=60.0, wave_number=0.004),
        )

    def _draw_upright(self) -> np.ndarray:
        """Draw a rotation whose third axis, the sheet's normal, lies mostly within the slice."""
        rng = self.rng
        normal = np.array([rng.normal(scale=0.35), *rng.normal(size=2)])
        normal /= np.linalg.norm(normal)
        u = np.cross(normal, [1.0, 0.0, 0.0])
        u /= np.linalg.norm(u)
        return np.stack([u, np.cross(normal, u), normal], axis=1)

    def _place_golgi(self) -> None:
        rng = self.rng
        centre, rotation = self._draw_centre(), self._draw_upright()
        size = rng.uniform(300, 600, 2)
        curvature = rng.normal(scale=0.0008)
        ripple = draw_ripple(rng, amplitude=15.0, wave_number=0.004)
        spacing = rng.uniform(85, 120)
        count = int(rng.integers(3, 6))
        if not self._is_free(centre, 500.0):
            return
        for index in range(count):
            offset = (index - (count - 1) / 2) * spacing
            sheet = Sheet(centre, rotation, size * rng.uniform(0.8, 1.0), 22.0, ripple, curvature, offset)
            self.scene.paint_shape(sheet, self._membrane_body(self._draw((0.2, 0.3)), thickness=CISTERNA))

    def _is_free(self, centre_nm: np.ndarray, reach_nm: float) -> bool:
        box = self.scene.grid.box_around(centre_nm - reach_nm, centre_nm + reach_nm)
        return box is not None and not self.scene.is_taken[box].any()

    def _place_multivesicular_body(self) -> None:
        rng = self.rng
        shape = self.scene.place(
            lambda: self._draw_blob((200.0, 400.0), 0.15), self._membrane_body(self._draw((0.15, 0.3)))
        )
        if not isinstance(shape, Ellipsoid):
            return
        for _ in range(int(rng.integers(3, 9))):
            direction = rng.normal(size=3)
            offset = (
                0.55 * shape.radii_nm.min() * rng.random() ** (1 / 3) * direction / np.linalg.norm(direction)
            )
            inner = Ellipsoid(shape.centre_nm + offset, rng.uniform(35, 80, 3))
            self.scene.paint_shape(inner, self._membrane_body(self._draw((0.2, 0.6))), takes=False)

    def _draw_cell_edge(self) -> HalfSpace:
        rng, extent = self.rng, self.scene.grid.extent_nm
        angle = rng.uniform(0, 2 * np.pi)
        normal = np.array([rng.normal(scale=0.25), np.sin(angle), np.cos(angle)])
        normal /= np.linalg.norm(normal)
        point = extent / 2 + normal * rng.uniform(0.1, 0.4) * min(extent[1:])
        wave_number = 2 * np.pi / rng.uniform(1500, 4000)
        return HalfSpace(
            point, normal, draw_ripple(rng, amplitude=rng.uniform(50, 200), wave_number=wave_number)
        )
