"""Seconds and memory of evaluating a pair of masks, part by part.

``python benchmarks/metrics.py [--shape Z,Y,X]`` prints one table. The pair are thin folded sheets, about 6 % of the
volume as labelled membranes are, and the same sheets slightly shifted and torn; both lie in files and are read slab by
slab. Each row runs in a process of its own, so that its peak memory is its own.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPOSITORY))

import numpy as np

ROWS = ("voxels", "surfaces", "objects", "centrelines", "changes", "all of 3 versions")
VOXEL_SIZE_NM = (10.0, 10.0, 10.0)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--shape", default="300,800,800", help="default: 300,800,800")
    parser.add_argument("--rows", nargs="+", default=ROWS, choices=ROWS)
    parser.add_argument("--row", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.row:
        print(json.dumps(measure(arguments.row[0], Path(arguments.row[1]))))
        return
    shape = tuple(int(each) for each in arguments.shape.split(","))
    with tempfile.TemporaryDirectory() as folder:
        write_pair(Path(folder), shape)
        print(f"{'':20}{'wall s':>10}{'CPU s':>10}{'s / 100 slices':>16}{'peak GB':>10}")
        for row in arguments.rows:
            command = [sys.executable, __file__, "--row", row, folder]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            r = json.loads(done.stdout)
            per_100 = 100 * r["wall_s"] / shape[0]
            print(
                f"{row:20}{r['wall_s']:10.1f}{r['cpu_s']:10.1f}{per_100:16.2f}{r['peak_gb']:10.2f}",
                flush=True,
            )


def write_pair(folder: Path, shape: tuple[int, int, int]) -> None:
    """Write truth, prediction and probability as NPY files, slice by slice."""
    z, y, x = (np.arange(n, dtype=np.float32) for n in shape)
    volumes = {
        name: np.lib.format.open_memmap(folder / f"{name}.npy", mode="w+", dtype=np.uint8, shape=shape)
        for name in ("truth", "prediction", "probability")
    }
    rng = np.random.default_rng(0)
    for k in range(shape[0]):
        field = np.sin(x / 23 + np.sin(y / 41)[:, None] + z[k] / 31) + np.cos(y / 27 + z[k] / 53)[:, None]
        truth = np.abs(field) < 0.07
        probability = np.clip(
            140 - 1500 * np.abs(np.roll(field, 1, axis=1)) + rng.normal(0, 25, shape[1:]), 0, 255
        )
        probability = np.where(np.abs(field - 0.9) < 0.01, 200, probability)
        volumes["truth"][k] = truth
        volumes["probability"][k] = probability
        volumes["prediction"][k] = volumes["probability"][k] > 127


def measure(row: str, folder: Path) -> dict[str, float]:
    """Return seconds and peak memory of one row, in the process it is called in."""
    from sxt.io import read_tomogram

    volumes = {
        name: read_tomogram(folder / f"{name}.npy").data for name in ("truth", "prediction", "probability")
    }
    run_once = prepare(row, volumes)
    wall, cpu = time.perf_counter(), time.process_time()
    run_once()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    peak_gb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    return {"wall_s": wall, "cpu_s": cpu, "peak_gb": peak_gb}


def prepare(row: str, volumes: dict):
    """What a row measures, as a function."""
    from sxt.metrics import (
        ClassName,
        EvaluationSettings,
        Labels,
        MaskPair,
        Prediction,
        StudyInput,
        TomogramInfo,
        VersionInfo,
        count_changes,
        evaluate_pair,
        run_study,
    )

    names = (ClassName(1, "membrane"),)
    pair = MaskPair(
        volumes["prediction"],
        volumes["truth"],
        voxel_size_nm=VOXEL_SIZE_NM,
        probabilities=(volumes["probability"],),
    )
    if row == "changes":
        return lambda: count_changes(pair, pair, 1)
    if row == "all of 3 versions":
        prediction = Prediction(volumes["prediction"], (volumes["probability"],), threshold=0.5)
        given = StudyInput(
            versions=tuple(VersionInfo(f"version {i}") for i in range(3)),
            tomograms=(TomogramInfo("tomogram", voxel_size_nm=VOXEL_SIZE_NM),),
            predictions=((prediction,),) * 3,
            labels=(Labels(volumes["truth"]),),
            classes=names,
        )
        return lambda: run_study(given)
    settings = EvaluationSettings(
        with_surfaces=row == "surfaces", with_objects=row == "objects", with_centrelines=row == "centrelines"
    )
    return lambda: evaluate_pair(pair, names, threshold=0.5, settings=settings)


if __name__ == "__main__":
    main()
