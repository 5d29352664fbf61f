"""Whether a tomogram looks like what a model version was trained on.

A few slices are described by statistics of their texture. Those of the training data scatter around a centre; a
tomogram whose slices lie farther from it than theirs do is unlike them.
"""

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
from scipy import ndimage, stats

from sxt.errors import InputError
from sxt.models import Familiarity, ModelConfig
from sxt.segment.normalise import normalise_slices
from sxt.segment.orient import recognise_absorbing
from sxt.segment.rescale import plan_rescaling
from sxt.tomogram import Absorbing, Tomogram

N_SLICES = 3
"""Slices of a tomogram that are described, spread evenly over it."""

SIDE_PX = 256
"""Side of the squares cut from a slice on the network's grid; smaller slices are continued as in a mirror."""

SQUARES = 3
"""Squares of a slice, along its diagonal."""

SMOOTHING_PX, BACKGROUND_PX = 1.5, 12.0
"""Gaussians that take off noise and background before the grey values' tails are described."""

BAND_EDGES = (1 / 64, 1 / 32, 1 / 16, 1 / 8, 1 / 4, 1 / 2)
"""In cycles a pixel, of the bands whose share of the power is described."""

FEATURE_NAMES = (
    *(f"power {low:.3g} to {high:.3g} cycles/px" for low, high in itertools.pairwise(BAND_EDGES)),
    "kurtosis of the detail",
    "steepest edge",
    "unevenness of the noise",
    "unevenness of the detail",
    "likeness of neighbouring slices",
)
"""All but the last are logarithms."""

NOISE_PX, NOISE_AREA_PX, DETAIL_AREA_PX = 1.0, 8.0, 10.0
"""Gaussians: what is finer than the first is noise; noise and detail are compared between areas of these sizes."""

LIMIT_QUANTILE = 0.99
"""The limit is this quantile of the training tomograms' own distances."""

SMALLEST_VARIANCE, SMALLEST_VARIANCE_OF_LIKENESS = 1e-4, 0.02
"""Added to those of the training data. Simulated neighbours are nearly alike; those of a real tomogram with thick
slices less so."""


def describe_tomogram(
    tomogram: Tomogram, config: ModelConfig, *, absorbing_is: Absorbing | None = None
) -> np.ndarray:
    """Return the features of a tomogram, medians over squares of a few slices, shape (len(FEATURE_NAMES),).

    Parameters
    ----------
    tomogram : Tomogram
    config : ModelConfig
        Its pixel size and normalisation say how the slices are seen.
    absorbing_is : {"dark", "bright"} or None
        None takes what the tomogram says, or else recognises it.

    Raises
    ------
    InputError
        Where none of the slices looked at has any contrast.
    """
    sign = absorbing_is or tomogram.absorbing_is or recognise_absorbing(tomogram)
    squares = [square for z in _sampled(tomogram) for square in _squares(tomogram, z, config, sign)]
    if not squares:
        raise InputError("The slices looked at have no contrast; look at the tomogram.")
    return np.median([_describe(square) for square in squares], axis=0)


def learn_familiarity(features: Sequence[np.ndarray]) -> Familiarity:
    """Return what lies around the features of training tomograms.

    Parameters
    ----------
    features : sequence of ndarray
        Of `describe_tomogram`, at least three for each feature.
    """
    values = np.stack(features)
    centre = values.mean(axis=0)
    added = np.full(values.shape[1], SMALLEST_VARIANCE)
    added[-1] = SMALLEST_VARIANCE_OF_LIKENESS
    covariance = np.cov(values, rowvar=False) + np.diag(added)
    whitening = np.linalg.inv(np.linalg.cholesky(covariance))
    known = Familiarity(
        FEATURE_NAMES, tuple(centre.tolist()), tuple(map(tuple, whitening.tolist())), limit=1.0
    )
    distances = [known.distance(each) for each in values]
    limit = float(np.quantile(distances, LIMIT_QUANTILE))
    return Familiarity(known.names, known.centre, known.whitening, limit=round(limit, 3))


