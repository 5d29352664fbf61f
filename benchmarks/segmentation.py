"""Seconds a slice on a CPU: the published inference loop in plain torch against this engine.

``python benchmarks/segmentation.py [--repeats N]`` prints one table. The loop to beat does what the published one does
for a 1024 x 1024 slice: nine tiles of 592 px, both decoders, fp32, channels last, outputs averaged. Each row runs
in a process of its own, once to warm up and then ``--repeats`` times; medians and ratios are printed.
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPOSITORY))

SLICE_PX = 1024
REFERENCE_TILE_PX = 592
REFERENCE_STARTS_PX = (0, 216, 432)
ROWS = {
    "published widths, published loop": ("published", "loop"),
    "published widths, this engine": ("published", "engine"),
    "shipped model, this engine": ("shipped", "engine"),
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--row", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.row:
        print(json.dumps(measure(*arguments.row, repeats=arguments.repeats)))
        return
    print(f"{'':36}{'s a slice':>12}{'CPU s':>10}{'peak GB':>10}{'ratio':>8}")
    baseline = None
    for title, row in ROWS.items():
        command = [sys.executable, __file__, "--row", *row, "--repeats", str(arguments.repeats)]
        result = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        baseline = baseline or result["wall_s"]
        ratio = baseline / result["wall_s"]
        print(
            f"{title:36}{result['wall_s']:12.2f}{result['cpu_s']:10.2f}{result['peak_gb']:10.2f}{ratio:8.1f}",
            flush=True,
        )


def measure(widths: str, method: str, *, repeats: int) -> dict[str, float]:
    """Return the medians of one row, in the process it is called in."""
    if method == "engine":
        from sxt.cli.memory import use_huge_pages

        use_huge_pages()
    run_once = prepare_loop() if method == "loop" else prepare_engine(widths)
    run_once()
    walls, cpus = [], []
    for _ in range(repeats):
        wall, cpu = time.perf_counter(), time.process_time()
        run_once()
        walls.append(time.perf_counter() - wall)
        cpus.append(time.process_time() - cpu)
    peak_gb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return {"wall_s": statistics.median(walls), "cpu_s": statistics.median(cpus), "peak_gb": peak_gb}


def prepare_loop():
    """The published loop over one normalised slice, with random weights."""
    import torch

    from sxt.network import NetworkConfig, build_network

    network = build_network(NetworkConfig()).eval().to(memory_format=torch.channels_last)
    slice_ = torch.randn(1, 1, SLICE_PX, SLICE_PX)

    def run_once() -> None:
        total, count = torch.zeros(SLICE_PX, SLICE_PX), torch.zeros(SLICE_PX, SLICE_PX)
        with torch.inference_mode():
            for y in REFERENCE_STARTS_PX:
                for x in REFERENCE_STARTS_PX:
                    region = (slice(y, y + REFERENCE_TILE_PX), slice(x, x + REFERENCE_TILE_PX))
                    tile = slice_[..., region[0], region[1]].contiguous(memory_format=torch.channels_last)
                    total[region] += network(tile).label[0, 0]
                    count[region] += 1
        (total / count > 0).numpy()

    return run_once


def prepare_engine(widths: str):
    """The whole of this engine for a slice at the model's own pixel size: normalise, tile, predict, blend, quantise."""
    import numpy as np
    import torch

    from sxt.models import Model, ModelClass, ModelConfig, load_model
    from sxt.network import NetworkConfig, build_network
    from sxt.segment import SegmentSettings, segment_tomogram
    from sxt.tomogram import Tomogram

    if widths == "shipped":
        model = load_model("membrane")
    else:
        torch.manual_seed(0)
        config = ModelConfig(
            name="published",
            version="1",
            network=NetworkConfig(),
            classes=(ModelClass(1, "membrane", "#E69F00"),),
            created="2026-01-31",
        )
        model = Model(build_network(config.network).eval(), config, Path())
    values = np.random.default_rng(0).normal(size=(1, SLICE_PX, SLICE_PX)).astype(np.float32)
    tomogram = Tomogram(values, absorbing_is="dark")
    return lambda: segment_tomogram(tomogram, model, settings=SegmentSettings())


if __name__ == "__main__":
    main()
