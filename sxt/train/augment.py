"""Crops varied on the device: geometry for slices and labels alike, grey values for slices alone."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from sxt.train import physics
from sxt.train.crops import Window
from sxt.train.settings import AugmentationSettings

ELASTIC_NODES = 6
"""Displacements are drawn on a grid of so many points a side and interpolated."""

KNOWN_LIMIT = 0.99
"""A pixel whose labels were mixed from known and unknown ones is unknown."""

CLIPPED_BELOW, CLIPPED_ABOVE = (2.5, 5.0), (1.8, 4.0)
"""Deviations from the mean at which a tomogram's grey values may end; dark is below."""

LARGEST_DEVIATIONS = 6.0
"""Grey values are limited to this, as the robust normalisation does."""


@dataclass(frozen=True)
class Crops:
    """A batch on its device.

    Parameters
    ----------
    values : Tensor
        (b, in_channels, y, x) float32.
    target : Tensor
        (b, c, y, x), the share of each class in each pixel; 0 where unknown.
    known : Tensor
        (b, 1, y, x), 1 where the labels count.
    """

    values: Tensor
    target: Tensor
    known: Tensor

    @property
    def centre(self) -> Tensor:
        """(b, 1, y, x): the slice itself without its neighbours."""
        middle = self.values.shape[1] // 2
        return self.values[:, middle : middle + 1]


def window_px(crop_px: int, settings: AugmentationSettings) -> int:
    """Return the side of the window that holds every pixel a varied crop may show."""
    angle = math.radians(settings.rotation_deg)
    reach = crop_px / settings.scale_range[0] * (math.cos(angle) + math.sin(angle))
    reach += 2 * 3 * settings.elastic_px
    return max(crop_px, crop_px + 2 * math.ceil((reach - crop_px) / 2))


def place_crops(
    windows: Sequence[Window],
    rngs: Sequence[np.random.Generator],
    *,
    crop_px: int,
    settings: AugmentationSettings,
    device: torch.device,
) -> Crops:
    """Turn, mirror, scale and bend windows and cut crops (b, ..., crop_px, crop_px) from their middle.

    Grey values and labels go through the same grid, so that a label stays on its pixel. A turn by quarters alone
    moves pixels without mixing them.
    """
    planes = torch.stack([each.planes for each in windows]).to(device)  # (b, planes, w, w)
    grid = torch.stack([_draw_grid(rng, planes.shape[-1], crop_px, settings) for rng in rngs]).to(device)
    moved = functional.grid_sample(planes, grid, mode="bilinear", padding_mode="zeros", align_corners=False)
    n_values = windows[0].n_values
    known = (moved[:, -1:] > KNOWN_LIMIT).float()
    return Crops(moved[:, :n_values], moved[:, n_values:-1].clamp(0, 1) * known, known)


def vary_values(
    crops: Crops, rngs: Sequence[np.random.Generator], *, settings: AugmentationSettings
) -> Crops:
    """Vary grey values: contrast, inversion, blur, noise, and what optics and reconstruction do to them.

    Pixels under a simulated bead get the class ``settings.bead_channel``, or become unknown, since nobody could label
    what is there.
    """
    varied = [_vary_one(values, rng, settings) for values, rng in zip(crops.values, rngs, strict=True)]
    values = torch.stack([each for each, _ in varied])
    beads = torch.stack([each for _, each in varied])
    target, known = crops.target * (1 - beads), crops.known
    if settings.bead_channel is None:
        return Crops(values, target, known * (1 - beads))
    target[:, settings.bead_channel] += beads[:, 0]
    return Crops(values, target, torch.maximum(known, beads))


def _draw_grid(
    rng: np.random.Generator, side_px: int, crop_px: int, settings: AugmentationSettings
) -> Tensor:
    """Return for each pixel (y, x) of a crop where it lies in the window, (crop, crop, 2) as grid_sample takes it."""
    mirror = 1.0 if rng.random() < 0.5 else -1.0
    turns = int(rng.integers(4))
    angle = math.radians(rng.uniform(-1, 1) * settings.rotation_deg)
    scale = math.exp(rng.uniform(*np.log(settings.scale_range)))
    cos, sin = ((1, 0), (0, 1), (-1, 0), (0, -1))[turns]  # exact, so that quarter turns mix no pixels
    small_cos, small_sin = math.cos(angle), math.sin(angle)
    cosine, sine = cos * small_cos - sin * small_sin, sin * small_cos + cos * small_sin
    offsets = torch.arange(crop_px, dtype=torch.float32) - (crop_px - 1) / 2
    y, x = torch.meshgrid(offsets, offsets * mirror, indexing="ij")
    position = torch.stack([cosine * x - sine * y, sine * x + cosine * y], dim=-1) / scale  # (y, x, 2): x, y
    if settings.elastic_px > 0:
        nodes = rng.normal(0, settings.elastic_px, (1, 2, ELASTIC_NODES, ELASTIC_NODES)).clip(
            -3 * settings.elastic_px, 3 * settings.elastic_px
        )
        size = (crop_px, crop_px)
        bend = functional.interpolate(
            torch.from_numpy(nodes.astype(np.float32)), size=size, mode="bilinear", align_corners=True
        )
        position = position + bend[0].permute(1, 2, 0)
    return position * (2 / side_px)


def _vary_one(
    values: Tensor, rng: np.random.Generator, settings: AugmentationSettings
) -> tuple[Tensor, Tensor]:
    """Vary one crop (in_channels, y, x) and return it with where simulated beads are (1, y, x)."""
    beads = torch.zeros_like(values[:1])
    generator = torch.Generator(values.device)
    generator.manual_seed(int(rng.integers(2**62)))
    if settings.contrast > 0 or settings.brightness > 0:
        values = values * math.exp(rng.normal(0, settings.contrast)) + rng.normal(0, settings.brightness)
    if rng.random() < settings.invert_share:
        values = -values
    if rng.random() < settings.bead_share:
        values, beads = physics.add_beads(values, rng)
    if rng.random() < settings.streak_share:
        values = physics.add_streaks(values, rng)
    if rng.random() < settings.smear_share:
        values = physics.smear(values, rng)
    if rng.random() < settings.gain_share:
        values = physics.drift_gain(values, rng)
    if rng.random() < settings.blur_share:
        values = physics.blur(values, float(rng.uniform(0.3, 1.2)))
    if settings.noise > 0 and rng.random() < 0.5:
        noise = torch.randn(values.shape, generator=generator, device=values.device)
        values = values + noise * float(rng.uniform(0, settings.noise))
    if settings.clip_share > 0 and rng.random() < settings.clip_share:
        values = values.clamp(-rng.uniform(*CLIPPED_BELOW), rng.uniform(*CLIPPED_ABOVE))
    if rng.random() < settings.cut_out_share:
        values = _cut_out(values, rng)
    return values.clamp(-LARGEST_DEVIATIONS, LARGEST_DEVIATIONS), beads


def _cut_out(values: Tensor, rng: np.random.Generator) -> Tensor:
    """Blank a rectangle of a tenth to two fifths of the side."""
    side = values.shape[-1]
    height, width = (max(1, int(side * rng.uniform(0.1, 0.4))) for _ in range(2))
    y, x = int(rng.integers(side - height + 1)), int(rng.integers(side - width + 1))
    values = values.clone()
    values[:, y : y + height, x : x + width] = 0
    return values
