"""Colours of classes and components: the Okabe-Ito set, readable with red-green blindness."""

import numpy as np

CLASS_COLOURS = ("#E69F00", "#56B4E9", "#F0E442", "#CC79A7", "#009E73", "#0072B2", "#D55E00")
"""Of class 1 (membrane), 2 (mitochondrion), 3 (lipid droplet), 4 (bead) and further ones (Okabe and Ito 2008)."""

SHADES = (0.0, 0.45, -0.35)
"""Later components repeat the colours, mixed with this share of white (or of black where negative)."""


def class_colours(classes: np.ndarray) -> np.ndarray:
    """Return the colour of each class, (n,) integers from 1, as (n, 3) uint8."""
    return _rgb(CLASS_COLOURS)[(classes - 1) % len(CLASS_COLOURS)]


def component_colours(ids: np.ndarray) -> np.ndarray:
    """Return the colour of each component id, (n,) integers from 1, as (n, 3) uint8; colours repeat after 21 ids."""
    base = _rgb(CLASS_COLOURS).astype(np.float64)
    shaded = [base + (255 - base) * share if share >= 0 else base * (1 + share) for share in SHADES]
    table = np.rint(np.concatenate(shaded)).astype(np.uint8)  # (21, 3)
    return table[(ids - 1) % len(table)]


def _rgb(colours: tuple[str, ...]) -> np.ndarray:
    return np.array([[int(c[i : i + 2], 16) for i in (1, 3, 5)] for c in colours], np.uint8)
