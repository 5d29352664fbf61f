"""Simulated cells that the shipped versions learn from and are measured on, drawn from their seeds, kept in files."""

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

CellKind = Literal["standard", "drawn"]


@dataclass(frozen=True)
class CellPlan:
    """A simulated cell to train on.

    Parameters
    ----------
    seed : int
    kind : {"standard", "drawn"}
        The standard settings with a drawn voxel size, or all settings drawn.
    """

    seed: int
    kind: CellKind

    @property
    def settings(self) -> PhantomSettings:
        smallest = (DEPTH_PX, SMALLEST_SIDE_PX, SMALLEST_SIDE_PX)
        drawn = draw_settings(self.seed, smallest, voxel_range_nm=VOXEL_RANGE_NM)
        voxel_nm = drawn.voxel_zyx_nm[2]
        side = max(SMALLEST_SIDE_PX, math.ceil(SMALLEST_SIDE_NM / voxel_nm))
        shape = (DEPTH_PX, side, side)
        if self.kind == "standard":
            return PhantomSettings(shape, voxel_nm)
        return PhantomSettings(shape, voxel_nm, drawn.specimen, drawn.acquisition, drawn.reconstruction)

    @property
    def file_name(self) -> str:
        return f"{self.kind}-{self.seed}.npz"


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
