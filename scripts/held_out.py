"""Simulated cells that no shipped version was trained on, under conditions inside and outside those of the training."""

import dataclasses
import hashlib
import math
import sys
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from simulated_cells import VOXEL_RANGE_NM, hide_wedge

from sxt.files import atomic_path
from sxt.metrics import UNLABELLED, ClassName, EvaluationSettings, MaskPair, evaluate_pair
from sxt.models import Model
from sxt.phantom import AcquisitionSettings, PhantomSettings, SpecimenSettings, draw_settings, simulate_cell
from sxt.segment import segment_tomogram
from sxt.tomogram import Tomogram

DEPTH_PX, SIDE_NM, LARGE_SIDE_NM = 16, 3800.0, 7700.0
SEEDS = range(9_200, 9_204)
SEEDS_AT_STANDARD_NOISE = range(9_200, 9_212)
"""More, since the aims are for these."""
VARIED_SEEDS = range(9_000, 9_006)
STANDARD_NM, LARGE_NM = 15.0, 20.0
SIZES_NM = (10.0, 15.0, 20.0, 30.0)
MEMBRANE, MEMBRANE_VALUE = "membrane", 1

Labelled = tuple[Tomogram, np.ndarray]


@dataclass(frozen=True)
class Condition:
    """Cells and what is done to them before they are segmented.

    Parameters
    ----------
    name : str
    cells : tuple of (PhantomSettings, int)
        Settings and seeds.
    change : callable
        From a tomogram and its labels to what is segmented and measured.
    is_outside : bool
        Whether it lies outside of what was trained on.
    """

    name: str
    cells: tuple[tuple[PhantomSettings, int], ...]
    change: Callable[[Tomogram, np.ndarray], Labelled] = lambda tomogram, labels: (tomogram, labels)
    is_outside: bool = False


@dataclass(frozen=True)
class Measured:
    """Pooled over the cells of a condition: the Dice of each class, and the membrane's surface Dice at one voxel.

    Membrane in the missing wedge, which no view shows, is left out; ``dice_with_wedge`` is that of all membrane. The
    Dice is NaN where no cell has the class.
    """

    condition: str
    dice: dict[str, float]
    dice_with_wedge: float
    surface_dice: float
    n_cells: int


def standard(voxel_nm: float, *, acquisition: AcquisitionSettings | None = None) -> PhantomSettings:
    """Return the simulator's standard settings on a grid."""
    return PhantomSettings(_shape(voxel_nm), voxel_nm, acquisition=acquisition or AcquisitionSettings())


def list_conditions() -> list[Condition]:
    """Return every condition, those of voxel sizes at standard noise first."""
    photons = AcquisitionSettings().photons
    plain = _cells(standard(STANDARD_NM))
    noisier = _cells(standard(STANDARD_NM, acquisition=AcquisitionSettings(photons=photons / 1.3**2)))
    calmer = _cells(standard(STANDARD_NM, acquisition=AcquisitionSettings(photons=photons / 0.7**2)))
    few_tilts = AcquisitionSettings(tilt_range_deg=(-45.0, 45.0), tilt_step_deg=3.0)
    dim = AcquisitionSettings(photons=200.0)
    varied = tuple((_varied(seed), seed) for seed in VARIED_SEEDS)
    large = dataclasses.replace(standard(LARGE_NM), shape=_shape(LARGE_NM, LARGE_SIDE_NM))
    return [
        *(
            Condition(f"standard, {size:g} nm", _cells(standard(size), SEEDS_AT_STANDARD_NOISE))
            for size in SIZES_NM
        ),
        Condition("every setting drawn", varied),
        Condition(f"cells twice as wide, {LARGE_NM:g} nm", _cells(large)),
        Condition("magnified twice", plain, _magnify),
        Condition("magnified by half", plain, _shrink),
        Condition("contrast inverted, not told", plain, _invert),
        Condition("30 % more noise", noisier),
        Condition("30 % less noise", calmer),
        Condition("8 bits, clipped at 3 and 97 %", plain, _clip),
        Condition(
            "tilts of 45° in steps of 3°",
            _cells(standard(STANDARD_NM, acquisition=few_tilts)),
            is_outside=True,
        ),
        Condition("200 photons", _cells(standard(STANDARD_NM, acquisition=dim)), is_outside=True),
        Condition("36 nm", _cells(standard(36.0)), is_outside=True),
        Condition(
            "larger organelles",
            _cells(dataclasses.replace(standard(STANDARD_NM), specimen=LARGE)),
            is_outside=True,
        ),
    ]


