"""Take a tilt series of a specimen: project, blur, count photons, and take the logarithm.

The tilt axis is y. A view is a detector image (s, y), where s runs along x at tilt 0 and a voxel at (z,
x) from the centre falls on ``s = x cos(tilt) + z sin(tilt)``.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.ndimage import gaussian_filter1d

from sxt.phantom.settings import AcquisitionSettings
from sxt.progress import CancelToken, Progress, ProgressCallback, ignore_progress
from sxt.tomogram import VoxelSize

PROJECT_STAGE = "Take the tilt series"
LEAST_COUNT = 0.5
"""What a pixel without a photon counts as, so that its logarithm is finite."""
DEFOCUS_LEVELS = 3
EXACT_BELOW = 100.0


@dataclass(frozen=True)
class TiltGeometry:
    """Where voxels fall on the detector.

    Parameters
    ----------
    slab_shape : (int, int)
        Voxels of the volume along (z, x).
    voxel_nm : VoxelSize
        (z, y, x); detector pixels are as large as a voxel in x and y.
    detector_px : int
        Pixels along s.
    """

    slab_shape: tuple[int, int]
    voxel_nm: VoxelSize
    detector_px: int

    def positions(self, tilt_deg: float, *, z_px: np.ndarray, x_px: np.ndarray) -> np.ndarray:
        """Return the detector position in pixels of voxels at indices (z, x), which broadcast."""
        nz, nx = self.slab_shape
        tilt = np.deg2rad(tilt_deg)
        ratio = self.voxel_nm[0] / self.voxel_nm[2]
        s = (x_px - (nx - 1) / 2) * np.cos(tilt) + (z_px - (nz - 1) / 2) * ratio * np.sin(tilt)
        return s + (self.detector_px - 1) / 2


def geometry_for(shape: tuple[int, int, int], voxel_nm: VoxelSize) -> TiltGeometry:
    """Return a geometry whose detector sees the whole volume (z, y, x) at every tilt."""
    nz, _, nx = shape
    diagonal = np.hypot(nz * voxel_nm[0] / voxel_nm[2], nx)
    return TiltGeometry((nz, nx), voxel_nm, int(np.ceil(diagonal)) + 4)


def project(
    volume: np.ndarray, geometry: TiltGeometry, tilt_deg: float, *, mirror_px: int = 0, shift_px: float = 0.0
) -> np.ndarray:
    """Return the line integrals of one view, shape (s, y), float32, without a unit.

    Parameters
    ----------
    volume : ndarray
        (z, y, x) float32, absorption in 1/µm. Passed as (z, x, y) memory order it is not copied.
    mirror_px : int
        Voxels by which the volume is continued beyond both x borders, mirrored.
    shift_px : float
        Misalignment of the view along s.
    """
    nz, ny, nx = volume.shape
    rows = np.ascontiguousarray(volume.transpose(0, 2, 1)).reshape(nz * nx, ny)
    return _project_rows(rows, geometry, tilt_deg, mirror_px=mirror_px, shift_px=shift_px)


def _project_rows(
    rows: np.ndarray, geometry: TiltGeometry, tilt_deg: float, *, mirror_px: int, shift_px: float
) -> np.ndarray:
    nz, nx = geometry.slab_shape
    z_px = np.arange(nz)[:, None]
    x_px = np.arange(-mirror_px, nx + mirror_px)[None, :]
    position = geometry.positions(tilt_deg, z_px=z_px, x_px=x_px) + shift_px
    source = z_px * nx + _mirror(x_px, nx)
    low = np.floor(position).astype(np.int64)
    share = position - low
    # A voxel's area over a pixel's width is the path it adds to a ray, here in µm.
    path_um = geometry.voxel_nm[0] / 1000.0
    row = np.concatenate([low.ravel(), low.ravel() + 1])
    column = np.concatenate([source.ravel(), source.ravel()])
    weight = path_um * np.concatenate([(1 - share).ravel(), share.ravel()])
    seen = (row >= 0) & (row < geometry.detector_px)
    matrix = sparse.csr_matrix(
        (weight[seen].astype(np.float32), (row[seen], column[seen])),
        shape=(geometry.detector_px, nz * nx),
    )
    return matrix @ rows


def _mirror(index: np.ndarray, size: int) -> np.ndarray:
    """Fold indices beyond [0, size) back into it, as a mirror at the border does."""
    folded = np.mod(index, 2 * size)
    return np.where(folded < size, folded, 2 * size - 1 - folded)


def take_tilt_series(
    volume: np.ndarray,
    geometry: TiltGeometry,
    settings: AcquisitionSettings,
    *,
    rng: np.random.Generator,
    progress: ProgressCallback = ignore_progress,
    cancel: CancelToken | None = None,
) -> Iterator[np.ndarray]:
    """Yield the measured line integrals of each view, shape (s, y), float32.

    Notes
    -----
    ``I = I0 exp(-line integral)``, blurred in intensity, times flicker and uncorrected gain, Poisson
    counts, then ``-log(I / I0)``. The volume's mean is projected as an even, endless slab: this keeps the
    border of the volume out of the views, and the part that is interpolated small.
    """
    cancel = cancel or CancelToken()
    nz, ny, nx = volume.shape
    mean = float(volume.mean())
    thickness_um = nz * geometry.voxel_nm[0] / 1000.0
    rows = np.ascontiguousarray(volume.transpose(0, 2, 1)).reshape(nz * nx, ny) - np.float32(mean)
    gain = _draw_gain(rng, (geometry.detector_px, ny), settings.gain_drift)
    tilts = settings.tilts_deg
    for index, tilt_deg in enumerate(tilts):
        cancel.raise_if_cancelled()
        progress(Progress(PROJECT_STAGE, index, len(tilts)))
        cosine = max(np.cos(np.deg2rad(tilt_deg)), 0.05)
        mirror_px = int(
            np.ceil(geometry.detector_px / cosine / 2 + nz * np.sqrt(1 / cosine**2 - 1) / 2 - nx / 2)
        )
        jitter_s, jitter_y = settings.jitter_px * rng.standard_normal(2)
        structure = _project_rows(
            rows, geometry, tilt_deg, mirror_px=min(max(mirror_px, 0), nx), shift_px=jitter_s
        )
        structure = _shift_along_y(structure, jitter_y)
        base = mean * (thickness_um + settings.surrounding_um) / cosine
        brightness = max(1 + settings.flicker * rng.standard_normal(), 0.1)
        transmitted = _blur(np.exp(-structure), geometry, settings, tilt_deg)
        transmitted = (transmitted + np.float32(settings.stray_light)) / np.float32(1 + settings.stray_light)
        if settings.photons > 0:
            flux = settings.photons * brightness * np.exp(-base)
            counts = count_photons(np.float32(flux) * transmitted * gain, rng)
            yield -np.log(np.maximum(counts, np.float32(LEAST_COUNT)) / np.float32(flux))
        else:
            yield -np.log(np.maximum(transmitted * gain, 1e-6)).astype(np.float32)
    progress(Progress(PROJECT_STAGE, len(tilts), len(tilts)))


def count_photons(expected: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draw Poisson counts, float32, in the shape of ``expected``.

    Notes
    -----
    Where more than 100 are expected, a rounded normal deviate of the same mean and variance stands for it:
    it is ten times faster to draw, and their skewness differs by less than 0.1.
    """
    noise = rng.standard_normal(expected.shape, dtype=np.float32)
    counts = np.rint(expected + np.sqrt(expected) * noise)
    is_few = expected < EXACT_BELOW
    counts[is_few] = rng.poisson(expected[is_few])
    return counts


