"""Where the network runs and in which arithmetic."""

from dataclasses import dataclass

import torch

from sxt.errors import SettingsError
from sxt.segment.settings import Precision

CPU_TILE_PX = 1024
"""Largest tile on a CPU: memory stays near 2 GB with the published widths."""

CUDA_TILE_PX = 1024
"""Largest tile on a GPU at first; it is lowered when memory runs out."""

CUDA_PIXELS_PER_BATCH = 4 * 1024 * 1024
"""Pixels in a batch of tiles on a GPU at first; halved when memory runs out."""

_DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}


@dataclass(frozen=True)
class Device:
    """A device and the arithmetic used on it."""

    torch_device: torch.device
    precision: Precision

    @property
    def dtype(self) -> torch.dtype:
        return _DTYPES[self.precision]

    @property
    def is_cuda(self) -> bool:
        return self.torch_device.type == "cuda"

    @property
    def description(self) -> str:
        """The device as a person knows it, for example ``NVIDIA H200, bf16``."""
        name = torch.cuda.get_device_name(self.torch_device) if self.is_cuda else "CPU"
        return f"{name}, {self.precision}"

    @property
    def largest_tile_px(self) -> int:
        return CUDA_TILE_PX if self.is_cuda else CPU_TILE_PX

    def batch_tiles(self, tile_pixels: int) -> int:
        """Return how many tiles of that many pixels to run together."""
        return max(1, CUDA_PIXELS_PER_BATCH // tile_pixels) if self.is_cuda else 1


def choose_device(name: str = "auto", *, precision: Precision = "auto") -> Device:
    """Return the device called ``auto``, ``cpu``, ``cuda`` or ``cuda:N`` with its arithmetic.

    Raises
    ------
    SettingsError
        Where the name is unknown, the GPU is absent, or it lacks the arithmetic.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        torch_device = torch.device(name)
    except RuntimeError as error:
        raise SettingsError(f"There is no device {name!r}; use auto, cpu, cuda or cuda:N.") from error
    if torch_device.type not in ("cpu", "cuda"):
        raise SettingsError(f"The device {name!r} is not supported; use auto, cpu, cuda or cuda:N.")
    if torch_device.type == "cuda":
        n_devices = torch.cuda.device_count() if torch.cuda.is_available() else 0
        if (torch_device.index or 0) >= n_devices:
            raise SettingsError(
                f"The device {name!r} is not here; {n_devices} CUDA devices are. Use cpu or auto."
            )
    return Device(torch_device, _choose_precision(torch_device, precision))


def has_fast_bf16_cpu() -> bool:
    """Whether this CPU multiplies bf16 in hardware; without it bf16 is slower than fp32."""
    return bool(torch.cpu._is_amx_tile_supported() or torch.cpu._is_avx512_bf16_supported())


def _choose_precision(torch_device: torch.device, precision: Precision) -> Precision:
    if precision != "auto":
        return precision
    if torch_device.type == "cpu":
        return "bf16" if has_fast_bf16_cpu() else "fp32"
    major, _ = torch.cuda.get_device_capability(torch_device)
    return "bf16" if major >= 8 else "fp16"