LARGE = SpecimenSettings(
    mitochondrion_radius_nm=(250.0, 320.0),
    branching=0.8,
    vesicle_radius_nm=(250.0, 420.0),
    droplet_radius_nm=(450.0, 650.0),
    bead_radius_nm=(200.0, 240.0),
    tubule_radius_nm=(50.0, 70.0),
)


def prepare(folder: Path, conditions: Iterable[Condition], *, n_processes: int = 2) -> None:
    """Simulate the cells that are not in the folder yet."""
    wanted = dict.fromkeys(cell for condition in conditions for cell in condition.cells)
    missing = [cell for cell in wanted if not _path(folder, cell).exists()]
    folder.mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor(n_processes) as pool:
        for number, _ in enumerate(pool.map(_simulate, missing, [folder] * len(missing)), start=1):
            sys.stderr.write(f"simulated held-out cell {number} of {len(missing)}\n")


def measure(model: Model, condition: Condition, folder: Path) -> Measured:
    """Segment the cells of a condition as a user would, and measure them; `prepare` comes before."""
    classes = tuple(ClassName(each.value, each.name) for each in model.config.classes)
    values = [each.value for each in classes]
    counts = np.zeros((len(classes), 3))
    with_wedge = np.zeros(3)
    near, all_voxels = 0, 0
    for cell in condition.cells:
        tomogram, labels = condition.change(*_open(_path(folder, cell)))
        mask = segment_tomogram(tomogram, model).mask
        is_known = labels != UNLABELLED
        for row, value in enumerate(values):
            counts[row] += _overlap((mask == value) & is_known, labels == value)
        with_wedge += _overlap(mask == MEMBRANE_VALUE, (labels == MEMBRANE_VALUE) | ~is_known)
        near_here, all_here = _surface_voxels(mask, labels, tomogram)
        near, all_voxels = near + near_here, all_voxels + all_here
    dice = {each.name: _dice(*row) for each, row in zip(classes, counts, strict=True)}
    return Measured(condition.name, dice, _dice(*with_wedge), near / max(1, all_voxels), len(condition.cells))


def _overlap(found: np.ndarray, true: np.ndarray) -> tuple[int, int, int]:
    return int((found & true).sum()), int(found.sum()), int(true.sum())


def _dice(hit: float, found: float, true: float) -> float:
    return float(2 * hit / (found + true)) if true else math.nan


def open_cell(folder: Path, condition: Condition) -> Labelled:
    """Return the first cell of a condition."""
    return condition.change(*_open(_path(folder, condition.cells[0])))


def _surface_voxels(mask: np.ndarray, labels: np.ndarray, tomogram: Tomogram) -> tuple[int, int]:
    """Return surface voxels of the membrane within a voxel of the other mask's, and all, over both masks."""
    assert tomogram.voxel_size_nm is not None
    settings = EvaluationSettings(
        tolerance_nm=1.001 * max(tomogram.voxel_size_nm), with_objects=False, with_centrelines=False
    )
    truth = np.where(labels == UNLABELLED, UNLABELLED, labels == MEMBRANE_VALUE).astype(np.uint8)
    found = (mask == MEMBRANE_VALUE).astype(np.uint8)
    pair = MaskPair(found, truth, voxel_size_nm=tomogram.voxel_size_nm)
    surface = (
        evaluate_pair(pair, (ClassName(MEMBRANE_VALUE, MEMBRANE),), settings=settings).classes[0].surface
    )
    assert surface is not None
    near = surface.truth_found.sum() + surface.prediction_right.sum()
    return int(near), int(surface.truth_voxels.sum() + surface.prediction_voxels.sum())


