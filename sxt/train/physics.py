"""What a soft X-ray microscope and the reconstruction do to grey values, added to crops.

Seen in real tomograms: bright halos and horizontal streaks on both sides of gold beads and dense droplets, grain drawn
out by the missing wedge, smooth shading, and vertical streaks near edges. Values are in deviations of the slice,
absorbing structures dark. Crops are (in_channels, y, x); nothing is changed in place.
"""

import math

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

MOST_BEADS = 3
BEAD_RADIUS_PX = (2.0, 10.0)
BEAD_DEPTH = (4.0, 6.0)
EDGE_PER_PX = (1.0, 3.0)
HALO_SHARE, STREAK_SHARE = (0.0, 0.3), (0.15, 0.8)
"""Brightness of the ring around a bead and of the streaks beside it, as shares of its depth."""

STREAK_REACH_RADII = (1.0, 8.0)
GRAIN_SIGMA_PX = 1.5

MOST_STREAKS = 6
SMEAR_SIGMA_PX = (1.0, 4.0)
SHADE_NODES = 4


def add_beads(values: Tensor, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    """Add gold beads with halo and streaks; returns the crop, and (1, y, x) 1 where a bead hides what is there.

    Nothing in the crop is darker than a bead, which shows none, some or all of the grain of what it hides.
    """
    height, width = values.shape[-2:]
    y, x = _axes(values)
    grain, darkest = values - blur(values, GRAIN_SIGMA_PX), -float(values.min())
    hidden = torch.zeros((1, height, width), device=values.device)
    for _ in range(int(rng.integers(1, MOST_BEADS + 1))):
        centre_y, centre_x = float(rng.uniform(0, height)), float(rng.uniform(0, width))
        radius, depth = float(rng.uniform(*BEAD_RADIUS_PX)), max(float(rng.uniform(*BEAD_DEPTH)), darkest)
        distance = ((y - centre_y).square() + (x - centre_x).square()).sqrt()
        body = torch.sigmoid(float(rng.uniform(*EDGE_PER_PX)) * (radius - distance))
        halo = torch.exp(-((distance - 1.6 * radius) / (0.5 * radius)).square())
        reach = float(rng.uniform(*STREAK_REACH_RADII)) * radius
        streak = torch.exp(-((y - centre_y) / radius).square() - (x - centre_x).abs() / reach)
        shares = float(rng.uniform(*HALO_SHARE)) * halo + float(rng.uniform(*STREAK_SHARE)) * streak
        dark = float(rng.uniform()) * grain - depth
        values = (values + depth * shares) * (1 - body) + dark * body
        hidden = torch.maximum(hidden, (body > 0.5).float()[None])
    return values, hidden


def add_streaks(values: Tensor, rng: np.random.Generator) -> Tensor:
    """Add bright and dark horizontal streaks that fade along their length."""
    height, width = values.shape[-2:]
    y, x = _axes(values)
    for _ in range(int(rng.integers(1, MOST_STREAKS + 1))):
        centre_y, centre_x = float(rng.uniform(0, height)), float(rng.uniform(0, width))
        thickness, reach = float(rng.uniform(0.7, 2.5)), float(rng.uniform(0.1, 0.5)) * width
        strength = float(rng.normal(0, 0.8))
        values = values + strength * torch.exp(
            -((y - centre_y) / thickness).square() - (x - centre_x).abs() / reach
        )
    return values


def smear(values: Tensor, rng: np.random.Generator) -> Tensor:
    """Mix the crop with itself blurred along x, as directions lost in the missing wedge do."""
    share = float(rng.uniform(0.2, 0.6))
    kernel = _gaussian(float(rng.uniform(*SMEAR_SIGMA_PX)), values)
    return (1 - share) * values + share * _convolve(values, kernel[None, :])


def drift_gain(values: Tensor, rng: np.random.Generator) -> Tensor:
    """Add smooth shading and vertical streaks, as a drifting flat field leaves behind."""
    size = (int(values.shape[-2]), int(values.shape[-1]))
    coarse = torch.from_numpy(rng.normal(0, 0.3, (1, 1, SHADE_NODES, SHADE_NODES)).astype(np.float32))
    shade = functional.interpolate(coarse, size=size, mode="bilinear", align_corners=True)[0]
    columns = torch.from_numpy(rng.normal(0, 0.1, size[1]).astype(np.float32))
    return values + (shade + columns * float(rng.uniform(0, 1))).to(values.device)


def blur(values: Tensor, sigma_px: float) -> Tensor:
    """Return the crop blurred by a Gaussian."""
    kernel = _gaussian(sigma_px, values)
    return _convolve(_convolve(values, kernel[None, :]), kernel[:, None])


def _axes(values: Tensor) -> tuple[Tensor, Tensor]:
    """Return the row numbers (y, 1) and column numbers (1, x) of a crop."""
    height, width = values.shape[-2:]
    y = torch.arange(height, device=values.device, dtype=values.dtype)[:, None]
    x = torch.arange(width, device=values.device, dtype=values.dtype)[None]
    return y, x


def _gaussian(sigma_px: float, like: Tensor) -> Tensor:
    reach = min(math.ceil(3 * sigma_px), min(like.shape[-2:]) - 1)
    offsets = torch.arange(-reach, reach + 1, device=like.device, dtype=like.dtype)
    weights = torch.exp(-offsets.square() / (2 * sigma_px**2))
    return weights / weights.sum()


def _convolve(values: Tensor, kernel: Tensor) -> Tensor:
    """Convolve every channel of (c, y, x) with a kernel (ky, kx), the border mirrored."""
    rows, columns = kernel.shape[0] // 2, kernel.shape[1] // 2
    padded = functional.pad(values[:, None], (columns, columns, rows, rows), mode="reflect")
    return functional.conv2d(padded, kernel[None, None])[:, 0]
