"""Thinning of outlines in slices to lines one pixel wide."""

from functools import cache

import numpy as np

AROUND = ((0, 1), (-1, 1), (-1, 0), (-1, -1), (0, -1), (1, -1), (1, 0), (1, 1))
"""The eight neighbours (y, x) of a pixel, anticlockwise from the right; each is a bit of a pixel's surroundings."""

FIRST, SECOND = 1, 2
"""The two passes that take turns, as bits of what a surroundings allows."""


def thin(mask: np.ndarray) -> np.ndarray:
    """Thin a slice (y, x) bool; returns the lines, (y, x) bool.

    Notes
    -----
    The parallel algorithm of Guo and Hall 1989 (10.1145/62065.62074), which keeps what is connected connected. What
    surrounds a pixel is kept up to date as its neighbours go, so that the time goes with the foreground.
    """
    image = np.pad(mask.view(np.uint8), 1)  # (y + 2, x + 2)
    steps = [dy * image.shape[1] + dx for dy, dx in AROUND]
    surroundings, allowed = _surroundings(image, steps), _allowed_passes()
    stamp = np.empty(image.size, np.int32)
    waiting, turn = np.flatnonzero(surroundings), FIRST
    waiting = waiting[allowed.take(surroundings.take(waiting)) > 0]
    while len(waiting):
        passes = allowed.take(surroundings.take(waiting))
        is_gone = (passes & turn) > 0
        gone = waiting[is_gone]
        image.reshape(-1)[gone] = surroundings[gone] = 0
        touched = [waiting[~is_gone]]
        for bit, step in enumerate(steps):
            neighbours = gone - step
            surroundings[neighbours] &= np.uint8(255 - (1 << bit))
            touched.append(neighbours)
        waiting = _each_once(np.concatenate(touched), surroundings, stamp)
        turn = FIRST + SECOND - turn
    return image[1:-1, 1:-1].view(np.bool_)


def _surroundings(image: np.ndarray, steps: list[int]) -> np.ndarray:
    """Return the neighbours of each foreground pixel of a slice with a rim of 0 as bits, (n,) uint8; 0 elsewhere."""
    flat, rim = image.reshape(-1), image.shape[1] + 1
    found = np.zeros_like(flat)
    inner, scratch = found[rim:-rim], np.empty(len(flat) - 2 * rim, np.uint8)
    for bit, step in enumerate(steps):
        neighbours = flat[rim + step : len(flat) - rim + step]
        inner |= np.multiply(neighbours, np.uint8(1 << bit), out=scratch)
    found *= flat
    return found


def _each_once(places: np.ndarray, surroundings: np.ndarray, stamp: np.ndarray) -> np.ndarray:
    """Return those places that may go, each once; ``stamp`` is scratch room for every place there is."""
    able = places[_allowed_passes().take(surroundings.take(places)) > 0]
    numbers = np.arange(len(able), dtype=np.int32)
    stamp[able] = numbers
    return able[stamp.take(able) == numbers]


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
