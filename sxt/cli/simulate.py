"""``python -m sxt simulate OUT.tif``: simulate a tomogram of a cell and write it with its labels."""

import argparse
import dataclasses
from pathlib import Path
from typing import Any

import numpy as np

from sxt.cli.terminal import ProgressBar, parse_voxel_size
from sxt.errors import SettingsError
from sxt.io import open_volume_writer
from sxt.phantom import (
    LABEL_CLASSES,
    AcquisitionSettings,
    PhantomSettings,
    ReconstructionSettings,
    SimulatedCell,
    draw_settings,
    simulate_cell,
)
from sxt.tomogram import VoxelSize

DEFAULT_SHAPE = (48, 384, 384)
SLICES_A_WRITE = 16


def add_arguments(parser: argparse.ArgumentParser) -> None:
    acquisition, reconstruction = AcquisitionSettings(), ReconstructionSettings()
    parser.add_argument(
        "output", type=Path, metavar="OUT.tif", help="tomogram to write; OUT.labels.tif beside it"
    )
    parser.add_argument(
        "--shape", type=parse_shape, default=DEFAULT_SHAPE, metavar="Z,Y,X", help="voxels to make"
    )
    parser.add_argument(
        "--seed", type=parse_seed, default=0, metavar="N", help="same seed, same bytes (default 0)"
    )
    parser.add_argument(
        "--voxel-nm", type=parse_voxel_size, metavar="V", help="one size or Z,Y,X (default 20)"
    )
    parser.add_argument(
        "--random",
        action="store_true",
        help="draw cell, microscope and reconstruction at random from the seed",
    )
    parser.add_argument(
        "--tilt-range",
        type=float,
        metavar="DEG",
        help=f"largest tilt to both sides (default {acquisition.tilt_range_deg[1]:g})",
    )
    parser.add_argument(
        "--tilt-step",
        type=float,
        metavar="DEG",
        help=f"angle between views (default {acquisition.tilt_step_deg:g})",
    )
    parser.add_argument(
        "--photons",
        type=float,
        metavar="N",
        help=f"photons a pixel and view, 0 for no noise (default {acquisition.photons:g})",
    )
    parser.add_argument(
        "--absorbing",
        choices=("dark", "bright"),
        default=reconstruction.absorbing_is,
        help="grey value of absorbing structures (default dark)",
    )
    parser.add_argument(
        "--dtype",
        choices=("uint8", "uint16", "float32"),
        help=f"numbers of the tomogram (default {reconstruction.dtype})",
    )


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    tomogram_path: Path = arguments.output
    labels_path = labels_path_for(tomogram_path)
    settings = _settings_from(arguments)
    with ProgressBar() as bar:
        cell = simulate_cell(settings, seed=arguments.seed, progress=bar)
    # The labels first: a tomogram that is there always has its labels beside it.
    _write(labels_path, cell.labels, settings.voxel_zyx_nm)
    _write(tomogram_path, np.asarray(cell.tomogram.data[:]), settings.voxel_zyx_nm)
    return _result(cell, tomogram_path, labels_path)


def describe(result: dict[str, Any]) -> str:
    size = " x ".join(f"{v:g}" for v in result["voxel_size_nm"])
    lines = [
        f"Tomogram  {result['tomogram']}",
        f"Labels    {result['labels']}",
        f"Shape     {' x '.join(map(str, result['shape']))} (z, y, x), voxel {size} nm, seed {result['seed']}",
    ]
    lines += [f"{c['name']:<14} {100 * c['share']:6.2f} % of voxels" for c in result["classes"]]
    return "\n".join(lines)


def labels_path_for(tomogram_path: Path) -> Path:
    """Return ``cell.labels.tif`` for ``cell.tif``."""
    if not tomogram_path.suffix:
        raise SettingsError(
            f"{tomogram_path} has no suffix to tell its format; name it for example cell.tif."
        )
    return tomogram_path.with_name(f"{tomogram_path.stem}.labels{tomogram_path.suffix}")


def parse_shape(text: str) -> tuple[int, int, int]:
    """Parse ``Z,Y,X``, three numbers of voxels."""
    try:
        numbers = [int(part) for part in text.split(",")]
    except ValueError:
        numbers = []
    if len(numbers) != 3 or min(numbers) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a shape; give Z,Y,X, for example 48,384,384")
    return (numbers[0], numbers[1], numbers[2])


def parse_seed(text: str) -> int:
    """Parse a seed, a whole number from 0."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a seed; give a whole number from 0")
    return int(text)


def _settings_from(arguments: argparse.Namespace) -> PhantomSettings:
    if arguments.random:
        base = draw_settings(arguments.seed, arguments.shape)
    else:
        base = PhantomSettings(arguments.shape)
    voxel_size: VoxelSize = arguments.voxel_nm or base.voxel_zyx_nm
    acquisition: dict[str, Any] = {}
    if arguments.tilt_range is not None:
        acquisition["tilt_range_deg"] = (-arguments.tilt_range, arguments.tilt_range)
    if arguments.tilt_step is not None:
        acquisition["tilt_step_deg"] = arguments.tilt_step
    if arguments.photons is not None:
        acquisition["photons"] = arguments.photons
    reconstruction: dict[str, Any] = {"absorbing_is": arguments.absorbing}
    if arguments.dtype is not None:
        reconstruction["dtype"] = arguments.dtype
    return dataclasses.replace(
        base,
        voxel_size_nm=voxel_size,
        acquisition=dataclasses.replace(base.acquisition, **acquisition),
        reconstruction=dataclasses.replace(base.reconstruction, **reconstruction),
    )


def _write(path: Path, volume: np.ndarray, voxel_size_nm: VoxelSize) -> None:
    with open_volume_writer(
        path, shape=volume.shape, dtype=volume.dtype, voxel_size_nm=voxel_size_nm
    ) as writer:
        for start in range(0, len(volume), SLICES_A_WRITE):
            writer.write(volume[start : start + SLICES_A_WRITE])


def _result(cell: SimulatedCell, tomogram_path: Path, labels_path: Path) -> dict[str, Any]:
    shares = np.bincount(cell.labels.ravel(), minlength=len(LABEL_CLASSES) + 1) / cell.labels.size
    return {
        "tomogram": str(tomogram_path),
        "labels": str(labels_path),
        "shape": list(cell.tomogram.shape),
        "dtype": str(cell.tomogram.dtype),
        "voxel_size_nm": list(cell.settings.voxel_zyx_nm),
        "absorbing_is": cell.tomogram.absorbing_is,
        "seed": cell.seed,
        "classes": [
            {"value": c.value, "name": c.name, "colour": c.colour, "share": float(shares[c.value])}
            for c in LABEL_CLASSES
        ],
        "settings": dataclasses.asdict(cell.settings),
    }
