"""CPU seconds and memory from a mask to measured, decimated, exported meshes: the published steps against this package.

``python benchmarks/surfaces.py [--full] [--share N] [--repeats N]`` simulates a mask of 300 x 800 x 800 voxels with
1,536 components, most of them hollow, and prints one table. The steps to beat are scikit-image's marching cubes over
the whole volume, trimesh's split by connectivity, and pymeshfix for every piece. Repairing all pieces takes minutes, so
by default only every eighth piece is repaired and the time multiplied by the ratio of faces; ``--full`` repairs all.
The published steps are timed without measuring, decimating or exporting; this package with all of that. Each side runs
in a process of its own, the published steps once, this package ``--repeats`` times (the run of median CPU time is
reported); loading the mask and importing libraries are not counted for either.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPOSITORY))

SHAPE = (300, 800, 800)
PITCH_PX = 50
WALL_PX = 6
MEDIAN_RADIUS_PX, RADIUS_SPREAD = 9.95, 0.36
MIN_RADIUS_PX, MAX_RADIUS_PX = 5, 23
VOXEL_SIZE_NM = (10.0, 10.0, 10.0)
GOAL_RATIO, GOAL_GB = 30, 2.5


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--full", action="store_true", help="repair every piece of the published steps")
    parser.add_argument("--share", type=int, default=8, help="repair every N-th piece (default: 8)")
    parser.add_argument("--repeats", type=int, default=3, help="runs of this package (default: 3)")
    parser.add_argument("--side", choices=("published", "package"), help=argparse.SUPPRESS)
    parser.add_argument("--mask", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    share = 1 if arguments.full else arguments.share
    if arguments.side:
        mask = np.load(arguments.mask)
        result = (
            run_published(mask, share)
            if arguments.side == "published"
            else run_package(mask, arguments.repeats)
        )
        print(json.dumps(result))
        return
    with tempfile.TemporaryDirectory() as folder:
        mask_path = Path(folder) / "mask.npy"
        mask = simulate_mask()
        np.save(mask_path, mask)
        print(f"mask {mask.shape}, {mask.mean():.1%} foreground", flush=True)
        del mask
        package = run_side("package", mask_path, "--repeats", arguments.repeats)
        report_package(package)
        published = run_side("published", mask_path, "--share", share)
        report_published(published, share)
    ratio = published["cpu_s"] / package["cpu_s"]
    print(
        f"\n{ratio:.0f} times fewer CPU seconds (goal {GOAL_RATIO}), {package['peak_gb']:.2f} GB (goal {GOAL_GB})"
    )


def simulate_mask(seed: int = 0) -> np.ndarray:
    """(z, y, x) uint8: one ellipsoidal shell in each cube of PITCH_PX voxels, solid where it is small."""
    rng = np.random.default_rng(seed)
    mask = np.zeros(SHAPE, np.uint8)
    for cube in np.ndindex(*(n // PITCH_PX for n in SHAPE)):
        radius = np.clip(rng.lognormal(np.log(MEDIAN_RADIUS_PX), RADIUS_SPREAD), MIN_RADIUS_PX, MAX_RADIUS_PX)
        half_axes = np.minimum(radius * rng.uniform(0.8, 1.2, 3), MAX_RADIUS_PX)
        centre = (np.array(cube) + 0.5) * PITCH_PX + rng.uniform(-1, 1, 3) * (PITCH_PX / 2 - 1 - half_axes)
        first = np.floor(centre - half_axes).astype(int)
        last = np.ceil(centre + half_axes).astype(int) + 1
        place = tuple(slice(a, b) for a, b in zip(first, last, strict=True))
        outer, inner = (
            sum(((g - c) / h) ** 2 for g, c, h in zip(np.ogrid[place], centre, half, strict=True))
            for half in (half_axes, np.maximum(half_axes - WALL_PX, 0.1))
        )
        mask[place] |= (outer <= 1) & (inner > 1)
    return mask


def run_side(side: str, mask_path: Path, *options: object) -> dict:
    command = [sys.executable, __file__, "--side", side, "--mask", str(mask_path), *map(str, options)]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)


def run_package(mask: np.ndarray, repeats: int) -> dict:
    with tempfile.TemporaryDirectory() as folder:
        results = sorted(
            (run_package_once(mask, Path(folder)) for _ in range(repeats)), key=lambda r: r["cpu_s"]
        )
        return {**results[repeats // 2], "cpu_of_runs_s": [r["cpu_s"] for r in results], "peak_gb": peak_gb()}


def run_package_once(mask: np.ndarray, folder: Path) -> dict:
    from sxt.surface import reconstruct_surfaces, write_surfaces

    wall, cpu = time.perf_counter(), time.process_time()
    surfaces = reconstruct_surfaces(mask, voxel_size_nm=VOXEL_SIZE_NM)
    reconstructed = time.process_time()
    written = write_surfaces(surfaces, folder, with_scene=False)
    result = {
        "wall_s": time.perf_counter() - wall,
        "cpu_s": time.process_time() - cpu,
        "export_cpu_s": time.process_time() - reconstructed,
        "components": len(surfaces.table),
        "triangles": len(surfaces.mesh.faces),
        "displayed": len(surfaces.display.faces),
        "timings_s": written.record["timings_s"],
    }
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    write_surfaces(surfaces, folder)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    result["scene_cpu_s"] = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    result["scene_mb"] = (folder / "scene.html").stat().st_size / 1e6
    return result


def run_published(mask: np.ndarray, share: int) -> dict:
    import pymeshfix
    import trimesh
    from skimage.measure import marching_cubes

    clock = [time.process_time()]
    vertices, faces, _, _ = marching_cubes(mask, 0.5)
    clock.append(time.process_time())
    pieces = trimesh.Trimesh(vertices, faces, process=False).split(only_watertight=False)
    clock.append(time.process_time())
    ordered = sorted(pieces, key=lambda piece: len(piece.faces))
    repaired_faces = 0
    for piece in ordered[share // 2 :: share]:
        repair = pymeshfix.MeshFix(np.asarray(piece.vertices), np.asarray(piece.faces))
        repair.repair()
        repaired_faces += len(piece.faces)
    clock.append(time.process_time())
    cubes_s, split_s, repair_s = np.diff(clock).tolist()
    scale = len(faces) / repaired_faces
    return {
        "cubes_s": cubes_s,
        "split_s": split_s,
        "repair_s": repair_s * scale,
        "repaired_share": 1 / scale,
        "cpu_s": cubes_s + split_s + repair_s * scale,
        "peak_gb": peak_gb(),
        "pieces": len(pieces),
        "triangles": len(faces),
    }


def peak_gb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9


def report_package(result: dict) -> None:
    print(f"\nthis package: {result['components']} components, {result['triangles']:,} triangles", flush=True)
    for name, seconds in result["timings_s"].items():
        print(f"  {name:24}{seconds:8.2f} s wall")
    print(
        f"  CPU {result['cpu_s']:.1f} s (export {result['export_cpu_s']:.1f} s), wall {result['wall_s']:.1f} s, ",
        end="",
    )
    print(f"peak {result['peak_gb']:.2f} GB; {result['displayed']:,} triangles displayed")
    print(f"  CPU of all runs: {', '.join(f'{seconds:.1f}' for seconds in result['cpu_of_runs_s'])} s")
    print(
        f"  besides, page and picture: {result['scene_cpu_s']:.1f} CPU s, page {result['scene_mb']:.1f} MB",
        flush=True,
    )


def report_published(result: dict, share: int) -> None:
    print(f"\npublished steps: {result['pieces']} pieces, {result['triangles']:,} triangles", flush=True)
    print(f"  marching cubes {result['cubes_s']:.1f} s, split {result['split_s']:.1f} s, ", end="")
    how = "" if share == 1 else f" (extrapolated from {result['repaired_share']:.1%} of the faces)"
    print(f"repair {result['repair_s']:.1f} s{how}")
    print(f"  CPU {result['cpu_s']:.1f} s, peak {result['peak_gb']:.2f} GB", flush=True)


if __name__ == "__main__":
    main()
