"""How fast, how exact and how large the engine runs on a GPU: ``python benchmarks/gpu.py``.

One row for each network and arithmetic, over slices of 1024 x 1024 px through the whole of `sxt.segment.predict`:
tiling, copies to and from the device, and blending. ``--device cpu`` shows the same table for a CPU. Needs torch,
NumPy, SciPy, scikit-image and tifffile; weights are random, with random moving statistics.

label diff   largest difference of the label from fp32 on the CPU, on one tile of 512 px
signs        share of pixels whose foreground differs from fp32 on the CPU
share        of what a large matrix product in the same arithmetic reaches on this device
"""

import argparse
import statistics
import sys
import time
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPOSITORY))

from sxt.cli.memory import use_huge_pages

use_huge_pages()  # before torch is imported

import numpy as np
import torch
from torch import nn

from sxt.network import DoubleDecoder, NetworkConfig, build_network
from sxt.progress import CancelToken
from sxt.segment.device import Device, choose_device
from sxt.segment.predict import Predictor
from sxt.segment.settings import TileSettings

SLICE_PX = 1024
PARITY_PX = 512
NETWORKS = {
    "published widths": NetworkConfig(),
    "half widths": NetworkConfig().scaled(1 / 2),
    "shipped small": NetworkConfig(
        stem_width=8, stage_widths=(8, 16, 32, 64, 128), neck_width=256, head_width=8
    ),
}
HEADER = ("network", "precision", "slices/s", "TFLOP/s", "share", "peak GB", "label diff", "signs")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--device", default="auto")
    parser.add_argument("--slices", type=int, default=16, help="slices a measurement")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--network", choices=NETWORKS, action="append", help="only these")
    arguments = parser.parse_args()
    device = choose_device(arguments.device, precision="fp32")
    print(f"{device.description.split(',')[0]}, torch {torch.__version__}")
    print(f"{HEADER[0]:18}{HEADER[1]:>10}" + "".join(f"{title:>11}" for title in HEADER[2:]))
    peaks = {precision: peak_tflops(device.torch_device, precision) for precision in precisions(device)}
    for name in arguments.network or NETWORKS:
        network = random_network(NETWORKS[name])
        expected = parity_label(network, choose_device("cpu", precision="fp32"))
        for precision, peak in peaks.items():
            row = choose_device(arguments.device, precision=precision)
            print(
                f"{name:18}{precision:>10}" + measure_row(network, row, expected, peak, arguments), flush=True
            )


def precisions(device: Device) -> list[str]:
    return ["fp32", "bf16", "fp16"] if device.is_cuda else ["fp32", "bf16"]


def measure_row(network, device: Device, expected: torch.Tensor, peak: float, arguments) -> str:
    label = parity_label(network, device)
    difference = (label - expected).abs().max().item()
    signs = ((label > 0) != (expected > 0)).float().mean().item()
    seconds, peak_gb = time_slices(network, device, arguments.slices, arguments.repeats)
    tflops = 2e-12 * multiplications(network, SLICE_PX) / seconds
    memory = f"{peak_gb:11.2f}" if device.is_cuda else f"{'-':>11}"
    return f"{1 / seconds:11.2f}{tflops:11.2f}{tflops / peak:11.0%}{memory}{difference:11.1e}{signs:11.2%}"


def random_network(config: NetworkConfig) -> DoubleDecoder:
    torch.manual_seed(0)
    network = build_network(config).eval()
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.running_mean, std=0.1)
            nn.init.uniform_(module.running_var, 0.5, 1.5)
    return network


@torch.inference_mode()
def parity_label(network: DoubleDecoder, device: Device) -> torch.Tensor:
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(1, 1, PARITY_PX, PARITY_PX, generator=generator).to(device.torch_device)
    network.to(device.torch_device).to(memory_format=torch.channels_last)
    with torch.autocast(device.torch_device.type, dtype=device.dtype, enabled=device.precision != "fp32"):
        logit = network.label_logit(x.contiguous(memory_format=torch.channels_last))
    return torch.tanh(logit.float()).cpu()


def time_slices(network: DoubleDecoder, device: Device, n_slices: int, repeats: int) -> tuple[float, float]:
    """Return the median seconds a slice and the peak of the GPU's memory in GB."""
    predictor = Predictor(
        network,
        device=device,
        size_multiple=network.config.size_multiple,
        n_classes=1,
        tiles=TileSettings(),
        tta="none",
        announce=print,
    )
    slices = np.random.default_rng(0).normal(size=(n_slices, 1, SLICE_PX, SLICE_PX)).astype(np.float32)
    predictor.predict(slices, cancel=CancelToken())
    if device.is_cuda:
        torch.cuda.reset_peak_memory_stats(device.torch_device)
    walls = []
    for _ in range(repeats):
        started = time.perf_counter()
        predictor.predict(slices, cancel=CancelToken())
        walls.append((time.perf_counter() - started) / n_slices)
    peak_gb = torch.cuda.max_memory_allocated(device.torch_device) / 2**30 if device.is_cuda else 0.0
    return statistics.median(walls), peak_gb


def multiplications(network: DoubleDecoder, side_px: int) -> float:
    """Multiply-accumulate operations of the label decoder's path for a square slice, from a small one."""
    small_px = 4 * network.config.size_multiple
    total = 0

    def count(module: nn.Module, inputs, output) -> None:
        nonlocal total
        pixels = inputs[0] if isinstance(module, nn.ConvTranspose2d) else output
        total += pixels.shape[-2] * pixels.shape[-1] * module.weight.numel()

    kinds = (nn.Conv2d, nn.ConvTranspose2d)
    hooks = [m.register_forward_hook(count) for m in network.modules() if isinstance(m, kinds)]
    weight = next(network.parameters())
    with torch.inference_mode():
        network.label_logit(
            torch.zeros(1, network.config.in_channels, small_px, small_px, device=weight.device)
        )
    for hook in hooks:
        hook.remove()
    return total * (side_px / small_px) ** 2


def peak_tflops(torch_device: torch.device, precision: str) -> float:
    """Return what a large matrix product reaches, in TFLOP/s; the best of five."""
    side = 8192 if torch_device.type == "cuda" else 2048
    dtype = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}[precision]
    a = torch.randn(side, side, device=torch_device).to(dtype)
    best = float("inf")
    for _ in range(6):
        started = time.perf_counter()
        a @ a
        if torch_device.type == "cuda":
            torch.cuda.synchronize(torch_device)
        best = min(best, time.perf_counter() - started)
    return 2 * side**3 / best / 1e12


if __name__ == "__main__":
    main()
