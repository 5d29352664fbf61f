"""Superpixels: small patches of like grey value that are painted as wholes."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

import numpy as np

from sxt.errors import SettingsError
from sxt.labels.tools.paint import Paint

SUPERPIXEL_PX = 16
N_ITERATIONS = 5
"""Where k-means has settled for grey images; more changes little and takes as much longer."""

CLIP_QUANTILES = (0.01, 0.99)
MAX_CACHED = 16


@dataclass(frozen=True)
class SuperpixelSettings:
    """How a slice is cut up.

    Parameters
    ----------
    size_px : int
        Side of a superpixel in an even region.
    compactness : float
        Higher is squarer, lower keeps closer to edges; for grey values scaled to 0..1.
    """

    size_px: int = SUPERPIXEL_PX
    compactness: float = 0.1

    def __post_init__(self) -> None:
        if self.size_px < 2 or not self.compactness > 0:
            raise SettingsError(
                f"Superpixels of {self.size_px} px and compactness {self.compactness} cannot be made; "
                "give at least 2 px and a compactness above 0."
            )


def make_superpixels(grey: np.ndarray, settings: SuperpixelSettings | None = None) -> np.ndarray:
    """Return the superpixel of each pixel, (rows, columns) int32 from 1.

    Notes
    -----
    SLIC (Achanta et al. 2012, doi 10.1109/TPAMI.2012.120) on grey values clipped to their 1st and 99th percentile.
    """
    from skimage.segmentation import slic

    chosen = settings or SuperpixelSettings()
    values = np.nan_to_num(grey.astype(np.float32))
    low, high = np.quantile(values, CLIP_QUANTILES)
    scaled = np.clip((values - low) / max(float(high - low), np.finfo(np.float32).tiny), 0.0, 1.0)
    ids = slic(
        scaled,
        n_segments=max(1, round(values.size / chosen.size_px**2)),
        compactness=chosen.compactness,
        max_num_iter=N_ITERATIONS,
        channel_axis=None,
        start_label=1,
    )
    return np.asarray(ids, np.int32)


def paint_superpixels(
    labels: np.ndarray, superpixels: np.ndarray, ids: Sequence[int], *, paint: Paint
) -> np.ndarray:
    """Return a slice with some superpixels painted.

    Parameters
    ----------
    labels : ndarray
        (rows, columns) uint8.
    superpixels : ndarray
        (rows, columns) of `make_superpixels`.
    ids : sequence of int
    """
    return paint.apply(labels, np.isin(superpixels, list(ids)))


class SuperpixelCache:
    """The superpixels of the slices that were looked at last; threads may share it.

    Parameters
    ----------
    size : int
        Slices kept.
    """

    def __init__(self, size: int = MAX_CACHED) -> None:
        self._size = size
        self._known: OrderedDict[Hashable, np.ndarray] = OrderedDict()
        self._guard = threading.Lock()

    def get(
        self, name: Hashable, read_grey: Callable[[], np.ndarray], settings: SuperpixelSettings | None = None
    ) -> np.ndarray:
        """Return the superpixels of a slice, which ``name`` tells from all others; made where they are not known."""
        chosen = settings or SuperpixelSettings()
        key = (name, chosen)
        with self._guard:
            if key in self._known:
                self._known.move_to_end(key)
                return self._known[key]
        made = make_superpixels(read_grey(), chosen)
        made.setflags(write=False)
        with self._guard:
            self._known[key] = made
            while len(self._known) > self._size:
                self._known.popitem(last=False)
        return made
