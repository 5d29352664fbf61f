"""A workspace for the browser: volumes small enough to write in a second, whose pictures can be computed."""

from pathlib import Path

import numpy as np

from sxt.workspace import Workspace
from tests.ui.viewer.conftest import write_volume

CELL, WIDE, SEGMENTATION = "cell000000", "wide000000", "segmentat0"
CELL_SHAPE = (30, 200, 240)
WIDE_SHAPE = (50, 830, 900)
SQUARE = (slice(40, 80), slice(60, 120))
"""Rows and columns that are class 1 in the mask of every slice; class 2 lies 100 rows below."""


def fill_workspace(root: Path) -> Workspace:
    """Make a small and a wide tomogram, and a segmentation of the small one.

    Slice z of the small one is grey 50 + 5 z; a probability rises along x from 0 to 239 of 255.
    """
    workspace = Workspace(root)
    z, _, x = CELL_SHAPE
    grey = np.broadcast_to((50 + 5 * np.arange(z, dtype=np.uint8))[:, None, None], CELL_SHAPE)
    write_volume(workspace.tomograms.path(CELL) / "volume.zarr", grey)
    mask = np.zeros(CELL_SHAPE, np.uint8)
    mask[:, *SQUARE] = 1
    mask[:, 140:180, 60:120] = 2
    folder = workspace.segmentations.path(SEGMENTATION)
    write_volume(folder / "mask.zarr", mask, pooling="max")
    rising = np.broadcast_to(np.arange(x, dtype=np.uint8), CELL_SHAPE)
    write_volume(folder / "probability.zarr", rising[None])
    rows, columns = np.indices(WIDE_SHAPE[1:])
    checks = np.where((rows + columns) % 2, 255, 0).astype(np.uint8)
    wide = np.repeat(checks[None], WIDE_SHAPE[0], axis=0)
    wide[:, :400] //= 2
    write_volume(workspace.tomograms.path(WIDE) / "volume.zarr", wide)
    return workspace