def _shape(voxel_nm: float, side_nm: float = SIDE_NM) -> tuple[int, int, int]:
    side = math.ceil(side_nm / voxel_nm)
    return (DEPTH_PX, side, side)


def _varied(seed: int) -> PhantomSettings:
    """Draw every setting; the side follows from the voxel size that is drawn."""
    drawn = draw_settings(seed, (DEPTH_PX, 64, 64), voxel_range_nm=VOXEL_RANGE_NM)
    return dataclasses.replace(drawn, shape=_shape(drawn.voxel_zyx_nm[2]))


def _cells(
    settings: PhantomSettings, seeds: Iterable[int] = SEEDS
) -> tuple[tuple[PhantomSettings, int], ...]:
    return tuple((settings, seed) for seed in seeds)


def _path(folder: Path, cell: tuple[PhantomSettings, int]) -> Path:
    settings, seed = cell
    return folder / f"{hashlib.sha256(repr(settings).encode()).hexdigest()[:16]}-{seed}.npz"


def _simulate(cell: tuple[PhantomSettings, int], folder: Path) -> None:
    made = simulate_cell(cell[0], seed=cell[1])
    with atomic_path(_path(folder, cell)) as temporary:
        np.savez(
            temporary,
            grey=np.asarray(made.tomogram.data[:]),
            labels=hide_wedge(made),
            voxel_size_nm=np.array(made.tomogram.voxel_size_nm),
        )


def _open(path: Path) -> Labelled:
    with np.load(path) as stored:
        size = tuple(stored["voxel_size_nm"].tolist())
        return Tomogram(stored["grey"], voxel_size_nm=size, absorbing_is="dark"), stored["labels"]


def _magnify(tomogram: Tomogram, labels: np.ndarray) -> Labelled:
    grey = np.asarray(tomogram.data[:]).repeat(2, axis=1).repeat(2, axis=2)
    return _resized(tomogram, grey, 0.5), labels.repeat(2, axis=1).repeat(2, axis=2)


def _shrink(tomogram: Tomogram, labels: np.ndarray) -> Labelled:
    grey = np.asarray(tomogram.data[:]).astype(np.float32)
    grey = grey[:, : grey.shape[1] // 2 * 2, : grey.shape[2] // 2 * 2]
    parts = [grey[:, y::2, x::2] for y in (0, 1) for x in (0, 1)]
    half = np.mean(parts, axis=0)
    return _resized(tomogram, half, 2.0), labels[:, : grey.shape[1] : 2, : grey.shape[2] : 2]


def _resized(tomogram: Tomogram, grey: np.ndarray, factor: float) -> Tomogram:
    assert tomogram.voxel_size_nm is not None
    z, y, x = tomogram.voxel_size_nm
    return Tomogram(grey, voxel_size_nm=(z, y * factor, x * factor), absorbing_is="dark")


def _invert(tomogram: Tomogram, labels: np.ndarray) -> Labelled:
    grey = np.asarray(tomogram.data[:])
    return Tomogram(grey.max() - grey, voxel_size_nm=tomogram.voxel_size_nm), labels


def _clip(tomogram: Tomogram, labels: np.ndarray) -> Labelled:
    grey = np.asarray(tomogram.data[:]).astype(np.float32)
    low, high = np.percentile(grey, (3, 97))
    scaled = np.rint(255 * np.clip((grey - low) / (high - low), 0, 1)).astype(np.uint8)
    return Tomogram(scaled, voxel_size_nm=tomogram.voxel_size_nm, absorbing_is="dark"), labels


def tabulate(measured: Sequence[Measured]) -> str:
    """Return the results as a Markdown table."""
    names = list(measured[0].dice)
    headings = [*(f"{name} Dice" for name in names), "membrane surface Dice", "Dice of all membrane"]
    lines = ["| cells | " + " | ".join(headings) + " |", "| --- |" + " ---: |" * len(headings)]
    for each in measured:
        scores = [*(each.dice[name] for name in names), each.surface_dice, each.dice_with_wedge]
        texts = ["–" if math.isnan(score) else f"{score:.3f}" for score in scores]
        lines.append(f"| {each.condition} ({each.n_cells}) | " + " | ".join(texts) + " |")
    return "\n".join(lines)
