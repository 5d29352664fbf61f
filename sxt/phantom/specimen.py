"""Build a specimen: the absorption and the labels of a piece of a cell."""

from dataclasses import dataclass

import numpy as np

from sxt.phantom import absorption
from sxt.phantom.grid import Grid
from sxt.phantom.organelles import OrganellePainter
from sxt.phantom.scene import Scene, Textures
from sxt.phantom.settings import PhantomSettings, SpecimenSettings
from sxt.phantom.textures import draw_field
from sxt.progress import CancelToken, Progress, ProgressCallback, ignore_progress

STAGE = "Build the specimen"
COARSE_TEXTURE_NM = 350.0
MEDIUM_TEXTURE_NM = 70.0
FINE_TEXTURE_NM = 22.0


@dataclass(frozen=True)
class Specimen:
    """A piece of a cell on a grid that is ``margin`` slices deeper at both ends than the volume asked for.

    Parameters
    ----------
    absorption_per_um : ndarray
        (z + 2 margin, y, x) float32, linear absorption in 1/µm.
    labels : ndarray
        (z, y, x) uint8, the classes of `sxt.phantom.absorption`.
    is_in_wedge : ndarray
        (z, y, x) bool, labelled membrane whose surface no view of the tilt series shows.
    """

    absorption_per_um: np.ndarray
    labels: np.ndarray
    is_in_wedge: np.ndarray
    margin: int


def build_specimen(
    settings: PhantomSettings,
    *,
    seed: int,
    progress: ProgressCallback = ignore_progress,
    cancel: CancelToken | None = None,
) -> Specimen:
    """Draw a piece of a cell; the same settings and seed give the same bytes.

    Raises
    ------
    Cancelled
        Where ``cancel`` was set.
    """
    cancel = cancel or CancelToken()
    specimen = settings.specimen
    margin = margin_slices(settings)
    z, y, x = settings.shape
    grid = Grid((z + 2 * margin, y, x), settings.voxel_zyx_nm)
    texture_rng, structure_rng = (np.random.default_rng([seed, part]) for part in (1, 2))
    largest_tilt_deg = float(np.abs(settings.acquisition.tilts_deg).max())
    scene = _empty_cell(grid, specimen, texture_rng, largest_tilt_deg)
    painter = OrganellePainter(scene, specimen, structure_rng)
    steps = [painter.paint_mitochondria, painter.paint_droplets, painter.paint_vesicles]
    steps += [painter.paint_reticulum, painter.paint_beads]
    if specimen.has_nucleus:
        steps.insert(0, painter.paint_nucleus)
    if specimen.has_cell_edge:
        ice = np.float32(absorption.ICE_PER_UM) * (1 + np.float32(0.03) * scene.textures.fine)
        steps.insert(0, lambda: painter.paint_cell_edge(ice))
    if specimen.filaments_per_um3 > 0:
        steps.insert(0, painter.paint_filaments)
    if specimen.film_nm > 0 or specimen.has_grid_bar:
        steps.append(painter.paint_support)
    for done, step in enumerate(steps):
        cancel.raise_if_cancelled()
        progress(Progress(STAGE, done, len(steps)))
        step()
    progress(Progress(STAGE, len(steps), len(steps)))
    kept = slice(margin, margin + z)
    in_wedge = scene.is_in_wedge[kept] & (scene.labels[kept] == absorption.MEMBRANE)
    return Specimen(scene.absorption, scene.labels[kept], in_wedge, margin)


def margin_slices(settings: PhantomSettings) -> int:
    """Return the number of slices simulated above and below the volume that is kept."""
    return int(np.ceil(settings.specimen.margin_nm / settings.voxel_zyx_nm[0]))


def _empty_cell(
    grid: Grid, specimen: SpecimenSettings, rng: np.random.Generator, largest_tilt_deg: float
) -> Scene:
    level = rng.uniform(*specimen.cytosol_per_um)
    fine = draw_field(rng, grid.shape, _in_voxels(FINE_TEXTURE_NM, grid))
    medium = draw_field(rng, grid.shape, _in_voxels(MEDIUM_TEXTURE_NM, grid))
    coarse = draw_field(rng, grid.shape, _in_voxels(COARSE_TEXTURE_NM, grid))
    fine = np.float32(0.8) * fine + np.float32(0.6) * medium
    cytosol = np.float32(level) * (1 + np.float32(specimen.texture) * (np.float32(0.7) * coarse + fine))
    np.maximum(cytosol, absorption.ICE_PER_UM, out=cytosol)
    return Scene(grid, cytosol, Textures(coarse, fine), largest_tilt_deg=largest_tilt_deg)


def _in_voxels(length_nm: float, grid: Grid) -> tuple[float, float, float]:
    z, y, x = grid.voxel_nm
    return (length_nm / z, length_nm / y, length_nm / x)
