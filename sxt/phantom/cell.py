"""Simulate a tomogram of a cell with its labels."""

from dataclasses import dataclass

import numpy as np

from sxt.phantom.acquisition import TiltGeometry, take_tilt_series
from sxt.phantom.reconstruction import reconstruct, to_grey_values
from sxt.phantom.settings import PhantomSettings
from sxt.phantom.specimen import build_specimen
from sxt.progress import CancelToken, ProgressCallback, ignore_progress
from sxt.tomogram import Tomogram


@dataclass(frozen=True)
class SimulatedCell:
    """A simulated tomogram and its truth.

    Parameters
    ----------
    tomogram : Tomogram
        (z, y, x) with voxel size and contrast sign.
    labels : ndarray
        (z, y, x) uint8: 0 background, then the classes of `sxt.phantom.LABEL_CLASSES`.
    is_in_wedge : ndarray
        (z, y, x) bool: labelled membrane whose surface lies in the missing wedge, so that no view shows it and no
        annotator could draw it. The tilt axis is y: a surface with normal (z, y, x) is hidden where ``|z| > |x| tan``
        of the largest tilt.
    settings : PhantomSettings
        What it was made with.
    """

    tomogram: Tomogram
    labels: np.ndarray
    is_in_wedge: np.ndarray
    settings: PhantomSettings
    seed: int


def simulate_cell(
    settings: PhantomSettings,
    *,
    seed: int,
    progress: ProgressCallback = ignore_progress,
    cancel: CancelToken | None = None,
) -> SimulatedCell:
    """Build a cell, take its tilt series, and reconstruct it; the same settings and seed give the same bytes.

    Raises
    ------
    Cancelled
        Where ``cancel`` was set.
    """
    specimen = build_specimen(settings, seed=seed, progress=progress, cancel=cancel)
    volume, margin = specimen.absorption_per_um, specimen.margin
    nz, _, nx = volume.shape
    reach = settings.shape[0] * settings.voxel_zyx_nm[0] / settings.voxel_zyx_nm[2]
    geometry = TiltGeometry((nz, nx), settings.voxel_zyx_nm, int(np.ceil(nx + reach)) + 32)
    views = take_tilt_series(
        volume,
        geometry,
        settings.acquisition,
        rng=np.random.default_rng([seed, 3]),
        progress=progress,
        cancel=cancel,
    )
    keep = slice(margin, margin + settings.shape[0])
    result = reconstruct(
        views, settings.acquisition.tilts_deg, geometry, settings.reconstruction, keep_z=keep
    )
    grey = to_grey_values(result, settings.reconstruction)
    tomogram = Tomogram(
        grey,
        voxel_size_nm=settings.voxel_zyx_nm,
        absorbing_is=settings.reconstruction.absorbing_is,
        format_name="simulated",
    )
    return SimulatedCell(tomogram, specimen.labels, specimen.is_in_wedge, settings, seed)
