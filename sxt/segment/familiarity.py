"""Whether a tomogram looks like what a model version was trained on.

A few slices are described by how well the image decoder redraws them and by statistics of their texture. Slices of
the training data scatter around a centre; a tomogram whose slices lie farther from it than theirs do is unlike them.
"""

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import cast

import numpy as np
import torch
from scipy import ndimage, stats

from sxt.errors import InputError
from sxt.models import Familiarity, Model
from sxt.network import DoubleDecoder
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
    "redrawing error",
    *(f"power {low:.3g} to {high:.3g} cycles/px" for low, high in itertools.pairwise(BAND_EDGES)),
    "skewness of the detail",
    "kurtosis of the detail",
    "unsure share",
)

LIMIT_QUANTILE, LIMIT_MARGIN = 0.99, 1.15
"""The limit is this quantile of the training tomograms' own distances, times this margin."""

SMALLEST_VARIANCE = 1e-4


def describe_tomogram(
    tomogram: Tomogram, model: Model, *, absorbing_is: Absorbing | None = None
) -> np.ndarray:
    """Return the features of a tomogram, medians over squares of a few slices, shape (len(FEATURE_NAMES),).

    Parameters
    ----------
    absorbing_is : {"dark", "bright"} or None
        None takes what the tomogram says, or else recognises it.

    Raises
    ------
    InputError
        Where none of the slices looked at has any contrast.
    """
    sign = absorbing_is or tomogram.absorbing_is or recognise_absorbing(tomogram)
    squares = [square for z in _sampled(tomogram) for square in _squares(tomogram, z, model, sign)]
    if not squares:
        raise InputError("The slices looked at have no contrast; look at the tomogram.")
    network = cast(DoubleDecoder, model.network)
    described = [_describe(square, network) for square in squares]
    return np.median(described, axis=0)


def learn_familiarity(features: Sequence[np.ndarray]) -> Familiarity:
    """Return what lies around the features of training tomograms.

    Parameters
    ----------
    features : sequence of ndarray
        Of `describe_tomogram`, at least three for each feature.
    """
    values = np.stack(features)
    centre = values.mean(axis=0)
    covariance = np.cov(values, rowvar=False) + SMALLEST_VARIANCE * np.eye(values.shape[1])
    whitening = np.linalg.inv(np.linalg.cholesky(covariance))
    known = Familiarity(
        FEATURE_NAMES, tuple(centre.tolist()), tuple(map(tuple, whitening.tolist())), limit=1.0
    )
    distances = [known.distance(each) for each in values]
    limit = LIMIT_MARGIN * float(np.quantile(distances, LIMIT_QUANTILE))
    return Familiarity(known.names, known.centre, known.whitening, limit=round(limit, 3))


def teach(known: Familiarity, model: Model, tomograms: Iterable[Tomogram]) -> Familiarity:
    """Return what a version knows that was fine-tuned on tomograms; those without contrast teach it nothing."""
    taught = list(known.taught)
    for each in tomograms:
        try:
            features = describe_tomogram(each, model)
        except InputError:
            continue
        taught.append(tuple(features.tolist()))
    return replace(known, taught=tuple(taught))


def _sampled(tomogram: Tomogram) -> list[int]:
    n_slices = tomogram.shape[0]
    return sorted({round(share * (n_slices - 1)) for share in np.linspace(0.1, 0.9, N_SLICES)})


def _squares(tomogram: Tomogram, z: int, model: Model, absorbing_is: Absorbing) -> list[np.ndarray]:
    """Return squares of a slice as the network sees it, each (in_channels, y, x); none where it has no contrast."""
    config = model.config
    reach = config.network.in_channels // 2
    last = tomogram.shape[0] - 1
    wanted = np.arange(z - reach, z + reach + 1).clip(0, last)
    slices = tomogram.read_slices(int(wanted[0]), int(wanted[-1]) + 1)
    normalised = normalise_slices(slices, rule=config.normalisation, absorbing_is=absorbing_is)
    if normalised.is_constant[z - wanted[0]]:
        return []
    rescaling = plan_rescaling(
        tomogram.shape[1:], voxel_size_nm=tomogram.voxel_size_nm, model_pixel_nm=config.pixel_size_nm
    )
    values = rescaling.to_network(normalised.values[wanted - wanted[0]][None])[0]
    rows, columns = (max(0, SIDE_PX - n) for n in values.shape[1:])
    values = np.pad(values, ((0, 0), (0, rows), (0, columns)), mode="symmetric")
    y, x = (np.linspace(0, n - SIDE_PX, SQUARES).astype(int) for n in values.shape[1:])
    corners = sorted(set(zip(y.tolist(), x.tolist(), strict=True)))
    return [values[:, top : top + SIDE_PX, left : left + SIDE_PX] for top, left in corners]


def _describe(square: np.ndarray, network: DoubleDecoder) -> np.ndarray:
    centre = square[network.config.in_channels // 2]
    device = next(network.parameters()).device
    with torch.inference_mode():
        image, logit = network.image_and_logit(torch.from_numpy(square[None].copy()).to(device))
    redrawn = image[0, 0].float().cpu().numpy()
    probability = torch.sigmoid(2 * logit.float()).amax(1).cpu().numpy()
    smooth = ndimage.gaussian_filter(centre, SMOOTHING_PX)
    error = float(
        np.square(ndimage.gaussian_filter(redrawn, SMOOTHING_PX) - smooth).mean() / (smooth.var() + 1e-3)
    )
    detail = (smooth - ndimage.gaussian_filter(centre, BACKGROUND_PX)).ravel()
    unsure = float(np.mean((probability > 0.2) & (probability < 0.8)))
    return np.array(
        [
            np.log(error + 1e-3),
            *_band_powers(centre),
            float(stats.skew(detail)),
            np.log(stats.kurtosis(detail) + 3.0),
            np.log(unsure + 1e-3),
        ]
    )


def _band_powers(values: np.ndarray) -> list[float]:
    """Return the logarithm of each band's power, as a share of that of all, of a square with its edges faded."""
    window = np.hanning(len(values))
    power = np.abs(np.fft.rfft2((values - values.mean()) * window[:, None] * window[None, :])) ** 2
    frequency = np.hypot(np.fft.fftfreq(len(values))[:, None], np.fft.rfftfreq(len(values))[None, :])
    bands = [
        power[(frequency >= low) & (frequency < high)].sum() for low, high in itertools.pairwise(BAND_EDGES)
    ]
    return [float(np.log(band / (power.sum() + 1e-9) + 1e-6)) for band in bands]
