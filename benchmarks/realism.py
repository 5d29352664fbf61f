"""How near simulated cells come to a real tomogram: grey values, power spectrum, and grain along the axes.

``python benchmarks/realism.py FILE [--voxel-nm Z,Y,X] --work-dir DIR [--picture FILE.png]`` prints, for each statistic,
the real value, the range that the middle nine tenths of the simulated cells of the training cover, and the share of
them that lie below it. Slices are brought to 20 nm and normalised as the network sees them. ``DIR/cells`` holds the
cells, as `scripts/train_shipped.py` leaves them; those missing are simulated.
"""

import argparse
import itertools
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(REPOSITORY), str(REPOSITORY / "scripts")]

import numpy as np
from scipy import ndimage, stats
from simulated_cells import CellPlan, open_cells

from sxt.io import read_tomogram
from sxt.segment.normalise import normalise_slices
from sxt.segment.rescale import plan_rescaling
from sxt.tomogram import Tomogram

PIXEL_NM = 20.0
SIDE_PX = 160
LEVELS = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
BANDS = (1 / 80, 1 / 40, 1 / 20, 1 / 10, 1 / 5, 1 / 2)
"""Edges in cycles a pixel."""

SECTOR_DEG = 30.0
"""Waves within this angle of an axis count as along it."""


def squares_of(tomogram: Tomogram) -> list[np.ndarray]:
    """Return squares of three slices as the network sees them."""
    n_slices = tomogram.shape[0]
    rescaling = plan_rescaling(
        tomogram.shape[1:], voxel_size_nm=tomogram.voxel_size_nm, model_pixel_nm=PIXEL_NM
    )
    found = []
    for z in sorted({round(share * (n_slices - 1)) for share in (0.25, 0.5, 0.75)}):
        slices = tomogram.read_slices(z, z + 1)
        normalised = normalise_slices(slices, rule="robust", absorbing_is=tomogram.absorbing_is or "dark")
        plane = rescaling.to_network(normalised.values[None])[0, 0]
        starts = (range(0, n - SIDE_PX + 1, SIDE_PX) for n in plane.shape)
        found += [plane[y : y + SIDE_PX, x : x + SIDE_PX] for y, x in itertools.product(*starts)]
    return found


def describe(squares: list[np.ndarray]) -> dict[str, float]:
    """Return the median of each statistic over the squares."""
    rows = [_describe(each) for each in squares]
    return {name: float(np.median([row[name] for row in rows])) for name in rows[0]}


def _describe(plane: np.ndarray) -> dict[str, float]:
    values = (plane - plane.mean()) / (plane.std() + 1e-6)
    result = {f"grey value at {level:.0%}": float(np.quantile(values, level)) for level in LEVELS}
    detail = ndimage.gaussian_filter(values, 1.5) - ndimage.gaussian_filter(values, 12.0)
    result |= {"skewness of the detail": float(stats.skew(detail.ravel()))}
    window = np.hanning(SIDE_PX)
    power = np.abs(np.fft.fft2(values * window[:, None] * window[None])) ** 2
    fy, fx = np.meshgrid(np.fft.fftfreq(SIDE_PX), np.fft.fftfreq(SIDE_PX), indexing="ij")
    frequency, angle = np.hypot(fy, fx), np.rad2deg(np.arctan2(np.abs(fy), np.abs(fx)))
    for low, high in itertools.pairwise(BANDS):
        is_band = (frequency >= low) & (frequency < high)
        label = f"{PIXEL_NM / high:.0f} to {PIXEL_NM / low:.0f} nm"
        result[f"log10 share of power, {label}"] = float(np.log10(power[is_band].sum() / power.sum()))
        along_x, along_y = power[is_band & (angle < SECTOR_DEG)], power[is_band & (angle > 90 - SECTOR_DEG)]
        result[f"log10 grain, x over y, {label}"] = float(np.log10(along_x.mean() / along_y.mean()))
    return result


def draw(real: dict[str, float], cells: list[dict[str, float]], path: Path) -> None:
    """Draw the simulated cells' statistics as violins with the real value on each."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    groups = {
        "grey value (deviations)": [name for name in real if name.startswith(("grey", "skew"))],
        "log10 share of power": [name for name in real if "power" in name],
        "log10 power of waves along x over those along y": [name for name in real if "grain" in name],
    }
    figure, axes = plt.subplots(1, 3, figsize=(15, 5), layout="constrained")
    for axis, (title, names) in zip(axes, groups.items(), strict=True):
        values = [[cell[name] for cell in cells] for name in names]
        for body in axis.violinplot(values, showextrema=False)["bodies"]:
            body.set_facecolor("#56B4E9")
        places = range(1, len(names) + 1)
        axis.plot(places, [real[name] for name in names], "o", color="#D55E00", label="real tomogram")
        ticks = [name.removeprefix("grey value at ").rsplit(", ", 1)[-1] for name in names]
        axis.set_xticks(places, ticks, rotation=45, ha="right")
        axis.set_title(title, fontsize=10)
    axes[0].legend(loc="upper left")
    figure.savefig(path, dpi=80)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("file", type=Path)
    parser.add_argument("--voxel-nm", default="20,20,20")
    parser.add_argument("--work-dir", type=Path, default=REPOSITORY / "build" / "shipped")
    parser.add_argument("--picture", type=Path)
    arguments = parser.parse_args()
    z, y, x = (float(part) for part in arguments.voxel_nm.split(","))
    real = describe(squares_of(read_tomogram(arguments.file, voxel_size_nm=(z, y, x))))
    opened = open_cells(
        arguments.work_dir / "cells", [CellPlan(seed, "drawn") for seed in range(3_000, 3_080)]
    )
    cells = [describe(squares_of(each.tomogram)) for each in opened]
    outside = []
    for name, value in real.items():
        among = np.array([cell[name] for cell in cells])
        low, high = np.quantile(among, (0.05, 0.95))
        print(
            f"{name:45s} real {value:7.3f}   simulated {low:7.3f} to {high:7.3f}   {np.mean(among < value):4.0%} below"
        )
        if not low <= value <= high:
            outside.append(name)
    print(f"{len(outside)} of {len(real)} outside: {', '.join(outside) or 'none'}")
    if arguments.picture:
        draw(real, cells, arguments.picture)


if __name__ == "__main__":
    main()
