"""Simulated cells that the shipped versions learn from and are measured on, drawn from their seeds, kept in files."""

import dataclasses
import math
import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from sxt.files import atomic_path
from sxt.metrics import UNLABELLED
from sxt.phantom import PhantomSettings, SimulatedCell, draw_settings, simulate_cell
from sxt.tomogram import Tomogram
from sxt.train import ArrayLabels, TrainingTomogram

VOXEL_RANGE_NM = (8.0, 30.0)
DEPTH_PX = 16
LABELLED_EVERY = 2
"""Neighbouring slices show nearly the same; the ones between serve as the neighbours that a network may see."""
SMALLEST_SIDE_PX, SMALLEST_SIDE_NM = 320, 4000.0
LARGE_SIDE_NM, LARGE_VOXEL_RANGE_NM = 7700.0, (15.0, 30.0)
"""As much as a large tile shows, so that what lies far from a structure is learned as well."""

BEADS_PER_UM3 = (0.3, 0.9)
BEAD_RADIUS_NM = (80.0, 190.0)
BEAD_PER_UM = (0.9, 3.0)
"""As real reconstructions show beads: little denser than the densest droplet, with soft halos."""
SMALL_DROPLET_RADIUS_NM = (80.0, 250.0)
"""As large as the beads: size does not tell them apart."""

CellKind = Literal["standard", "drawn", "large", "large with beads"]


@dataclass(frozen=True)
class CellPlan:
    """A simulated cell to train on.

    Parameters
    ----------
    seed : int
    kind : {"standard", "drawn", "large", "large with beads"}
        The standard settings with a drawn voxel size; all settings drawn; the same nearly twice as wide; or that with
        many beads, small droplets beside them, little noise, and clipped grey values.
    """

    seed: int
    kind: CellKind

    @property
    def settings(self) -> PhantomSettings:
        smallest = (DEPTH_PX, SMALLEST_SIDE_PX, SMALLEST_SIDE_PX)
        is_large = self.kind.startswith("large")
        voxel_range_nm = LARGE_VOXEL_RANGE_NM if is_large else VOXEL_RANGE_NM
        drawn = draw_settings(self.seed, smallest, voxel_range_nm=voxel_range_nm)
        voxel_nm = drawn.voxel_zyx_nm[2]
        side_nm = LARGE_SIDE_NM if is_large else SMALLEST_SIDE_NM
        side = max(SMALLEST_SIDE_PX, math.ceil(side_nm / voxel_nm))
        shape = (DEPTH_PX, side, side)
        if self.kind == "standard":
            return PhantomSettings(shape, voxel_nm)
        drawn = dataclasses.replace(drawn, shape=shape)
        return _with_beads(drawn, self.seed) if self.kind == "large with beads" else drawn

    @property
    def file_name(self) -> str:
        return f"{self.kind.replace(' ', '-')}-{self.seed}.npz"


def _with_beads(drawn: PhantomSettings, seed: int) -> PhantomSettings:
    rng = np.random.default_rng([seed, 1])
    radius_nm, per_um = rng.uniform(*BEAD_RADIUS_NM), _log_uniform(rng, *BEAD_PER_UM)
    specimen = dataclasses.replace(
        drawn.specimen,
        beads_per_um3=_log_uniform(rng, *BEADS_PER_UM3),
        bead_radius_nm=(0.95 * radius_nm, 1.05 * radius_nm),
        bead_per_um=(0.95 * per_um, 1.05 * per_um),
        droplet_radius_nm=SMALL_DROPLET_RADIUS_NM,
    )
    acquisition = dataclasses.replace(
        drawn.acquisition,
        photons=_log_uniform(rng, 2_000.0, 30_000.0),
        jitter_px=min(drawn.acquisition.jitter_px, 0.5),
    )
    reconstruction = dataclasses.replace(
        drawn.reconstruction,
        smoothing_nm=rng.uniform(0.6, 1.4) * drawn.voxel_zyx_nm[2],
        clip_percent=(_log_uniform(rng, 0.1, 1.0), 100 - _log_uniform(rng, 0.1, 1.0)),
        dtype="uint8",
    )
    return dataclasses.replace(
        drawn, specimen=specimen, acquisition=acquisition, reconstruction=reconstruction
    )


def _log_uniform(rng: np.random.Generator, low: float, high: float) -> float:
    return math.exp(rng.uniform(math.log(low), math.log(high)))


def open_cells(folder: Path, plans: list[CellPlan], *, n_processes: int = 2) -> list[TrainingTomogram]:
    """Return the cells with every second slice labelled, from their files or else simulated.

    Membrane that no view shows is unlabelled.
    """
    missing = [plan for plan in plans if not (folder / plan.file_name).exists()]
    if missing:
        folder.mkdir(parents=True, exist_ok=True)
        with ProcessPoolExecutor(n_processes) as pool:
            for number, name in enumerate(pool.map(_simulate, missing, [folder] * len(missing)), start=1):
                sys.stderr.write(f"simulated {name}, {number} of {len(missing)}\n")
    return [_open(folder / plan.file_name) for plan in plans]


def _simulate(plan: CellPlan, folder: Path) -> str:
    cell = simulate_cell(plan.settings, seed=plan.seed)
    with atomic_path(folder / plan.file_name) as temporary:
        np.savez(
            temporary,
            grey=np.asarray(cell.tomogram.data[:]),
            labels=hide_wedge(cell),
            voxel_size_nm=np.array(cell.tomogram.voxel_size_nm),
            absorbing_is=np.array(cell.tomogram.absorbing_is),
        )
    return plan.file_name


def hide_wedge(cell: SimulatedCell) -> np.ndarray:
    """Return the labels (z, y, x), 255 where a membrane lies in the missing wedge: nobody could label it."""
    return np.where(cell.is_in_wedge, np.uint8(UNLABELLED), cell.labels)


def _open(path: Path) -> TrainingTomogram:
    with np.load(path) as stored:
        tomogram = Tomogram(
            stored["grey"],
            voxel_size_nm=tuple(stored["voxel_size_nm"].tolist()),
            absorbing_is=stored["absorbing_is"].item(),
        )
        labels = stored["labels"]
    chosen = range(LABELLED_EVERY // 2, len(labels), LABELLED_EVERY)
    by_slice = {z: np.ascontiguousarray(labels[z]) for z in chosen}
    return TrainingTomogram(path.stem, tomogram, ArrayLabels(by_slice, "the simulation"))