def _draw_gain(rng: np.random.Generator, shape: tuple[int, int], deviation: float) -> np.ndarray:
    columns = rng.standard_normal((shape[0], 1), dtype=np.float32)
    pixels = rng.standard_normal(shape, dtype=np.float32)
    return 1 + np.float32(deviation) * (np.float32(0.5) * columns + pixels)


def _shift_along_y(view: np.ndarray, shift_px: float) -> np.ndarray:
    if shift_px == 0 or view.shape[1] < 2:
        return view
    whole = int(np.floor(shift_px))
    share = np.float32(shift_px - whole)
    last = view.shape[1] - 1
    low = np.clip(np.arange(last + 1) - whole, 0, last)
    high = np.clip(low - 1, 0, last)
    return (1 - share) * view[:, low] + share * view[:, high]


def _blur(
    transmitted: np.ndarray, geometry: TiltGeometry, settings: AcquisitionSettings, tilt_deg: float
) -> np.ndarray:
    """Blur a view (s, y); off the tilt axis the specimen leaves the focus: the blur grows with s tan(tilt).

    Notes
    -----
    The deviation grows as ``sqrt(1 + (2 d / depth of field)^2)`` with the distance d from focus, the form
    of a Gaussian beam; images of different defocus are mixed linearly along s.
    """
    pixel_nm = geometry.voxel_nm[2]
    if settings.psf_sigma_nm == 0:
        return transmitted
    offset_nm = np.abs(np.arange(geometry.detector_px) - (geometry.detector_px - 1) / 2) * pixel_nm
    growth = np.ones_like(offset_nm)
    if settings.depth_of_field_um > 0:
        defocus_um = offset_nm * abs(np.tan(np.deg2rad(np.clip(tilt_deg, -80, 80)))) / 1000.0
        growth = np.sqrt(1 + (2 * defocus_um / settings.depth_of_field_um) ** 2)
    growth = np.minimum(growth, 3.0)
    levels = np.linspace(1.0, growth.max(), DEFOCUS_LEVELS) if growth.max() > 1.1 else np.ones(1)
    blurred = [_gaussian(transmitted, settings.psf_sigma_nm * level, geometry.voxel_nm) for level in levels]
    if len(levels) == 1:
        return blurred[0]
    order = np.arange(len(levels))
    place = np.interp(growth, levels, order)
    weights = np.maximum(1 - np.abs(place[None, :] - order[:, None]), 0).astype(np.float32)
    mixed = np.zeros_like(transmitted)
    for weight, image in zip(weights, blurred, strict=True):
        mixed += weight[:, None] * image
    return mixed


def _gaussian(view: np.ndarray, sigma_nm: float, voxel_nm: VoxelSize) -> np.ndarray:
    result = gaussian_filter1d(view, sigma_nm / voxel_nm[2], axis=0, mode="nearest", truncate=3.0)
    return gaussian_filter1d(result, sigma_nm / voxel_nm[1], axis=1, mode="nearest", truncate=3.0)