def teach(known: Familiarity, config: ModelConfig, tomograms: Iterable[Tomogram]) -> Familiarity:
    """Return what a version knows that was fine-tuned on tomograms; those without contrast teach it nothing."""
    taught = list(known.taught)
    for each in tomograms:
        try:
            features = describe_tomogram(each, config)
        except InputError:
            continue
        taught.append(tuple(features.tolist()))
    return replace(known, taught=tuple(taught))


def _sampled(tomogram: Tomogram) -> list[int]:
    n_slices = tomogram.shape[0]
    return sorted({round(share * (n_slices - 1)) for share in np.linspace(0.1, 0.9, N_SLICES)})


def _squares(tomogram: Tomogram, z: int, config: ModelConfig, absorbing_is: Absorbing) -> list[np.ndarray]:
    """Return squares of a neighbour and the slice as the network sees them, (2, y, x); none of a constant slice."""
    first = max(0, z - 1)
    slices = tomogram.read_slices(first, z + 1)
    normalised = normalise_slices(slices, rule=config.normalisation, absorbing_is=absorbing_is)
    if normalised.is_constant[z - first]:
        return []
    rescaling = plan_rescaling(
        tomogram.shape[1:], voxel_size_nm=tomogram.voxel_size_nm, model_pixel_nm=config.pixel_size_nm
    )
    values = rescaling.to_network(normalised.values[[0, z - first]][None])[0]
    rows, columns = (max(0, SIDE_PX - n) for n in values.shape[1:])
    values = np.pad(values, ((0, 0), (0, rows), (0, columns)), mode="symmetric")
    y, x = (np.linspace(0, n - SIDE_PX, SQUARES).astype(int) for n in values.shape[1:])
    corners = sorted(set(zip(y.tolist(), x.tolist(), strict=True)))
    return [values[:, top : top + SIDE_PX, left : left + SIDE_PX] for top, left in corners]


def _describe(square: np.ndarray) -> np.ndarray:
    centre, neighbour = square[1], square[0]
    smooth = ndimage.gaussian_filter(centre, SMOOTHING_PX)
    detail = smooth - ndimage.gaussian_filter(centre, BACKGROUND_PX)
    slope = np.hypot(*np.gradient(smooth))
    noise = centre - ndimage.gaussian_filter(centre, NOISE_PX)
    its_detail = ndimage.gaussian_filter(neighbour, SMOOTHING_PX) - ndimage.gaussian_filter(
        neighbour, BACKGROUND_PX
    )
    return np.array(
        [
            *_band_powers(centre),
            np.log(stats.kurtosis(detail.ravel()) + 3.0),
            np.log(slope.max() / (slope.mean() + 1e-6) + 1e-3),
            _unevenness(noise, NOISE_AREA_PX),
            _unevenness(detail, DETAIL_AREA_PX),
            float((detail * its_detail).mean() / (detail.std() * its_detail.std() + 1e-6)),
        ]
    )


def _unevenness(values: np.ndarray, area_px: float) -> float:
    """Return the logarithm of how much the deviation of ``values`` differs between areas, relative to its mean."""
    deviation = np.sqrt(ndimage.gaussian_filter(values**2, area_px))
    return float(np.log(deviation.std() / (deviation.mean() + 1e-6) + 1e-3))


def _band_powers(values: np.ndarray) -> list[float]:
    """Return the logarithm of each band's power, as a share of that of all, of a square with its edges faded."""
    window = np.hanning(len(values))
    power = np.abs(np.fft.rfft2((values - values.mean()) * window[:, None] * window[None, :])) ** 2
    frequency = np.hypot(np.fft.fftfreq(len(values))[:, None], np.fft.rfftfreq(len(values))[None, :])
    bands = [
        power[(frequency >= low) & (frequency < high)].sum() for low, high in itertools.pairwise(BAND_EDGES)
    ]
    return [float(np.log(band / (power.sum() + 1e-9) + 1e-6)) for band in bands]
