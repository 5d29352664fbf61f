"""Reconstruct a volume from its views by filtered back-projection, and write it as grey values."""

from collections.abc import Iterable

import numpy as np
from scipy import fft, sparse
from scipy.ndimage import gaussian_filter1d

from sxt.phantom.acquisition import TiltGeometry
from sxt.phantom.settings import ReconstructionSettings


def reconstruct(
    views: Iterable[np.ndarray],
    tilts_deg: np.ndarray,
    geometry: TiltGeometry,
    settings: ReconstructionSettings,
    *,
    keep_z: slice = slice(None),
) -> np.ndarray:
    """Return the filtered back-projection of views, (z, y, x) float32 in 1/µm.

    Parameters
    ----------
    views : iterable of ndarray
        Line integrals, each (s, y), in the order of ``tilts_deg``.
    keep_z : slice
        Slices of the geometry's slab to reconstruct.

    Notes
    -----
    ``f(z, x) = sum over views of (step) * filtered(s)``, step in radians (the usual one where views are
    missing), the filter ``|frequency|``
    times a window: the inverse Radon transform for parallel rays (Kak and Slaney 1988, chapter 3,
    doi 10.1137/1.9780898719277). With less than half a turn what the views do not hold stays missing.
    """
    nz, nx = geometry.slab_shape
    z_px = np.arange(nz)[keep_z]
    step = float(np.deg2rad(np.median(np.diff(tilts_deg)))) if len(tilts_deg) > 1 else float(np.pi)
    response = _filter_response(geometry, settings)
    total: np.ndarray | None = None
    for view, tilt_deg in zip(views, tilts_deg, strict=True):
        filtered = _filter_view(view, response, geometry, settings)
        spread = _spread(filtered, geometry, tilt_deg, z_px)
        if total is None:
            total = spread
        else:
            total += spread
    if total is None:
        raise ValueError("no views")
    ny = total.shape[1]
    volume = total.reshape(len(z_px), nx, ny).transpose(0, 2, 1)  # (z, y, x)
    return np.ascontiguousarray(volume) * np.float32(step)


def _padded_length(geometry: TiltGeometry) -> int:
    return fft.next_fast_len(2 * geometry.detector_px, real=True)


def _filter_response(geometry: TiltGeometry, settings: ReconstructionSettings) -> np.ndarray:
    """Return the filter over the real FFT's frequencies, shape (frequencies,), in cycles a µm."""
    length = _padded_length(geometry)
    pixel_um = geometry.voxel_nm[2] / 1000.0
    share = np.arange(length // 2 + 1) / (length / 2)  # of Nyquist
    ramp = _ramp(length)
    inside = share <= settings.cutoff
    relative = np.where(inside, share / settings.cutoff, 1.0)
    if settings.filter_name == "cosine":
        window = np.cos(np.pi / 2 * relative)
    elif settings.filter_name == "hann":
        window = 0.5 + 0.5 * np.cos(np.pi * relative)
    elif settings.filter_name == "sirt":
        window = _sirt_window(share, settings.sirt_iterations)
    else:
        window = np.ones_like(share)
    smoothing = np.exp(-2 * (np.pi * settings.smoothing_nm / 1000.0 * share / (2 * pixel_um)) ** 2)
    return (ramp * window * inside * smoothing / pixel_um).astype(np.float32)


def _ramp(length: int) -> np.ndarray:
    """Return the band-limited ramp in cycles a pixel, from its exact kernel (Kak and Slaney 1988, eq. 61)."""
    kernel = np.zeros(length)
    kernel[0] = 0.25
    odd = np.arange(1, length // 2 + 1, 2)
    kernel[odd] = -1 / (np.pi * odd) ** 2
    kernel[-odd] = -1 / (np.pi * odd) ** 2
    return np.real(fft.rfft(kernel))


def _sirt_window(share: np.ndarray, iterations: int) -> np.ndarray:
    """Return the window that makes filtered back-projection equal ``iterations`` Landweber steps.

    Notes
    -----
    ``1 - (1 - a / frequency)^iterations`` (Zeng 2012, doi 10.1118/1.3673956), with the largest stable
    step a, the lowest non-zero frequency.
    """
    lowest = share[1]
    return 1 - (1 - lowest / np.maximum(share, lowest)) ** iterations


def _filter_view(
    view: np.ndarray, response: np.ndarray, geometry: TiltGeometry, settings: ReconstructionSettings
) -> np.ndarray:
    if settings.smoothing_nm > 0:
        view = gaussian_filter1d(view, settings.smoothing_nm / geometry.voxel_nm[1], axis=1, truncate=3.0)
    length = _padded_length(geometry)
    before = (length - geometry.detector_px) // 2
    padded = np.pad(view, ((before, length - geometry.detector_px - before), (0, 0)), mode="edge")
    spectrum = fft.rfft(padded, axis=0) * response[:, None]
    return fft.irfft(spectrum, n=length, axis=0)[before : before + geometry.detector_px]


def _spread(filtered: np.ndarray, geometry: TiltGeometry, tilt_deg: float, z_px: np.ndarray) -> np.ndarray:
    """Back-project a view (s, y) onto voxels, shape (z * x, y)."""
    nx = geometry.slab_shape[1]
    position = geometry.positions(tilt_deg, z_px=z_px[:, None], x_px=np.arange(nx)[None, :]).ravel()
    position = np.clip(position, 0, geometry.detector_px - 1.001)
    low = np.floor(position).astype(np.int32)
    share = (position - low).astype(np.float32)
    weights = np.stack([1 - share, share], axis=1).ravel()
    columns = np.stack([low, low + 1], axis=1).ravel()
    pointers = np.arange(0, 2 * len(low) + 1, 2, dtype=np.int32)
    matrix = sparse.csr_matrix((weights, columns, pointers), shape=(len(low), geometry.detector_px))
    return matrix @ filtered


def to_grey_values(volume: np.ndarray, settings: ReconstructionSettings) -> np.ndarray:
    """Return a reconstruction in the output's dtype and contrast, clipped at percentiles."""
    signed = -volume if settings.absorbing_is == "dark" else volume
    low, high = np.percentile(signed, settings.clip_percent)
    clipped = np.clip(signed, low, high)
    if settings.dtype == "float32":
        return clipped.astype(np.float32)
    top = np.iinfo(settings.dtype).max
    scaled = (clipped - low) * (top / max(float(high - low), 1e-12))
    return np.rint(scaled).astype(settings.dtype)
