"""Thinning of outlines in slices to lines one pixel wide."""

from functools import cache

import numpy as np

AROUND = ((0, 1), (-1, 1), (-1, 0), (-1, -1), (0, -1), (1, -1), (1, 0), (1, 1))
"""The eight neighbours (y, x) of a pixel, anticlockwise from the right; each is a bit of a pixel's surroundings."""

FIRST, SECOND = 1, 2
"""The two passes that take turns, as bits of what a surroundings allows."""


def thin(mask: np.ndarray) -> np.ndarray:
    """Thin slices (k, y, x) bool, each by itself; returns the lines, (k, y, x) bool.

    Notes
    -----
    The parallel algorithm of Guo and Hall 1989 (10.1145/62065.62074), which keeps what is connected connected. What
    surrounds a pixel is kept up to date as its neighbours go, so that the time goes with the foreground.
    """
    from sxt.metrics import loops

    return loops.thin_slices(mask, _allowed_passes(), np.array(AROUND))


@cache
def _allowed_passes() -> np.ndarray:
    """Return (256,) uint8: in which passes a pixel with these neighbours may go."""
    x = ((np.arange(256)[:, None] >> np.arange(8)) & 1).astype(np.bool_)  # (256, 8)
    after = np.roll(x, -1, axis=1)
    n_sides = (~x[:, ::2] & (x[:, 1::2] | after[:, 1::2])).sum(axis=1)
    n_around = np.minimum((x | after)[:, ::2].sum(axis=1), (x | after)[:, 1::2].sum(axis=1))
    may_go = (n_sides == 1) & (n_around >= 2) & (n_around <= 3)
    first = may_go & ~((x[:, 1] | x[:, 2] | ~x[:, 7]) & x[:, 0])
    second = may_go & ~((x[:, 5] | x[:, 6] | ~x[:, 3]) & x[:, 4])
    return (first * FIRST + second * SECOND).astype(np.uint8)
